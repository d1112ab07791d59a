"""Erasing somebody who took part in everything: no trace but what figures need, and that leads nowhere."""

import io
import json
import zipfile
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from app.access.permissions import Role
from app.audit_log.seals.sealing import Sealer
from app.privacy.erasure.naming import without_in
from app.privacy.register.service import HOLDINGS
from tests import pages
from tests.council import Council, good, pilot, problem
from tests.feedback import lead_of
from tests.licences import on
from tests.privacy import (
    NAME,
    NUMBER,
    OBJECT_ID,
    SIGN_IN,
    TODAY,
    VALUES,
    dumped,
    taking_part,
    traces,
)
from tests.scim import directory, refused, user
from tests.snapshots import END, published

# The audit log is append-only: it keeps the id, which leads to nobody. So do the rows of whoever acted.
_KEEPS_THE_ID = {"audit_event"}
_FIGURES = ("time-use", "adoption", "feedback", "licence-utilisation")


async def _figures(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    asked = {"as_of": END["as_of"]}
    return {
        name: good(await client.get(f"{path}/metrics/{name}", params=asked)) for name in _FIGURES
    }


async def _published_rows(council: Council) -> list[Any]:
    async with council.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT * FROM snapshot WHERE organisation_id IS NOT NULL ORDER BY id")
        )
        inputs = await connection.execute(
            text("SELECT * FROM snapshot_input WHERE organisation_id IS NOT NULL ORDER BY digest")
        )
        return [*map(tuple, found), *map(tuple, inputs)]


async def test_of_somebody_who_took_part_in_everything_no_trace_is_left(council: Council) -> None:
    client = await council.admin()
    with on(TODAY):
        person_id, path = await taking_part(council, client)
        snapshot = await published(client, path)
        where = await traces(council, *VALUES, person_id)
        # So that the test cannot pass because there was nothing to find.
        assert len(where) >= 24, sorted(where)
        shown, rows, before = (
            (await client.get(f"/snapshots/{snapshot['snapshot_id']}")).content,
            await _published_rows(council),
            await _figures(client, path),
        )
        await _is_told_everything(council, client, person_id)
        await Sealer(council.database).seal_audit_log()
        sealed = good(await client.get("/audit-seal"))["position"]
        audited = (await dumped(council))["audit_event"]
        planned = good(await client.get(f"/people/{person_id}/erasure"))
        done = good(await client.post("/erasures", json={"person_id": person_id}), 201)

        assert await traces(council, *VALUES) == {}
        assert set(await traces(council, person_id)) <= _KEEPS_THE_ID
        assert (await client.get(f"/snapshots/{snapshot['snapshot_id']}")).content == shown
        assert await _published_rows(council) == rows
        assert await _figures(client, path) == before
        # The log grew, nothing in it has changed, and its chain holds.
        assert set(audited) <= set((await dumped(council))["audit_event"])
        await Sealer(council.database).seal_audit_log()
        chain = good(await client.get("/audit-seal/verification"))
        assert (chain["is_intact"], chain["difference"]) == (True, None)
        assert chain["through"] > sealed > 0
    counted = {t["table"]: t["rows"] for t in planned["tables"] if t["rows"]}
    assert done["counts"] == {t: n for t, n in counted.items() if t not in _KEEPS_THE_ID}
    assert planned["groups_kept"] == ["department"]  # nobody else is in that team
    assert {m["table"] for m in planned["mentions"]} == {
        *("api_key", "feedback_response", "feedback_session", "pilot", "pilot_transition"),
        *("register_item", "seat_allocation", "seat_event"),
    }
    assert not any(value in json.dumps([planned, done]).lower() for value in VALUES)
    problem(await client.get(f"/people/{person_id}"), 404, "not_found")
    await _does_not_come_back(council, client, done["erasure_id"])


async def _is_told_everything(council: Council, client: httpx.AsyncClient, person_id: str) -> None:
    """What is held of them, and who read it; nothing of anybody else, nor what others wrote."""
    governor = await council.as_role(Role.INFORMATION_GOVERNANCE)
    told = good(await governor.get(f"/people/{person_id}/subject-access"))
    tables = {table["table"]: table for table in told["tables"]}
    # A hold is the only table of people in which nothing is of them.
    assert set(HOLDINGS) - set(tables) == {n for n, h in HOLDINGS.items() if not h.holds_people} | {
        "legal_hold"
    }
    person = tables["person"]["rows"][0]
    assert (person["external_id"], person["display_name"]) == (NUMBER, NAME)
    answers = tables["feedback_response"]["rows"]
    assert "own-words about it" in [answered["liked"] for answered in answers]
    assert tables["seat_allocation"]["texts_by_others"] == 1
    everything = json.dumps(told)
    assert "said-of-them: " not in everything
    assert str(council.organisation.organisation_id) not in everything
    others = good(await client.get("/people"))["items"]
    assert not [p for p in others if p["person_id"] != person_id and p["person_id"] in everything]
    zipped = await governor.get(f"/people/{person_id}/subject-access/archive")
    with zipfile.ZipFile(io.BytesIO(zipped.content)) as files:
        assert set(files.namelist()) == {"everything.json", *(f"{name}.csv" for name in tables)}
        assert NAME in files.read("person.csv").decode()
    pilot_id = tables["pilot_member"]["rows"][0]["pilot_id"]
    await _reads_samples(council, client, pilot_id)
    accesses = good(await governor.get(f"/people/{person_id}/accesses"))["items"]
    assert [(a["action"], a["concerns"], a["role"]) for a in accesses] == [
        ("time_samples.read", "group", "pilot_lead"),
        *[("subject_access.read", "person", "information_governance")] * 2,
    ]
    problem(
        await (await council.as_role(Role.ANALYST)).get(f"/people/{person_id}/accesses"),
        403,
        "scope_missing",
    )


