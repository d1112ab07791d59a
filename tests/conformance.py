"""Generated requests held against the specification: what is sent, and what an answer must satisfy."""

import asyncio
import json
import zlib
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis.core.parameters import ParameterLocation
from schemathesis.core.transport import Response
from schemathesis.generation.case import Case
from schemathesis.generation.meta import TestPhase
from schemathesis.openapi.checks import RejectedPositiveData
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi import checks

from app.core.models import new_id
from app.core.pagination import encode_cursor
from tests import writes
from tests.council import API, PILOT, activity
from tests.server import Server

JSON = "application/json"

# Reasons to refuse a request that is right by its schema, because no schema can express them:
# two fields held against each other, or a value held against what is recorded.
_BEYOND_SCHEMAS = {
    "assumption_of_nothing",
    "assumption_repeated",
    "budget_line_needed",
    "budget_line_of_money",
    "answer_missing",
    "answer_out_of_range",
    "answers_at_odds",
    "category_repeated",
    "date_out_of_range",
    "dates_out_of_order",
    "day_repeated",
    "decided_twice",
    "empty_answer",
    "empty_window",
    "event_or_range",
    "evidence_needed",
    "evidence_of_class",
    "field_not_mapped",
    "field_twice",
    "fixed_window",
    "hours_needed",
    "hours_repeated",
    "hold_on",
    "in_the_future",
    "in_the_past",
    "interval_elsewhere",
    "keep_until",
    "kind_not_mapped",
    "ledger_reference_needed",
    "mapping_needs_csv",
    "approver_missing",
    "kind_differs",
    "not_approved",
    "review_missing",
    "status_of_another_kind",
    "gate_not_missing",
    "mapping_of_another_kind",
    "mapping_repeated",
    "measure_of_class",
    "missing_field",
    "more_wrong_than_checked",
    "no_seats",
    "no_such_field",
    "not_a_monday",
    "not_admin",
    "not_null",
    "not_random_moment",
    "nothing_to_count_from",
    "nothing_to_supersede",
    "outside_term",
    "person_missing",
    "personal_identifier",
    "pilot_missing",
    "pilot_not_needed",
    "pool_of_licences",
    "prompts_missing",
    "range_out_of_order",
    "reason_missing",
    "role_or_scopes",
    "rows_rejected",
    "seats_needed",
    "seats_save_money",
    "too_few_days",
    "too_few_minutes",
    "statements_missing",
    "unit_needed",
    "unknown_category",
    "unknown_event",
    "unknown_event_type",
    "unknown_kind",
    "unknown_mapping",
    "unknown_person",
    "unknown_pilot",
    "unknown_pool",
    "unknown_session",
    "unknown_taxonomy",
    "unknown_question",
    "unknown_zone",
    "url_insecure",
    "url_malformed",
    "url_private",
    "warning_above_limit",
    "window_open",
    "window_too_long",
    "wrong_constant",
    "wrong_secrets",
    "wrong_setting",
}
# A day has one active day at most, a week seven: it depends on another field. And what a single
# request is answered with 409 for, in bulk a row is.
_BEYOND_ROWS = _BEYOND_SCHEMAS | {
    "already_allocated",
    "out_of_range",
    "output_differs",
    "outside_period",
    "person_has_left",
    "pool_exhausted",
}
# 403: no schema says whose pilot it is.
_BEYOND_SCOPES = {"pilot_lead_only"}
# 409: it stands against what is recorded; 412: somebody else was faster.
_REFUSED_BY_STATE = {409, 412}

_COLUMNS = (
    *("external_id", "display_name", "department", "fte", "started_on", "left_on"),
    *("person_external_id", "arm", "joined_on"),
    *("product", "period_starts_on", "period", "source", "app", "active_days", "actions"),
    *("week_starts_on", "satisfaction", "themes", "liked", "source_ref"),
    *("person_id", "allocated_on", "released_on", "reason", "priority"),
    "no_such_column",
)
_CELLS = st.one_of(
    st.sampled_from(["E1", "E2", "", "pilot", "week", "2024-04-08", "9999-12-31", "1e999", "-1"]),
    st.text(max_size=20),
)


@st.composite
def _csv(draw: st.DrawFn) -> bytes:
    header = draw(st.lists(st.sampled_from(_COLUMNS), max_size=6))
    rows = draw(st.lists(st.lists(_CELLS, max_size=6), max_size=4))
    return "\r\n".join(",".join(cells) for cells in [header, *rows]).encode(errors="replace")


