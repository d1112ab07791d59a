"""Somebody who took part in everything, by values that nobody else has, and where those values stand."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import text

from app.access.permissions import Role
from app.core.clock import now
from app.core.jobs.registry import JOBS
from app.core.jobs.runner import run_slot
from app.core.models import metadata
from app.integrations.connections.models import ConnectionRecord
from tests.council import Council, activity, good, people, pilot
from tests.feedback import answer
from tests.forms import as_json
from tests.licences import pool, seat, wait
from tests.scim import GROUP, directory, said, user
from tests.snapshots import PRODUCT, STAFF, observed
from tests.time_use import sample
from tests.writes import ITEM, ORIGIN

NUMBER, NAME, SIGN_IN = "QF-90210", "Perpetua Quillfeather", "p.quillfeather@example.org"
OBJECT_ID = "0b1f6e2a-entra-object"
# Whatever says who it was, or was said by them: in lower case, as they are looked for.
VALUES = ("qf-90210", "quillfeather", "own-words", "said-of-them", "e1-2024", OBJECT_ID)
TODAY = "2024-06-03"
_PLAN = {"method": "random_moment", "prompts_per_day": 2, "from": "09:00", "until": "17:00"}


async def taking_part(council: Council, client: httpx.AsyncClient) -> tuple[str, str]:
    """A pilot in which somebody took part in everything there is; their id, and the pilot's address."""
    path = await observed(client)
    person_id = await _named(council, client)
    who = {"person_external_id": NUMBER}
    corrected = {**who, "source_ref": "E1-2024-03-05-forms", "category": "forms"}
    again = sample(**corrected, started_at="2024-03-05T09:00:00+00:00", minutes=45)
    good(await client.post(f"{path}/time-samples/bulk", **as_json([{**again, "minutes": 46}])))
    good(await client.post(f"{path}/time-samples/bulk", **as_json([again])))
    texts = {"satisfaction": 4, "liked": "own-words about it", "blockers": "own-words again"}
    first = answer(NUMBER, "2024-03-04", **{**texts, "disliked": "own-words before"})
    good(await client.post(f"{path}/feedback/bulk", **as_json([first])))
    good(
        await client.post(
            f"{path}/feedback/bulk", **as_json([answer(NUMBER, "2024-03-04", **texts)])
        )
    )
    other = answer("E2", "2024-03-04", satisfaction=4, liked=f"{NAME} showed me how")
    good(await client.post(f"{path}/feedback/bulk", **as_json([other])))
    away = {**who, "starts_on": "2024-03-21", "ends_on": "2024-03-22", "kind": "said-of-them"}
    for until in ("2024-03-23", "2024-03-22"):
        items = [{**away, "ends_on": until}]
        good(await client.post("/absences/bulk", json={"items": items}))
    await _seats(client, who)
    await _running(client, person_id, who)
    await _told(council, client, person_id)
    trained = {**who, "course": "AI-101", "completed_on": "2024-03-28"}
    good(await client.post(f"{path}/training/bulk", json={"items": [trained]}))
    handover = {"kind": "exit_plan", "plan": f"{NAME} hands over"}
    paper = {**ITEM, "title": f"asked for by {NAME}", "content": handover}
    good(await client.post(f"{path}/register", json=paper), 201)
    held = {"held_on": "2024-03-05", "kind": "internal", "title": "Start", "facilitator": NAME}
    good(await client.post(f"{path}/feedback-sessions", json=held), 201)
    await _added_up(council)
    return person_id, path


async def _added_up(council: Council) -> None:
    """What jobs and readers make of it: daily facts by number, and a place among comments."""
    job = JOBS["recompute_daily_facts"]
    await run_slot(
        council.database, job, council.organisation.organisation_id, job.schedule.slot_at(now())
    )
    async with council.database.engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO feedback_comment_place"
                " (organisation_id, pilot_id, answer_key, revision, number)"
                " SELECT organisation_id, pilot_id, answer_key, revision, 0 FROM feedback_response"
                " WHERE liked LIKE 'own-words%' AND organisation_id IS NOT NULL"
            )
        )


async def _named(council: Council, client: httpx.AsyncClient) -> str:
    """The first of the staff gets values that stand nowhere else."""
    async with council.database.engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE person SET external_id = :number WHERE external_id = 'E1'"
                " AND organisation_id IS NOT NULL"
            ),
            {"number": NUMBER},
        )
    row = {"external_id": NUMBER, "display_name": NAME, "user_name": SIGN_IN, "team": "Alone"}
    keyed = {"Idempotency-Key": "the-answer-names-them"}
    good(await client.post("/people/bulk", json={"items": [row]}, headers=keyed))
    found = good(await client.get("/people", params={"external_id": NUMBER}))["items"]
    person_id: str = found[0]["person_id"]
    changed = {"headers": {"Idempotency-Key": "and-this-as-well"}}
    lead = {"name": f"for {NAME}", "role": "analyst", "person_id": person_id}
    good(await client.post("/api-keys", json=lead, **changed), 201)
    return person_id


