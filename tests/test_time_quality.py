"""Days that cannot be true and samples that will not count: flagged, never dropped."""

from datetime import UTC, datetime
from typing import Any

import httpx
import time_machine

from app.access.permissions import Role
from tests.council import Council, good, people, problem
from tests.time_use import led_pilot, record, sample

ALL = {"samples", "people", "suppressed"}


async def _quality(client: httpx.AsyncClient, path: str, **query: Any) -> dict[str, Any]:
    return good(await client.get(f"{path}/time-quality", params=query))


async def _days(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = good(await client.get(f"{path}/time-quality/days", params=query))[
        "items"
    ]
    return items


def _flags(answer: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {flag["code"]: (flag["person_days"], flag["people"]) for flag in answer["flags"]}


def _flagged(items: list[dict[str, Any]]) -> list[tuple[str, float, list[str]]]:
    return [
        (item["day"], item["minutes"], [flag["code"] for flag in item["flags"]]) for item in items
    ]


def _members(*numbers: str) -> list[dict[str, Any]]:
    return [{"person_external_id": n, "arm": "pilot"} for n in numbers]


def _at(ref: str, moment: str, minutes: float, **fields: Any) -> dict[str, Any]:
    return sample(ref, started_at=f"2024-{moment}:00+00:00", minutes=minutes, **fields)


@time_machine.travel(datetime(2024, 11, 20, tzinfo=UTC), tick=False)
async def test_a_day_holds_as_many_hours_as_it_has(council: Council) -> None:
    """24, but 23 on the 31st of March 2024 and 25 on the 27th of October, in London."""
    await people(await council.admin(), "E1", "E2")
    lead, path = await led_pilot(council, *_members("E1", "E2"), ends_on="2024-11-18")
    fits = [
        _at("whole", "03-04T00:00", 1440),
        _at("spring", "03-31T00:00", 23 * 60),
        _at("autumn", "10-26T23:00", 1440),
        _at("autumn-2", "10-27T23:00", 60),
    ]
    await record(lead, path, fits)
    assert _flags(await _quality(lead, path))["over_24_hours"] == (0, 0)
    # Samples that do not overlap cannot be too many but by one that lasts into the next day.
    await record(
        lead,
        path,
        [
            _at("more", "03-05T00:00", 600, person_external_id="E2"),
            _at("than", "03-05T10:00", 841, person_external_id="E2"),
            _at("spring", "03-31T00:00", 23 * 60 + 1),
            _at("autumn-2", "10-27T23:00", 60.5),
        ],
    )
    answer = await _quality(lead, path)
    assert _flags(answer) == {"over_24_hours": (3, 2), "overlapping_samples": (0, 0)}
    assert all(len(flag["sentence"]) > 20 for flag in answer["flags"])
    assert _flagged(await _days(lead, path)) == [
        ("2024-03-05", 1441, ["over_24_hours"]),
        ("2024-03-31", 1381, ["over_24_hours"]),
        ("2024-10-27", 1500.5, ["over_24_hours"]),
    ]
    listed = good(await lead.get(f"{path}/time-samples?limit=200"))["items"]
    assert len(listed) == 6, "nothing is dropped"


async def test_two_places_at_once(council: Council) -> None:
    await people(await council.admin(), "E1", "E2", "E3")
    lead, path = await led_pilot(council, *_members("E1", "E2", "E3"))
    await record(
        lead,
        path,
        [
            # One begins as another ends, on the same day.
            _at("a", "03-04T09:00", 60),
            _at("b", "03-04T10:00", 60),
            # Over midnight: both days cannot be true.
            _at("c", "03-05T23:00", 120),
            _at("d", "03-06T00:30", 30),
            # Another person at the same time is no contradiction.
            _at("e", "03-04T09:00", 60, person_external_id="E2"),
            # Nor is a prompt, nor what was taken back.
            _at("f", "03-04T09:30", 30, person_external_id="E2", method="random_moment"),
            _at("g", "03-04T09:30", 30, person_external_id="E2", deleted=True),
            # Inside a longer one, with others between.
            _at("h", "03-07T09:00", 300, person_external_id="E3", method="timesheet"),
            _at("i", "03-07T09:10", 5, person_external_id="E3"),
            _at("j", "03-07T13:00", 5, person_external_id="E3", method="observation"),
        ],
    )
    assert _flags(await _quality(lead, path)) == {
        "over_24_hours": (0, 0),
        "overlapping_samples": (3, 2),
    }
    twice = ["overlapping_samples"]
    every = [("2024-03-05", 120, twice), ("2024-03-06", 30, twice), ("2024-03-07", 310, twice)]
    assert _flagged(await _days(lead, path)) == every
    # A day alone is held against the samples on both sides of it.
    for n, (day, after) in enumerate((("05", "06"), ("06", "07"))):
        days = {"starts_on": f"2024-03-{day}", "ends_on": f"2024-03-{after}"}
        assert _flagged(await _days(lead, path, **days)) == [every[n]]
        answer = await _quality(lead, path, **days)
        assert answer["total"] == {"samples": 1, "people": 1, "suppressed": False}


async def test_what_will_not_count_is_counted_over_what_is_stored(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1", "E2")
    lead, path = await led_pilot(council, *_members("E1"))
    rows = [
        sample("counts", category="Visit"),
        sample("nobody's", person_external_id="E2"),
        sample("between", started_at="2024-02-19T00:00:00+00:00"),
        sample("after", started_at="2024-04-07T23:00:00+00:00", source="itrent"),
        sample("code", category="X99", method="random_moment"),
        sample("gone", category="X99", deleted=True),
    ]
    taken = good(await lead.post(f"{path}/time-samples/bulk", json={"items": rows[:5]}))
    await record(lead, path, rows)
    answer = await _quality(lead, path)
    assert {name: found["samples"] for name, found in answer["uncounted"].items()} == taken[
        "uncounted"
    ]
    assert answer["total"] == {"samples": 5, "people": 2, "suppressed": False}
    assert [(each["source"], each["samples"], each["people"]) for each in answer["sources"]] == [
        ("itrent", 1, 1),
        ("test", 4, 2),
    ]
    assert [(each["method"], each["samples"]) for each in answer["methods"]] == [
        ("diary", 4),
        ("random_moment", 1),
    ]
    # A membership and a mapping that are mended later make them count.
    good(await lead.post(f"{path}/members/bulk", json={"items": _members("E2")}))
    mended = await _quality(lead, path)
    assert mended["uncounted"]["outside_members"]["samples"] == 0


async def test_small_counts_are_withheld_from_all_but_the_lead(council: Council) -> None:
    numbers = [f"E{n}" for n in range(12)]
    await people(await council.admin(), *numbers)
    lead, path = await led_pilot(council, *_members(*numbers))
    for n, number in enumerate(numbers):
        about: dict[str, Any] = {"person_external_id": number}
        rows = [_at(f"{n}", "03-04T09:00", 60, **about, category="X99" if n < 2 else "visit")]
        if n < 3:
            rows.append(_at(f"{n} alone", "03-05T09:00", 60, **about, source="few"))
        if n < 6:
            rows.append(_at(f"{n} again", "03-04T09:30", 60, **about, source="some"))
        await record(lead, path, rows)
    exact = await _quality(lead, path)
    assert _flags(exact)["overlapping_samples"] == (6, 6)
    assert exact["uncounted"]["unmapped"] == {"samples": 2, "people": 2, "suppressed": False}
    for role in (Role.ANALYST, Role.ADMIN):
        seen = await _quality(await council.as_role(role), path)
        assert seen["total"] == {"samples": 21, "people": 12, "suppressed": False}
        assert _flags(seen) == {"over_24_hours": (0, 0), "overlapping_samples": (6, 6)}
        assert seen["uncounted"]["unmapped"] == dict.fromkeys(ALL) | {"suppressed": True}
        sources = {each["source"]: each["samples"] for each in seen["sources"]}
        assert sources["few"] is None
        # Shown, the two others would leave it to be subtracted.
        assert list(sources.values()).count(None) == 2


async def test_nobody_but_the_lead_is_told_before_the_window_is_over(council: Council) -> None:
    """Of two days the samples of the one between them would follow; and a source from those of its method."""
    numbers = [f"E{n}" for n in range(30)]
    await people(await council.admin(), *numbers)
    lead, path = await led_pilot(council, *_members(*numbers))
    # Of few (3) and those beside them (8): diary is few and many, so the source between stands alone.
    ways = [(3, "few", "diary"), (8, "some", "timesheet"), (19, "many", "diary")]
    place = 0
    for count, source, method in ways:
        for number in numbers[place : place + count]:
            about = {"person_external_id": number, "source": source, "method": method}
            await record(lead, path, [_at(number, "03-04T09:00", 60, **about)])
        place += count
    analyst = await council.as_role(Role.ANALYST)
    with time_machine.travel("2024-04-07T12:00:00Z", tick=False):
        assert (await _quality(lead, path))["total"]["samples"] == 30
        open_ = await _quality(analyst, path)
    counts = [open_["total"], *open_["flags"], *open_["uncounted"].values()]
    assert all(each["suppressed"] for each in [*counts, *open_["sources"], *open_["methods"]])
    over = await _quality(analyst, path)
    assert over["total"]["samples"] == 30
    shown = {each["source"]: each["samples"] for each in over["sources"]}
    assert shown["few"] is None
    assert shown["some"] is None
    assert {each["method"]: each["samples"] for each in over["methods"]}["timesheet"] is None


async def test_a_complement_of_few_is_withheld_as_well(council: Council) -> None:
    numbers = [f"E{n}" for n in range(12)]
    await people(await council.admin(), *numbers)
    lead, path = await led_pilot(council, *_members(*numbers))
    for n, number in enumerate(numbers):
        about: dict[str, Any] = {"person_external_id": number}
        rows = [_at(f"{n}", "03-04T09:00", 60, **about)]
        if n < 10:
            rows.append(_at(f"{n} again", "03-04T09:30", 60, **about))
        await record(lead, path, rows)
    seen = await _quality(await council.as_role(Role.ANALYST), path)
    assert _flags(seen)["overlapping_samples"] == (None, None)


async def test_flagged_days_are_for_the_lead_alone_paged_and_recorded(
    council: Council, other_council: Council
) -> None:
    admin = await council.admin()
    await people(admin, "E1")
    lead, path = await led_pilot(council, *_members("E1"))
    for day in ("04", "05", "06"):
        rows = [_at(f"{day} {n}", f"03-{day}T09:00", 60) for n in (1, 2)]
        await record(lead, path, rows)
    named = f"{path}/time-quality/days"
    first = good(await lead.get(f"{named}?limit=2"))
    rest = good(await lead.get(f"{named}?limit=2&cursor={first['next_cursor']}"))
    days = [item["day"] for item in [*first["items"], *rest["items"]]]
    assert days == ["2024-03-04", "2024-03-05", "2024-03-06"]
    assert rest["next_cursor"] is None
    problem(await admin.get(named), 403, "pilot_lead_only")
    analyst = await council.as_role(Role.ANALYST)
    problem(await analyst.get(named), 403, "scope_missing")
    integrator = await council.as_role(Role.INTEGRATOR)
    problem(await integrator.get(f"{path}/time-quality"), 403, "scope_missing")
    for stranger in (await council.as_role(Role.PILOT_LEAD), await other_council.admin()):
        problem(await stranger.get(named), 404, "not_found")
        problem(await stranger.get(f"{path}/time-quality"), 404, "not_found")
    backwards = {"starts_on": "2024-03-05", "ends_on": "2024-03-05"}
    problem(await lead.get(named, params=backwards), 422, "empty_window")
    events = good(await admin.get("/audit-events?action=time_quality.read"))["items"]
    assert [event["details"] for event in events] == [{"rows": 1}, {"rows": 2}]
