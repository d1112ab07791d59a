"""Usage segments on either side of every threshold, as a client sees them."""

from datetime import date, timedelta
from typing import Any

from tests.adoption import SMALL, ask, days, flags, member, of_group, plain, record, share, week
from tests.council import Council, people, pilot

MONDAYS = [str(date(2024, 4, 1) + timedelta(days=7 * number)) for number in range(12)]
TWELVE_WEEKS = {"starts_on": "2024-04-01", "ends_on": "2024-06-24"}
EVERY = {"power", "habitual", "novice", "low", "non_user"}
Rows = list[dict[str, Any]]


def weeks(*actions: int | None, first: int = 0) -> Rows:
    """A row a week, from the first week on or a later one, with so many actions."""
    return [week("x", MONDAYS[first + n], actions=count) for n, count in enumerate(actions)]


LAST_4 = 8
# Rows of one person, the segment over 12 weeks and over 4, and from when there was access.
BY_ACTIONS: dict[str, tuple[Rows, str, str, dict[str, str]]] = {
    "9 weeks, 15 a week": (weeks(*[20] * 9), "power", "novice", {}),
    "9 weeks, a little under 15": (weeks(*[20] * 8, 19), "habitual", "novice", {}),
    "9 weeks, under 1 a week": (weeks(*[1] * 9), "habitual", "low", {}),
    "8 weeks, 15 a week": (weeks(*[22] * 7, 26), "novice", "non_user", {}),
    "9 weeks, one of zeros": (weeks(*[30] * 8, 0), "novice", "non_user", {}),
    "all 12 weeks, 15": (weeks(*[15] * 12), "power", "power", {}),
    "1 a week, all at once": (weeks(12), "novice", "non_user", {}),
    "a little under 1 a week": (weeks(11), "low", "non_user", {}),
    "a single action": (weeks(1), "low", "non_user", {}),
    "nothing": ([], "non_user", "non_user", {}),
    "zeros": (weeks(*[0] * 12), "non_user", "non_user", {}),
    "all of the last 4, 15": (weeks(15, 15, 15, 15, first=LAST_4), "novice", "power", {}),
    "all of the last 4, under 15": (weeks(15, 15, 15, 14, first=LAST_4), "novice", "habitual", {}),
    "3 of the last 4": (weeks(60, 60, 60, first=LAST_4), "novice", "novice", {}),
    "1 a week of the last 4": (weeks(4, first=LAST_4), "low", "novice", {}),
    "under 1 a week of the last 4": (weeks(3, first=LAST_4), "low", "low", {}),
    "9 weeks of access, 15 a week": (
        weeks(*[15] * 9, first=3),
        "power",
        "power",
        {"joined_on": MONDAYS[3]},
    ),
    "8 weeks of access, all of them": (
        weeks(*[50] * 8, first=4),
        "novice",
        "power",
        {"joined_on": MONDAYS[4]},
    ),
    "1 a week of the 6 with access": (
        weeks(6, first=6),
        "novice",
        "non_user",
        {"joined_on": MONDAYS[6]},
    ),
    "access from Sunday is access in the week": (
        weeks(6, first=6),
        "low",
        "non_user",
        {"joined_on": "2024-05-12"},
    ),
    "access that ended": (weeks(*[15] * 8), "novice", "-", {"left_on": MONDAYS[8]}),
    "access that ended a week later": (
        weeks(*[15] * 9),
        "power",
        "novice",
        {"left_on": MONDAYS[9]},
    ),
    "days and weeks of one use": (
        [
            *(row for monday in MONDAYS[:9] for row in days("x", monday, actions=19)),
            *weeks(*[20] * 9),
        ],
        "power",
        "novice",
        {},
    ),
    "actions app by app": (
        [
            *(row | {"app": "word"} for row in weeks(*[10] * 9)),
            *(row | {"app": "excel"} for row in weeks(*[10] * 9)),
        ],
        "power",
        "novice",
        {},
    ),
    "any goes before apps": (
        [*weeks(*[19] * 9), *(row | {"app": "word"} for row in weeks(*[15] * 9))],
        "habitual",
        "novice",
        {},
    ),
    "one product by day, another by week": (
        [
            *(row for m in MONDAYS[:9] for row in days("x", m, actions=10)),
            *(row | {"product": "Other"} for row in weeks(*[10] * 9)),
        ],
        "power",
        "novice",
        {},
    ),
}
# Where a row does not say how many actions, days are counted.
BY_DAYS: dict[str, tuple[Rows, str, str, dict[str, str]]] = {
    "9 weeks of one day": (weeks(*[None] * 9), "habitual", "low", {}),
    "12 weeks of every day": (
        [week("x", monday, active_days=7) for monday in MONDAYS],
        "habitual",
        "habitual",
        {},
    ),
    "8 weeks of one day": (weeks(*[None] * 8), "low", "non_user", {}),
    "12 days in 2 weeks": (
        [week("x", MONDAYS[0], active_days=7), week("x", MONDAYS[1], active_days=5)],
        "novice",
        "non_user",
        {},
    ),
    "11 days in 2 weeks": (
        [week("x", MONDAYS[0], active_days=7), week("x", MONDAYS[1], active_days=4)],
        "low",
        "non_user",
        {},
    ),
    "days one by one": (days("x", *MONDAYS[3:]), "habitual", "habitual", {}),
    "a total that does not say how many, beside apps that do": (
        [*weeks(None), *(row | {"app": "word"} for row in weeks(99))],
        "low",
        "non_user",
        {},
    ),
    "one row without actions among many with": (
        [*weeks(*[99] * 11), *days("x", MONDAYS[11])],
        "habitual",
        "habitual",
        {},
    ),
}


