"""Audits of what the AI wrote: the draw, the numbers, blind markings, and nothing about anybody."""

from collections import Counter
from datetime import date
from math import ceil, floor
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from app.access.permissions import Role
from app.assurance.output_audits.claims import needed_outputs, upper_bound
from app.assurance.output_audits.drawing import Candidate, drawn_of, marked_twice
from app.assurance.output_audits.models import FindingType, MarkingRole, Reached, Severity
from app.assurance.output_audits.outcomes import Finding, Marking, Sampled, outcomes
from tests.council import Council, good, pilot, problem
from tests.receivers import dispatch

PLAN: dict[str, Any] = {
    "name": "Case notes",
    "kind": "case_notes",
    "starts_on": "2024-04-01",
    "ends_on": "2024-07-01",
    "strata": ["team"],
    "error_limit": 0.05,
    "error_warning": 0.02,
    "critical_below": 0.1,
    "second_share": 0,
}
CRITICAL = {"type": "omission", "severity": "critical", "reached": "reached_the_record"}
MINOR = {"type": "format", "severity": "minor", "reached": "corrected_before_filing"}

# --- pure ------------------------------------------------------------------------------------------


def _candidates(*sizes: int) -> list[Candidate]:
    return [
        Candidate(f"{stratum}-{place}", (str(stratum),))
        for stratum, size in enumerate(sizes)
        for place in range(size)
    ]


@pytest.mark.parametrize(("below", "needed"), [(0.1, 29), (0.05, 59), (0.01, 299), (0.95, 2)])
def test_the_number_for_a_claim_is_the_published_one(below: float, needed: int) -> None:
    assert needed_outputs(below) == needed


@settings(deadline=None)
@given(st.integers(1, 500))
def test_the_number_for_a_claim_is_the_smallest_that_shows_it(thousandths: int) -> None:
    below = thousandths / 1000
    needed = needed_outputs(below)
    assert 1 - 0.05 ** (1 / needed) < below
    assert needed == 1 or 1 - 0.05 ** (1 / (needed - 1)) >= below - 1e-12
    bound, fewer = upper_bound(0, needed), upper_bound(0, needed - 1)
    assert bound is not None
    assert bound < below
    assert fewer is None or fewer >= below - 1e-12


def test_every_output_is_as_likely_whatever_its_stratum() -> None:
    candidates, seeds = _candidates(1, 7, 12), 1500
    times = Counter(
        each.reference for seed in range(seeds) for each in drawn_of(seed, candidates, 5)
    )
    observed = [times[each.reference] for each in candidates]
    assert chisquare(observed).pvalue > 0.001
    # Pairs as well: within a stratum nobody is drawn with a certain other.
    pairs: Counter[tuple[str, ...]] = Counter()
    for seed in range(seeds):
        inside = sorted(e.reference for e in drawn_of(seed, candidates, 5) if e.stratum == ("2",))
        pairs.update((a, b) for n, a in enumerate(inside) for b in inside[n + 1 :])
    assert len(pairs) == 66
    assert chisquare([*pairs.values()]).pvalue > 0.001


