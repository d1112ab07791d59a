"""Governance: policies and their reviews, the register of a pilot, and the gates before its start."""

from datetime import date
from typing import Any

import httpx
import pytest

from app.access.permissions import Role, Scope
from app.assurance.governance.gates import reviews
from app.assurance.governance.gates.models import Gate
from app.assurance.governance.gates.passing import GateState, durations, passing
from app.assurance.governance.register.headings import PLACES
from app.assurance.governance.register.models import ItemKind, ItemStatus, RegisterItem
from tests import pages
from tests.council import Council, good, people, pilot, problem
from tests.licences import on
from tests.receivers import dispatch

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ANY = {"If-Match": "*"}
POLICY: dict[str, Any] = {
    "code": "AI-USE",
    "title": "Use of generative AI",
    "owner": "Head of ICT",
    "topics": ["purpose", "use", "accuracy"],
    "review_on": "2025-04-01",
}
DPIA = {"kind": "dpia", "residual_risk": "low"}
RISK = {"kind": "risk", "description": "It mixes up who said what", "likelihood": 3, "impact": 5}


async def item(client: httpx.AsyncClient, path: str, **content: Any) -> str:
    """Put an item into a register; returns its address."""
    wanted = {"title": content["kind"], "owner": "Information governance", "content": content}
    wanted["opened_on"] = "2024-03-01"
    made = good(await client.post(f"{path}/register", json=wanted), 201)
    return f"{path}/register/{made['item_id']}"


async def approve(client: httpx.AsyncClient, address: str, **more: Any) -> dict[str, Any]:
    said = {"status": "approved", "approver": "Data protection officer", **more}
    return good(await client.patch(address, json=said, headers=ANY))


async def test_a_policy_goes_from_draft_to_published_and_a_new_version_takes_its_place(
    council: Council,
) -> None:
    client = await council.as_role(Role.INFORMATION_GOVERNANCE)
    with on("2024-05-08"):
        made = await client.post("/policies", json=POLICY)
        policy = good(made, 201)
        address = f"/policies/{policy['policy_id']}"
        assert (policy["version"], policy["status"]) == (1, "draft")
        problem(
            await client.patch(address, json={"status": "consulted"}), 428, "precondition_required"
        )
        early = {"status": "published"}
        problem(await client.patch(address, json=early, headers=ANY), 409, "illegal_transition")
        for status in ("consulted", "approved", "published"):
            good(await client.patch(address, json={"status": status}, headers=ANY))
        fixed = {"topics": ["education"]}
        problem(await client.patch(address, json=fixed, headers=ANY), 409, "policy_is_fixed")
        next_one = {**POLICY, "topics": ["purpose", "education"], "review_on": None}
        second = good(await client.post("/policies", json=next_one), 201)
        assert second["version"] == 2
        problem(await client.post("/policies", json=next_one), 409, "policy_version_open")
        newer = f"/policies/{second['policy_id']}"
        for status in ("consulted", "approved"):
            good(await client.patch(newer, json={"status": status}, headers=ANY))
        undated = {"status": "published"}
        problem(await client.patch(newer, json=undated, headers=ANY), 422, "review_missing")
        assert good(await client.get(address))["status"] == "published"
        dated = {"status": "published", "review_on": "2024-06-01"}
        good(await client.patch(newer, json=dated, headers=ANY))
        assert good(await client.get(address))["status"] == "withdrawn"
        shown = good(await client.get("/governance/figures"))
        assert shown["topics_covered"] == ["purpose", "education"]
        assert shown["coverage"] == pytest.approx(2 / 12)
        assert shown["policies_overdue"] == []
    with on("2024-06-02"):
        (late,) = good(await client.get("/governance/figures"))["policies_overdue"]
        assert late["policy_id"] == second["policy_id"]


