"""What surrounds every request: probes, ids, logs, headers, errors, and the one transaction."""

from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from app.core import body as core_body
from app.core import schema
from app.core.errors import ConfigurationError
from app.core.logging import configure_logging
from app.core.settings import Settings
from app.main import create_app
from tests.council import Council, found, good, people, problem
from tests.databases import settings_for


@pytest.fixture
async def anybody(app: FastAPI) -> Any:
    """A client without a key, at the root."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://pilotlight.test") as client:
        yield client


async def test_the_service_is_live_and_ready(anybody: httpx.AsyncClient) -> None:
    assert good(await anybody.get("/health/live")) == {"status": "ok"}
    assert good(await anybody.get("/health/ready")) == {"status": "ok"}
    assert good(await anybody.get("/"))["service"] == "Pilotlight"


async def test_it_is_not_ready_on_a_database_that_lacks_a_migration(
    empty_database_url: str,
) -> None:
    application = create_app(settings_for(empty_database_url))
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
            assert (await client.get("/health/live")).status_code == 200
            answer = await client.get("/health/ready")
    problem(answer, 503, "migration_needed")
    assert answer.headers["retry-after"]


async def test_it_is_live_but_not_ready_without_its_database() -> None:
    application = create_app(settings_for("postgresql://user:secret@127.0.0.1:1/none"))
    async with application.router.lifespan_context(application):
        transport = httpx.ASGITransport(application)
        async with httpx.AsyncClient(transport=transport, base_url="http://x.test") as client:
            assert (await client.get("/health/live")).status_code == 200
            answer = await client.get("/health/ready")
            authorised = await client.get(
                "/api/v1/people", headers={"Authorization": "Bearer plk_" + "A" * 54}
            )
    problem(answer, 503, "database_unavailable")
    problem(authorised, 503, "database_unavailable")


async def test_requests_are_counted_by_route_and_never_by_id(
    council: Council, anybody: httpx.AsyncClient
) -> None:
    client = await council.admin()
    await people(client, "E1")
    person = good(await client.get("/people"))["items"][0]["person_id"]
    await client.get(f"/people/{person}")
    await client.get("/nowhere/secret-quokka")
    shown = (await anybody.get("/internal/metrics")).text
    assert 'route="/api/v1/people/{person_id}",status="200"' in shown
    assert person not in shown
    assert "quokka" not in shown


async def test_every_answer_has_an_id_and_safe_headers(anybody: httpx.AsyncClient) -> None:
    given = await anybody.get("/nowhere", headers={"X-Request-ID": "trace-4711-abc"})
    body = problem(given, 404, "not_found")
    assert given.headers["x-request-id"] == "trace-4711-abc"
    assert body["instance"] == "urn:request:trace-4711-abc"
    made = await anybody.get("/health/live", headers={"X-Request-ID": "x\ny" * 40})
    assert len(made.headers["x-request-id"]) == 36
    for name, value in (("cache-control", "no-store"), ("x-content-type-options", "nosniff")):
        assert made.headers[name] == value
    problem(await anybody.put("/health/live"), 405, "method_not_allowed")


async def test_logs_say_what_happened_and_nothing_that_was_sent(
    app: FastAPI, council: Council, capsys: pytest.CaptureFixture[str]
) -> None:
    key = await council.key()
    # As verbose as it can be set, written to where this test looks.
    configure_logging(app.state.settings.model_copy(update={"log_level": "debug"}))
    client = council.client(key)
    await client.post("/people?x=secret-4711", json={"display_name": "secret-4712"})
    await client.get("/people", params={"external_id": "secret-4713"})

    def fail(*_: Any) -> None:
        raise RuntimeError("a defect")

    event.listen(council.database.engine.sync_engine, "before_cursor_execute", fail)
    broken = await client.post("/people", json={"external_id": "secret-4714"})
    logged = capsys.readouterr().err
    body = problem(broken, 500, "internal_error")
    assert body["instance"] == "urn:request:" + broken.headers["x-request-id"]
    assert "RuntimeError" in logged
    assert broken.headers["x-request-id"] in logged
    assert '"route": "/api/v1/people"' in logged
    assert "secret-47" not in logged
    assert key not in logged
    assert "a defect" not in broken.text


async def test_an_answer_is_sent_after_the_commit_and_not_before(council: Council) -> None:
    """A commit that fails is never answered with a success, and leaves nothing."""
    client = await council.admin()

    def fail(_connection: Any) -> None:
        raise OperationalError("COMMIT", {}, asyncpg.exceptions.AdminShutdownError("going down"))

    good(await client.get("/people"))
    engine = council.database.engine.sync_engine
    event.listen(engine, "commit", fail)
    answer = await client.post("/people", json={"external_id": "E1"})
    event.remove(engine, "commit", fail)
    assert answer.status_code >= 500
    assert good(await client.get("/people"))["items"] == []


async def test_a_locked_database_is_told_as_busy_with_a_time_to_come_back(
    database_url: str,
) -> None:
    settings = settings_for(database_url).model_copy(update={"database_busy_seconds": 0.3})
    application = create_app(settings)
    async with application.router.lifespan_context(application):
        council = await found(application, "Busy")
        client = await council.admin()
        created = good(await client.post("/people", json={"external_id": "E1"}), 201)
        async with council.database.transaction() as session:
            connection = await session.connection()
            await connection.execute(
                text("UPDATE person SET team = 'x' WHERE organisation_id IS NOT NULL")
            )
            answer = await client.patch(f"/people/{created['person_id']}", json={"team": "y"})
        problem(answer, 503, "database_busy")
        assert int(answer.headers["retry-after"]) >= 1
        good(await client.patch(f"/people/{created['person_id']}", json={"team": "y"}))
        await council.close()


async def test_the_tests_run_on_the_postgresql_that_they_say(app: FastAPI) -> None:
    database = app.state.database
    async with database.engine.connect() as connection:
        if database.is_sqlite:
            assert await connection.scalar(text("PRAGMA foreign_keys")) == 1
            assert await connection.scalar(text("PRAGMA journal_mode")) == "wal"
            assert await connection.scalar(text("PRAGMA synchronous")) == 2
        else:
            version = await connection.scalar(text("SHOW server_version"))
            assert version.startswith("18.")


async def test_a_reader_cannot_write(app: FastAPI) -> None:
    """What a GET runs in: on PostgreSQL the database itself refuses to write there."""
    database = app.state.database
    if database.is_sqlite:
        return
    async with database.transaction(read_only=True) as session:
        connection = await session.connection()
        with pytest.raises(DBAPIError, match="read-only transaction"):
            await connection.execute(text("DELETE FROM job_run WHERE organisation_id IS NOT NULL"))


async def test_a_full_disk_is_told_as_a_passing_fault(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await council.admin()

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(core_body.ReceivedBody, "append", full)
    problem(await client.post("/people", json={"external_id": "E1"}), 503, "unavailable")


async def test_what_a_database_says_of_a_row_is_not_logged(
    council: Council, capsys: pytest.CaptureFixture[str]
) -> None:
    """An error that no domain foresaw: PostgreSQL quotes the row, and the driver the statement."""
    configure_logging(council.app.state.settings)
    client = await council.admin()
    created = good(await client.post("/people", json={"external_id": "secret-quokka"}), 201)

    def fail(*_: Any) -> None:
        detail = "DETAIL: Key (external_id)=(secret-quokka) already exists"
        raise IntegrityError("INSERT", {"x": "secret-quokka"}, ValueError(detail))

    event.listen(council.database.engine.sync_engine, "before_cursor_execute", fail)
    problem(await client.get(f"/people/{created['person_id']}"), 500, "internal_error")
    logged = capsys.readouterr().err
    assert "IntegrityError" in logged
    assert "quokka" not in logged


async def test_a_reader_is_answered_while_a_writer_works(council: Council) -> None:
    """Also with a key whose use is to be noted, on a database that knows one writer only."""
    key = await council.key()
    client = council.client(key)
    async with council.database.transaction() as session:
        connection = await session.connection()
        await connection.execute(
            text("UPDATE api_key SET name = 'x' WHERE organisation_id IS NOT NULL AND 1 = 0")
        )
        good(await client.get("/metrics"))
    good(await client.get("/metrics"))


def test_the_default_secret_is_refused_outside_the_demo() -> None:
    for secret in ({}, {"secret_key": "too-short"}):
        with pytest.raises(ConfigurationError, match="PILOTLIGHT_SECRET_KEY"):
            create_app(Settings(database_url="sqlite:///x.db", **secret))  # type: ignore[arg-type]  # a str is taken for a secret
    create_app(Settings(database_url="sqlite:///x.db", secret_key="x" * 32))  # type: ignore[arg-type]  # likewise


def test_migrations_are_found_beside_the_package() -> None:
    assert (schema.migrations_folder() / "env.py").is_file()
