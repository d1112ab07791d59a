"""What staff say, as figures: held against a calculation of its own, and withheld where few answered."""

import math
from collections.abc import Sequence
from statistics import mean, median
from typing import Any

import httpx
import numpy as np
import pytest
from scipy import stats

from app.access.permissions import Role
from app.metrics.statistics.averages import mean_t, median_woodruff
from app.metrics.statistics.ratios import share_jackknife_logit
from tests.council import Council, good, people
from tests.feedback import answer, feedback_pilot, lead_of, take

MEMBERS = ("E1", "E2", "E3", "E4", "E5", "E6")
THREE_WEEKS = "starts_on=2024-04-01&ends_on=2024-04-22"

# Number, Monday, satisfaction, would keep, minutes.
ANSWERS: Sequence[tuple[str | None, str, int, bool, float]] = (
    ("E1", "2024-04-01", 5, True, 10),
    ("E2", "2024-04-01", 4, True, 20),
    ("E3", "2024-04-01", 4, True, 30),
    ("E4", "2024-04-01", 1, False, -10),
    ("E1", "2024-04-08", 5, True, 15),
    ("E2", "2024-04-08", 4, False, 25),
    ("E6", "2024-04-15", 3, True, 0),
)


def sent(*rows: tuple[str | None, str, int, bool, float]) -> list[dict[str, Any]]:
    return [
        answer(n, w, satisfaction=s, would_keep=k, minutes_saved_per_day=m, morale=s)
        for n, w, s, k, m in rows
    ]


async def _pilot(client: httpx.AsyncClient, **window: str) -> str:
    path = await feedback_pilot(client, *MEMBERS, **window)
    await people(client, "C1")
    comparison = {"person_external_id": "C1", "arm": "comparison"}
    leaver = {"person_external_id": "E5", "arm": "pilot", "left_on": "2024-04-15"}
    good(await client.post(f"{path}/members/bulk", json={"items": [comparison, leaver]}))
    away = {"person_external_id": "E6", "starts_on": "2024-04-08", "ends_on": "2024-04-15"}
    good(await client.post("/absences/bulk", json={"items": [away]}))
    await take(client, path, *sent(*ANSWERS), answer("C1", "2024-04-01", satisfaction=1))
    return path


def _by_person(column: int) -> dict[str | None, list[float]]:
    found: dict[str | None, list[float]] = {}
    for row in ANSWERS:
        found.setdefault(row[0], []).append(float(row[column]))  # type: ignore[arg-type]  # numbers from the third on
    return found


def _leave_one_out(people_of: dict[str | None, list[float]]) -> tuple[list[float], float]:
    """The ratio of all and without each person in turn, by the book."""

    def ratio(rows: Sequence[list[float]]) -> float:
        return sum(map(sum, rows)) / sum(map(len, rows))

    every = list(people_of.values())
    return [ratio(every[:n] + every[n + 1 :]) for n in range(len(every))], ratio(every)


def _logit_jackknife(parts: Sequence[float], wholes: Sequence[float]) -> list[float]:
    """The interval of a share by the formula of the definition, written out."""

    def logit(p: float) -> float:
        return math.log(p / (1 - p))

    k, every, total = len(parts), sum(parts), sum(wholes)
    left = [logit((every - a) / (total - m)) for a, m in zip(parts, wholes, strict=True)]
    v = (k - 1) / k * sum((each - mean(left)) ** 2 for each in left)
    effective = total**2 / sum(m * m for m in wholes)
    reach = stats.t.ppf(0.975, max(1, effective - 1)) * math.sqrt(v)
    return [1 / (1 + math.exp(-(logit(every / total) + way * reach))) for way in (-1, 1)]


