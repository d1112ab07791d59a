"""Small councils made at random: every figure of their seats equals one computed from the text alone."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from tests.adoption import flags, record
from tests.council import Council, good, pilot
from tests.licences import release, seat, wait
from tests.utilisation_oracle import (
    CALENDAR,
    DAY,
    WORKING,
    Asked,
    Expected,
    Oracle,
    Pool,
    Row,
    Seat,
    Wait,
)

DEPARTMENTS = {"P1": "Adults", "P2": "Adults", "P3": "Children", "P4": "Children", "P5": "IT"}
STAFF: dict[str, str | None] = {f"P{n}": DEPARTMENTS.get(f"P{n}") for n in range(1, 13)}
# About New Year of a year after which leap days come, of a leap year, and about Easter in one.
ABOUT = (date(2022, 12, 12), date(2023, 12, 11), date(2024, 3, 11))
NUMBERS = count()


def made_at_random(chance: Random, products: tuple[str, str]) -> tuple[Oracle, list[Seat]]:
    """Two pools and who had a seat of them when; and seats that were taken back on their first day."""
    begins = chance.choice(ABOUT)
    pools = [pool_at_random(chance, product, begins) for product in products]
    chosen = chance.sample(sorted(STAFF), chance.randint(1, len(STAFF)))
    seats, taken_back, waits = list[Seat](), list[Seat](), list[Wait]()
    rows: dict[tuple[Any, ...], Row] = {}
    for person in chosen:
        for product in dict.fromkeys(products):
            places = [n for n, pool in enumerate(pools) if pool.product == product]
            own = list(seats_at_random(chance, pools, places, person))
            seats += own
            if chance.random() < 0.1:
                place = chance.choice(places)
                day = day_in(chance, pools[place])
                taken_back.append(Seat(place, person, day, day))
            waits += wait_at_random(chance, pools, places, person, own)
            known = [s.starts_on for s in own] or [begins]
            for row in [*habit(chance, known), *weekly(chance, known), *odd(chance, begins)]:
                row |= {"product": product, "person": person}
                key = product, person, row["period"], row["starts_on"], row["app"]
                rows[key] = row
    return Oracle(pools, seats, list(rows.values()), waits, STAFF), taken_back


def pool_at_random(chance: Random, product: str, begins: date) -> Pool:
    starts_on = begins + chance.randint(-9, 9) * DAY
    length = chance.choice((chance.randint(1, 9), chance.randint(20, 60), 90, 400))
    capacity = [(starts_on, chance.randint(0, 5))]
    for _ in range(chance.choice((0, 1, 1, 2))):
        # Now and then two changes for one day.
        day = chance.choice((starts_on + chance.randrange(length) * DAY, capacity[-1][0]))
        capacity.append((day, chance.randint(0, 5)))
    price = None if chance.random() < 0.1 else Decimal(chance.randint(1, 30000)) / 100
    currency = "EUR" if chance.random() < 0.1 else "GBP"
    return Pool(product, starts_on, starts_on + length * DAY, capacity, price, currency)


def day_in(chance: Random, pool: Pool) -> date:
    return pool.starts_on + chance.randrange((pool.ends_on - pool.starts_on).days) * DAY


def seats_at_random(
    chance: Random, pools: list[Pool], places: list[int], person: str
) -> Iterator[Seat]:
    """Seats of one product one after the other, of either pool, with gaps and without."""
    free_from = date.min
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3))):
        place = chance.choice(places)
        pool = pools[place]
        gap = chance.choice((0, 0, 0, chance.randint(0, 5), chance.randint(0, 40)))
        starts_on = max(free_from, pool.starts_on) + gap * DAY
        stays = chance.choice((chance.randint(1, 6), chance.randint(1, 70)))
        ends_on = None if chance.random() < 0.4 else min(starts_on + stays * DAY, pool.ends_on)
        if starts_on < pool.ends_on:
            yield Seat(place, person, starts_on, ends_on)
            free_from = ends_on or pool.ends_on


def wait_at_random(
    chance: Random, pools: list[Pool], places: list[int], person: str, own: list[Seat]
) -> Iterator[Wait]:
    """A wait for a seat of a product, which ends with the one that somebody gets."""
    place = chance.choice(places)
    if chance.random() > 0.15 or len(own) > 1:
        return
    asked_on = min([day_in(chance, pools[place]), *(s.starts_on for s in own)])
    yield Wait(place, person, asked_on, own[0].starts_on if own else None)


def habit(chance: Random, known: list[date]) -> Iterator[Row]:
    """Days of use about the days on which seats were given: often, seldom, with long pauses."""
    day = chance.choice(known) - chance.choice((0, 0, 3, 30, 400)) * DAY
    pause = chance.choice((1, 3, 12, 27, 28, 29))
    for _ in range(chance.choice((0, 1, 4, 12))):
        actions = chance.choice((None, 0, 1, 5))
        yield row_of("day", day, chance.choice(("any", "any", "word")), None, actions)
        day += chance.choice((1, pause)) * DAY


def weekly(chance: Random, known: list[date]) -> Iterator[Row]:
    """Weeks of use, from whatever weekday on: in total, app by app, or without saying how many days."""
    day = chance.choice(known) - chance.choice((0, 1, 2, 3, 4, 5, 10)) * DAY
    for _ in range(chance.choice((0, 0, 1, 3, 6))):
        for app in chance.sample(("any", "word", "teams"), chance.choice((1, 1, 2))):
            days = chance.choice((None, 0, 1, 3, 6, 7, 7))
            yield row_of("week", day, app, days, chance.choice((None, 0, 4)))
        day += chance.choice((7, 7, 7, 6, 28)) * DAY


def odd(chance: Random, begins: date) -> Iterator[Row]:
    """Rows anywhere."""
    for _ in range(chance.choice((0, 0, 2))):
        period = chance.choice(("day", "week"))
        app = chance.choice(("any", "word", "teams"))
        day = begins + chance.randint(-40, 100) * DAY
        days = chance.choice((None, 0, 1))
        yield row_of(period, day, app, days, chance.choice((None, 0, 1)))


def row_of(period: str, day: date, app: str, days: int | None, actions: int | None) -> Row:
    return {
        "period": period,
        "starts_on": day,
        "app": app,
        "active_days": days,
        "actions": actions,
    }


def questions(chance: Random, council: Oracle) -> Iterator[Asked]:
    """Windows of a few days, of some weeks, over New Year or two of them; as of their end or before."""
    for of_pools in ({0}, {0}, {1}, {1}, {0, 1}, {0, 1}, {0, 1}):
        anchor = chance.choice(
            [council.pools[min(of_pools)].starts_on, *(s.starts_on for s in council.seats)]
        )
        starts_on = anchor + chance.choice((0, 0, 7, chance.randint(-12, 30))) * DAY
        days = chance.choice((chance.randint(1, 7), chance.randint(8, 50), 80))
        if chance.random() < 0.3:  # from Monday to Friday, every one of them a working day or not
            starts_on, days = date.fromisocalendar(*starts_on.isocalendar()[:2], 1), 5
        elif chance.random() < 0.07:
            days = 390
        ends_on = starts_on + days * DAY
        as_of = ends_on - DAY
        if chance.random() < 0.2:
            as_of = starts_on + chance.randint(-1, days - 1) * DAY
        basis = chance.choice((CALENDAR, WORKING))
        yield Asked(frozenset(of_pools), starts_on, ends_on, as_of, basis)


# --- as a client ---------------------------------------------------------------------------------


async def load(
    client: httpx.AsyncClient, council: Oracle, taken_back: list[Seat], number: int
) -> list[str]:
    """The council as a client records it; returns the paths of its two pools and of the pilot of both."""
    staff = [{"external_id": n, "department": name} for n, name in council.departments.items()]
    good(await client.post("/people/bulk", json={"items": staff}))
    pilot_id = await pilot(client, code=f"P-{number}")
    paths = []
    for place, pool in enumerate(council.pools):
        wanted = {
            "name": f"{number} {place}",
            "product": pool.product,
            "pilot_id": pilot_id,
            "overallocation": "warn",
            "hands_on_released_seats": False,
            "currency": pool.currency,
            "seat_price": None if pool.price is None else str(pool.price),
            "term_starts_on": str(pool.starts_on),
            "term_ends_on": str(pool.ends_on),
            "seats": pool.capacity[0][1],
        }
        created = good(await client.post("/licence-pools", json=wanted), 201)
        paths.append(f"/licence-pools/{created['pool_id']}")
        for day, seats in pool.capacity[1:]:
            body = {"effective_on": str(day), "seats": seats}
            good(await client.post(f"{paths[-1]}/capacity-changes", json=body), 201)
    for empty in taken_back:
        day = str(empty.starts_on)
        given_ = await seat(client, paths[empty.pool], empty.person, allocated_on=day)
        good(await release(client, given_, released_on=day))
    for entry in council.waits:
        await wait(client, paths[entry.pool], entry.person, requested_on=str(entry.requested_on))
    for place, path in enumerate(paths):
        items = [
            {
                "person_external_id": held.person,
                "allocated_on": str(held.starts_on),
                "released_on": None if held.ends_on is None else str(held.ends_on),
            }
            for held in council.seats
            if held.pool == place
        ]
        if items:
            answer = good(await client.post(f"{path}/allocations/bulk", json={"items": items}))
            assert answer["accepted"] == len(items), answer
    if council.rows:
        await record(client, *map(as_sent, council.rows))
    return [
        *(f"{path}/utilisation" for path in paths),
        f"/pilots/{pilot_id}/metrics/licence-utilisation",
    ]


async def ask(client: httpx.AsyncClient, paths: list[str], asked: Asked) -> dict[str, Any]:
    """Of one pool, or of the pilot's two taken together."""
    params = {
        "starts_on": str(asked.starts_on),
        "ends_on": str(asked.ends_on),
        "as_of": str(asked.as_of),
        "basis": asked.basis,
        "group_by": "department",
    }
    path = paths[min(asked.pools)] if len(asked.pools) == 1 else paths[-1]
    return good(await client.get(path, params=params))