async def test_an_overdue_review_is_told_once_for_each_date(council: Council) -> None:
    client = await council.as_role(Role.INFORMATION_GOVERNANCE)
    path = f"/pilots/{await pilot(await council.admin())}"
    with on("2024-05-08"):
        address = await item(client, path, **DPIA)
        await approve(client, address, review_on="2024-05-20")
    told = []
    for today in ("2024-05-20", "2024-05-21", "2024-05-21"):
        async with council.database.transaction() as session:
            told.append(await reviews.tell(session, council.system, date.fromisoformat(today)))
    assert told == [(0, 0), (1, 1), (1, 0)]
    await dispatch(council)
    events = good(await client.get("/events"))["items"]
    (event,) = (each for each in events if each["type"] == "governance.review_overdue")
    assert (event["data"]["what"], event["data"]["kind"]) == ("register_item", "dpia")


async def test_a_pilot_does_not_start_without_its_gates(council: Council) -> None:
    admin = await council.admin()
    governing = await council.as_role(Role.INFORMATION_GOVERNANCE)
    await people(admin, "E1")
    path = f"/pilots/{await pilot(admin, {'person_external_id': 'E1'})}"
    start = {"to": "running"}
    gates = {"gates": ["training", "dpia", "consultation"]}
    with on("2024-04-10"):
        assert good(await governing.get("/governance/gates"))["gates"] == []
        found = good(await governing.put("/governance/gates", json=gates))["gates"]
        assert found == ["dpia", "consultation", "training"]
        refused = problem(await admin.post(f"{path}/transitions", json=start), 409, "gates_missing")
        assert [e["code"] for e in refused["errors"]] == [f"gate_{gate}" for gate in found]
        assert "POST …/register" in refused["errors"][0]["detail"]
        assert "gate-overrides" in refused["detail"]
        address = await item(governing, path, **DPIA)
        nobody = {"status": "approved"}
        problem(await governing.patch(address, json=nobody, headers=ANY), 422, "approver_missing")
        await approve(governing, address, approved_on="2024-04-05")
        told = {"kind": "consultation", "consulted": ["UNISON"], "held_on": "2024-03-20"}
        await approve(governing, await item(governing, path, **told), approved_on="2024-03-20")
        trained = {
            "items": [
                {"person_external_id": "E1", "course": "AI-101", "completed_on": "2024-03-28"}
            ]
        }
        before = good(await governing.get(f"{path}/gates"))
        assert [each["bars"] for each in before["gates"]] == [False, False, True]
        assert before["gates"][0]["days"] == 35
        assert good(await governing.post(f"{path}/training/bulk", json=trained))["accepted"] == 1
        assert good(await governing.post(f"{path}/training/bulk", json=trained))["duplicates"] == 1
        # Other content than was approved needs a new approval.
        risky = {"content": {**DPIA, "residual_risk": "high"}}
        changed = good(await governing.patch(address, json=risky, headers=ANY))
        assert (changed["status"], changed["approved_on"]) == ("in_review", None)
        problem(await admin.post(f"{path}/transitions", json=start), 409, "gates_missing")
        await approve(governing, address)
        good(await admin.post(f"{path}/transitions", json=start), 201)
        (dpia, _) = good(await governing.get("/governance/figures"))["gates"]
        assert (dpia["gate"], dpia["median_days"], dpia["over_a_month"]) == ("dpia", 40, 1)
        card = good(await admin.get(f"{path}/scorecard"))
        assert card["gate_overrides"] == []