async def test_the_figures_of_named_answers(council: Council) -> None:
    client = await council.admin()
    path = await _pilot(client)
    lead = await lead_of(council, path)
    found = good(await lead.get(f"{path}/metrics/feedback?{THREE_WEEKS}"))
    figures = found["figures"]
    # Six are expected in the first week, five in the second (one away) and third (one has left).
    rate = figures["response_rate"]
    assert (rate["numerator"], rate["denominator"], rate["people"]) == (7, 16, 6)
    assert "low_response" in [flag["code"] for flag in rate["flags"]]
    assert rate["interval"]["method"] == "jackknife_logit"
    weekly = {week["starts_on"]: week for week in found["weekly"]}
    of_weeks = [
        (w["response_rate"]["numerator"], w["response_rate"]["denominator"])
        for w in weekly.values()
    ]
    assert of_weeks == [(4, 6), (2, 5), (1, 5)]

    satisfaction = figures["satisfaction_mean"]
    assert satisfaction["value"] == pytest.approx(mean(row[2] for row in ANSWERS), abs=1e-12)
    assert (satisfaction["numerator"], satisfaction["denominator"]) == (26, 7)
    without, _ = _leave_one_out(_by_person(2))
    k = len(without)
    spread = (k - 1) / k * sum((each - mean(without)) ** 2 for each in without)
    half = stats.t.ppf(0.975, k - 1) * math.sqrt(spread)
    assert satisfaction["interval"]["low"] == pytest.approx(satisfaction["value"] - half, abs=1e-9)
    assert satisfaction["interval"]["high"] == pytest.approx(
        min(5, satisfaction["value"] + half), abs=1e-9
    )
    week = weekly["2024-04-01"]["satisfaction_mean"]
    low, high = stats.t.interval(0.95, 3, 3.5, stats.sem([5, 4, 4, 1]))
    assert week["interval"]["low"] == pytest.approx(max(1, low), abs=1e-9)
    assert week["interval"]["high"] == pytest.approx(min(5, high), abs=1e-9)

    keep = figures["would_keep_rate"]
    assert (keep["numerator"], keep["denominator"], keep["people"]) == (5, 7, 5)
    parts = _by_person(3)
    ends = _logit_jackknife([sum(p) for p in parts.values()], [len(p) for p in parts.values()])
    assert [keep["interval"][end] for end in ("low", "high")] == pytest.approx(ends, abs=1e-9)
    minutes = figures["minutes_saved_self_reported"]
    assert minutes["value"] == median(row[4] for row in ANSWERS) == 15
    average = figures["minutes_saved_self_reported_mean"]
    assert average["value"] == pytest.approx(90 / 7)
    assert average["interval"]["low"] < 0 < average["interval"]["high"]
    tiers = {slug: figure["evidence_tier"] for slug, figure in figures.items()}
    assert tiers.pop("admin_minutes_saved_measured") == 3  # stands beside what is said
    assert set(tiers.values()) == {1}
    assert figures["morale_change"]["reason"] == "nobody_answered_in_both_windows"


async def test_anonymous_answers_count_and_their_people_are_not_guessed(council: Council) -> None:
    client = await council.admin()
    path = await _pilot(client)
    nobody = [(None, week, 2, False, 0.0) for week in ("2024-04-01", "2024-04-08")]
    await take(client, path, *sent(*nobody))
    lead = await lead_of(council, path)
    found = good(await lead.get(f"{path}/metrics/feedback?{THREE_WEEKS}"))
    rate = found["figures"]["response_rate"]
    assert (rate["numerator"], rate["denominator"]) == (9, 16)
    satisfaction = found["figures"]["satisfaction_mean"]
    assert satisfaction["value"] == pytest.approx(30 / 9)
    # Five in the first week and as many by name: the unknown one of the second may be any of them.
    assert satisfaction["people"] == 5
    for slug in ("response_rate", "satisfaction_mean", "would_keep_rate"):
        figure = found["figures"][slug]
        assert figure["interval"] is None
        assert "anonymous_answers" in [flag["code"] for flag in figure["flags"]]
    week = found["weekly"][0]
    assert week["satisfaction_mean"]["interval"] is not None
    assert week["response_rate"]["interval"]["method"] == "wilson"
    # More answers than people there are: no rate, and no error.
    await take(client, path, *sent(*[(None, "2024-04-01", 3, True, 1.0)] * 4))
    week = good(await lead.get(f"{path}/feedback-summary?{THREE_WEEKS}"))["weekly"][0]
    assert week["response_rate"]["value"] is None
    assert week["response_rate"]["reason"] == "more_answers_than_people_expected"


async def test_what_few_say_is_withheld_from_all_but_the_lead(council: Council) -> None:
    client = await council.admin()
    path = await _pilot(client, ends_on="2024-04-22")
    analyst = await council.as_role(Role.ANALYST)
    for reader in (client, analyst):
        found = good(await reader.get(f"{path}/metrics/feedback?group_by=team"))
        assert not found["figures"]["satisfaction_mean"]["suppressed"]
        assert found["figures"]["would_keep_rate"]["suppressed"]  # two of seven say no
        for week in found["weekly"]:
            assert week["satisfaction_mean"]["suppressed"]
            assert week["satisfaction_mean"]["people"] is None
            assert week["response_rate"]["value"] is None
    lead = await lead_of(council, path)
    exact = good(await lead.get(f"{path}/metrics/feedback?{THREE_WEEKS}"))
    assert not any(week["satisfaction_mean"]["suppressed"] for week in exact["weekly"])