@settings(deadline=None)
@given(
    st.integers(0, 2**53 - 1),
    st.lists(st.integers(1, 9), min_size=1, max_size=5),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_a_draw_is_in_proportion_and_repeated_by_its_seed(
    seed: int, sizes: list[int], wanted: int, random: Any
) -> None:
    candidates = _candidates(*sizes)
    drawn = drawn_of(seed, candidates, wanted)
    total = len(candidates)
    assert len(set(drawn)) == len(drawn) == min(wanted, total)
    taken = Counter(each.stratum for each in drawn)
    for stratum, size in enumerate(sizes):
        share = size * len(drawn) / total
        assert floor(share) <= taken[(str(stratum),)] <= ceil(share)
    shuffled = random.sample(candidates, total)
    assert drawn_of(seed, shuffled, wanted) == drawn
    assert len(marked_twice(seed, drawn, 0.5)) == ceil(len(drawn) / 2)
    assert marked_twice(seed, drawn, 0.5) <= {each.reference for each in drawn}


def test_seeds_draw_differently_and_a_share_of_whole_outputs_is_not_rounded_up() -> None:
    candidates = _candidates(30)
    assert len({tuple(drawn_of(seed, candidates, 10)) for seed in range(50)}) == 50
    assert len(marked_twice(1, candidates, 0.1)) == 3  # 0.1 * 30 is a hair above 3
    assert len(marked_twice(1, candidates, 0)) == 0


def _marking(severity: Severity | None) -> Marking:
    if severity is None:
        return Marking()
    return Marking((Finding(FindingType.OMISSION, severity, Reached.CORRECTED),))


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            *[st.sampled_from([None, Severity.MINOR, Severity.MAJOR, Severity.CRITICAL])] * 2
        ),
        min_size=2,
        max_size=60,
    )
)
def test_kappa_and_intervals_are_those_of_an_independent_library(marks: list[Any]) -> None:
    sample = [
        Sampled(
            ("a",),
            date(2024, 4, 1),
            marked_twice=True,
            markings={MarkingRole.FIRST: _marking(first), MarkingRole.SECOND: _marking(second)},
        )
        for first, second in marks
    ]
    shown = outcomes(sample)
    bad = {Severity.MAJOR, Severity.CRITICAL}
    # Where they differ the worse counts.
    errors = sum(first in bad or second in bad for first, second in marks)
    assert (shown.error_rate.errors, shown.error_rate.outputs) == (errors, len(marks))
    interval = shown.error_rate.interval
    assert interval is not None
    expected = proportion_confint(errors, len(marks), method="beta")
    assert (interval.low, interval.high) == pytest.approx(expected, abs=1e-9)
    table = np.zeros((2, 2))
    for first, second in marks:
        table[int(first not in bad), int(second not in bad)] += 1
    assert [list(row) for row in shown.markers.table] == table.tolist()
    kappa = shown.markers.kappa
    assert kappa is not None
    if kappa.value is not None:
        assert kappa.value == pytest.approx(cohens_kappa(table, return_results=False), abs=1e-9)
    else:
        assert (table.sum(axis=1) == 0).any()


# --- as clients see it -----------------------------------------------------------------------------


class Audit:
    """A plan of a pilot, and those who may mark."""

    def __init__(self, client: httpx.AsyncClient, pilot_id: str, path: str) -> None:
        self.client, self.pilot_id, self.path = client, pilot_id, path

    async def load(self, *items: dict[str, Any], **options: Any) -> dict[str, Any]:
        path = f"{self.path}/outputs/bulk"
        return good(await self.client.post(path, json={"items": list(items)}, params=options))

    async def draw(self, **wanted: Any) -> dict[str, Any]:
        return good(await self.client.post(f"{self.path}/draws", json=wanted), 201)

    async def sample(self) -> list[dict[str, Any]]:
        answer = good(await self.client.get(f"{self.path}/sample?limit=200"))
        items: list[dict[str, Any]] = answer["items"]
        return items

    async def mark(
        self,
        sampled: dict[str, Any],
        *findings: dict[str, Any],
        by: httpx.AsyncClient | None = None,
    ) -> httpx.Response:
        path = f"{self.path}/sample/{sampled['sampled_id']}/markings"
        return await (by or self.client).post(path, json={"findings": list(findings)})

    async def seen(self, sampled: dict[str, Any], by: httpx.AsyncClient) -> dict[str, Any]:
        return good(await by.get(f"{self.path}/sample/{sampled['sampled_id']}/markings"))

    async def figures(self) -> dict[str, Any]:
        return good(await self.client.get(f"{self.path}/figures"))


async def audit(council: Council, **plan: Any) -> Audit:
    client = await council.admin()
    pilot_id = await pilot(client)
    plans = f"/pilots/{pilot_id}/output-audit-plans"
    made = good(await client.post(plans, json={**PLAN, **plan}), 201)
    return Audit(client, pilot_id, f"{plans}/{made['plan_id']}")


def output(number: int, **fields: Any) -> dict[str, Any]:
    team = "north" if number % 3 else "south"
    day = f"2024-0{4 + number % 3}-02"
    return {"output_ref": f"note-{number}", "produced_on": day, "team": team, **fields}


