"""What staff say they save beside what they record: worked by hand, and silent where it must be."""

from math import sqrt
from typing import Any

import httpx
import numpy as np
import pytest
from scipy import stats

from app.access.permissions import Role
from app.metrics.statistics.ratios import combined_ratios_jackknife, ratio_jackknife
from tests.council import Council, good, people, pilot
from tests.feedback import answer, lead_of, take
from tests.time_use import SOCIAL, member_of, record, recorded, sample

Figure = dict[str, Any]

# Two weeks before (from 5 February 2024) and two of the pilot (from 26 February): minutes of admin in a
# week, one sample each, and what the same person says a working day came to.
BEFORE = {1: (600, 540), 2: (480, 420), 3: (300, 360)}
AFTER = {1: (300, 300), 2: (240, 300), 3: (240, 180)}
SAID = {1: (60, 40), 2: (30, 30), 4: (90, 110)}
WEEKS = (("2024-02-06", "2024-02-13"), ("2024-02-27", "2024-03-05"))
MONDAYS = ("2024-02-26", "2024-03-04")


async def _pilot(council: Council, people_in_it: int = 4, **window: Any) -> tuple[Any, str]:
    admin = await council.admin()
    members = [member_of(n) for n in range(1, people_in_it + 1)]
    await people(admin, *(row["person_external_id"] for row in members))
    return admin, f"/pilots/{await pilot(admin, *members, **{**SOCIAL, **window})}"


async def _load(
    admin: httpx.AsyncClient, path: str, *, said: bool = True, before: bool = True
) -> None:
    rows = []
    for days, minutes in zip(WEEKS, (BEFORE, AFTER), strict=True):
        if before or days is WEEKS[1]:
            rows += [
                recorded(n, day, "forms", amount)
                for n, amounts in minutes.items()
                for day, amount in zip(days, amounts, strict=True)
            ]
    await record(admin, path, rows)
    if said:
        given = [
            answer(f"E{n}", monday, minutes_saved_per_day=float(amount))
            for n, amounts in SAID.items()
            for monday, amount in zip(MONDAYS, amounts, strict=True)
        ]
        await take(admin, path, *given)


async def figures(client: httpx.AsyncClient, path: str) -> dict[str, Figure]:
    found: dict[str, Figure] = good(await client.get(f"{path}/metrics/feedback"))["figures"]
    return found


def codes(figure: Figure) -> set[str]:
    return {flag["code"] for flag in figure["flags"]}


async def test_the_gap_worked_by_hand(council: Council) -> None:
    admin, path = await _pilot(council)
    await _load(admin, path)
    found = await figures(await lead_of(council, path), path)
    # Before: 2700 minutes in 6 person-weeks, 450 a week; after: 1560 in 6, 260. 190 a week are 38 a day.
    measured = found["admin_minutes_saved_measured"]
    assert (measured["value"], measured["people"]) == (pytest.approx(38), 3)
    assert measured["evidence_tier"] == 3
    # Without the first: 390 and 240, 30 a day; the second: 450 and 255, 39; the third: 510 and 285, 45.
    half = stats.t.ppf(0.975, 2) * sqrt(2 / 3 * (8**2 + 1**2 + 7**2))
    assert measured["interval"]["low"] == pytest.approx(38 - half)
    assert measured["interval"]["high"] == pytest.approx(38 + half)
    # Said: 360 minutes in 6 answers, 60 a day: 22 more than recorded.
    said = found["minutes_saved_self_reported_mean"]
    assert (said["value"], said["people"]) == (60, 3)
    gap = found["self_report_gap"]
    assert (gap["value"], gap["people"]) == (pytest.approx(22), 3)
    assert (gap["numerator"], gap["denominator"], gap["evidence_tier"]) == (None, None, 1)
    # Without the first: 65 - 30; the second: 75 - 39; the third: 60 - 45; the fourth: 40 - 38.
    without = [35, 36, 15, 2]
    spread = 3 / 4 * sum((each - 22) ** 2 for each in without)
    half = stats.t.ppf(0.975, 2) * sqrt(spread)
    assert gap["interval"]["low"] == pytest.approx(22 - half)
    assert gap["interval"]["high"] == pytest.approx(22 + half)
    assert gap["interval"]["method"] == "jackknife"
    assert gap["window"] == {"starts_on": "2024-02-26", "ends_on": "2024-04-08"}
    assert codes(gap) == {"small_sample"}
    card = good(await admin.get(f"{path}/scorecard"))
    assert card["feedback"]["self_report_gap"]["suppressed"]


@pytest.mark.parametrize(
    ("window", "load", "reason"),
    [
        ({"baseline_starts_on": None, "baseline_ends_on": None}, {}, "no_baseline"),
        ({}, {"before": False}, "nobody_with_time_in_both_windows"),
        ({}, {"said": False}, "nobody_answered"),
    ],
)
async def test_where_a_side_is_missing_there_is_no_gap_and_it_says_why(
    council: Council, window: dict[str, Any], load: dict[str, bool], reason: str
) -> None:
    admin, path = await _pilot(council, **window)
    await _load(admin, path, **load)
    found = await figures(await lead_of(council, path), path)
    gap, measured = found["self_report_gap"], found["admin_minutes_saved_measured"]
    assert (gap["value"], gap["reason"], gap["suppressed"]) == (None, reason, False)
    assert ("no_baseline" in codes(gap)) == (reason == "no_baseline")
    assert (measured["value"] is None) == (reason != "nobody_answered")