async def test_the_summary_names_missing_weeks_themes_and_sessions(council: Council) -> None:
    client = await council.admin()
    path = await _pilot(client)
    said = ["Rota", "speed", "Calm", "trust", "detail"]
    named = [answer(n, "2024-04-01", satisfaction=4, themes=said) for n in MEMBERS[:4]]
    named.append(answer(MEMBERS[4], "2024-04-01", satisfaction=4, themes=[*said[::-1], "extra"]))
    await take(client, path, *named, answer("E6", "2024-04-01", themes=["secret"]))
    for attended in (4, None):
        session = {"held_on": "2024-04-10", "kind": "vendor", "title": "t", "attended": attended}
        good(await client.post(f"{path}/feedback-sessions", json=session), 201)
    early = {"held_on": "2024-03-10", "kind": "survey", "title": "before"}
    good(await client.post(f"{path}/feedback-sessions", json=early), 201)
    found = good(await client.get(f"{path}/feedback-summary"))
    assert found["missing_weeks"] == [
        *("2024-04-22", "2024-04-29", "2024-05-06", "2024-05-13", "2024-05-20")
    ]
    # Those that as many name go by their names.
    alike = ["calm", "detail", "rota", "speed", "trust"]
    assert found["themes"] == [{"theme": theme, "people": 5} for theme in alike]
    assert found["themes_withheld"]
    assert found["sessions"] == [{"kind": "vendor", "held": 2, "invited": None, "attended": 4}]
    lead = await lead_of(council, path)
    themes = good(await lead.get(f"{path}/feedback-summary"))["themes"]
    assert [each["theme"] for each in themes] == [*alike, "extra", "secret"]
    assert [each["people"] for each in themes] == [5, 5, 5, 5, 5, 1, 1]


async def test_the_change_of_morale_is_of_the_people_who_answered_twice(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, *MEMBERS)
    before = {"E1": 2, "E2": 3, "E3": 4, "E4": 1}
    after = {"E1": [4, 5], "E2": [3, 3], "E3": [5, 4], "E5": [5, 5]}
    rows = [answer(n, "2024-03-11", morale=m) for n, m in before.items()]
    for n, values in after.items():
        weeks = ("2024-04-01", "2024-04-08")
        rows += [answer(n, week, morale=m) for week, m in zip(weeks, values, strict=True)]
    await take(client, path, *rows)
    lead = await lead_of(council, path)
    change = good(await lead.get(f"{path}/metrics/feedback"))["figures"]["morale_change"]
    differences = [2.5, 0.0, 0.5]
    assert (change["value"], change["people"]) == (1.0, 3)
    low, high = stats.t.interval(0.95, 2, 1.0, stats.sem(differences))
    assert [change["interval"][end] for end in ("low", "high")] == pytest.approx([low, high])


def test_a_share_by_people_equals_the_formula_written_out() -> None:
    rng = np.random.default_rng(7)
    for _ in range(50):
        k = int(rng.integers(2, 30))
        wholes = rng.lognormal(4, 0.6, k)
        parts = wholes * rng.beta(3, 2, k)
        found = share_jackknife_logit(parts, wholes)
        assert found is not None
        ends = _logit_jackknife(list(parts), list(wholes))
        assert [found.low, found.high] == pytest.approx(ends, abs=1e-9)
    assert share_jackknife_logit(np.array([1.0]), np.array([2.0])) is None
    # Without the second person the share is 1: nothing bounds it.
    assert share_jackknife_logit(np.array([2.0, 1.0]), np.array([2.0, 2.0])) is None
    with pytest.raises(ValueError, match="within"):
        share_jackknife_logit(np.array([3.0, 1.0]), np.array([2.0, 2.0]))


def test_a_mean_equals_an_independent_interval() -> None:
    values = np.array([1.0, 4.0, 4.0, 9.0])
    found = mean_t(values)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(
        stats.t.interval(0.95, 3, values.mean(), stats.sem(values))
    )
    assert mean_t(np.array([1.0])) is None


def test_the_interval_of_a_median_covers_it_where_people_answer_several_times() -> None:
    """Simulated: people of log-normal level, each with one to six answers about it."""
    rng = np.random.default_rng(20240401)
    covered = tried = 0
    for _ in range(1500):
        k = 20
        counts = rng.integers(1, 7, k)
        people_of = np.repeat(np.arange(k), counts)
        levels = rng.normal(0, 1, k)
        values = np.exp(levels[people_of] + rng.normal(0, 0.7, counts.sum()))
        found = median_woodruff(values, people_of)
        assert found is not None
        assert found.high is not None
        tried += 1
        covered += found.low <= 1.0 <= found.high
    assert 0.92 <= covered / tried <= 0.98
    assert median_woodruff(np.array([1.0, 2.0]), np.array([0, 0])) is None