async def test_a_draw_can_be_repeated_after_the_list_has_grown(council: Council) -> None:
    made = await audit(council)
    assert good(await made.client.get(made.path))["needed_outputs"] == 29
    listed = await made.load(*(output(n) for n in range(40)))
    assert (listed["accepted"], listed["rejected"]) == (40, 0)
    again = await made.load(output(1), output(2, team="west"), output(3, produced_on="2024-07-01"))
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 1, 2)
    assert [error["code"] for error in again["errors"]] == ["output_differs", "outside_period"]
    first = await made.draw(seed=7, outputs=9)
    assert (first["candidates"], first["drawn"], first["seed"]) == (40, 9, 7)
    sample = await made.sample()
    candidates = [Candidate(f"note-{n}", ("north" if n % 3 else "south",)) for n in range(40)]
    expected = {each.reference for each in drawn_of(7, candidates, 9)}
    assert {each["output_ref"] for each in sample} == expected
    await made.load(*(output(n) for n in range(40, 60)))
    second = await made.draw(starts_on="2024-05-01", ends_on="2024-06-01")
    # A third of the 60, but for what was drawn; fewer than are needed, so all of them.
    taken = sum(each["produced_on"] == "2024-05-02" for each in sample)
    assert second["candidates"] == second["drawn"] == 20 - taken
    for draw in (first, second):
        path = f"{made.path}/draws/{draw['draw_id']}/verification"
        assert good(await made.client.get(path)) == {
            "draw_id": draw["draw_id"],
            "same_candidates": True,
            "same_outputs": True,
        }
    assert good(await made.client.get(f"{made.path}/draws"))["items"] == [first, second]
    drained = {"starts_on": "2024-05-01", "ends_on": "2024-06-01"}
    problem(await made.client.post(f"{made.path}/draws", json=drained), 409, "nothing_to_draw")
    early = {"ends_on": "2024-04-01"}
    problem(await made.client.post(f"{made.path}/draws", json=early), 422, "empty_window")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_what_names_somebody_is_refused_and_not_repeated(council: Council) -> None:
    made = await audit(council)
    for field, value in (
        ("output_ref", "943-476-5919"),
        ("output_ref", "AB123456C"),
        ("output_ref", "Smith/SW1A1AA"),
        ("team", "943 476 5919"),
        ("team", "SW1A 1AA"),
        ("tool_version", "AB 12 34 56 C"),
    ):
        result = await made.load({**output(1), field: value})
        assert [error["code"] for error in result["errors"]] == ["personal_identifier"], value
        assert result["errors"][0]["pointer"] == f"/{field}"
        assert value not in str(result)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_there_is_no_room_for_content(council: Council) -> None:
    made = await audit(council)
    for row in (
        output(1, output_ref="Margaret Smith"),
        output(1, output_ref="MargaretSmith"),
        output(1, output_ref="she 1 said"),
        output(1, text="She said that"),
    ):
        result = await made.load(row)
        assert (result["accepted"], result["rejected"]) == (0, 1), row
        assert "Margaret" not in str(result)
    csv = b"output_ref,produced_on,team\nnote-1,2024-04-02,north\n"
    path, headers = f"{made.path}/outputs/bulk", {"Content-Type": "text/csv"}
    good(await made.client.post(path, content=csv, headers=headers))
    await made.draw()
    (only,) = await made.sample()
    path = f"{made.path}/sample/{only['sampled_id']}/markings"
    for body in (
        {"findings": [{**CRITICAL, "note": "She said that"}]},
        {"findings": [], "comment": "She said that"},
    ):
        assert (await made.client.post(path, json=body)).status_code == 422
    counts = {"statements_checked": 3, "statements_wrong": 4}
    problem(await made.client.post(path, json=counts), 422, "more_wrong_than_checked")
    problem(await made.client.post(path, json={"statements_wrong": 4}), 422, "statements_missing")
    plans = made.path.rsplit("/", 1)[0]
    named = {**PLAN, "name": "of 943 476 5919"}
    problem(await made.client.post(plans, json=named), 422, "personal_identifier")
    late = {**PLAN, "error_warning": 0.06}
    problem(await made.client.post(plans, json=late), 422, "warning_above_limit")


