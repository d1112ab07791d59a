"""What pages load beside themselves: from this package alone, under names that hold their digest."""

import hashlib
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response

from app.core.errors import NotFound

PREFIX: Final = "/dashboard/static"
_FOLDER: Final = Path(__file__).resolve().parent / "static"
_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOR_GOOD: Final = {"Cache-Control": "public, max-age=31536000, immutable"}

router = APIRouter(prefix=PREFIX, include_in_schema=False)


def _digested(path: Path) -> str:
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    return f"{path.stem}.{digest}{path.suffix}"


# By the name that pages use; what is changed has another name, so browsers keep each for good.
_NAMES: Final = {path.name: _digested(path) for path in sorted(_FOLDER.iterdir())}
_FILES: Final = {digested: _FOLDER / name for name, digested in _NAMES.items()}


def address(name: str) -> str:
    """Where a file of the package is found.

    Raises:
        LookupError: there is no such file.
    """
    return f"{PREFIX}/{_NAMES[name]}"


def content(name: str) -> tuple[bytes, str]:
    """What stands in a file under the name that holds its digest, and its media type.

    Raises:
        NotFound: there is no such file.
    """
    path = _FILES.get(name)
    if path is None:
        raise NotFound("There is nothing at this address.")
    return path.read_bytes(), _TYPES[path.suffix]


@router.get("/{name}")
async def static_file(name: str) -> Response:
    """A file, to be kept for good."""
    found, media_type = content(name)
    return Response(found, media_type=media_type, headers=FOR_GOOD)