@st.composite
def _ndjson(draw: st.DrawFn) -> bytes:
    values = st.one_of(_CELLS, st.none(), st.booleans(), st.integers(), st.floats(), st.just([{}]))
    rows = draw(
        st.lists(st.dictionaries(st.sampled_from(_COLUMNS), values, max_size=8), max_size=4)
    )
    return b"\n".join(json.dumps(row).encode() for row in rows)


# The two formats that the generator does not know.
_RUBBISH = st.binary(max_size=60)
schemathesis.openapi.media_type("text/csv", st.one_of(_csv(), _RUBBISH))
schemathesis.openapi.media_type("application/x-ndjson", st.one_of(_ndjson(), _RUBBISH))

# As long as a window that figures are asked for may be.
_TERM = {"term_starts_on": "2024-01-01", "term_ends_on": "2029-01-01"}
_IN_ORDER = {
    "baseline_starts_on": "2024-01-01",
    "baseline_ends_on": "2024-03-01",
    "starts_on": "2024-04-01",
    "started_on": "2024-04-01",
    "joined_on": "2024-04-01",
    "period_starts_on": "2024-05-06",
    "term_starts_on": _TERM["term_starts_on"],
    "effective_on": "2024-04-01",
    "requested_on": "2024-04-01",
    "allocated_on": "2024-05-01",
    "released_on": "2024-08-19",
    "term_ends_on": _TERM["term_ends_on"],
    "ends_on": "2024-08-19",
    "left_on": "2024-08-19",
    "expires_at": "2199-12-31T00:00:00Z",
}


