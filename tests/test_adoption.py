"""Adoption figures of cases worked out by hand, as a client sees them."""

from typing import Any

from tests.adoption import (
    PARTIAL,
    SMALL,
    Figures,
    ask,
    days,
    flags,
    member,
    of_group,
    plain,
    record,
    share,
    week,
)
from tests.council import Council, people, pilot

FORTNIGHT = {"starts_on": "2024-04-01", "ends_on": "2024-04-15"}


def expected(
    slug: str,
    window: tuple[str, str],
    fraction: tuple[int, int],
    value: float,
    interval: tuple[float, float],
    *,
    people: int | None = None,
    flags: tuple[Figures, ...] = (SMALL,),
    method: str = "wilson",
) -> Figures:
    """A figure, whole, as of the last day of the fortnight."""
    return {
        "slug": slug,
        "definition_version": 1,
        "window": {"starts_on": window[0], "ends_on": window[1]},
        "as_of": "2024-04-14",
        "value": value,
        "numerator": fraction[0],
        "denominator": fraction[1],
        "people": fraction[1] if people is None else people,
        "interval": {"low": interval[0], "high": interval[1], "level": 0.95, "method": method},
        "flags": list(flags),
        "reason": None,
        "suppressed": False,
        "evidence_tier": 2,
        "money": None,
        "basis": None,
    }


async def fortnight(council: Council) -> Figures:
    """Six people with access, one of whom came for the second week and one left before it.

    First week: E1 on two days, E2 and E6 on one. Second week: E1 and E5 on one.
    """
    client = await council.admin()
    await people(client, "E1", "E2", "E3", "E4", "E5", "E6", "C1", "OUT")
    pilot_id = await pilot(
        client,
        *(member(name) for name in ("E1", "E2", "E3", "E4")),
        member("E5", joined_on="2024-04-08"),
        member("E6", left_on="2024-04-08"),
        member("C1", "comparison"),
        **FORTNIGHT,
    )
    await record(
        client,
        *days("E1", "2024-04-02", "2024-04-03", "2024-04-09", actions=4),
        *days("E1", "2024-04-02", app="word", actions=3),
        *days("E2", "2024-04-04"),
        *days("E3", "2024-04-02", "2024-04-09", actions=0),
        *days("E3", "2024-04-03", active_days=0),
        *days("E4", "2024-03-31", "2024-04-15"),
        *days("E5", "2024-04-07", "2024-04-10"),
        *days("E6", "2024-04-05", "2024-04-08"),
        *days("C1", "2024-04-03", "2024-04-10"),
        *days("OUT", "2024-04-03"),
    )
    return await ask(client, pilot_id)


async def test_the_figures_of_a_fortnight(council: Council) -> None:
    answer = plain(await fortnight(council))
    assert answer["window"] == FORTNIGHT
    assert answer["as_of"] == "2024-04-14"
    both, second = ("2024-04-01", "2024-04-15"), ("2024-04-08", "2024-04-15")
    figures = answer["figures"]
    for slug in ("adoption_rate", "first_28_days_adoption", "last_28_days_adoption"):
        assert figures[slug] == expected(slug, both, (4, 6), 0.666667, (0.299993, 0.903229))
    # Of E1, E2 and E6, E6 has left: 1 of 2.
    for figure in (
        expected("weekly_active_rate", second, (2, 5), 0.4, (0.117621, 0.769276)),
        expected("retention_rate", second, (1, 2), 0.5, (0.094531, 0.905469)),
        expected("returning_share", second, (1, 2), 0.5, (0.094531, 0.905469)),
    ):
        assert figures[figure["slug"]] == figure
    # 3 days in 2 weeks and three times 1 in 1; without E1 1, without another 5/4; t(3) = 3.182446.
    assert figures["active_days_per_active_user_week"] == expected(
        "active_days_per_active_user_week",
        both,
        (6, 5),
        1.2,
        (0.603291, 1.796709),
        people=4,
        method="jackknife",
    )