async def test_every_threshold(council: Council) -> None:
    """Everybody is a team, so that the answer says of each which segment it is."""
    client = await council.admin()
    cases = BY_ACTIONS | BY_DAYS
    names = {case: f"E{number}" for number, case in enumerate(cases)}
    for case, name in names.items():
        await people(client, name, team=case)
    members = [member(name, **cases[case][3]) for case, name in names.items()]
    pilot_id = await pilot(client, *members, **TWELVE_WEEKS)
    rows = [
        {**row, "person_external_id": names[case]}
        for case, held in cases.items()
        for row in held[0]
    ]
    await record(client, *rows)
    answer = await ask(client, pilot_id, group_by="team")
    for slug, place in (("usage_segments", 1), ("usage_segments_4_weeks", 2)):
        found = of_group(answer, slug)
        for case, held in cases.items():
            segment = held[place]
            counts = dict.fromkeys(EVERY, 0) | ({} if segment == "-" else {segment: 1})
            assert found[case]["counts"] == counts, (slug, case)
            assert found[case]["people"] == sum(counts.values()), case
    for case, figure in of_group(answer, "usage_segments").items():
        assert figure["basis"] == ("active_days" if case in BY_DAYS else "actions"), case
        assert ("basis_active_days" in flags(figure)) is (case in BY_DAYS), case


async def test_a_whole_answer(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "C1")
    members = member("E1"), member("E2"), member("C1", "comparison")
    pilot_id = await pilot(client, *members, **TWELVE_WEEKS)
    await record(client, *(row | {"person_external_id": "E1"} for row in weeks(*[20] * 12)))
    figures = (await ask(client, pilot_id))["figures"]
    assert figures["usage_segments"] == {
        "slug": "usage_segments",
        "definition_version": 1,
        "window": TWELVE_WEEKS,
        "as_of": "2024-06-23",
        "weeks": 12,
        "basis": "actions",
        "counts": {"power": 1, "habitual": 0, "novice": 0, "low": 0, "non_user": 1},
        "people": 2,
        "flags": [SMALL],
        "suppressed": False,
        "evidence_tier": 2,
    }
    last_4 = figures["usage_segments_4_weeks"]
    assert last_4["window"] == {"starts_on": "2024-05-27", "ends_on": "2024-06-24"}
    assert last_4["counts"] == figures["usage_segments"]["counts"]


async def test_days_are_the_basis_and_it_is_said(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, member("E1"), **TWELVE_WEEKS)
    await record(client, *days("E1", *MONDAYS))
    figure = (await ask(client, pilot_id))["figures"]["usage_segments"]
    assert figure["basis"] == "active_days"
    assert figure["counts"]["habitual"] == 1
    assert {
        "code": "basis_active_days",
        "sentence": "Actions are not known for all activity: active days are counted instead, "
        "so nobody can be a power user.",
    } in figure["flags"]


async def test_only_weeks_that_end_in_the_window_are_looked_at_and_those_whole(
    council: Council,
) -> None:
    """From a Wednesday to a Wednesday: the first week ends in it, the last one does not."""
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, member("E1"), starts_on="2024-04-03", ends_on="2024-04-17")
    before = days("E1", "2024-04-01", actions=30)
    await record(client, *before, *days("E1", "2024-04-15", actions=500))
    answer = await ask(client, pilot_id)
    assert share(answer["figures"]["weekly_active_rate"]) == (0, 1)
    for slug in ("usage_segments", "usage_segments_4_weeks"):
        figure = answer["figures"][slug]
        assert figure["weeks"] == 2
        assert figure["window"] == {"starts_on": "2024-04-01", "ends_on": "2024-04-15"}
        assert figure["counts"]["novice"] == 1, "15 a week, in one week of two"
        assert "short_history" in flags(figure)
    looked_at = [entry["usage_segments"] for entry in answer["weekly"]]
    assert [figure["weeks"] for figure in looked_at] == [1, 2, 2]
    assert looked_at[0]["counts"]["novice"] == 1


async def test_no_week_that_has_ended_leaves_nobody_to_count(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, member("E1"), starts_on="2024-04-01", ends_on="2024-04-07")
    await record(client, *days("E1", "2024-04-02", actions=30))
    figure = plain((await ask(client, pilot_id))["figures"]["usage_segments"])
    assert (figure["weeks"], figure["people"]) == (0, 0)
    assert set(figure["counts"].values()) == {0}
    assert "short_history" in flags(figure)


async def test_each_week_looks_back_from_its_own_end(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, member("E1"), **TWELVE_WEEKS)
    await record(client, *(row | {"person_external_id": "E1"} for row in weeks(*[20] * 9)))
    weekly = (await ask(client, pilot_id))["weekly"]

    def segment(entry: dict[str, Any], slug: str) -> str:
        counts = entry[slug]["counts"]
        return next(str(name) for name, count in counts.items() if count)

    assert [segment(entry, "usage_segments") for entry in weekly] == ["novice"] * 8 + ["power"] * 4
    assert [segment(entry, "usage_segments_4_weeks") for entry in weekly] == [
        *["novice"] * 3,
        *["power"] * 6,
        *["novice"] * 3,
    ]
    assert [entry["usage_segments_4_weeks"]["weeks"] for entry in weekly] == [1, 2, 3, *[4] * 9]
    assert [entry["usage_segments"]["weeks"] for entry in weekly] == list(range(1, 13))
    assert weekly[-1]["usage_segments"]["window"] == TWELVE_WEEKS
