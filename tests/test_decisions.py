"""Decisions: by criteria set before the start, at the window's end, sealed, and never changed."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import httpx
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.access.permissions import Role
from app.core.periods import DAY
from app.decisions.sealing import seal_of
from app.decisions.seats import advised
from app.events.models import Event
from tests.council import Council, good, pilot, problem
from tests.forms import as_json
from tests.licences import on
from tests.snapshots import STAFF, observed, published, recorded
from tests.time_use import SOCIAL

LAST = str(date.fromisoformat(SOCIAL["ends_on"]) - DAY)
ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
CRITERIA = [
    {"metric": "admin_share_change", "comparator": "<=", "target": -0.1},
    {"metric": "would_keep_rate", "comparator": ">=", "target": 0.99},
    {"metric": "committed_cost", "comparator": "<=", "target": 1},
]
WHY: Mapping[str, Any] = {"reasons": "Admin fell, use did not last.", "decided_by": "Digital Board"}


async def _over(client: httpx.AsyncClient, path: str) -> None:
    for step in ("running", "completed"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)


def _decision(path: str, **fields: Any) -> dict[str, Any]:
    return {"pilot_id": path.rpartition("/")[2], **WHY, **fields}


async def _told(council: Council, admin: httpx.AsyncClient, first: dict[str, Any]) -> None:
    """The audit log holds the seal, whoever reads the decision can make it, and webhooks will tell of it."""
    unsealed = ("seal", "seal_holds", "superseded_by")
    assert seal_of({n: v for n, v in first.items() if n not in unsealed}) == first["seal"]
    (event,) = good(await admin.get("/audit-events?action=pilot.decided"))["items"]
    assert event["details"]["seal"] == first["seal"]
    assert "reasons" not in event["details"]
    async with council.database.transaction(read_only=True) as session:
        statement = select(Event.data).where(
            col(Event.organisation_id) == council.organisation.organisation_id,
            col(Event.type) == "pilot.decided",
        )
        (heard,) = (await session.exec(statement)).all()
    assert heard == {
        "pilot_id": first["pilot_id"],
        "decision_id": first["decision_id"],
        "outcome": "reduce",
    }


async def test_a_decision_is_made_by_the_criteria_and_sealed(council: Council) -> None:
    admin = await council.admin()
    path = await observed(admin, success_criteria=CRITERIA)
    await _over(admin, path)
    shown = await published(admin, path, as_of=LAST)
    basis = good(await admin.get(f"{path}/decision-basis"))
    assert (basis["why_not_yet"], basis["supersedes"]) == (None, None)
    assert (basis["snapshot_id"], basis["fingerprint"]) == (
        shown["snapshot_id"],
        shown["fingerprint"],
    )
    # The scorecard's own judgement, of figures that anybody may see.
    assert basis["criteria"] == shown["figures"]["scorecard"]["criteria"]
    assert {each["result"] for each in basis["criteria"]} == {"met", "not_met", "cannot_tell"}
    assert basis["seats"] == {
        "bought_at_first": 7,
        "bought_at_last": 7,
        "habitual": 0,
        "advised": 0,
    }
    few = await admin.post("/decisions", json=_decision(path, outcome="reduce"))
    problem(few, 422, "seats_needed")
    sent = _decision(path, outcome="reduce", seats_to_keep=3)
    first = good(await admin.post("/decisions", json=sent), 201)
    assert first["seats"]["to_keep"] == 3
    assert {name: first[name] for name in ("criteria", "fingerprint", "snapshot_id")} == {
        name: basis[name] for name in ("criteria", "fingerprint", "snapshot_id")
    }
    assert good(await admin.get(path))["status"] == "decided"
    await _told(council, admin, first)
    # What comes later changes nothing of it; a later decision names it.
    late = [row for number in STAFF for row in recorded(number, "2024-03-20")]
    good(await admin.post(f"{path}/time-samples/bulk", **as_json(late)))
    address = f"/decisions/{first['decision_id']}"
    assert good(await admin.get(address)) == first
    again = _decision(path, outcome="scale")
    for supersedes in (None, first["pilot_id"]):
        refused = await admin.post("/decisions", json={**again, "supersedes": supersedes})
        problem(refused, 409, "decided_already")
    sent = {**again, "supersedes": first["decision_id"]}
    second = good(await admin.post("/decisions", json=sent), 201)
    assert second["fingerprint"] != first["fingerprint"]
    assert (second["number"], second["supersedes"]) == (2, first["decision_id"])
    before = {**first, "superseded_by": second["decision_id"]}
    listed = good(await admin.get("/decisions", params={"pilot_id": first["pilot_id"]}))["items"]
    assert listed == [second, before]
    for method in ("PUT", "PATCH", "DELETE"):
        assert (await admin.request(method, address, json={})).status_code == 405
    for statement in ("UPDATE pilot_decision SET outcome = 'stop'", "DELETE FROM pilot_decision"):
        with pytest.raises(DBAPIError, match="never changed"):
            async with council.database.engine.begin() as connection:
                await connection.execute(text(f"{statement} WHERE organisation_id IS NOT NULL"))


@ONE
async def test_a_seal_breaks_where_what_it_seals_is_changed(council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    await _over(admin, path)
    made = good(await admin.post("/decisions", json=_decision(path, outcome="stop")), 201)
    assert made["seal_holds"]
    assert made["without_criteria"].startswith("No success criterion was set before the start")
    forged = (
        "UPDATE pilot_decision SET content = replace(content, 'Board', 'Broad')"
        " WHERE organisation_id IS NOT NULL",
        "UPDATE pilot_decision SET content = replace(content, 'Broad', 'Board'), outcome = 'scale'"
        " WHERE organisation_id IS NOT NULL",
    )
    for statement in ("DROP TRIGGER pilot_decision_no_update", *forged):
        assert made["seal_holds"] == (statement != forged[1])
        async with council.database.engine.begin() as connection:
            await connection.execute(text(statement))
        made = good(await admin.get(f"/decisions/{made['decision_id']}"))
    assert not made["seal_holds"]


@ONE
async def test_a_decision_waits_for_the_end(council: Council) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin, **SOCIAL)}"
    sent = _decision(path, outcome="stop")
    end = SOCIAL["ends_on"]
    good(await admin.post(f"{path}/transitions", json={"to": "running"}), 201)
    # Local days: in summer the last one ends an hour before midnight in UTC.
    good(await admin.patch(path, json={"ends_on": "2024-06-03"}, headers={"If-Match": "*"}))
    with time_machine.travel("2024-06-02T22:59:00Z", tick=False):
        early = problem(await admin.post("/decisions", json=sent), 409, "window_not_ended")
        assert "3 June 2024" in early["detail"]
        basis = good(await admin.get(f"{path}/decision-basis"))
        assert basis["why_not_yet"] == early["detail"]
    with time_machine.travel("2024-06-02T23:00:00Z", tick=False):
        running = problem(await admin.post("/decisions", json=sent), 409, "pilot_not_completed")
        assert "running" in running["detail"]
        good(await admin.post(f"{path}/transitions", json={"to": "completed"}), 201)
        for day in (end, "2024-06-04"):
            wrong = await admin.post("/decisions", json={**sent, "decided_on": day})
            problem(wrong, 422, "date_out_of_range")
        seats = await admin.post("/decisions", json={**sent, "seats_to_keep": 3})
        problem(seats, 422, "no_seats")
        good(await admin.post("/decisions", json={**sent, "decided_on": "2024-06-03"}), 201)
    other = await council.as_role(Role.PILOT_LEAD)
    with on("2024-06-04"):
        problem(await other.post("/decisions", json=sent), 404, "not_found")
        assert good(await other.get("/decisions"))["items"] == []


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), min_size=1))
def test_a_seal_is_of_what_is_said_and_not_of_its_order(content: dict[str, Any]) -> None:
    turned = dict(reversed(content.items()))
    assert seal_of(turned) == seal_of(content)
    name = next(iter(content))
    assert seal_of({**content, name: f"{content[name]} "}) != seal_of(content)


def test_seats_worth_keeping_are_a_tenth_more_than_those_of_a_habit() -> None:
    assert [advised(n) for n in (None, 0, 1, 5, 82, 1000)] == [None, 0, 1, 6, 90, 1100]
