"""Jobs over HTTP and on the command line: asked for, carried out by a tick, watched."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import time_machine
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Role, Scope
from app.core.database import Database
from app.core.jobs.registry import JOBS, job
from app.core.jobs.schedules import every
from app.scheduler import tick
from tests.command import Run
from tests.council import API, Council, good, problem

NOON = "2024-10-24T12:10:00Z"
CLEANUP = "/jobs/idempotency_cleanup/runs"


@pytest.fixture(autouse=True)
def jobs_as_before() -> Any:
    before = dict(JOBS)
    yield
    JOBS.clear()
    JOBS.update(before)


@pytest.fixture
async def operator(council: Council) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may run jobs and nothing else, at noon; the scheduler has just ticked."""
    key = await council.key(None, scopes=[Scope.JOBS_RUN])
    with time_machine.travel(NOON, tick=False):
        await tick(council.database)
        yield council.client(key)


async def listed(client: httpx.AsyncClient, name: str) -> dict[str, Any]:
    items = good(await client.get("/jobs"))["items"]
    found: dict[str, Any] = next(each for each in items if each["name"] == name)
    return found


async def test_each_job_says_what_it_does_and_how_it_stands(
    council: Council, operator: httpx.AsyncClient
) -> None:
    items = good(await operator.get("/jobs"))["items"]
    assert [each["name"] for each in items] == sorted(JOBS)
    found = await listed(operator, "idempotency_cleanup")
    run = found.pop("last_run")
    assert found == {
        "name": "idempotency_cleanup",
        "what": "Forget the answers to Idempotency-Keys that have expired.",
        "schedule": "every hour",
        "next_slot": "2024-10-24T13:00:00Z",
        "last_success_at": NOON,
        "lag_seconds": 0,
    }
    assert (run["status"], run["progress"], run["requested_by"]) == ("succeeded", 1, None)
    with time_machine.travel("2024-10-24T15:30:00Z", tick=False):
        assert (await listed(operator, "idempotency_cleanup"))["lag_seconds"] == 2.5 * 3600
        await tick(council.database)
        assert (await listed(operator, "idempotency_cleanup"))["lag_seconds"] == 0


async def test_a_run_is_asked_for_and_the_next_tick_carries_it_out(
    council: Council, operator: httpx.AsyncClient
) -> None:
    asked = await operator.post(CLEANUP, headers={"Idempotency-Key": "one"})
    queued = good(asked, 202)
    where = asked.headers["location"].removeprefix(API)
    assert where == f"/job-runs/{queued['run_id']}"
    assert (queued["status"], queued["progress"], queued["started_at"]) == ("queued", 0, None)
    assert queued["slot"] == "2024-10-24T12:00:00Z"
    assert queued["requested_by"] is not None
    again = await operator.post(CLEANUP, headers={"Idempotency-Key": "one"})
    assert good(again, 202) == queued
    assert again.headers["location"] == asked.headers["location"]
    # With another key: it waits already.
    assert good(await operator.post(CLEANUP), 202)["run_id"] == queued["run_id"]
    reports = await tick(council.database)
    assert [(r.job, r.status) for r in reports] == [("idempotency_cleanup", "succeeded")]
    done = good(await operator.get(where))
    assert (done["status"], done["progress"], done["counts"]) == ("succeeded", 1, {"forgotten": 0})
    assert await tick(council.database) == []
    # And once more, although the slot has been run twice now.
    assert good(await operator.post(CLEANUP), 202)["run_id"] != queued["run_id"]


