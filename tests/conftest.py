"""Fixtures: a fresh, migrated database for every test, and the application on it."""

import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import hypothesis
import pytest
from fastapi import FastAPI
from sqlalchemy import event

from app.core.database import Database
from app.core.models import GLOBAL_TABLES
from app.core.settings import Settings
from app.main import create_app
from app.tables import metadata
from tests.command import Run, runner
from tests.council import Council, found
from tests.databases import KINDS, Templates, settings_for
from tests.writes import Belongings, Furnished, belongings

# The same examples in every run, so that a run says something of the code alone; others are tried with
# --hypothesis-profile=default. How fast they are made or run is the machine's business.
hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("repeatable")

_TENANT_TABLE = re.compile(
    r"\b(?:FROM|JOIN|UPDATE|INTO)\s+\"?("
    + "|".join(name for name in metadata.tables if name not in GLOBAL_TABLES)
    + r")\b",
    re.IGNORECASE,
)


@pytest.fixture(scope="session")
def templates(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Templates:
    folder = tmp_path_factory.getbasetemp()
    shared = folder if worker_id == "master" else folder.parent
    return Templates(folder, shared, worker_id)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """The application sets up logging for its process; a test leaves it as it was."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers, root.level = handlers, level


@pytest.fixture(params=KINDS)
def database_kind(request: pytest.FixtureRequest, templates: Templates) -> str:
    """Every test that needs a database runs on both."""
    kind: str = request.param
    templates.prepare(kind)
    return kind


@pytest.fixture
async def database_url(database_kind: str, templates: Templates) -> AsyncIterator[str]:
    async with templates.database(database_kind) as url:
        yield url


@pytest.fixture
async def empty_database_url(database_kind: str, templates: Templates) -> AsyncIterator[str]:
    async with templates.database(database_kind, empty=True) as url:
        yield url


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_for(database_url)


def keep_within_the_organisation(database: Database) -> None:
    """Fail on any statement that touches a tenant's table without naming the organisation."""

    def check(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        touched = _TENANT_TABLE.search(statement)
        if touched and "organisation_id" not in statement:
            raise AssertionError(f"{touched.group(1)} is touched without a scope: {statement}")

    event.listen(database.engine.sync_engine, "before_cursor_execute", check)


@asynccontextmanager
async def _running(settings: Settings) -> AsyncIterator[FastAPI]:
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        keep_within_the_organisation(application.state.database)
        yield application


@pytest.fixture
async def app(settings: Settings) -> AsyncIterator[FastAPI]:
    async with _running(settings) as application:
        yield application


@pytest.fixture
async def council(app: FastAPI) -> AsyncIterator[Council]:
    ours = await found(app, "Test Council")
    yield ours
    await ours.close()


@pytest.fixture
async def other_council(app: FastAPI) -> AsyncIterator[Council]:
    theirs = await found(app, "Other Council")
    yield theirs
    await theirs.close()


@pytest.fixture
async def furnished(database_kind: str, templates: Templates) -> AsyncIterator[Furnished]:
    """Two councils that have one of everything each: furnished once a worker, and then copied."""
    template, made = await templates.filled(database_kind, "furnished", _furnish)
    async with (
        templates.database(database_kind, template=template) as url,
        _running(settings_for(url)) as application,
    ):
        councils = Furnished(application, *made)
        yield councils
        await councils.close()


async def _furnish(url: str) -> list[Belongings]:
    async with _running(settings_for(url)) as application:
        return [
            await belongings(await found(application, name))
            for name in ("Test Council", "Other Council")
        ]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """The `pilotlight` command."""
    return runner(monkeypatch, capsys)