async def _reads_samples(council: Council, client: httpx.AsyncClient, pilot_id: str) -> None:
    """Somebody else leads the pilot, and reads what its members were doing."""
    lead = await lead_of(council, f"/pilots/{pilot_id}", "E2")
    good(await lead.get(f"/pilots/{pilot_id}/time-samples"))


async def _does_not_come_back(council: Council, client: httpx.AsyncClient, erasure_id: str) -> None:
    """Neither from HR nor from a directory, until the erasure is lifted."""
    row = {"external_id": NUMBER, "display_name": NAME}
    problem(await client.post("/people", json=row), 409, "person_erased")
    told = good(await client.post("/people/bulk", json={"items": [row, {"external_id": "N"}]}))
    assert (told["accepted"], [e["code"] for e in told["errors"]]) == (1, ["person_erased"])
    scim = await directory(council)
    refused(await scim.post("Users", json=user(SIGN_IN, externalId=OBJECT_ID)), 409, "uniqueness")
    lifted = good(await client.post(f"/erasures/{erasure_id}/lift"))
    assert lifted["lifted_at"] is not None
    good(await client.post("/people", json=row), 201)


def test_names_are_taken_out_wherever_they_stand_in_what_json_can_say() -> None:
    said = {"assumptions": [{"name": f"as {NAME} has it", "low": 1.5}, None], NAME: [True]}
    # Names of fields are ours, not what somebody wrote.
    assert without_in(said, [NAME]) == {
        "assumptions": [{"name": "as [erased] has it", "low": 1.5}, None],
        NAME: [True],
    }


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_what_is_sealed_keeps_a_name_and_whoever_erases_is_told(council: Council) -> None:
    client = await council.admin()
    row = {"external_id": NUMBER, "display_name": NAME}
    person_id = good(await client.post("/people", json=row), 201)["person_id"]
    path = f"/pilots/{await pilot(client)}"
    for step in ("planned", "running", "completed"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    wanted = {"pilot_id": path.rpartition("/")[2], "outcome": "stop", "decided_by": "Digital Board"}
    wanted["reasons"] = f"{NAME} advised against it."
    decision = good(await client.post("/decisions", json=wanted), 201)
    returned = [await _return_with_a_note(client, amends=amends) for amends in (False, True)]

    planned = good(await client.get(f"/people/{person_id}/erasure"))
    kept = {each["table"]: each["rows"] for each in planned["mentions_kept"]}
    assert kept == {"pilot_decision": 1, "benchmark_return": 1}
    assert {each["table"]: each["rows"] for each in planned["mentions"]} == {"benchmark_return": 1}
    browser = await pages.reader(council.app, council, Role.INFORMATION_GOVERNANCE)
    page = pages.read(await browser.get(f"/dashboard/people/{person_id}/erasure")).text
    assert "The person is named in 1 sealed record of" in page
    assert "A first name alone" in page
    await browser.close()
    good(await client.post("/erasures", json={"person_id": person_id}), 201)

    assert good(await client.get(f"/decisions/{decision['decision_id']}")) == decision
    submitted, draft = [good(await client.get(each))["answers"] for each in returned]
    assert submitted["ict_spend"]["note"] == f"says {NAME}"
    assert draft["ict_spend"]["note"] == "says [erased]"


async def _return_with_a_note(client: httpx.AsyncClient, *, amends: bool) -> str:
    """A return that was submitted with a name in a note, or the draft that amends it; its path."""
    said = {"year": 2023, "reason": "A figure was wrong." if amends else None}
    made = good(await client.post("/benchmark-returns", json=said), 201)
    path = f"/benchmark-returns/{made['return_id']}"
    if not amends:
        needed = {"staff_in_post": 5000, "digital_staff": 150, "ict_spend": 18_000_000}
        answers: dict[str, Any] = {name: {"value": value} for name, value in needed.items()}
        answers["ict_spend"]["note"] = f"says {NAME}"
        good(await client.patch(path, json={"answers": answers}))
        for step in ("checked", "submitted"):
            good(await client.post(f"{path}/steps", json={"to": step}))
    return path