def as_sent(row: Row) -> dict[str, Any]:
    return {
        "product": row["product"],
        "person_external_id": row["person"],
        "period": row["period"],
        "period_starts_on": str(row["starts_on"]),
        "app": row["app"],
        "active_days": row["active_days"],
        "actions": row["actions"],
        "source": "test",
    }


def near(number: Any) -> Any:
    """Something that is equal to nearly the same numbers, and to nothing where there are none."""
    return number if number is None else pytest.approx(number, rel=1e-9, abs=1e-12)


def same(slug: str, figure: dict[str, Any], expected: Expected) -> None:
    """Hold a figure against what is expected of it."""
    for name in ("numerator", "denominator", "reason", "people", "money"):
        if name in expected:
            assert figure[name] == expected[name], (slug, name)
    assert figure["value"] == near(expected["value"]), slug
    if "interval" in expected:
        found = figure["interval"] and (figure["interval"]["low"], figure["interval"]["high"])
        assert found == near(expected["interval"]), slug
    if "flags" in expected:
        assert flags(figure) == expected["flags"], slug


def check(answer: dict[str, Any], council: Oracle, asked: Asked) -> None:
    figures = answer["figures"]
    if not asked.days:
        assert {(f["value"], f["reason"]) for f in figures.values()} == {
            (None, "window_has_not_begun")
        }
        assert (answer["daily"], answer["groups"]) == ([], [])
        return
    for slug, expected in council.figures(asked).items():
        same(slug, figures[slug], expected)
    by_day = [
        {slug: held["value"] if isinstance(held, dict) else held for slug, held in day.items()}
        for day in answer["daily"]
    ]
    assert by_day == council.daily(asked)
    groups = {group["group"]: group["figures"] for group in answer["groups"]}
    expected_groups = council.groups(asked)
    assert set(groups) == set(expected_groups)
    for name, expected_figures in expected_groups.items():
        assert set(groups[name]) == set(expected_figures)
        for slug, expected in expected_figures.items():
            same(f"{slug} of {name}", groups[name][slug], expected)
    assert answer["quality"]["activity_rows_without_seat"] == council.without_seat(asked)
    assert (answer["as_of"], answer["basis"]) == (str(asked.as_of), asked.basis)