@dataclass
class Council:
    """A council with something in every table, so that requests reach beyond a 404."""

    server: Server
    key: str
    http: requests.Session
    share: int = 0
    existing: dict[str, list[str]] = field(default_factory=dict)
    # What the right requests are about, and no generated one is.
    _own: dict[str, str] = field(default_factory=dict)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        """Ask for a path of the specification, its ids filled in with ones that there are."""
        for name, known in self.existing.items():
            path = path.replace(f"{{{name}}}", known[0])
        return self.http.request(
            method,
            self.server.base_url + path,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=120,
            **options,
        )

    def _made(self, path: str, body: Any) -> Any:
        answer = self.request("POST", API + path, json=body)
        assert answer.ok, answer.text
        return answer.json()

    def furnish(self) -> None:
        """Record people, pilots at every step of their life, members, activity, seats and keys."""
        self._own = asyncio.run(self._furnish_for_right_requests())
        numbers = ["E1", "E2", "E3"]
        people = [self._made("/people", {"external_id": n, "team": "A"}) for n in numbers]
        roads = ["", "planned", "running", "running completed", "cancelled"]
        pilots = [
            self._made("/pilots", {**PILOT, "code": f"S-{n}"})["pilot_id"]
            for n, _ in enumerate(roads)
        ]
        # So that pilots may start; then again what bars the own one.
        gates = self.request("GET", f"{API}/governance/gates").json()
        self.request("PUT", f"{API}/governance/gates", json={"gates": []})
        for pilot_id, road in zip(pilots, roads, strict=True):
            for step in road.split():
                self._made(f"/pilots/{pilot_id}/transitions", {"to": step})
            self.request("PUT", f"{API}/pilots/{pilot_id}/sampling-plan", json={"method": "diary"})
            members = [{"person_external_id": n, "joined_on": "2024-04-01"} for n in numbers]
            self._made(f"/pilots/{pilot_id}/members/bulk", {"items": members})
        days = [
            activity(n, f"2024-05-{day:02}", actions=day) for n in numbers for day in (6, 7, 20)
        ]
        self._made("/licence-activity/bulk", {"items": days})
        key = self._made("/api-keys", {"name": "to be revoked", "role": "analyst"})
        receiver = {"url": "https://receiver.example.org/other"}
        endpoint = self._made("/webhook-endpoints", receiver)
        for person in people:  # so that nobody whom other requests are about is erased
            held = {"hold_on": "person", "person_id": person["person_id"], "reason": "tested with"}
            self._made("/legal-holds", held)
        self.existing = {
            "person_id": [person["person_id"] for person in people],
            "pilot_id": pilots,
            "key_id": [key["key_id"]],
            "batch_id": [self._own["batch_id"]],
            "version": ["social-care-1", "office-1"],
            "mapping_name": [self._own["mapping_name"]],
            "job": ["idempotency_cleanup", "seats_of_leavers"],
            "run_id": [self._own["run_id"]],
            "snapshot_id": [self._own["snapshot_id"]],
            "return_id": [self._own["return_id"]],
            "connection_id": [self._own["connection_id"]],
            "connection_run_id": [self._own["connection_run_id"]],
            "endpoint_id": [endpoint["endpoint_id"]],
            "erasure_id": [self._own["erasure_id"]],
            "hold_id": [self._own["hold_id"]],
            **self._seats(),
            **self._audits(pilots),
            **self._registers(pilots),
        }
        self.request("PUT", f"{API}/governance/gates", json=gates)

    async def _furnish_for_right_requests(self) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.key}"}
        base_url = self.server.base_url + API
        async with httpx.AsyncClient(base_url=base_url, headers=headers, timeout=120) as client:
            return await writes.furnish(client)

    def right(self, operation: APIOperation) -> Case:
        """A request that must succeed, however few of the generated ones do."""
        route = f"{operation.method.upper()} {operation.path.removeprefix(API)}"
        sent = writes.sent_to(route, self._own)
        body = {"body": sent["json"], "media_type": JSON} if "json" in sent else {}
        body |= {"query": sent["params"]} if "params" in sent else {}
        ids = {parameter.name: self._own[parameter.name] for parameter in operation.path_parameters}
        return operation.Case(path_parameters=ids, headers={"If-Match": "*"}, **body)

    def _seats(self) -> dict[str, list[str]]:
        """Pools of three kinds, each with a seat and somebody who waits, at the same place of each list."""
        for number in ("HOLDS", "WAITS"):  # nobody else's requests are about these two
            self._made("/people", {"external_id": number})
        found: dict[str, list[str]] = {"pool_id": [], "allocation_id": [], "waiting_id": []}
        for kind in ({}, {"overallocation": "warn"}, {"hands_on_released_seats": False}):
            name = f"Pool {len(found['pool_id'])}"
            product = name.replace(" ", "-")
            pool = {"name": name, "product": product, "seats": 9, **_TERM, **kind}
            pool_id = self._made("/licence-pools", pool)["pool_id"]
            path = f"/licence-pools/{pool_id}"
            held = {"person_external_id": "HOLDS", "allocated_on": "2024-05-01"}
            # Asked for the last day of the term, so that nobody is served before.
            waits = {"person_external_id": "WAITS", "requested_on": "2028-12-31"}
            found["pool_id"].append(pool_id)
            found["allocation_id"].append(self._made(f"{path}/allocations", held)["allocation_id"])
            found["waiting_id"].append(self._made(f"{path}/waiting-list", waits)["waiting_id"])
        return found

    def _audits(self, pilots: list[str]) -> dict[str, list[str]]:
        """An audit plan of each pilot, with a draw and what it drew, at the same place of each list."""
        found: dict[str, list[str]] = {"plan_id": [], "draw_id": [], "sampled_id": []}
        for pilot_id in pilots:
            path = f"/pilots/{pilot_id}/output-audit-plans"
            plan_id = self._made(path, writes.AUDIT)["plan_id"]
            listed = [writes.output(f"o-{n}") for n in range(4)]
            self._made(f"{path}/{plan_id}/outputs/bulk", {"items": listed})
            drawn = self._made(f"{path}/{plan_id}/draws", {"outputs": 1})
            sample = self.request("GET", f"{API}{path}/{plan_id}/sample").json()["items"]
            found["plan_id"].append(plan_id)
            found["draw_id"].append(drawn["draw_id"])
            found["sampled_id"].append(sample[0]["sampled_id"])
        return found

    def _registers(self, pilots: list[str]) -> dict[str, list[str]]:
        """A policy, and an item in the register of each pilot."""
        policy = self._made("/policies", {**writes.POLICY, "code": "AI-COPYRIGHT"})
        items = [self._made(f"/pilots/{each}/register", writes.ITEM)["item_id"] for each in pilots]
        return {"policy_id": [policy["policy_id"]], "item_id": items}

    def takes(self, case: Case, thinned: int) -> bool:
        """Whether a case is in our share: one in so many of the systematic ones, all others."""
        assert case.meta is not None
        systematic = case.meta.phase.name is TestPhase.COVERAGE
        return not systematic or (_turn(case) + self.share) % thinned == 0

    def aim(self, case: Case) -> None:
        """Let what is right in a request name what there is, so that it reaches beyond a 404.

        Only what is wrong stays as generated; and the wrong is then met where it is meant to be.
        """
        meta = case.meta
        assert meta is not None
        turn = _turn(case)
        headers = {parameter.name.lower() for parameter in case.operation.headers}
        if not meta.is_negative_at(ParameterLocation.PATH):
            for name in case.path_parameters or {}:
                known = self.existing.get(name)
                if known is not None:
                    case.path_parameters[name] = known[turn % len(known)]
        if not meta.is_negative_at(ParameterLocation.HEADER):
            if "if-match" in headers:
                case.headers["If-Match"] = "*"
            if "idempotency-key" in headers:
                # The generator uses one again and again; see the tests of idempotency for that.
                case.headers["Idempotency-Key"] = str(uuid4())
        if not meta.is_negative_at(ParameterLocation.QUERY):
            fitting = {"cursor": encode_cursor(new_id()), **(_IN_ORDER if turn % 2 == 0 else {})}
            for name in case.query or {}:
                case.query[name] = fitting.get(name, case.query[name])
        # One that may be left out may be null.
        has_body = case.media_type == JSON and case.body is not None
        if has_body and not meta.is_negative_at(ParameterLocation.BODY):
            case.body = self._named(_with_plain_integers(case.body), turn)

    def _named(self, body: Any, turn: int) -> Any:
        """The body with people that there are, in every second case its own name and dates in order."""
        for row in (body, *body.get("items", ())):
            for name in ("person_external_id", "lead_external_id"):
                if isinstance(row.get(name), str):
                    row[name] = f"E{turn % 3 + 1}"
            for name, known in self.existing.items():
                if row.get(name) is not None:
                    row[name] = known[turn % len(known)]
            if turn % 2 == 0:
                unique = {"external_id": f"E-{turn}", "code": f"C-{turn}"}
                row.update({name: text for name, text in unique.items() if row.get(name)})
                row.update({name: day for name, day in _IN_ORDER.items() if row.get(name)})
            if row.get("role") is not None:
                row.pop("scopes", None)  # one or the other
        return body


