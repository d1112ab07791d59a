"""Idempotency-Key: one write, the same answer, whoever asks again and however many ask at once."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import httpx
import time_machine

from app.access.permissions import Role
from app.core import clock
from app.core.jobs import housekeeping
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import RunStatus, run_slot
from tests.council import Council, good, people, problem
from tests.licences import ledger, pool
from tests.routes import ROUTES
from tests.server import serving
from tests.writes import SHOWN_ONCE, Furnished, sent_to

KEY = "Idempotency-Key"
REPLAYED = "idempotency-replayed"


async def test_the_same_key_and_body_answer_as_before(council: Council) -> None:
    client = await council.admin()
    headers = {KEY: "one"}
    first = await client.post("/people", json={"external_id": "E1"}, headers=headers)
    second = await client.post("/people", json={"external_id": "E1"}, headers=headers)
    assert good(second, 201) == good(first, 201)
    for name in ("etag", "location", "content-type"):
        assert second.headers[name] == first.headers[name]
    assert (REPLAYED in first.headers, second.headers[REPLAYED]) == (False, "true")
    assert len(good(await client.get("/people"))["items"]) == 1


async def test_the_same_key_with_another_request_is_refused(council: Council) -> None:
    client = await council.admin()
    headers = {KEY: "one"}
    good(await client.post("/people", json={"external_id": "E1"}, headers=headers), 201)
    for path, body in (("/people", {"external_id": "E2"}), ("/pilots", {"external_id": "E1"})):
        answer = await client.post(path, json=body, headers=headers)
        problem(answer, 422, "idempotency_key_reused")
    other = await client.post("/people/bulk", json={"items": []}, headers=headers)
    problem(other, 422, "idempotency_key_reused")


async def test_a_key_belongs_to_whoever_used_it(council: Council) -> None:
    admin, other = await council.admin(), await council.as_role(Role.INTEGRATOR)
    body = {"external_id": "E1", "display_name": "Margaret"}
    good(await admin.post("/people", json=body, headers={KEY: "one"}), 201)
    problem(await other.post("/people", json=body, headers={KEY: "one"}), 409, "person_exists")


async def test_a_request_that_failed_may_be_repeated_with_its_key(council: Council) -> None:
    client = await council.admin()
    row = {"week": 1}
    refused = await client.post("/people", json=row, headers={KEY: "one"})
    problem(refused, 422, "invalid_input")
    good(await client.post("/people", json={"external_id": "E1"}, headers={KEY: "one"}), 201)


async def test_a_key_is_forgotten_after_its_time(council: Council) -> None:
    client = await council.admin()
    good(await client.post("/people", json={"external_id": "E1"}, headers={KEY: "one"}), 201)
    later = clock.now() + timedelta(hours=25)
    with time_machine.travel(later, tick=False):
        again = await client.post("/people", json={"external_id": "E2"}, headers={KEY: "one"})
        good(again, 201)
        report = await run_slot(
            council.database,
            JOBS["idempotency_cleanup"],
            council.organisation.organisation_id,
            later + timedelta(hours=25),
        )
        assert report.status is RunStatus.SUCCEEDED
        once_more = await client.post("/people", json={"external_id": "E3"}, headers={KEY: "one"})
        good(once_more, 201)
    assert housekeeping.idempotency_cleanup in {job.work for job in JOBS.values()}


async def test_of_many_that_find_a_key_expired_one_writes(council: Council) -> None:
    client = await council.admin()
    headers = {KEY: "one"}
    good(await client.post("/people/bulk", json={"items": []}, headers=headers))
    with time_machine.travel(clock.now() + timedelta(hours=25), tick=True):
        answers = await asyncio.gather(
            *(client.post("/people/bulk", json={"items": []}, headers=headers) for _ in range(6))
        )
    assert len({good(answer)["batch_id"] for answer in answers}) == 1


async def test_a_key_must_be_one(council: Council) -> None:
    client = await council.admin()
    for wrong in ("", "with blank", "x" * 201):
        answer = await client.post("/people", json={"external_id": "E1"}, headers={KEY: wrong})
        problem(answer, 422, "invalid_idempotency_key")


async def test_every_post_honours_a_key(furnished: Furnished) -> None:
    """Sent twice, each POST there is writes once and answers the same both times."""
    client, ids = furnished.admin, furnished.ours
    for route in ROUTES:
        if route.method != "POST":
            continue
        request = {"url": route.of(ids), "headers": {KEY: str(uuid4())}, **sent_to(route, ids)}
        answers = [await client.post(**request) for _ in range(2)]
        assert answers[0].is_success, f"{route}: {answers[0].text}"
        assert answers[1].status_code == answers[0].status_code, route
        assert answers[1].headers[REPLAYED] == "true", route
        shown_once = dict.fromkeys(SHOWN_ONCE & answers[0].json().keys())
        assert answers[1].json() == {**answers[0].json(), **shown_once}, route


async def test_requests_that_are_written_together_keep_their_own_keys(council: Council) -> None:
    """While a first seat is being given, others are asked for; one of them often, with one key."""
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    path = await pool(client, seats=3)

    async def ask(number: str, key: str) -> httpx.Response:
        body = {"person_external_id": number, "allocated_on": "2024-05-01"}
        return await client.post(f"{path}/allocations", json=body, headers={KEY: key})

    sent = [("E1", "first"), *[("E2", "same")] * 4, ("NOBODY", "wrong")]
    first, *same, wrong = await asyncio.gather(*(ask(number, key) for number, key in sent))
    assert good(first, 201)["person_id"] != good(same[0], 201)["person_id"]
    assert {good(answer, 201)["allocation_id"] for answer in same} == {
        same[0].json()["allocation_id"]
    }
    assert sorted(answer.headers.get(REPLAYED, "no") for answer in same) == ["no"] + ["true"] * 3
    problem(wrong, 422, "unknown_person")
    later = await ask("E2", "same")
    assert (good(later, 201), later.headers[REPLAYED]) == (same[0].json(), "true")
    problem(await ask("E3", "same"), 422, "idempotency_key_reused")
    assert REPLAYED not in (await ask("E3", "wrong")).headers
    assert sorted(row[0] for row in await ledger(client, path)) == ["E1", "E2", "E3"]


async def test_two_processes_with_one_key_at_once_write_once_and_answer_alike(
    database_url: str, tmp_path: Path
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
    with (
        serving(database_url, tmp_path / "first") as first,
        serving(database_url, tmp_path / "second") as second,
    ):
        headers = {"Authorization": f"Bearer {await first.founded()}"}
        async with (
            httpx.AsyncClient(base_url=first.base_url, headers=headers, timeout=120) as one,
            httpx.AsyncClient(base_url=second.base_url, headers=headers, timeout=120) as two,
        ):
            for attempt in range(10):
                body = {"external_id": f"E{attempt}"}
                stated = {KEY: f"at-once-{attempt}"}
                answers = await asyncio.gather(
                    *(
                        client.post("/api/v1/people", json=body, headers=stated)
                        for client in (one, two, one, two)
                    )
                )
                assert {answer.status_code for answer in answers} == {201}
                assert len({answer.content for answer in answers}) == 1
                assert sum(REPLAYED not in answer.headers for answer in answers) == 1
            listed = (await one.get("/api/v1/people")).json()["items"]
            assert [person["external_id"] for person in listed] == [f"E{n}" for n in range(10)]