async def test_the_second_marker_does_not_see_the_first_and_a_third_decides(
    council: Council,
) -> None:
    made = await audit(council, second_share=1)
    one, two, three = [await council.as_role(Role.INFORMATION_GOVERNANCE) for _ in range(3)]
    await made.load(*(output(n) for n in range(4)))
    await made.draw()
    sample = await made.sample()
    assert all(each["marked_twice"] for each in sample)
    disputed, agreed = sample[:2]
    good(await made.mark(disputed, CRITICAL, by=one), 201)
    problem(await made.mark(disputed, by=one), 409, "marked_by_you")
    for who, sees in ((one, 1), (two, 0), (made.client, 0)):
        answer = await made.seen(disputed, who)
        assert (len(answer["items"]), answer["awaited"]) == (sees, "second")
    # Nor do figures tell of it.
    shown = await made.figures()
    assert (shown["error_rate"]["outputs"], shown["error_rate"]["reason"]) == (0, "nothing_audited")
    assert shown["awaited"] == {"first": 3, "second": 1, "adjudication": 0}
    assert good(await made.mark(disputed, MINOR, by=two), 201)["role"] == "second"
    answer = await made.seen(disputed, three)
    assert (len(answer["items"]), answer["awaited"]) == (2, "adjudication")
    # The worse counts until somebody else has decided.
    assert (await made.figures())["error_rate"]["errors"] == 1
    problem(await made.mark(disputed, by=two), 409, "marked_by_you")
    assert good(await made.mark(disputed, MINOR, by=three), 201)["role"] == "adjudication"
    good(await made.mark(agreed, MINOR, by=one), 201)
    good(await made.mark(agreed, by=two), 201)
    problem(await made.mark(agreed, by=three), 409, "already_marked")
    shown = await made.figures()
    assert (shown["error_rate"]["errors"], shown["error_rate"]["outputs"]) == (0, 2)
    assert shown["agreement"]["table"] == [[0, 1], [0, 1]]
    assert shown["agreement"]["raw_agreement"] == 0.5
    assert shown["agreement"]["kappa"] == 0


async def test_a_limit_that_is_passed_is_told_once_and_stands_on_the_scorecard(
    council: Council,
) -> None:
    made = await audit(council)
    await made.load(*(output(n) for n in range(20)))
    await made.draw()
    sample = await made.sample()

    async def told() -> list[dict[str, Any]]:
        await dispatch(council)
        found = good(await made.client.get("/events"))["items"]
        return [each for each in found if each["type"] == "output_audit.limit_passed"]

    async def missing() -> set[str]:
        card = good(await made.client.get(f"/pilots/{made.pilot_id}/scorecard"))
        return {each["code"] for each in card["missing"]}

    good(await made.mark(sample[0], CRITICAL), 201)
    assert (await made.figures())["state"] == "cannot_tell"
    assert await told() == []
    assert "output_audit_limit_passed" not in await missing()
    good(await made.mark(sample[1], CRITICAL), 201)
    good(await made.mark(sample[2], CRITICAL), 201)
    (event,) = await told()
    plan_id = made.path.rsplit("/", 1)[1]
    assert event["data"] == {"pilot_id": made.pilot_id, "plan_id": plan_id}
    assert "output_audit_limit_passed" in await missing()
    card = good(await made.client.get(f"/pilots/{made.pilot_id}/scorecard"))
    (mark,) = card["output_audits"]
    assert (mark["plan_id"], mark["state"]) == (plan_id, "limit_passed")
    assert (mark["error_rate"]["errors"], mark["error_rate"]["outputs"]) == (3, 3)
    shown = await made.figures()
    assert (shown["state"], shown["reached_the_record"]) == ("limit_passed", 3)
    assert shown["by_type"]["omission"]["errors"] == 3
    assert sum(each["outputs"] for each in shown["by_month"]) == 3
    assert {each["stratum"]["team"] for each in shown["by_stratum"]} <= {"north", "south"}
    # Enough good ones, and it is over.
    for each in sample[3:]:
        good(await made.mark(each, MINOR), 201)
    shown = await made.figures()
    low, high = proportion_confint(3, 20, method="beta")
    assert shown["error_rate"]["interval"]["low"] == pytest.approx(low)
    assert shown["error_rate"]["interval"]["high"] == pytest.approx(high)
    assert shown["state"] == "warning"
    assert "output_audit_limit_passed" not in await missing()
    assert len(await told()) == 1
    assert shown["claim"]["is_shown"] is False
