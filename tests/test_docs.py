"""The documentation tells the truth: settings, jobs, commands, links and sizes."""

import json
import re
from pathlib import Path

import pytest
import typer.main
from pydantic import SecretStr

from app.access.permissions import Role
from app.cli import app as command
from app.core.jobs.registry import JOBS
from app.core.settings import Settings
from app.metrics.figures import SENTENCES, Flag
from app.metrics.registry import REGISTRY

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readme_lists_every_setting_with_its_default_and_no_other() -> None:
    rows = dict(re.findall(r"^\| `PILOTLIGHT_(\w+)` \| (.*?) \|", README, re.MULTILINE))
    assert set(rows) == {name.upper() for name in Settings.model_fields}
    for name, field in Settings.model_fields.items():
        if not isinstance(field.default, SecretStr):
            default = field.default
            shown = f"{default:g}" if isinstance(default, float) else str(default)
            assert rows[name.upper()] == f"`{shown}`", name


def test_every_job_is_documented() -> None:
    text = (ROOT / "docs/guides/jobs.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)) == set(JOBS)


def test_the_architecture_can_be_read_in_one_go() -> None:
    assert len((ROOT / "docs/architecture.md").read_text(encoding="utf-8").splitlines()) <= 150


def test_every_role_and_every_figure_is_explained() -> None:
    api = (ROOT / "docs/guides/api.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `(\w+)` \|", api, re.MULTILINE)) == set(Role)
    metrics = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    assert [metric.slug for metric in REGISTRY if f"`{metric.slug}`" not in metrics] == []
    assert set(SENTENCES) == set(Flag)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere_and_commands_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
        assert "://" in target or (page.parent / target).exists(), target
    group = typer.main.get_command(command)
    for words in re.findall(r"pilotlight ((?:[a-z]+(?:-[a-z]+)* ?){1,2})", text):
        first, *rest = words.split()
        if first in ("is", "and", "on", "beside", "or"):
            continue
        found = group.commands.get(first)  # type: ignore[attr-defined]  # it is a group
        assert found is not None, f"pilotlight {words}"
        if rest and hasattr(found, "commands"):
            assert rest[0] in found.commands, f"pilotlight {words}"


def test_locks_name_no_address_and_no_file_a_place_on_this_machine() -> None:
    for lock in ("requirements.txt", "requirements-dev.txt", "requirements-peers.txt"):
        text = (ROOT / lock).read_text(encoding="utf-8")
        assert "://" not in text
        assert "--index" not in text
        pinned = re.findall(r"^[A-Za-z0-9._-]+==", text, re.MULTILINE)
        assert len(pinned) <= text.count("--hash=sha256:")
    lock_of_node = json.loads(
        (ROOT / "tests/identity_provider/package-lock.json").read_text("utf-8")
    )
    packages = {name: of for name, of in lock_of_node["packages"].items() if name}
    assert all("resolved" not in of and of["integrity"] for of in packages.values())
    files = [path for path in ROOT.iterdir() if path.is_file()]
    for path in (*files, *PAGES, ROOT / ".ci/run"):
        assert str(ROOT) not in path.read_text(encoding="utf-8", errors="replace"), path.name
