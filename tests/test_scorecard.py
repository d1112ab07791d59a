"""The scorecard: criteria held against what the data allow, and what is missing."""

from datetime import date
from typing import Any

import pytest

from app.access.permissions import Role
from app.core.periods import Window
from app.metrics.figures import Figure, Flag
from app.metrics.registry import ADMIN_SHARE
from app.metrics.scorecard.criteria import judged
from app.metrics.statistics.intervals import Interval
from app.pilots.schemas import Comparator, SuccessCriterion
from tests.council import Council, good, people, pilot
from tests.feedback import lead_of
from tests.forms import as_json
from tests.time_use import SOCIAL, example, needs_the_file

DAY = Window(date(2024, 3, 1), date(2024, 3, 2))


def _figure(value: float | None, ends: tuple[float, float] | None, *flags: Flag) -> Figure:
    interval = Interval(*ends, 0.95, "jackknife_logit") if ends else None
    return Figure(
        metric=ADMIN_SHARE,
        window=DAY,
        as_of=DAY.starts_on,
        value=value,
        numerator=None,
        denominator=None,
        people=12,
        interval=interval,
        flags=flags,
        reason=None if value is not None else "no_time_recorded",
    )


@pytest.mark.parametrize(
    ("figure", "comparator", "target", "result"),
    [
        (_figure(0.3, (0.25, 0.35)), Comparator.AT_MOST, 0.4, "met"),
        (_figure(0.3, (0.25, 0.35)), Comparator.AT_MOST, 0.35, "met"),
        (_figure(0.3, (0.25, 0.35)), Comparator.BELOW, 0.35, "cannot_tell"),
        (_figure(0.3, (0.25, 0.35)), Comparator.AT_MOST, 0.3, "cannot_tell"),
        (_figure(0.3, (0.25, 0.35)), Comparator.AT_LEAST, 0.4, "not_met"),
        (_figure(0.3, (0.25, 0.35)), Comparator.ABOVE, 0.2, "met"),
        # Known exactly: no interval, and its value says it.
        (_figure(0.3, None), Comparator.AT_LEAST, 0.3, "met"),
        (_figure(0.3, None, Flag.DEGENERATE), Comparator.AT_LEAST, 0.3, "cannot_tell"),
        (_figure(None, None), Comparator.AT_LEAST, 0.3, "cannot_tell"),
        (None, Comparator.AT_LEAST, 0.3, "cannot_tell"),
    ],
)
def test_a_criterion_is_met_where_every_value_that_the_data_allow_meets_it(
    figure: Figure | None, comparator: Comparator, target: float, result: str
) -> None:
    wanted = SuccessCriterion(metric="admin_share", comparator=comparator, target=target)
    assert judged(wanted, {"admin_share": figure} if figure else {}).result == result


CRITERIA = [
    {"metric": "admin_share_change", "comparator": "<=", "target": -0.2},
    {"metric": "admin_share_effect", "comparator": "<=", "target": -0.4},
    {"metric": "admin_share", "comparator": ">=", "target": 0.5},
    {"metric": "committed_cost", "comparator": "<=", "target": 1},
]


@needs_the_file
async def test_a_pilot_on_one_page(council: Council) -> None:
    admin = await council.admin()
    worked = example()
    await people(admin, *(member["person_external_id"] for member in worked["members"]))
    fields = {**worked["pilot"], "success_criteria": CRITERIA}
    path = f"/pilots/{await pilot(admin, *worked['members'], **fields)}"
    good(await admin.post(f"{path}/time-samples/bulk", **as_json(worked["samples"])))
    lead = await lead_of(council, path, "SW01")
    card = good(await lead.get(f"{path}/scorecard"))
    assert card["headline"]["ratio"] == {"baseline": "67:33", "pilot": "25:75"}
    assert card["headline"]["verdict"] == "fell"
    # The effect lies between -0.46 and -0.33: whether it passes -0.4 nobody can tell.
    assert [each["result"] for each in card["criteria"]] == [
        *("met", "cannot_tell", "not_met", "cannot_tell")
    ]
    assert [each["figure"] is None for each in card["criteria"]] == [False, False, False, True]
    assert card["licences"] is None
    # The same figures as on their own page.
    own = good(await lead.get(f"{path}/metrics/time-use"))
    assert card["time_use"] == {
        name: own[name] for name in ("baseline", "pilot", "change", "effect")
    }
    missing = {each["code"]: each["mendable"] for each in card["missing"]}
    assert missing == {"no_activity_data": True, "missing_feedback": False, "low_response": False}


async def test_what_is_missing_is_said_and_whether_it_can_be_mended(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1")
    member: dict[str, Any] = {"person_external_id": "E1", "arm": "pilot"}
    fields = {**SOCIAL, "baseline_starts_on": None, "baseline_ends_on": None}
    path = f"/pilots/{await pilot(admin, member, **fields)}"
    codes = ("no_criteria", "no_baseline", "no_comparison")

    async def mendable() -> dict[str, bool]:
        found = good(await admin.get(f"{path}/scorecard"))["missing"]
        return {each["code"]: each["mendable"] for each in found}

    before = await mendable()
    assert [before[code] for code in codes] == [True, True, True]
    assert before["no_samples"]
    assert not before["few_people"]
    good(await admin.post(f"{path}/transitions", json={"to": "running"}), 201)
    after = await mendable()
    assert [after[code] for code in codes] == [False, False, False]


async def test_a_scorecard_withholds_what_its_pages_withhold(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1")
    member = {"person_external_id": "E1", "arm": "pilot"}
    path = f"/pilots/{await pilot(admin, member, **SOCIAL)}"
    analyst = await council.as_role(Role.ANALYST)
    card = good(await analyst.get(f"{path}/scorecard"))
    assert card["adoption"]["adoption_rate"]["suppressed"]
    assert card["feedback"]["response_rate"]["people"] is None