async def test_prompts_hold_no_hours_to_compare(council: Council) -> None:
    admin, path = await _pilot(council)
    prompts = [
        sample(f"p{day}", method="random_moment", minutes=None, category="forms")
        | {"person_external_id": "E1", "started_at": f"{day}T09:00:00+00:00"}
        for days in WEEKS
        for day in days
    ]
    await record(admin, path, prompts)
    await take(admin, path, answer("E1", MONDAYS[0], minutes_saved_per_day=20.0))
    found = await figures(await lead_of(council, path), path)
    assert found["self_report_gap"]["reason"] == "random_moments_hold_no_hours"


async def test_anonymous_claims_have_no_interval_and_others_people_are_flagged(
    council: Council,
) -> None:
    admin, path = await _pilot(council)
    await _load(admin, path, said=False)
    await take(admin, path, answer("E4", MONDAYS[0], minutes_saved_per_day=50.0))
    lead = await lead_of(council, path)
    gap = (await figures(lead, path))["self_report_gap"]
    assert gap["value"] == pytest.approx(12)
    assert (gap["people"], gap["interval"]) == (1, None)
    assert codes(gap) == {"small_sample", "not_estimable", "different_people"}
    await take(admin, path, answer(None, MONDAYS[0], minutes_saved_per_day=70.0))
    gap = (await figures(lead, path))["self_report_gap"]
    assert gap["value"] == pytest.approx(22)
    assert (gap["people"], gap["interval"]) == (2, None)
    assert codes(gap) == {"small_sample", "anonymous_answers"}


@pytest.mark.parametrize(("recording", "answering"), [(4, 6), (6, 4), (6, 6)])
async def test_the_stricter_side_decides_who_may_see_it(
    council: Council, recording: int, answering: int
) -> None:
    admin, path = await _pilot(council, 6)
    rows = [
        recorded(n, day, "forms", amount)
        for n in range(1, recording + 1)
        for day, amount in (("2024-02-06", 500), ("2024-02-27", 300))
    ]
    await record(admin, path, rows)
    said = [
        answer(f"E{n}", MONDAYS[0], minutes_saved_per_day=50.0) for n in range(1, answering + 1)
    ]
    await take(admin, path, *said)
    enough = min(recording, answering) >= 5
    for reader in (admin, await council.as_role(Role.ANALYST)):
        found = await figures(reader, path)
        assert found["self_report_gap"]["suppressed"] != enough
        assert found["admin_minutes_saved_measured"]["suppressed"] == (recording < 5)
        if enough:
            # 200 minutes a week are 40 a day.
            assert found["self_report_gap"]["value"] == pytest.approx(10)
    lead = await lead_of(council, path)
    assert (await figures(lead, path))["self_report_gap"]["value"] == pytest.approx(10)


def test_one_ratio_alone_is_the_ratio_and_people_in_no_term_change_nothing() -> None:
    rng = np.random.default_rng(11)
    parts, wholes = rng.lognormal(3, 0.5, 9), rng.lognormal(2, 0.5, 9)
    one, other = combined_ratios_jackknife([(1.0, parts, wholes)]), ratio_jackknife(parts, wholes)
    assert one is not None
    assert other is not None
    assert (one.low, one.high) == pytest.approx((other.low, other.high))
    assert combined_ratios_jackknife([(1.0, parts, np.where(np.arange(9) == 0, 1.0, 0.0))]) is None
    with pytest.raises(ValueError, match="below 0"):
        combined_ratios_jackknife([(1.0, parts, -wholes)])
    with pytest.raises(ValueError, match="one length"):
        combined_ratios_jackknife([(1.0, parts, wholes[1:])])


def test_the_interval_of_a_gap_covers_it() -> None:
    """Simulated: 12 people, of whom 9 answer and 10 record, weeks and answers unequal; seed fixed."""
    rng = np.random.default_rng(20240226)
    covered, runs = 0, 1500
    for _ in range(runs):
        level = rng.normal(0, 1, 12)
        answers, before, after = (rng.integers(1, 7, 12).astype(float) for _ in range(3))
        answers[9:], before[:2], after[:2] = 0, 0, 0
        said = answers * (40 + 15 * level) + rng.normal(0, 20, 12) * np.sqrt(answers)
        was = before * (90 + 20 * level) + rng.normal(0, 25, 12) * np.sqrt(before)
        became = after * (60 + 5 * level) + rng.normal(0, 25, 12) * np.sqrt(after)
        found = combined_ratios_jackknife(
            [(1.0, said, answers), (-1.0, was, before), (1.0, became, after)]
        )
        assert found is not None
        assert found.high is not None
        covered += found.low <= 10 <= found.high
    assert 0.93 <= covered / runs <= 0.98
