"""`make screenshots`: pictures of the demo's main pages, for the README and the guide."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from app.dashboard.navigation import HOME, LICENCES
from app.demo.council import CHILDREN, NAME
from tests import visited
from tests.chromium import PROGRAM, WHY, started, visit
from tests.server import environment_for, pilotlight, serving

_FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "pictures"
_MOST_BYTES: Final = 200_000
_WIDTH: Final = 1100
# By the name of the picture: how much of the page it shows, from the top.
_HEIGHTS: Final = {"pilots": 900, "scorecard": 1280, "licences": 1280}


def addresses(client: httpx.Client) -> dict[str, str]:
    """The page of each picture, in the demo's council."""
    pilots = client.get("/api/v1/pilots", params={"code": CHILDREN}).json()["items"]
    pools = client.get("/api/v1/licence-pools").json()["items"]
    return {
        "pilots": HOME,
        "scorecard": f"{HOME}/pilots/{pilots[0]['pilot_id']}",
        "licences": f"{LICENCES}/{pools[0]['pool_id']}",
    }


def take(folder: Path) -> list[str]:
    """Load the demo, serve it and take the pictures; returns what is wrong with them."""
    url = f"sqlite:///{folder / 'demo.db'}"
    environment = environment_for(url, environment="demo")
    pilotlight("demo", "--no-serve", environment=environment, folder=folder)
    too_large = []
    with (
        serving(url, folder, environment="demo") as server,
        visited.signed_in(server.base_url, server.key(NAME)) as client,
        started() as browser,
    ):
        session = visited.session_of(client)
        for name, address in addresses(client).items():
            size = (_WIDTH, _HEIGHTS[name])
            with visit(browser, server.base_url, size, session=session) as window:
                window.go(address)
                path = _FOLDER / f"{name}.png"
                window.page.screenshot(path=path)
            if path.stat().st_size > _MOST_BYTES:
                too_large.append(f"{path} has more than {_MOST_BYTES} bytes")
    return too_large


def main() -> str | int:
    if PROGRAM is None:
        return WHY
    _FOLDER.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        return "\n".join(take(Path(folder))) or 0


if __name__ == "__main__":
    sys.exit(main())