async def test_who_may_override_says_why_and_it_is_seen_everywhere(council: Council) -> None:
    admin = await council.admin()
    governing = await council.as_role(Role.INFORMATION_GOVERNANCE)
    path = f"/pilots/{await pilot(admin)}"
    good(await governing.put("/governance/gates", json={"gates": ["dpia", "exit_plan"]}))
    why = {"reason": "The winter plan could not wait for the exit plan."}
    overrides = f"{path}/gate-overrides"
    problem(await governing.post(overrides, json=why), 403, "scope_missing")
    senior = council.client(
        await council.key(None, scopes=[Scope.GOVERNANCE_OVERRIDE, Scope.PILOTS_READ])
    )
    only = {**why, "gates": ["exit_plan"]}
    made = good(await senior.post(overrides, json=only), 201)
    problem(await senior.post(overrides, json=only), 422, "gate_not_missing")
    named = {"reason": "of 943 476 5919"}
    problem(await senior.post(overrides, json=named), 422, "personal_identifier")
    # What was not overridden bars it still.
    refused = await admin.post(f"{path}/transitions", json={"to": "running"})
    assert [e["code"] for e in problem(refused, 409, "gates_missing")["errors"]] == ["gate_dpia"]
    await approve(governing, await item(governing, path, **DPIA))
    problem(await senior.post(overrides, json=why), 409, "nothing_to_override")
    good(await admin.post(f"{path}/transitions", json={"to": "running"}), 201)
    card = good(await admin.get(f"{path}/scorecard"))
    assert card["gate_overrides"] == [made]
    assert "gates_overridden" in {each["code"] for each in card["missing"]}
    browser = await pages.reader(council.app, council, Role.ADMIN)
    for address in ("", "/report", "/governance", "/time-use"):
        assert why["reason"] in pages.read(await browser.get(f"/dashboard{path}{address}")).text
    await browser.close()
    record = good(await governing.get(f"{path}/transparency-record"))
    assert record["gate_overrides"] == [made]


async def test_what_stands_in_the_register_fits_its_kind(council: Council) -> None:
    client = await council.as_role(Role.INFORMATION_GOVERNANCE)
    path = f"/pilots/{await pilot(await council.admin())}"
    wanted = {"title": "DPIA", "owner": "Information governance", "content": DPIA}
    address = await item(client, path, **DPIA)
    problem(await client.post(f"{path}/register", json=wanted), 409, "item_exists")
    for content in (
        {"kind": "dpia"},
        {**DPIA, "plan": "x"},
        {"kind": "other"},
        {**RISK, "impact": 6},
    ):
        assert (
            await client.post(f"{path}/register", json={**wanted, "content": content})
        ).status_code == 422
    risk = await item(client, path, **RISK)
    await item(client, path, **RISK)
    for to, where, code in (
        ({"status": "approved", "approver": "x"}, risk, "status_of_another_kind"),
        ({"status": "closed"}, address, "status_of_another_kind"),
        ({"approver": "x"}, address, "not_approved"),
        ({"content": RISK}, address, "kind_differs"),
        ({"opened_on": "2190-01-01"}, address, "in_the_future"),
        ({"title": "of 943 476 5919"}, address, "personal_identifier"),
        (
            {"status": "approved", "approver": "x", "approved_on": "2024-02-01"},
            address,
            "dates_out_of_order",
        ),
    ):
        problem(await client.patch(where, json=to, headers=ANY), 422, code)
    assert len(good(await client.get(f"{path}/register?kind=risk"))["items"]) == 2


