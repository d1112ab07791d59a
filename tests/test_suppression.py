"""Small counts of people: withheld, and not to be solved for from what is left."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.access.permissions import Role, Scope
from app.metrics.figures import Flag, Segments, Share
from app.metrics.registry import ADOPTION_RATE
from app.metrics.suppression import Report, suppress
from tests.adoption_oracle import SEGMENTS
from tests.council import Council, activity, good, people, pilot
from tests.withheld import AS_OF, LADDER, SLUG, WINDOW, is_small, rate, seen, segments

_SETTINGS = settings(max_examples=150, deadline=None)
minimums = st.integers(5, 10)


# --- single figures --------------------------------------------------------------------------------


@given(st.integers(0, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), minimums)
@_SETTINGS
def test_a_share_is_shown_unless_it_or_its_complement_is_small(
    case: tuple[int, int], minimum: int
) -> None:
    part, whole = case
    figure = rate(part, whole)
    shown = seen(figure, minimum)
    small = {count for count in (part, whole - part, whole) if is_small(count, minimum)}
    if not small:
        assert shown == figure
        return
    assert shown.suppressed
    assert shown.reason == "suppressed"
    left = shown.value, shown.numerator, shown.denominator, shown.people, shown.interval
    assert left == (None,) * 5
    assert shown.disclosive == ()
    assert (shown.window, shown.as_of, shown.metric) == (WINDOW, AS_OF, ADOPTION_RATE)


@pytest.mark.parametrize("minimum", range(5, 11))
def test_the_minimum_itself_is_shown_and_one_less_is_not(minimum: int) -> None:
    assert not seen(rate(minimum, 2 * minimum), minimum).suppressed
    assert seen(rate(minimum - 1, 2 * minimum), minimum).suppressed
    assert seen(rate(minimum + 1, 2 * minimum), minimum).suppressed
    assert not seen(rate(0, minimum), minimum).suppressed
    assert not seen(rate(minimum, minimum), minimum).suppressed
    assert seen(rate(0, minimum - 1), minimum).suppressed
    assert seen(rate(minimum - 1, minimum - 1), minimum).suppressed


def test_every_other_count_that_a_figure_gives_away_matters_too() -> None:
    assert seen(rate(10, 20, Share(20, 23))).suppressed
    assert not seen(rate(10, 20, Share(20, 25))).suppressed


def test_flags_of_a_withheld_figure_say_nothing_of_how_many() -> None:
    telling = (
        Flag.SMALL_SAMPLE,
        Flag.NOT_ESTIMABLE,
        Flag.NO_ACTIVITY_DATA,
        Flag.STALE_DATA,
        Flag.LOWER_BOUND,
        Flag.BASIS_ACTIVE_DAYS,
    )
    for figure in (rate(0, 1), segments(0, 0, 0, 0, 1)):
        shown = seen(figure.flagged(*telling, Flag.PARTIAL_WEEK, Flag.SIMULATED))
        assert shown.suppressed
        assert shown.flags == (Flag.PARTIAL_WEEK, Flag.SIMULATED)


def test_weeks_are_suppressed_as_the_whole_is() -> None:
    report = Report({SLUG: rate(10, 20)}, weekly=[{SLUG: rate(10, 20)}, {SLUG: rate(2, 20)}])
    shown = suppress(report, 5)
    assert [week[SLUG].suppressed for week in shown.weekly] == [False, True]
    assert not shown.figures[SLUG].suppressed


def test_a_flag_reaches_every_figure() -> None:
    report = Report(
        {SLUG: rate(1, 2)}, [{SLUG: rate(1, 2)}], {"A": {LADDER: segments(1, 1, 0, 0, 0)}}
    )
    flagged = report.flagged(Flag.SIMULATED).flagged(Flag.SIMULATED)
    everything = flagged.figures[SLUG], flagged.weekly[0][SLUG], flagged.groups["A"][LADDER]
    for figure in everything:
        assert figure.flags.count(Flag.SIMULATED) == 1


# --- segments --------------------------------------------------------------------------------------


def solutions(shown: Segments, minimum: int) -> list[tuple[int, ...]]:
    """Every way to fill in what is withheld that agrees with what is shown, and with the rule itself."""
    hidden = [name for name in SEGMENTS if shown.counts[name] is None]
    assert shown.people is not None
    left = shown.people - sum(count or 0 for count in shown.counts.values())
    found = []
    for head in product(range(left + 1), repeat=len(hidden) - 1):
        last = left - sum(head)
        guess = dict(zip(hidden, (*head, last), strict=True))
        counts = [guess.get(name, shown.counts[name]) for name in SEGMENTS]
        if last >= 0 and seen(segments(*[n or 0 for n in counts]), minimum).counts == shown.counts:
            found.append(tuple(guess.values()))
    return found


_COUNTS = st.one_of(st.integers(0, 6), st.integers(0, 14))


@given(st.tuples(_COUNTS, _COUNTS, _COUNTS, _COUNTS, _COUNTS), minimums)
@_SETTINGS
def test_segments_show_no_small_count_and_none_can_be_added_up(
    counts: tuple[int, ...], minimum: int
) -> None:
    figure = segments(*counts)
    shown = seen(figure, minimum)
    people = sum(counts)
    if not any(is_small(count, minimum) for count in counts):
        assert shown == figure
        return
    assert shown.suppressed
    for name, count in zip(SEGMENTS, counts, strict=True):
        assert shown.counts[name] in (None, count)
        assert not is_small(shown.counts[name] or 0, minimum)
    hidden = [name for name in SEGMENTS if shown.counts[name] is None]
    assert len(hidden) >= 2
    if is_small(people, minimum) or len(hidden) == len(SEGMENTS):
        assert shown.people is None
        assert len(hidden) == len(SEGMENTS)
    else:
        assert shown.people == people
        together = people - sum(count or 0 for count in shown.counts.values())
        assert together >= minimum


@pytest.mark.parametrize(
    "counts",
    [
        (3, 9, 12, 0, 8),
        (1, 4, 9, 9, 9),
        (1, 1, 1, 9, 9),
        (2, 0, 0, 0, 5),
        (4, 4, 20, 0, 0),
        (1, 5, 5, 5, 0),
    ],
)
def test_not_even_the_rule_itself_gives_a_segment_away(counts: tuple[int, ...]) -> None:
    """Whoever knows how counts are chosen to be withheld is still left with several possibilities."""
    shown = seen(segments(*counts))
    hidden = [name for name in SEGMENTS if shown.counts[name] is None]
    possible = solutions(shown, 5)
    real = tuple(count for name, count in zip(SEGMENTS, counts, strict=True) if name in hidden)
    assert real in possible
    for place in range(len(hidden)):
        assert len({guess[place] for guess in possible}) > 1


# --- as clients see it -----------------------------------------------------------------------------


async def adoption_as(council: Council, role: Role | None, pilot_id: str, **options: Any) -> Any:
    client = (
        await council.as_role(role, **options)
        if role
        else council.client(await council.key(None, **options))
    )
    return good(await client.get(f"/pilots/{pilot_id}/metrics/adoption?group_by=team"))


async def staffed(council: Council) -> str:
    """Two teams: all 12 of one use the tool, 3 of the 8 in the other."""
    client = await council.admin()
    one, other = [f"A{n:02}" for n in range(12)], [f"B{n:02}" for n in range(8)]
    await people(client, *one, team="Adults")
    await people(client, *other, team="Benefits")
    members = [{"person_external_id": p, "arm": "pilot"} for p in one + other]
    pilot_id = await pilot(client, *members, starts_on="2024-04-01", ends_on="2024-04-29")
    items = [
        activity(person, f"2024-04-{day:02}", actions=20)
        for person in one + other[:3]
        for day in (3, 10, 17, 24)
    ]
    good(await client.post("/licence-activity/bulk", json={"items": items}))
    return pilot_id


def withheld(figure: dict[str, Any]) -> bool:
    """Whether a figure is withheld; if so, nothing may be left of it."""
    left = [figure.get(name) for name in ("value", "numerator", "denominator", "interval")]
    if figure["suppressed"]:
        if "counts" in figure:
            assert None in figure["counts"].values()
        else:
            assert [*left, figure["people"]] == [None] * 5
            assert figure["reason"] == "suppressed"
    return bool(figure["suppressed"])


async def test_an_analyst_sees_no_small_count_and_a_manager_of_licences_does(
    council: Council,
) -> None:
    pilot_id = await staffed(council)
    for role in (Role.ADMIN, Role.ICT_MANAGER):
        answer = await adoption_as(council, role, pilot_id)
        every = [*answer["figures"].values()]
        every += [figure for group in answer["groups"] for figure in group["figures"].values()]
        assert not any(withheld(figure) for figure in every)
        benefits = answer["groups"][1]["figures"]["adoption_rate"]
        assert (benefits["numerator"], benefits["denominator"], benefits["people"]) == (3, 8, 8)
    answer = await adoption_as(council, Role.ANALYST, pilot_id)
    total, (adults, benefits) = answer["figures"], [g["figures"] for g in answer["groups"]]
    shown = total["adoption_rate"]
    assert (shown["numerator"], shown["denominator"], shown["suppressed"]) == (15, 20, False)
    assert withheld(benefits["adoption_rate"])
    assert withheld(adults["adoption_rate"]), "15 of 20 less 12 of 12 is 3 of 8"
    assert withheld(benefits["active_days_per_active_user_week"])
    assert withheld(benefits["usage_segments_4_weeks"])
    assert withheld(adults["usage_segments_4_weeks"])
    assert answer["quality"] == {
        "rows_without_access": None,
        "contradictory_records": None,
        "latest_activity_on": None,
        "periods": ["day"],
        "products": ["Microsoft_365_Copilot"],
    }
    segments_of_all = total["usage_segments_4_weeks"]
    assert not withheld(segments_of_all)
    assert segments_of_all["counts"]["power"] == 15


async def test_small_counts_are_for_those_who_may_see_the_names(council: Council) -> None:
    pilot_id = await staffed(council)
    reader = {Scope.METRICS_READ, Scope.PILOTS_READ}
    for more in (set(), {Scope.LICENCES_READ}, {Scope.PEOPLE_READ}):
        answer = await adoption_as(council, None, pilot_id, scopes=reader | more)
        assert withheld(answer["groups"][1]["figures"]["adoption_rate"]), more
    reader |= {Scope.LICENCES_READ, Scope.PEOPLE_READ}
    answer = await adoption_as(council, None, pilot_id, scopes=reader)
    assert not withheld(answer["groups"][1]["figures"]["adoption_rate"])


async def test_an_organisation_may_ask_for_larger_groups(council: Council) -> None:
    pilot_id = await staffed(council)
    answer = await adoption_as(council, Role.ANALYST, pilot_id)
    week = answer["weekly"][0]["weekly_active_rate"]
    assert (week["numerator"], week["denominator"]) == (15, 20)
    client = await council.admin()
    etag = (await client.get("/organisation")).headers["etag"]
    change = {"minimum_group_size": 6}
    good(await client.patch("/organisation", json=change, headers={"If-Match": etag}))
    answer = await adoption_as(council, Role.ANALYST, pilot_id)
    assert withheld(answer["weekly"][0]["weekly_active_rate"]), "5 of 20 did not use it"
    assert withheld(answer["figures"]["adoption_rate"])
    assert not withheld(
        (await adoption_as(council, Role.ADMIN, pilot_id))["figures"]["adoption_rate"]
    )


async def test_what_retention_withholds_does_not_follow_from_the_returning_share(
    council: Council,
) -> None:
    """30 active, then 27 of them with 8 others: the 3 who stopped are few, the 8 who began are not.

    In the third week it is the other way round: 8 of 35 stopped, and 3 began.
    """
    client = await council.admin()
    names = [f"E{n:02}" for n in range(60)]
    await people(client, *names)
    members = [{"person_external_id": name, "arm": "pilot"} for name in names]
    pilot_id = await pilot(client, *members, starts_on="2024-04-01", ends_on="2024-04-22")
    items = [activity(name, "2024-04-02") for name in names[:30]]
    items += [activity(name, "2024-04-09") for name in names[3:38]]
    items += [activity(name, "2024-04-16") for name in names[3:30] + names[40:43]]
    good(await client.post("/licence-activity/bulk", json={"items": items}))
    second = (await adoption_as(council, Role.ADMIN, pilot_id))["weekly"][1]
    assert (second["retention_rate"]["numerator"], second["retention_rate"]["denominator"]) == (
        27,
        30,
    )
    assert second["returning_share"]["denominator"] == 35
    weekly = (await adoption_as(council, Role.ANALYST, pilot_id))["weekly"]
    assert [week["weekly_active_rate"]["numerator"] for week in weekly] == [30, 35, 30]
    for week in weekly[1:]:
        assert withheld(week["retention_rate"])
        assert withheld(week["returning_share"])