@given(st.integers(0, 2**32))
@settings(
    max_examples=8,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # a smaller seed is no smaller council
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_every_figure_equals_the_one_computed_from_the_text(
    council: Council, seed: int
) -> None:
    note(f"seed {seed}")
    chance, number = Random(seed), next(NUMBERS)  # noqa: S311 - a simulation, not a secret
    products = f"A{number}", chance.choice((f"A{number}", f"A{number}", f"B{number}"))
    oracle, taken_back = made_at_random(chance, products)
    client = await council.admin()
    paths = await load(client, oracle, taken_back, number)
    for asked in questions(chance, oracle):
        check(await ask(client, paths, asked), oracle, asked)


# --- by hand -------------------------------------------------------------------------------------


def may(number: int) -> date:
    return date(2024, 5, number)


def told(starts_on: int, days: int | None, app: str = "any") -> Row:
    return row_of("week", may(starts_on), app, days, 4)


def seen(*days_of_may: int) -> list[Row]:
    return [row_of("day", may(number), "any", None, 4) for number in days_of_may]


BOTH, FIRST, SECOND = frozenset({0, 1}), frozenset({0}), frozenset({1})
# Of whom: the seats (pool, from, to), and the activity. 6 May is a bank holiday, 13 May a Monday.
BY_HAND: dict[str, tuple[list[tuple[int, int, int | None]], list[Row]]] = {
    "seven days told": ([(0, 1, None)], [told(12, 7)]),
    "seven days told of a week with a bank holiday": ([(0, 1, None)], [told(5, 7)]),
    "more days seen than told": ([(0, 1, None)], [*seen(13, 14, 17, 18), told(12, 3)]),
    "more days told than seen": ([(0, 1, None)], [*seen(13), told(12, 3)]),
    "two reports in one week": ([(0, 1, None)], [told(12, 2), told(13, 5)]),
    "the largest app": ([(0, 1, None)], [told(12, 2, "word"), told(12, 4, "teams")]),
    "days not told": ([(0, 1, None)], [told(12, None)]),
    "counts on Thursday": ([(0, 1, None)], [told(13, 6)]),
    "a seat from Thursday on": ([(0, 16, None)], [told(12, 4), *seen(15, 16)]),
    "moved on Wednesday": ([(0, 1, 15), (1, 15, None)], [*seen(13), told(13, 3)]),
    "had none after all": ([(0, 14, 14)], seen(14)),
}
# Over which days of May, of which pools, by which basis: who has how many active days.
ANSWERS: list[tuple[int, int, frozenset[int], str, tuple[int | None, ...]]] = [
    (13, 20, BOTH, CALENDAR, (7, 0, 4, 3, 5, 4, 1, 6, 1, 3, None)),
    (13, 20, FIRST, CALENDAR, (7, 0, 4, 3, 5, 4, 1, 6, 1, 1, None)),
    (13, 20, SECOND, CALENDAR, (*[None] * 9, 3, None)),
    (13, 20, BOTH, WORKING, (5, 0, 3, 3, 5, 4, 1, 5, 1, 3, None)),
    (13, 18, BOTH, WORKING, (5, 0, 3, 3, 5, 4, 1, 5, 1, 3, None)),
    (13, 16, BOTH, CALENDAR, (7, 0, 3, 3, 2, 4, 1, 0, None, 1, None)),
    (6, 13, BOTH, WORKING, (0, 4, 0, 0, 0, 0, 0, 0, None, 0, None)),
]


async def test_weeks_that_were_counted_by_hand(council: Council) -> None:
    pool = Pool("A", date(2024, 4, 1), date(2024, 7, 1), [(date(2024, 4, 1), 20)], None, "GBP")
    names = {f"P{number}": name for number, name in enumerate(BY_HAND)}
    seats = [
        Seat(place, person, may(starts_on), None if ends_on is None else may(ends_on))
        for person, name in names.items()
        for place, starts_on, ends_on in BY_HAND[name][0]
    ]
    taken_back = [held for held in seats if held.starts_on == held.ends_on]
    rows = [
        {**row, "product": "A", "person": person}
        for person, name in names.items()
        for row in BY_HAND[name][1]
    ]
    kept = [held for held in seats if held not in taken_back]
    waits = [Wait(0, taken_back[0].person, may(14), None)]
    oracle = Oracle([pool, pool], kept, rows, waits, dict(names))
    client = await council.admin()
    paths = await load(client, oracle, taken_back, 0)
    for starts_on, ends_on, pools, basis, active in ANSWERS:
        asked = Asked(pools, may(starts_on), may(ends_on), may(ends_on - 1), basis)
        by_hand = {n: days for n, days in zip(BY_HAND, active, strict=True) if days is not None}
        groups = oracle.groups(asked)
        assert {n: g["active_user_days"]["value"] for n, g in groups.items()} == by_hand
        answer = await ask(client, paths, asked)
        found = {g["group"]: g["figures"]["active_user_days"]["value"] for g in answer["groups"]}
        assert found == by_hand, asked
        check(answer, oracle, asked)


def test_the_councils_made_at_random_try_everything() -> None:
    """Or the test above would prove less than it seems to."""
    tried: set[Any] = set()
    for seed in range(60):
        chance = Random(seed)  # noqa: S311 - as above
        oracle, taken_back = made_at_random(chance, ("A", chance.choice("AB")))
        tried |= {"taken back" for _ in taken_back}
        for asked in questions(chance, oracle):
            if not asked.days:
                tried.add("not begun")
                continue
            figures = oracle.figures(asked)
            for slug, figure in figures.items():
                tried |= {figure["reason"], *figure.get("flags", ())}
                if figure["value"] not in (None, 0, 1):
                    tried.add(slug)
            years = asked.ends_on.year - asked.starts_on.year
            tried |= {("years", years), asked.basis}
            tried |= {"without a seat"} if oracle.without_seat(asked) else set()
            waits = [w for w in oracle.waits if w.pool in asked.pools and w.ended_on is None]
            tried |= {"waits" for w in waits if w.requested_on <= asked.as_of}
    assert tried >= {
        *("taken back", "not begun", "without a seat", "waits", ("years", 1), ("years", 2)),
        *(CALENDAR, WORKING, "window_open", "small_sample", "not_estimable", "over_allocated"),
        *("days_from_weeks", "lower_bound", "nothing_purchased", "nobody_held_a_seat"),
        *("several_currencies", "price_not_recorded", "nobody_was_active"),
        *("seats_were_left_on_every_day", "days_until_all_taken", "recommended_seats"),
        *("licence_utilisation", "effective_utilisation", "allocation_rate", "unassigned_seats"),
        *("seats_active_28d", "dormant_seats", "never_used_seats"),
        *("committed_cost", "idle_cost", "cost_per_active_user", "cost_per_active_day"),
    }