@ONE
async def test_a_transparency_record_is_drafted_in_the_order_of_the_standard(
    council: Council,
) -> None:
    client = await council.as_role(Role.INFORMATION_GOVERNANCE)
    purpose = "Find out whether notes take less time."
    path = f"/pilots/{await pilot(await council.admin(), purpose=purpose)}"
    empty = good(await client.get(f"{path}/transparency-record"))
    entries = [entry for section in empty["sections"] for entry in section["entries"]]
    assert [entry["number"] for entry in entries] == [place.number for place in PLACES]
    # Each as the guidance for version 4.0 numbers it.
    assert empty["standard_version"] == "4.0"
    assert {e["heading"]: e["number"] for e in entries}.items() >= {
        "description": "1.2",
        "third_party_data_access": "2.1.4.5",
        "integration": "2.3.1",
        "system_input": "2.4.1.2",
        "model_name": "2.4.2.1",
        "model_architecture": "2.4.2.6",
        "datasets": "2.4.2.8",
    }.items()
    assert [section["title"].rpartition(": ")[2] for section in empty["sections"]] == [
        "Summary Information",
        "Owner and Responsibility",
        "Description and Rationale",
        "Deployment Context",
        "Tool Specification",
        "Model Specification",
        "Development Data Specification",
        "Operational Data Specification",
        "Risks, Mitigations and Impact Assessments",
    ]
    said = {
        "kind": "human_in_the_loop",
        "rule": "Read before filing.",
        "checked_by": "Social worker",
    }
    await item(client, path, **said)
    await item(client, path, **RISK)
    own = {"description": "Drafts case notes.", "team": "Children's services"}
    record = await item(client, path, kind="transparency_record", entries=own)
    drafted = good(await client.get(f"{path}/transparency-record"))
    by_name = {
        entry["heading"]: (entry["text"], entry["source"])
        for section in drafted["sections"]
        for entry in section["entries"]
    }
    assert by_name["description"] == ("Drafts case notes.", "entered")
    assert by_name["human_review"][0].startswith("Read before filing.")
    assert "mixes up" in by_name["risks_and_mitigations"][0]
    assert by_name["model_name"] == (None, None)
    assert drafted["missing"] == empty["missing"] - 3
    assert drafted["is_draft"]
    await approve(client, record)
    assert not good(await client.get(f"{path}/transparency-record"))["is_draft"]
    browser = await pages.reader(council.app, council, Role.INFORMATION_GOVERNANCE)
    page = pages.read(await browser.get(f"/dashboard{path}/transparency-record"))
    titles = [text for tag, text in page.headings if tag == "h3"]
    assert titles == [f"{place.number} {place.title}" for place in PLACES]
    await browser.close()


def _item(kind: ItemKind, status: ItemStatus, **fields: Any) -> RegisterItem:
    if status is ItemStatus.APPROVED:
        fields = {"approved_on": date(2024, 4, 10), **fields}
    return RegisterItem(kind=kind, status=status, opened_on=date(2024, 3, 1), **fields)


@pytest.mark.parametrize(
    ("items", "state"),
    [
        ([], GateState.MISSING),
        ([_item(ItemKind.RISK, ItemStatus.OPEN)], GateState.MISSING),
        ([_item(ItemKind.CONSULTATION, ItemStatus.IN_REVIEW)], GateState.NOT_APPROVED),
        (
            [_item(ItemKind.CONSULTATION, ItemStatus.APPROVED, review_on=date(2024, 4, 30))],
            GateState.REVIEW_OVERDUE,
        ),
        (
            [
                _item(ItemKind.CONSULTATION, ItemStatus.APPROVED, review_on=date(2024, 5, 1)),
                _item(ItemKind.CONSULTATION, ItemStatus.REJECTED),
            ],
            GateState.PASSED,
        ),
    ],
)
def test_a_gate_is_passed_by_what_is_approved_and_not_overdue(
    items: list[RegisterItem], state: GateState
) -> None:
    today = date(2024, 5, 1)
    found = passing(Gate.CONSULTATION, items, trained=False, overridden=(), today=today)
    assert (found.state, found.bars) == (state, state is not GateState.PASSED)
    assert (found.way_out is None) == (state is GateState.PASSED)
    over = passing(
        Gate.CONSULTATION, items, trained=False, overridden=("consultation",), today=today
    )
    assert (over.state, over.bars) == (state, False)


def test_the_days_of_gates_are_told_by_kind() -> None:
    items = [
        _item(ItemKind.DPIA, ItemStatus.APPROVED, approved_on=date(2024, 3, 1 + days))
        for days in (2, 4, 30)
    ]
    items.append(_item(ItemKind.DPIA, ItemStatus.APPROVED, approved_on=date(2024, 4, 1)))
    items.append(_item(ItemKind.DPIA, ItemStatus.IN_REVIEW))
    (found,) = durations(items)
    assert (found.approved, found.pending, found.median_days) == (4, 1, 17)
    assert (found.longest_days, found.over_a_month) == (31, 0.25)