async def test_a_run_as_of_a_day_is_of_the_newest_slot_by_its_end(
    operator: httpx.AsyncClient,
) -> None:
    async def slot(name: str, day: str) -> str:
        answer = await operator.post(f"/jobs/{name}/runs", params={"as_of": day})
        told: str = good(answer, 202)["slot"]
        return told

    assert await slot("idempotency_cleanup", "2024-10-20") == "2024-10-20T23:00:00Z"
    assert await slot("idempotency_cleanup", "2024-10-24") == "2024-10-24T12:00:00Z"
    assert await slot("reclaim_candidates", "2024-10-20") == "2024-10-20T03:00:00Z"
    assert await slot("missing_feedback", "2024-10-20") == "2024-10-14T05:00:00Z"
    tomorrow = await operator.post(CLEANUP, params={"as_of": "2024-10-25"})
    assert problem(tomorrow, 422, "in_the_future")["errors"][0]["pointer"] == "/as_of"
    problem(await operator.post("/jobs/nonsense/runs"), 404, "not_found")


async def test_runs_are_listed_newest_first_by_job_and_status(
    council: Council, operator: httpx.AsyncClient
) -> None:
    first = good(await operator.post(CLEANUP), 202)["run_id"]
    second = good(await operator.post("/jobs/missing_feedback/runs"), 202)["run_id"]

    async def ids(**params: Any) -> list[str]:
        answer = good(await operator.get("/job-runs", params=params))
        return [run["run_id"] for run in answer["items"]]

    assert (await ids())[:2] == [second, first]
    assert await ids(status="queued") == [second, first]
    assert await ids(status="queued", job="idempotency_cleanup") == [first]
    page = good(await operator.get("/job-runs?status=queued&limit=1"))
    assert await ids(status="queued", cursor=page["next_cursor"]) == [first]
    await tick(council.database)
    assert await ids(status="queued") == []
    assert len(await ids(job="idempotency_cleanup", status="succeeded")) == 2


async def test_what_somebody_asked_for_and_failed_is_not_tried_again(
    council: Council, operator: httpx.AsyncClient
) -> None:
    async def failing(_s: AsyncSession, _o: UUID, _slot: datetime) -> Mapping[str, int]:
        raise ValueError("secret-quokka")

    job("a_test_that_fails", every(minutes=60))(failing)
    asked = good(await operator.post("/jobs/a_test_that_fails/runs?as_of=2024-10-20"), 202)
    where = f"/job-runs/{asked['run_id']}"
    await tick(council.database)
    told = good(await operator.get(where))
    assert (told["status"], told["failures"], told["error"]) == ("failed", 1, "ValueError")
    assert "quokka" not in json.dumps(told)
    with time_machine.travel("2024-10-24T12:30:00Z", tick=False):
        await tick(council.database)
        assert good(await operator.get(where)) == told
        assert (await listed(operator, "a_test_that_fails"))["last_run"]["failures"] == 2


async def test_runs_are_an_organisation_s_own_and_need_their_scope(
    council: Council, other_council: Council, operator: httpx.AsyncClient
) -> None:
    run_id = good(await operator.post(CLEANUP), 202)["run_id"]
    theirs = await other_council.admin()
    problem(await theirs.get(f"/job-runs/{run_id}"), 404, "not_found")
    problem(await operator.get(f"/job-runs/{uuid4()}"), 404, "not_found")
    assert run_id not in [r["run_id"] for r in good(await theirs.get("/job-runs"))["items"]]
    for role in set(Role) - {Role.ADMIN}:
        client = await council.as_role(role)
        for method, path in (("GET", "/jobs"), ("POST", CLEANUP), ("GET", "/job-runs")):
            problem(await client.request(method, path), 403, "scope_missing")


def _figure(shown: str, name: str) -> float:
    return float(next(line for line in shown.splitlines() if line.startswith(name)).split()[1])


