"""A right request for every route that writes, for tests that go through all of them.

A new route needs one entry in `BODIES`, and what it stands on in `furnish`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from app.core.settings import Settings
from app.organisations.models import Organisation
from tests.council import Council, activity, good, people, pilot
from tests.licences import POOL, pool, seat, wait
from tests.scim import GROUP

# None of these may be found in a log, an audit event or an error.
SECRETS = ("Margaret", "Housing", "margaret@example.org", "E-4711", "because of Margaret")
# In the first answer, and in no later one.
SHOWN_ONCE = frozenset({"key", "secret"})
_WHY = "because of Margaret"
# Of our own pages, as the settings have it by default.
ORIGIN: str = Settings.model_fields["public_url"].default
_WINDOW = {"starts_on": "2024-01-01", "ends_on": "2024-02-01"}


_TAXONOMY: dict[str, Any] = {
    "version": "council-1",
    "name": "Margaret",
    "categories": [{"code": "visit", "name": "Visit", "class": "direct"}],
    "mappings": [{"source": "*", "pattern": "V*", "category": "visit"}],
}


_RULES: dict[str, Any] = {
    "columns": {"external_id": {"columns": ["Margaret"]}, "team": {"columns": ["Team"]}},
    "constants": {"department": "Housing"},
    "ignored": ["because of Margaret"],
}


def _sample(source_ref: str) -> dict[str, Any]:
    return {
        "person_external_id": "E-4711",
        "category": "Housing",
        "started_at": "2024-05-01T09:00:00+01:00",
        "minutes": 30,
        "method": "diary",
        "source": "test",
        "source_ref": source_ref,
    }


_SESSION: dict[str, Any] = {"held_on": "2024-05-01", "kind": "internal", "title": "of Margaret"}


def _answered(week: str) -> dict[str, Any]:
    return {
        "week_starts_on": week,
        "person_external_id": "E-4711",
        "satisfaction": 4,
        "liked": "because of Margaret",
    }


# Nobody listens there: the other system cannot be reached, and the answer says so.
_CONNECTION: dict[str, Any] = {
    "kind": "timetagger",
    "settings": {"address": "http://127.0.0.1:9/timetagger", "tags": ["visit"]},
    "secrets": {"E-4711": "because of Margaret"},
}

_RECEIVER = "https://receiver.example.org/hooks"

_PLAN: dict[str, Any] = {
    "method": "random_moment",
    "prompts_per_day": 2,
    "from": "09:00",
    "until": "17:00",
}


AUDIT: dict[str, Any] = {
    "name": "of Margaret",
    "kind": "minutes",
    "starts_on": "2024-04-01",
    "ends_on": "2024-08-19",
    "error_limit": 0.1,
    "error_warning": 0.05,
    "critical_below": 0.1,
}


POLICY: dict[str, Any] = {
    "code": "AI-USE",
    "title": "of Margaret",
    "owner": "Head of ICT",
    "topics": ["purpose", "accuracy"],
    "review_on": "2025-04-01",
}
ITEM: dict[str, Any] = {
    "title": "of Margaret",
    "owner": "Information governance",
    "content": {"kind": "dpia", "residual_risk": "low"},
    "opened_on": "2024-03-01",
    "review_on": "2025-03-01",
}


def output(reference: str) -> dict[str, Any]:
    return {"output_ref": reference, "produced_on": "2024-05-01", "team": "Housing"}


@dataclass(frozen=True)
class Belongings:
    """An organisation, the key of its administrator, and the ids of one of everything."""

    organisation: Organisation
    key: str
    ids: dict[str, str]


class Furnished:
    """Two councils that have one of everything each, in an application."""

    def __init__(self, app: FastAPI, ours: Belongings, theirs: Belongings) -> None:
        self.council = Council(app, ours.organisation)
        self.other_council = Council(app, theirs.organisation)
        self.admin = self.council.client(ours.key)
        self.ours, self.theirs = dict(ours.ids), dict(theirs.ids)

    async def close(self) -> None:
        await self.council.close()


async def belongings(council: Council) -> Belongings:
    """Furnish a council."""
    key = await council.key()
    ids = await furnish(council.client(key))
    await council.close()
    return Belongings(council.organisation, key, ids)


async def furnish(client: httpx.AsyncClient) -> dict[str, str]:
    """Record one of everything; returns its id by the name that paths give it."""
    await people(client, "E-4711", display_name="Margaret", department="Housing")
    # To be given a seat, a seat in bulk, a place on the waiting list; and one who waits already.
    await people(client, "SEATED", "SEATED-IN-BULK", "TO-WAIT", "WAITING", "TO-ERASE", "ERASED")
    listed = good(await client.get("/people"))["items"]
    ids = {p["external_id"]: p["person_id"] for p in listed}
    person_id = ids["E-4711"]
    pilot_id = await pilot(client, {"person_external_id": "E-4711"})
    key = good(await client.post("/api-keys", json={"name": "k", "role": "analyst"}), 201)
    pool_path = await pool(client, seats=9, hands_on_released_seats=False)
    given = await seat(client, pool_path, "E-4711", allocated_on="2024-05-01")
    samples = f"/pilots/{pilot_id}/time-samples/bulk"
    taken = good(await client.post(samples, json={"items": [_sample("first")]}))
    held = good(await client.post(f"/pilots/{pilot_id}/feedback-sessions", json=_SESSION), 201)
    good(await client.put(f"/pilots/{pilot_id}/sampling-plan", json=_PLAN))
    # Named by themselves, not by an id of ours: two councils have different ones.
    taxonomy = {**_TAXONOMY, "version": f"council-{uuid4().hex[:8]}"}
    good(await client.post("/time-use-taxonomies", json=taxonomy), 201)
    mapping = {**_RULES, "name": f"council-{uuid4().hex[:8]}", "kind": "people"}
    good(await client.post("/import-mappings", json=mapping), 201)
    asked = good(await client.post("/jobs/idempotency_cleanup/runs"), 202)
    return {
        "person_id": person_id,
        "pilot_id": pilot_id,
        "key_id": key["key_id"],
        "pool_id": given["pool_id"],
        "allocation_id": given["allocation_id"],
        "batch_id": taken["batch_id"],
        "version": taxonomy["version"],
        "session_id": held["session_id"],
        "mapping_name": mapping["name"],
        "job": "seats_of_leavers",
        "run_id": asked["run_id"],
        "waiting_id": await wait(client, pool_path, "WAITING", requested_on="2024-05-01"),
        **await _published(client, pilot_id),
        **await _connected(client, pilot_id),
        **await _audited(client, pilot_id),
        "return_id": await _returned(client),
        "account_id": await _signed_in(client),
        "claim_id": await _claimed(client, pilot_id),
        **await _governed(client, ids),
        # From here on no pilot starts.
        **await _gated(client, pilot_id),
    }


async def _governed(client: httpx.AsyncClient, ids: Mapping[str, str]) -> dict[str, str]:
    """Somebody who was erased, somebody who is to be, and somebody who must not be."""
    gone = good(await client.post("/erasures", json={"person_id": ids["ERASED"]}), 201)
    held = {"hold_on": "person", "person_id": ids["WAITING"], "reason": _WHY}
    hold = good(await client.post("/legal-holds", json=held), 201)
    return {
        "subject_id": ids["TO-ERASE"],
        "erasure_id": gone["erasure_id"],
        "hold_id": hold["hold_id"],
        **await _decided(client),
    }


def _claim(team: str, **fields: Any) -> dict[str, Any]:
    """Hours of a team that the pilot released."""
    return {
        "title": "of Margaret",
        "benefit_class": "capacity_released",
        "evidence_tier": 0,
        "measure": "hours",
        "low": "10.00",
        "central": "20.00",
        "high": "30.00",
        "hours": [{"team": team}],
        **_WINDOW,
        **fields,
    }


async def _claimed(client: httpx.AsyncClient, pilot_id: str) -> str:
    """A claim that somebody else wrote: nobody verifies their own."""
    made = good(await client.post("/api-keys", json={"name": "writer", "role": "admin"}), 201)
    as_writer = {"Authorization": f"Bearer {made['key']}"}
    path = f"/pilots/{pilot_id}/benefits"
    written = good(await client.post(path, json=_claim("first"), headers=as_writer), 201)
    claim_id: str = written["claim_id"]
    return claim_id


async def _decided(client: httpx.AsyncClient) -> dict[str, str]:
    """A pilot that is over, and what was decided about it."""
    concluded = await pilot(client, code="OVER")
    for step in ("running", "completed"):
        good(await client.post(f"/pilots/{concluded}/transitions", json={"to": step}), 201)
    decided = good(await client.post("/decisions", json=_decision(concluded)), 201)
    return {"concluded_pilot_id": concluded, "decision_id": decided["decision_id"]}


def _decision(pilot_id: str, **fields: Any) -> dict[str, Any]:
    said = {"outcome": "stop", "reasons": _WHY, "decided_by": "Margaret"}
    return {"pilot_id": pilot_id, **said, **fields}


async def _published(client: httpx.AsyncClient, pilot_id: str) -> dict[str, str]:
    """Published figures, and somebody who is told of them."""
    sent = {"as_of": "2024-04-30"}
    published = good(await client.post(f"/pilots/{pilot_id}/snapshots", json=sent), 201)
    endpoint = good(await client.post("/webhook-endpoints", json={"url": _RECEIVER}), 201)
    return {"snapshot_id": published["snapshot_id"], "endpoint_id": endpoint["endpoint_id"]}


async def _audited(client: httpx.AsyncClient, pilot_id: str) -> dict[str, str]:
    """An audit plan with an output that was drawn, and one that may be."""
    plans = f"/pilots/{pilot_id}/output-audit-plans"
    plan_id = good(await client.post(plans, json=AUDIT), 201)["plan_id"]
    path = f"{plans}/{plan_id}"
    good(await client.post(f"{path}/outputs/bulk", json={"items": [output("o-1"), output("o-2")]}))
    made = good(await client.post(f"{path}/draws", json={"outputs": 1}), 201)
    sampled = good(await client.get(f"{path}/sample"))["items"][0]
    return {
        "plan_id": plan_id,
        "draw_id": made["draw_id"],
        "sampled_id": sampled["sampled_id"],
    }


async def _gated(client: httpx.AsyncClient, pilot_id: str) -> dict[str, str]:
    """A policy, an item of the register, and a gate that bars the pilot."""
    policy = good(await client.post("/policies", json=POLICY), 201)
    item = good(await client.post(f"/pilots/{pilot_id}/register", json=ITEM), 201)
    good(await client.put("/governance/gates", json={"gates": ["transparency_record"]}))
    return {"policy_id": policy["policy_id"], "item_id": item["item_id"]}


async def _connected(client: httpx.AsyncClient, pilot_id: str) -> dict[str, str]:
    """Other systems: one that tells us of groups, and one that is read."""
    groups, sent = "/scim/v2/Groups", {"schemas": [GROUP], "displayName": "of Margaret"}
    group = good(await client.post(str(client.base_url.join(groups)), json=sent), 201)
    connection = {**_CONNECTION, "name": "time", "pilot_id": pilot_id}
    made = good(await client.post("/connections", json=connection), 201)["connection_id"]
    reads = good(await client.post(f"/connections/{made}/runs"), 202)
    return {
        "group_id": group["id"],
        "connection_id": made,
        "connection_run_id": reads["connection_run_id"],
    }


async def _returned(client: httpx.AsyncClient) -> str:
    """A return that can be checked, and a council that says how it is compared."""
    said = {"kind": "unitary", "population": 200_000, "is_sharing": True}
    good(await client.put("/benchmark-participation", json=said))
    made = good(await client.post("/benchmark-returns", json={"year": 2023}), 201)
    return_id: str = made["return_id"]
    needed = {"staff_in_post": 5000, "digital_staff": 150, "ict_spend": 18_000_000}
    sent = {"answers": {name: {"value": value, "note": _WHY} for name, value in needed.items()}}
    good(await client.patch(f"/benchmark-returns/{return_id}", json=sent))
    return return_id


async def _signed_in(client: httpx.AsyncClient) -> str:
    """Sign in with the client's key, as the demo lets one; returns the id of the account."""
    key = client.headers["authorization"].removeprefix("Bearer ")
    answer = await client.post(
        client.base_url.join("/auth/demo-sign-in"), data={"key": key}, headers={"Origin": ORIGIN}
    )
    assert answer.status_code == 303, answer.text
    client.cookies.clear()
    accounts = good(await client.get("/accounts"))["items"]
    account_id: str = accounts[0]["account_id"]
    return account_id