def _turn(case: Case) -> int:
    """A number that differs from case to case, and is the same when one is repeated."""
    sent = (case.path_parameters, case.query, case.headers, case.body)
    return zlib.crc32(repr(sent).encode(errors="replace"))


def _with_plain_integers(value: Any) -> Any:
    """5.0 sent as 5: JSON Schema calls both an integer, a strict reader only the second."""
    if isinstance(value, dict):
        return {name: _with_plain_integers(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_plain_integers(inner) for inner in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def is_bulk(case: Case) -> bool:
    return case.operation.path.endswith("/bulk")


def _is_probe(case: Case) -> bool:
    """Whether it tries another method or media type, which other checks are about."""
    return checks.is_unexpected_http_status_case(case)


def right_input_is_taken(_ctx: Any, response: Response, case: Case) -> None:
    """What the specification calls right is refused for nothing that it could have said."""
    assert case.meta is not None
    if not case.meta.generation.mode.is_positive or _is_probe(case):
        return
    status = response.status_code
    told = any("json" in kind for kind in response.headers.get("content-type", ()))
    body = response.json() if response.content and told else None
    if is_bulk(case) and case.media_type != JSON and status in (200, 422):
        return  # a schema calls CSV and NDJSON text, and says nothing of what stands in it
    if status < 400:
        codes = {error["code"] for error in body["errors"]} if is_bulk(case) else set()
        taken = codes <= _BEYOND_ROWS
    elif status == 404:
        taken = "{" in case.operation.path
    elif status == 403:
        taken = body["code"] in _BEYOND_SCOPES
    elif status == 428:
        taken = not any(name.lower() == "if-match" for name in case.headers or {})
    elif status == 422:
        codes = {error["code"] for error in body["errors"]} or {body["code"]}
        taken = codes <= (_BEYOND_ROWS if body["code"] == "rows_rejected" else _BEYOND_SCHEMAS)
    else:
        taken = status in _REFUSED_BY_STATE
    if not taken:
        raise RejectedPositiveData(
            operation=case.operation.label,
            message=f"Right by the specification, and refused: {body}",
            status_code=status,
            allowed_statuses=["2xx"],
        )


def wrong_input_is_refused(ctx: Any, response: Response, case: Case) -> None:
    """What the specification calls wrong is refused: as a whole, or in bulk the row that is wrong."""
    assert case.meta is not None
    if (
        is_bulk(case)
        and response.status_code == 200
        and case.meta.is_negative_at(ParameterLocation.BODY)
        and (response.json()["rejected"] > 0 or case.media_type != JSON)
    ):
        return
    checks.negative_data_rejection(ctx, response, case)


def successes_are_documented(_ctx: Any, response: Response, case: Case) -> None:
    """`default` stands for problems alone."""
    if response.status_code < 400 and not _is_probe(case):
        assert str(response.status_code) in case.operation.responses.status_codes
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]


# Theirs for the same two things do not know that a bulk request is refused row by row, nor our codes.
REPLACED = [checks.negative_data_rejection, checks.positive_data_acceptance]
OURS = [right_input_is_taken, wrong_input_is_refused, successes_are_documented]