async def test_every_week_of_a_fortnight(council: Council) -> None:
    answer = plain(await fortnight(council))
    first, second = answer["weekly"]
    assert (first["starts_on"], second["starts_on"]) == ("2024-04-01", "2024-04-08")
    window = ("2024-04-01", "2024-04-08")
    assert first["weekly_active_rate"] == expected(
        "weekly_active_rate", window, (3, 5), 0.6, (0.230724, 0.882379)
    )
    # 2, 1 and 1 day: without E1 1, without another 3/2; v = 2/3 * (1/9 + 2/36); t(2) = 4.302653.
    assert first["active_days_per_active_user_week"] == expected(
        "active_days_per_active_user_week",
        window,
        (4, 3),
        1.333333,
        (0.0, 2.767551),
        people=3,
        method="jackknife",
    )
    for slug in ("retention_rate", "returning_share"):
        assert first[slug] == {
            **expected(slug, window, (0, 0), 0, (0, 0)),
            "value": None,
            "interval": None,
            "flags": [],
            "reason": "no_previous_week_in_the_window",
        }
        assert second[slug] == answer["figures"][slug]
    assert second["weekly_active_rate"] == answer["figures"]["weekly_active_rate"]
    assert share(second["active_days_per_active_user_week"]) == (2, 2)


async def test_activity_without_access_is_counted_and_in_no_numerator(council: Council) -> None:
    answer = await fortnight(council)
    # E5 before joining, E6 on the day of leaving, C1 twice; not what lies outside the window.
    assert answer["quality"] == {
        "rows_without_access": 4,
        "contradictory_records": 0,
        "latest_activity_on": "2024-04-10",
        "periods": ["day"],
        "products": ["Microsoft_365_Copilot"],
    }


async def test_a_pilot_without_people_has_no_value_and_says_why(council: Council) -> None:
    client = await council.admin()
    await people(client, "C1")
    only_compared = await pilot(client, member("C1", "comparison"), code="C", **FORTNIGHT)
    await record(client, *days("C1", "2024-04-03"))
    for pilot_id in (await pilot(client, code="E", **FORTNIGHT), only_compared):
        answer = await ask(client, pilot_id)
        assert len(answer["weekly"]) == 2
        for figures in (answer["figures"], *answer["weekly"]):
            for figure in figures.values():
                if isinstance(figure, str):
                    continue
                assert figure["people"] == 0
                assert not figure["suppressed"]
                if "counts" in figure:
                    assert set(figure["counts"].values()) == {0}
                    continue
                assert figure["value"] is None
                assert figure["interval"] is None
                assert share(figure) == (0, 0)
                assert figure["reason"] in {
                    "nobody_had_access",
                    "nobody_was_active",
                    "no_previous_week_in_the_window",
                    "nobody_active_last_week_still_has_access",
                }
        assert answer["figures"]["adoption_rate"]["reason"] == "nobody_had_access"