# By route; `{pool_id}` and the like stand for the ids of what is furnished.
BODIES: dict[str, Any] = {
    "PATCH /organisation": {"name": "Renamed"},
    "POST /people": {"external_id": "NEW", "display_name": "Margaret"},
    "PATCH /people/{person_id}": {"user_name": "margaret@example.org"},
    "POST /people/bulk": {"items": [{"external_id": "NEW-IN-BULK", "display_name": "Margaret"}]},
    "POST /pilots": {"code": "P-2", "name": "Margaret", "kind": "other", **_WINDOW},
    "PATCH /pilots/{pilot_id}": {"purpose": _WHY},
    "POST /pilots/{pilot_id}/transitions": {"to": "planned", "reason": _WHY},
    "POST /pilots/{pilot_id}/members/bulk": {
        "items": [{"person_external_id": "E-4711", "arm": "comparison"}]
    },
    "POST /licence-activity/bulk": {"items": [activity("E-4711", "2024-04-03", actions=1)]},
    "POST /licence-pools": {**POOL, "name": "Margaret"},
    "PATCH /licence-pools/{pool_id}": {"name": "of Margaret"},
    "POST /licence-pools/{pool_id}/capacity-changes": {
        "effective_on": "2024-05-01",
        "seats": 8,
        "reason": _WHY,
    },
    "POST /licence-pools/{pool_id}/allocations": {
        "person_external_id": "SEATED",
        "allocated_on": "2024-05-01",
        "reason": _WHY,
    },
    "POST /licence-pools/{pool_id}/allocations/bulk": {
        "items": [
            {
                "person_external_id": "SEATED-IN-BULK",
                "allocated_on": "2024-05-01",
                "reason": _WHY,
            }
        ]
    },
    "PATCH /licence-pools/{pool_id}/allocations/{allocation_id}": {
        "allocated_on": "2024-05-02",
        "reason": _WHY,
    },
    "POST /licence-pools/{pool_id}/allocations/{allocation_id}/release": {
        "released_on": "2024-06-01",
        "reason": _WHY,
    },
    "POST /licence-pools/{pool_id}/waiting-list": {
        "person_external_id": "TO-WAIT",
        "requested_on": "2024-05-01",
    },
    "POST /licence-pools/{pool_id}/waiting-list/{waiting_id}/withdraw": None,
    "POST /licence-pools/{pool_id}/reclaim-decisions": {
        "items": [{"allocation_id": "{allocation_id}", "decision": "warn", "reason": _WHY}]
    },
    "POST /absences/bulk": {
        "items": [{"person_external_id": "E-4711", "starts_on": "2024-05-01", "kind": "Margaret"}]
    },
    "POST /time-use-taxonomies": {**_TAXONOMY, "version": "council-2"},
    "PUT /pilots/{pilot_id}/time-use-taxonomy": {"version": "{version}"},
    "POST /pilots/{pilot_id}/time-samples": _sample("of Margaret"),
    "POST /pilots/{pilot_id}/time-samples/bulk": {"items": [_sample("because of Margaret")]},
    "POST /pilots/{pilot_id}/feedback-sessions": _SESSION,
    "PATCH /pilots/{pilot_id}/feedback-sessions/{session_id}": {"notes": _WHY},
    "POST /pilots/{pilot_id}/feedback": _answered("2024-05-06"),
    "POST /pilots/{pilot_id}/feedback/bulk": {"items": [_answered("2024-05-13")]},
    "PUT /pilots/{pilot_id}/sampling-plan": {**_PLAN, "prompts_per_day": 3},
    "POST /pilots/{pilot_id}/time-prompts/draw": {
        "starts_on": "2024-05-06",
        "ends_on": "2024-05-13",
    },
    "POST /pilots/{pilot_id}/comparison-draws": {"people": 1, "person_external_ids": ["TO-WAIT"]},
    "POST /pilots/{pilot_id}/output-audit-plans": AUDIT,
    "POST /pilots/{pilot_id}/output-audit-plans/{plan_id}/outputs/bulk": {"items": [output("o-3")]},
    "POST /pilots/{pilot_id}/output-audit-plans/{plan_id}/draws": {"outputs": 1},
    "POST /pilots/{pilot_id}/output-audit-plans/{plan_id}/sample/{sampled_id}/markings": {
        "findings": [
            {"type": "omission", "severity": "minor", "reached": "corrected_before_filing"}
        ]
    },
    "POST /policies": {**POLICY, "code": "AI-PROCUREMENT"},
    "PATCH /policies/{policy_id}": {"title": "of Margaret, again"},
    "PUT /governance/gates": {"gates": ["dpia", "training"]},
    "POST /pilots/{pilot_id}/register": {
        **ITEM,
        "content": {"kind": "exit_plan", "plan": "of Margaret"},
    },
    "PATCH /pilots/{pilot_id}/register/{item_id}": {"title": "of Margaret, again"},
    "POST /pilots/{pilot_id}/training/bulk": {
        "items": [
            {"person_external_id": "E-4711", "course": "AI-101", "completed_on": "2024-03-28"}
        ]
    },
    "POST /pilots/{pilot_id}/gate-overrides": {"reason": "of Margaret"},
    "POST /pilots/{pilot_id}/plan-check": {"people_pilot": 20},
    "POST /pilots/{pilot_id}/snapshots": {"as_of": "2024-05-01"},
    "POST /pilots/{pilot_id}/benefits": _claim("second"),
    "PATCH /pilots/{pilot_id}/benefits/{claim_id}": {"evidence": _WHY, "evidence_tier": 1},
    "POST /pilots/{pilot_id}/benefits/{claim_id}/verifications": {
        "verdict": "verified",
        "reason": _WHY,
    },
    "POST /decisions": _decision("{concluded_pilot_id}", supersedes="{decision_id}"),
    "PATCH /directory-groups/{group_id}": {"use": "team", "team": "of Margaret"},
    "POST /import-batches/{batch_id}/undo": None,
    "POST /import-mappings": {**_RULES, "name": "council-2", "kind": "people"},
    "PUT /import-mappings/{mapping_name}": _RULES,
    "DELETE /import-mappings/{mapping_name}": None,
    "POST /jobs/{job}/runs": None,
    "POST /connections": {**_CONNECTION, "name": "time-2", "pilot_id": "{pilot_id}"},
    "PATCH /connections/{connection_id}": {"secrets": {"E-4711": "because of Margaret"}},
    "DELETE /connections/{connection_id}": None,
    "POST /connections/{connection_id}/dry-run": None,
    "POST /connections/{connection_id}/runs": None,
    "POST /webhook-endpoints": {"url": _RECEIVER, "description": "of Margaret"},
    "PATCH /webhook-endpoints/{endpoint_id}": {"description": "because of Margaret"},
    "DELETE /webhook-endpoints/{endpoint_id}": None,
    "POST /webhook-endpoints/{endpoint_id}/rotate-secret": {"overlap_hours": 1},
    "POST /webhook-endpoints/{endpoint_id}/replay": {
        "since": "2024-05-01T00:00:00+01:00",
        "until": "2024-06-01T00:00:00+01:00",
    },
    "PUT /benchmark-participation": {
        "kind": "county",
        "population": 800_000,
        "is_sharing": False,
    },
    "POST /benchmark-returns": {"year": 2022, "reason": _WHY},
    "PATCH /benchmark-returns/{return_id}": {
        "answers": {"ai_staff": {"value": 2.5, "note": _WHY}, "cost_avoided": None}
    },
    "POST /benchmark-returns/{return_id}/fill-in": None,
    "POST /benchmark-returns/{return_id}/steps": {"to": "checked"},
    "POST /api-keys": {"name": "Margaret", "role": "analyst"},
    "DELETE /api-keys/{key_id}": None,
    "PATCH /accounts/{account_id}": {"is_blocked": True},
    "POST /accounts/{account_id}/sign-out": None,
    "POST /erasures": {"person_id": "{subject_id}"},
    "POST /erasures/{erasure_id}/lift": None,
    "POST /legal-holds": {"hold_on": "pilot", "pilot_id": "{pilot_id}", "reason": _WHY},
    "POST /legal-holds/{hold_id}/release": None,
    "PUT /retention-schedule": {
        **dict.fromkeys(("time_samples", "feedback", "licence_activity", "people"), 3650),
        **dict.fromkeys(("waiting_lists", "absences", "directory", "connection_runs"), None),
    },
}


# What a read cannot be asked without.
QUERIES: dict[str, Any] = {
    "GET /time-use-taxonomies/{version}/preview": {"source": "test", "code": ["Housing"]},
    "GET /pilots/{pilot_id}/break-even": {"pay_per_hour": "24.50"},
}


def sent_to(route: object, ids: Mapping[str, str]) -> dict[str, Any]:
    """The body or query of a right request as a client takes it; none where the route takes none."""
    if str(route) in QUERIES:
        return {"params": QUERIES[str(route)]}
    body = BODIES.get(str(route))
    if body is None:
        return {}
    text = json.dumps(body)
    for name, identity in ids.items():
        text = text.replace(f"{{{name}}}", identity)
    return {"json": json.loads(text)}