async def _seats(client: httpx.AsyncClient, who: dict[str, str]) -> None:
    """A seat of another product, given and decided about, and a wait for one."""
    given = {"name": "Another", "product": "Another", "term_starts_on": "2024-02-26"}
    path = await pool(client, **given, term_ends_on="2025-02-26", seats=1)
    held = await seat(
        client, path, NUMBER, allocated_on="2024-03-01", reason=f"said-of-them: {NAME}"
    )
    used = [
        activity(who, day, product="Another", actions=1)
        for who, day in ((NUMBER, "2024-03-04"), ("E2", "2024-06-02"))
    ]
    good(await client.post("/licence-activity/bulk", json={"items": used}))
    used[0]["actions"] = 2
    good(await client.post("/licence-activity/bulk", json={"items": used}))
    decision = {"decision": "warn", "reason": "said-of-them as well"}
    items = [{"allocation_id": held["allocation_id"], **decision}]
    decided = good(await client.post(f"{path}/reclaim-decisions", json={"items": items}), 201)
    assert len(decided["decided"]) == 1, decided
    full = {**given, "name": "Full", "product": "Full"}
    full_path = await pool(client, **full, term_ends_on="2025-02-26", seats=1)
    await seat(client, full_path, "E2", allocated_on="2024-03-01")
    await wait(client, full_path, NUMBER, requested_on="2024-03-01")


async def _running(client: httpx.AsyncClient, person_id: str, who: dict[str, str]) -> None:
    """A pilot that is under way: they lead it, are asked, and are spoken of."""
    fields = {"code": "P-2", "name": f"Led by {NAME}", "kind": "social_care"}
    dates = {"starts_on": "2024-05-06", "ends_on": "2024-07-01"}
    number = await pilot(client, {**who, "arm": "pilot"}, **fields, **dates)
    path = f"/pilots/{number}"
    headers = {"If-Match": (await client.get(path)).headers["etag"]}
    good(await client.patch(path, json={"lead_external_id": NUMBER}, headers=headers))
    for step in ("planned", "running"):
        body = {"to": step, "reason": f"agreed with {NAME.upper()}"}
        good(await client.post(f"{path}/transitions", json=body), 201)
    good(await client.put(f"{path}/sampling-plan", json=_PLAN))
    week = {"starts_on": "2024-06-03", "ends_on": "2024-06-10"}
    good(await client.post(f"{path}/time-prompts/draw", json=week), 201)


async def _told(council: Council, client: httpx.AsyncClient, person_id: str) -> None:
    """Known to a directory and to another system, and signed in."""
    scim = await directory(council)
    enterprise = {"employeeNumber": NUMBER}
    emails = [{"value": "perpetua.quillfeather@home.example", "type": "home"}]
    wanted = user(SIGN_IN, externalId=OBJECT_ID, enterprise=enterprise, emails=emails)
    created = said(await scim.post("Users", json={**wanted, "displayName": NAME}), 201)
    assert created["id"] == person_id
    members = {"schemas": [GROUP], "displayName": "Everybody", "members": [{"value": person_id}]}
    said(await scim.post("Groups", json=members), 201)
    key = await council.key(Role.ANALYST, person_id=UUID(person_id))
    sent = {"data": {"key": key}, "headers": {"Origin": ORIGIN}}
    answered = await client.post(client.base_url.join("/auth/demo-sign-in"), **sent)
    assert answered.status_code == 303, answered.text
    client.cookies.clear()
    connection = {
        "name": "hr",
        "kind": "timetagger",
        "settings": {"address": "http://127.0.0.1:9/timetagger", "tags": ["visit"]},
        "secrets": {},
    }
    # The connection itself is another test's; here only what it would have noted of a person.
    await _noted(council, client, connection)


async def _noted(council: Council, client: httpx.AsyncClient, connection: dict[str, Any]) -> None:
    path = await pilot(client, code="P-3")
    named = {"name": "time", "pilot_id": path, "secrets": {"a": "b"}}
    made = await client.post("/connections", json={**connection, **named})
    assert made.status_code == 201, made.text
    async with council.database.transaction() as session:
        session.add(
            ConnectionRecord(
                organisation_id=council.organisation.organisation_id,
                connection_id=UUID(made.json()["connection_id"]),
                reference="of own-words",
                person_external_id=NUMBER,
                starts_on=date(2024, 3, 21),
            )
        )


async def dumped(council: Council) -> dict[str, list[str]]:
    """Every row of every table of the database as a line, in lower case, in no order."""
    found: dict[str, list[str]] = {}
    async with council.database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            rows = await connection.execute(
                table.select().where(table.c.organisation_id.is_not(None))
            )
            found[table.name] = [" ".join(map(_plain, row)).lower() for row in rows]
    return found


def _plain(value: Any) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


async def traces(council: Council, *values: str) -> dict[str, list[str]]:
    """By table, which of these values stand in it."""
    return {
        table: found
        for table, lines in (await dumped(council)).items()
        if (found := [value for value in values if any(value in line for line in lines)])
    }


__all__ = [
    "NAME",
    "NUMBER",
    "PRODUCT",
    "STAFF",
    "VALUES",
    "dumped",
    "people",
    "taking_part",
    "traces",
]