async def test_people_who_never_used_it_are_none_of_all_and_that_is_pointed_out(
    council: Council,
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    pilot_id = await pilot(client, *map(member, ("E1", "E2", "E3")), **FORTNIGHT)
    figures = plain((await ask(client, pilot_id))["figures"])
    rate = figures["adoption_rate"]
    assert (rate["value"], share(rate), rate["reason"]) == (0.0, (0, 3), None)
    assert rate["interval"] == {"low": 0.0, "high": 0.561497, "level": 0.95, "method": "wilson"}
    assert [flag["code"] for flag in rate["flags"]] == ["small_sample", "no_activity_data"]
    assert rate["flags"][1]["sentence"] == (
        "No activity was recorded for anybody: either nobody used the tool, or data are missing."
    )
    reasons = {slug: figures[slug].get("reason") for slug in figures}
    assert reasons["retention_rate"] == "nobody_active_last_week_still_has_access"
    assert reasons["returning_share"] == "nobody_was_active"
    assert reasons["active_days_per_active_user_week"] == "nobody_was_active"
    assert figures["active_days_per_active_user_week"]["people"] == 0


async def test_of_one_person_there_is_a_value_and_no_interval(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, member("E1"), **FORTNIGHT)
    await record(client, *days("E1", "2024-04-03", "2024-04-12"))
    figures = (await ask(client, pilot_id))["figures"]
    for slug in ("adoption_rate", "retention_rate", "active_days_per_active_user_week"):
        assert (figures[slug]["value"], figures[slug]["interval"]) == (1.0, None)
        assert flags(figures[slug]) == {"small_sample", "not_estimable"}


async def test_the_first_and_the_last_28_days(council: Council) -> None:
    client = await council.admin()
    names = [f"E{number}" for number in range(1, 6)]
    await people(client, *names)
    pilot_id = await pilot(
        client,
        *(member(name) for name in names[:3]),
        member("E4", left_on="2024-04-29"),
        member("E5", joined_on="2024-04-29"),
        starts_on="2024-04-01",
        ends_on="2024-06-01",
    )
    await record(
        client,
        *days("E1", "2024-04-28", "2024-05-04"),
        *days("E2", "2024-04-29", "2024-05-03"),
        *days("E4", "2024-04-01"),
        *days("E5", "2024-05-31"),
    )
    figures = (await ask(client, pilot_id))["figures"]
    first, last = figures["first_28_days_adoption"], figures["last_28_days_adoption"]
    assert first["window"] == {"starts_on": "2024-04-01", "ends_on": "2024-04-29"}
    assert last["window"] == {"starts_on": "2024-05-04", "ends_on": "2024-06-01"}
    assert (share(first), share(last)) == ((2, 4), (2, 4))
    assert share(figures["adoption_rate"]) == (4, 5)
    so_far = (await ask(client, pilot_id, as_of="2024-05-03"))["figures"]
    last = so_far["last_28_days_adoption"]
    assert last["window"] == {"starts_on": "2024-04-06", "ends_on": "2024-05-04"}
    assert share(last) == (2, 5)


async def test_weeks_at_the_edges_hold_what_lies_in_the_window(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    pilot_id = await pilot(
        client,
        member("E1"),
        member("E2", left_on="2024-04-16"),
        starts_on="2024-04-03",
        ends_on="2024-04-17",
    )
    await record(
        client,
        *days("E1", "2024-04-02", "2024-04-03", "2024-04-07", "2024-04-16", "2024-04-17"),
        *days("E2", "2024-04-02", "2024-04-08", "2024-04-14"),
    )
    answer = await ask(client, pilot_id)
    weekly = answer["weekly"]
    assert [entry["starts_on"] for entry in weekly] == ["2024-04-01", "2024-04-08", "2024-04-15"]
    rates = [entry["weekly_active_rate"] for entry in weekly]
    assert [share(rate) for rate in rates] == [(1, 2), (1, 2), (1, 2)]
    assert [rate["window"]["starts_on"] for rate in rates] == [
        "2024-04-03",
        "2024-04-08",
        "2024-04-15",
    ]
    assert [rate["window"]["ends_on"] for rate in rates] == [
        "2024-04-08",
        "2024-04-15",
        "2024-04-17",
    ]
    per_week = [entry["active_days_per_active_user_week"] for entry in weekly]
    assert [share(figure) for figure in per_week] == [(2, 1), (2, 1), (1, 1)]
    # The week before the last is the last whole one; E2, active in it, left during the next.
    assert answer["figures"]["weekly_active_rate"] == rates[1]
    assert [share(entry["retention_rate"]) for entry in weekly] == [(0, 0), (0, 1), (0, 1)]
    for slug in ("weekly_active_rate", "retention_rate", "active_days_per_active_user_week"):
        shown = [PARTIAL in entry[slug]["flags"] for entry in weekly]
        assert shown == [True, False, True], slug


async def test_a_week_from_sunday_counts_on_its_fourth_day(council: Council) -> None:
    """The week from Sunday 31 March counts on Wednesday 3 April, in the ISO week from 1 April."""
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    pilot_id = await pilot(
        client,
        member("E1"),
        member("E2", joined_on="2024-04-03"),
        member("E3", joined_on="2024-04-04"),
    )
    await record(client, *(week(name, "2024-03-31", active_days=3) for name in ("E1", "E2", "E3")))

    async def rate(starts_on: str, ends_on: str, **params: str) -> Any:
        answer = await ask(client, pilot_id, starts_on=starts_on, ends_on=ends_on, **params)
        return share(answer["figures"]["adoption_rate"])

    assert await rate("2024-04-03", "2024-04-04") == (2, 2)
    assert await rate("2024-04-04", "2024-05-01") == (0, 3)
    assert await rate("2024-03-25", "2024-04-03") == (0, 1)
    assert await rate("2024-03-25", "2024-04-08") == (2, 3)
    assert await rate("2024-03-25", "2024-04-08", as_of="2024-04-02") == (0, 1)
    assert await rate("2024-03-25", "2024-04-08", as_of="2024-04-03") == (2, 2)
    answer = await ask(client, pilot_id, starts_on="2024-03-25", ends_on="2024-04-08")
    weekly = [share(entry["weekly_active_rate"]) for entry in answer["weekly"]]
    assert weekly == [(0, 1), (2, 3)]
    assert answer["quality"]["rows_without_access"] == 1


async def test_a_week_from_any_day_counts_on_its_fourth(council: Council) -> None:
    """From Friday 29 March it is Monday 1 April, the first day of the pilot."""
    client = await council.admin()
    await people(client, "E1", "E2")
    pilot_id = await pilot(client, member("E1"), member("E2"), **FORTNIGHT)
    await record(client, week("E1", "2024-03-29"), week("E2", "2024-03-28"))
    weekly = (await ask(client, pilot_id))["weekly"]
    assert [share(entry["weekly_active_rate"]) for entry in weekly] == [(1, 2), (0, 2)]


MON, TUE, WED, SUNDAY = "2024-04-01", "2024-04-02", "2024-04-03", "2024-03-31"
OTHER = {"product": "Other"}
# Rows of one person, person-days over person-weeks, and whether that is a lower bound.
ACTIVE_DAYS: dict[str, tuple[list[dict[str, Any]], tuple[int, int], bool]] = {
    "days": (days("x", MON, TUE, "2024-04-08"), (3, 2), False),
    "days by app": (
        [*days("x", MON, app="word"), *days("x", MON, TUE, app="excel")],
        (2, 1),
        False,
    ),
    "a day that says only how often": (days("x", MON, actions=3), (1, 1), False),
    "a day that is no day but has actions": (
        days("x", MON, active_days=0, actions=3),
        (1, 1),
        False,
    ),
    "a day of zeros": ([*days("x", MON, actions=0), *days("x", TUE)], (1, 1), False),
    "a week": ([week("x", SUNDAY, active_days=4)], (4, 1), False),
    "a week that says only how often": ([week("x", SUNDAY, actions=9)], (1, 1), True),
    "a week that says nothing": ([week("x", SUNDAY)], (1, 1), True),
    "a week of zeros": ([week("x", SUNDAY, active_days=0, actions=0)], (0, 0), False),
    "apps of a week: the largest": (
        [
            week("x", SUNDAY, app="word", active_days=2),
            week("x", SUNDAY, app="excel", active_days=3),
        ],
        (3, 1),
        True,
    ),
    "any goes before apps": (
        [week("x", SUNDAY, active_days=5), week("x", SUNDAY, app="word", active_days=3)],
        (5, 1),
        False,
    ),
    "any goes before apps even where it is smaller": (
        [week("x", SUNDAY, active_days=1), week("x", SUNDAY, app="word", active_days=3)],
        (1, 1),
        False,
    ),
    "any that does not say leaves it to the apps": (
        [week("x", SUNDAY, actions=5), week("x", SUNDAY, app="word", active_days=3)],
        (3, 1),
        True,
    ),
    "days and a week of the same use: the days are more": (
        [*days("x", MON, TUE, WED), week("x", SUNDAY, active_days=2)],
        (3, 1),
        False,
    ),
    "days and a week of the same use: the week is more": (
        [*days("x", MON, TUE), week("x", SUNDAY, active_days=5)],
        (5, 1),
        False,
    ),
    "days in one week, a week reported in another": (
        [*days("x", MON, TUE), week("x", "2024-04-07", active_days=4)],
        (6, 2),
        False,
    ),
    "two products on one day": ([*days("x", MON), *days("x", MON, TUE, **OTHER)], (2, 1), False),
    "two products by the week may have been used on other days": (
        [week("x", SUNDAY, active_days=3), week("x", SUNDAY, active_days=2, **OTHER)],
        (3, 1),
        True,
    ),
}


async def test_active_days_of_every_grain(council: Council) -> None:
    """Everybody is a team, so that each has a figure."""
    client = await council.admin()
    names = {case: f"E{number}" for number, case in enumerate(ACTIVE_DAYS)}
    for case, name in names.items():
        await people(client, name, team=case)
    pilot_id = await pilot(client, *map(member, names.values()), **FORTNIGHT)
    for case, (rows, _, _) in ACTIVE_DAYS.items():
        await record(client, *({**row, "person_external_id": names[case]} for row in rows))
    answer = await ask(client, pilot_id, group_by="team")
    found = of_group(answer, "active_days_per_active_user_week")
    for case, (_, fraction, is_lower_bound) in ACTIVE_DAYS.items():
        assert share(found[case]) == fraction, case
        assert ("lower_bound" in flags(found[case])) is is_lower_bound, case
        value = fraction[0] / fraction[1] if fraction[1] else None
        assert found[case]["value"] == value, case
    whole = answer["figures"]["active_days_per_active_user_week"]
    assert share(whole) == tuple(sum(case[1][n] for case in ACTIVE_DAYS.values()) for n in (0, 1))
    assert whole["people"] == len(ACTIVE_DAYS) - 1
    assert answer["quality"]["contradictory_records"] == 1
    assert answer["quality"]["periods"] == ["day", "week"]
    assert answer["quality"]["products"] == ["Microsoft_365_Copilot", "Other"]