async def test_prometheus_sees_success_duration_lag_and_failures_by_job(
    council: Council, other_council: Council, operator: httpx.AsyncClient
) -> None:
    ours = council.organisation.organisation_id

    async def picky(_s: AsyncSession, organisation: UUID, _slot: datetime) -> Mapping[str, int]:
        if organisation == ours:
            raise ValueError("secret-4711")
        return {}

    job("a_test_of_theirs", every(minutes=60))(picky)
    await tick(council.database)
    operator.base_url = "http://pilotlight.test"  # type: ignore[assignment]  # a str is taken
    with time_machine.travel(datetime(2024, 10, 24, 12, 12, tzinfo=UTC), tick=False):
        await tick(council.database)
        shown = (await operator.get("/internal/metrics")).text
    noon = datetime.fromisoformat(NOON)
    at = _figure(shown, 'pilotlight_job_last_success_timestamp_seconds{job="a_test_of_theirs"}')
    assert datetime.fromtimestamp(at, UTC) == noon
    assert _figure(shown, 'pilotlight_job_failures_total{job="a_test_of_theirs"}') == 2
    assert _figure(shown, 'pilotlight_job_lag_seconds{job="a_test_of_theirs"}') == 12 * 60
    assert _figure(shown, 'pilotlight_job_lag_seconds{job="idempotency_cleanup"}') == 0
    assert _figure(shown, 'pilotlight_job_duration_seconds{job="idempotency_cleanup"}') == 0
    with time_machine.travel(noon + timedelta(days=1), tick=False):
        shown = (await operator.get("/internal/metrics")).text
    # Since the slot at 13:00 that nobody ran.
    assert (
        _figure(shown, 'pilotlight_job_lag_seconds{job="idempotency_cleanup"}') == 23 * 3600 + 600
    )
    assert str(ours) not in shown
    assert other_council.organisation.name not in shown


def test_jobs_are_run_and_listed_for_one_organisation_or_all(database_url: str, run: Run) -> None:
    assert "every hour" in run(database_url, "jobs", "list").out
    for name in ("Coventry", "York"):
        run(database_url, "organisation", "create", name)
    words = ("jobs", "run", "missing_feedback", "--as-of", "2024-04-03")
    alone = run(database_url, *words, "--organisation", "York").out
    assert alone == "missing_feedback: succeeded\n"
    assert run(database_url, *words).out == "missing_feedback: succeeded, had run already\n"
    shown = run(database_url, "jobs", "list", "--organisation", "York").out
    (row,) = [line for line in shown.splitlines() if "missing_feedback" in line]
    assert "Mondays" in row
    assert "succeeded" in row
    assert "days" in row, "the lag since a slot of 2024"
    assert "Coventry" not in shown
    (never,) = [line for line in shown.splitlines() if "seats_of_leavers" in line]
    assert "never" in never
    unknown = run(database_url, "jobs", "run", "missing_feedback", "--organisation", "Hull")
    assert (unknown.status, "Hull" in unknown.err) == (1, True)
    future = run(database_url, "jobs", "run", "missing_feedback", "--as-of", "2199-01-01")
    assert future.status == 2


async def test_a_job_that_reaches_out_holds_no_transaction_and_each_part_is_counted_once(
    council: Council, operator: httpx.AsyncClient
) -> None:
    """It waits outside: meanwhile anybody writes, on SQLite as well."""
    done: list[str] = []

    async def parts(_s: AsyncSession, _o: UUID, _slot: datetime) -> list[str]:
        return ["a", "b", "fails", "c"]

    async def outside(
        database: Database, _o: UUID, _slot: datetime, part: str
    ) -> Mapping[str, int]:
        async with database.transaction(wait=False) as session:
            await session.exec(
                text("UPDATE job_run SET error = NULL WHERE organisation_id IS NULL")
            )
        if part == "fails" and done.count("fails") == 0:
            done.append(part)
            raise ValueError("secret-4711")
        done.append(part)
        return {"done": 1}

    job("a_test_outside", every(minutes=60), parts=parts, reaches_out=True)(outside)
    await asyncio.gather(*(tick(council.database) for _ in range(3)))
    found = (await listed(operator, "a_test_outside"))["last_run"]
    assert (found["status"], found["error"], found["counts"]) == (
        "failed",
        "ValueError",
        {"done": 2},
    )
    with time_machine.travel("2024-10-24T12:12:00Z", tick=False):
        await tick(council.database)
        found = (await listed(operator, "a_test_outside"))["last_run"]
    assert (found["status"], found["counts"]) == ("succeeded", {"done": 4})
