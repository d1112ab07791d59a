"""Licence utilisation once more, straight from the definitions: day by day, in plain loops over plain rows.

It shares no code with the service, and is slow on purpose: nothing in it is cleverer than the text.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

from scipy import stats

DAY = timedelta(days=1)
CALENDAR, WORKING = "calendar_days", "working_days"
# gov.uk/bank-holidays, England and Wales, December 2022 to January 2025.
BANK_HOLIDAYS = """
2022-12-26 2022-12-27
2023-01-02 2023-04-07 2023-04-10 2023-05-01 2023-05-08 2023-05-29 2023-08-28 2023-12-25 2023-12-26
2024-01-01 2024-03-29 2024-04-01 2024-05-06 2024-05-27 2024-08-26 2024-12-25 2024-12-26 2025-01-01
"""
Row = dict[str, Any]
Expected = dict[str, Any]


@dataclass(frozen=True)
class Pool:
    """What was bought of a product; `capacity` holds (day, seats from then on) as it was recorded."""

    product: str
    starts_on: date
    ends_on: date
    capacity: list[tuple[date, int]]
    price: Decimal | None
    currency: str

    def purchased(self, day: date) -> int:
        """Seats on a day: those of the newest change by then; of two for one day, the later recorded."""
        seats, since = 0, date.min
        for effective_on, number in self.capacity:
            if since <= effective_on <= day:
                seats, since = number, effective_on
        return seats if self.starts_on <= day < self.ends_on else 0


@dataclass(frozen=True)
class Seat:
    """A seat of the pool at that place, open where `ends_on` is null."""

    pool: int
    person: str
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True)
class Wait:
    """Somebody on the waiting list of a pool, until `ended_on` if it is over."""

    pool: int
    person: str
    requested_on: date
    ended_on: date | None


@dataclass(frozen=True)
class Report:
    """What the rows of one person's day or week say together: that there was activity, on so many days."""

    product: str
    person: str
    by_week: bool
    day: date
    days: int
    is_lower_bound: bool


@dataclass(frozen=True)
class Asked:
    """Of which pools, over which days, as of which of them, by which basis."""

    pools: frozenset[int]
    starts_on: date
    ends_on: date
    as_of: date
    basis: str

    @property
    def days(self) -> list[date]:
        every = [self.starts_on + n * DAY for n in range((self.ends_on - self.starts_on).days)]
        return [day for day in every if day <= self.as_of]


def is_working_day(day: date) -> bool:
    return day.isoweekday() <= 5 and str(day) not in BANK_HOLIDAYS


def counts(day: date, basis: str) -> bool:
    return basis == CALENDAR or is_working_day(day)


def week_of(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def working_days_of(week: tuple[int, int]) -> int:
    return sum(is_working_day(date.fromisocalendar(*week, weekday)) for weekday in range(1, 8))


def is_activity(row: Row) -> bool:
    """Zeros say that there was none; a row without numbers says that there was some."""
    if row["active_days"] is None and row["actions"] is None:
        return True
    return (row["active_days"] or 0) > 0 or (row["actions"] or 0) > 0


def reports_of(rows: list[Row]) -> list[Report]:
    """What the rows say, those of the single apps of one day or week taken together."""
    together: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        key = row["product"], row["person"], row["period"], row["starts_on"]
        together.setdefault(key, []).append(row)
    found = []
    for (product, person, period, starts_on), same in together.items():
        if not any(is_activity(row) for row in same):
            continue
        by_week = period == "week"
        said = [(r["app"], r["active_days"]) for r in same if r["active_days"] is not None]
        total = [days for app, days in said if app == "any"]
        apps = [days for app, days in said if app != "any"]
        days = total[0] if total else max(apps) if apps else 1
        day = starts_on + 3 * DAY if by_week else starts_on
        found.append(Report(product, person, by_week, day, days, by_week and not total))
    return found


@dataclass
class Oracle:
    """A council: `departments` says of everybody in which one they are."""

    pools: list[Pool]
    seats: list[Seat]
    rows: list[Row]
    waits: list[Wait]
    departments: dict[str, str | None]
    reports: list[Report] = field(init=False)

    def __post_init__(self) -> None:
        everywhere = range(len(self.pools))
        self.reports = reports_of(self.rows)
        self.covered = [r for r in self.reports if self.seat(everywhere, r, r.day)]

    def seat(self, pools: Collection[int], whose: "Report | Holder", day: date) -> Seat | None:
        """The seat of the product that somebody holds on a day, of one of these pools."""
        for seat in self.seats:
            pool = self.pools[seat.pool]
            if (
                seat.pool in pools
                and (pool.product, seat.person) == (whose.product, whose.person)
                and seat.starts_on <= day < (seat.ends_on or pool.ends_on)
                and pool.starts_on <= day < pool.ends_on
            ):
                return seat
        return None

    def holders(self, asked: Asked, people: Collection[str] | None = None) -> list["Holder"]:
        """Everybody, once a product, who holds a seat of the pools on one of the days."""
        pairs = sorted({(self.pools[s.pool].product, s.person) for s in self.seats})
        found = []
        for product, person in pairs:
            holder = Holder(self, product, person, asked)
            if holder.held and (people is None or person in people):
                found.append(holder)
        return found

    # --- answers -----------------------------------------------------------------------------------

    def figures(self, asked: Asked) -> dict[str, Expected]:
        holders = self.holders(asked)
        bought = sum(
            self.pools[place].purchased(day)
            for place in asked.pools
            for day in asked.days
            if counts(day, asked.basis)
        )
        use = self.use(holders, asked.basis)
        held, active = use["allocated_seat_days"]["value"], use["active_user_days"]["value"]
        share = use["licence_utilisation"]
        interval = share["interval"]
        if interval is not None and bought:
            interval = interval[0] * held / bought, interval[1] * held / bought
        figures = {
            **use,
            "purchased_seat_days": figure(bought, bought),
            "allocation_rate": ratio(held, bought, "nothing_purchased"),
            "effective_utilisation": {
                **ratio(active, bought, "nothing_purchased"),
                "interval": interval if bought else None,
            },
            **self.on_the_date(holders, asked),
            **self.costs(holders, asked),
            **self.advice(holders, asked),
        }
        share["flags"] = self.flags(holders, asked)
        return figures

    def use(self, holders: list["Holder"], basis: str) -> dict[str, Expected]:
        held = sum(h.seat_days(basis) for h in holders)
        active = sum(h.active_days(basis) for h in holders)
        by_person: dict[str, tuple[int, int]] = {}
        for h in holders:
            top, bottom = by_person.get(h.person, (0, 0))
            by_person[h.person] = top + h.active_days(basis), bottom + h.seat_days(basis)
        users = {h.person for h in holders if h.used}
        return {
            "allocated_seat_days": {**figure(held, held), "people": len(by_person)},
            "active_user_days": {**figure(active, active), "people": len(users)},
            "licence_utilisation": {
                **ratio(active, held, "nobody_held_a_seat"),
                "people": len(by_person),
                "interval": jackknife([part for part in by_person.values() if part[1]])
                if held
                else None,
            },
        }

    def on_the_date(self, holders: list["Holder"], asked: Asked) -> dict[str, Expected]:
        today = asked.days[-1]
        states = [state for h in holders if (state := h.state_on(today)) is not None]
        bought = sum(self.pools[place].purchased(today) for place in asked.pools)
        found = {
            slug: {**figure(states.count(slug), states.count(slug), len(states))}
            for slug in ("seats_active_28d", "dormant_seats", "never_used_seats")
        }
        unassigned = bought - len(states)
        return {**found, "unassigned_seats": figure(unassigned, unassigned, bought)}

    def costs(self, holders: list["Holder"], asked: Asked) -> dict[str, Expected]:
        """Always by the calendar, and each pool at its own price."""
        slugs = ("committed_cost", "idle_cost", "cost_per_active_user", "cost_per_active_day")
        pools = [self.pools[place] for place in asked.pools]
        if len({pool.currency for pool in pools}) > 1:
            return dict.fromkeys(slugs, figure(None, reason="several_currencies"))
        if any(pool.price is None for pool in pools):
            return dict.fromkeys(slugs, figure(None, reason="price_not_recorded"))
        committed = idle = Fraction(0)
        for place in asked.pools:
            pool = self.pools[place]
            daily = Fraction(pool.price or 0) / (pool.ends_on - pool.starts_on).days
            bought = sum(pool.purchased(day) for day in asked.days)
            used = sum(
                h.is_in_use(day) and h.pool_on(day) == place for h in holders for day in h.held
            )
            committed += bought * daily
            idle += (bought - used) * daily
        users = len({h.person for h in holders if h.used})
        days = sum(h.active_days(CALENDAR) for h in holders)
        currency = pools[0].currency
        return {
            "committed_cost": money(committed, currency),
            "idle_cost": money(idle, currency),
            "cost_per_active_user": money(committed / users if users else None, currency),
            "cost_per_active_day": money(committed / days if days else None, currency),
        }

    def advice(self, holders: list["Holder"], asked: Asked) -> dict[str, Expected]:
        today = asked.days[-1]
        peak = max(sum(h.is_in_use(day) for h in holders) for day in asked.days)
        waiting = [
            w
            for w in self.waits
            if w.pool in asked.pools
            and w.requested_on <= today
            and (w.ended_on is None or today < w.ended_on)
        ]
        needed = peak + len(waiting)
        seats = needed + math.ceil(Fraction(needed, 10))
        bought = sum(self.pools[place].purchased(today) for place in asked.pools)
        full = None
        for number, day in enumerate(asked.days):
            seats_bought = sum(self.pools[place].purchased(day) for place in asked.pools)
            if full is None and 0 < seats_bought <= sum(day in h.held for h in holders):
                full = number
        reason = None if full is not None else "seats_were_left_on_every_day"
        return {
            "recommended_seats": figure(seats, seats, bought),
            "days_until_all_taken": figure(full, reason=reason),
        }

    def flags(self, holders: list["Holder"], asked: Asked) -> set[str]:
        people = {h.person for h in holders}
        found = {"window_open"} if asked.as_of < asked.ends_on - DAY else set()
        if people:
            found |= {"small_sample"} if len(people) < 10 else set()
            found |= {"not_estimable"} if len(people) < 2 else set()
        found |= {"days_from_weeks" for h in holders for r in h.used if r.by_week}
        found |= {"lower_bound" for h in holders for r in h.used if r.is_lower_bound}
        for place in asked.pools:
            for day in asked.days:
                held = sum(h.pool_on(day) == place for h in holders)
                if held > self.pools[place].purchased(day):
                    found.add("over_allocated")
        return found

    def daily(self, asked: Asked) -> list[dict[str, Any]]:
        """Each day's seats; use on the day itself is not known where some of it is told by the week."""
        holders = self.holders(asked)
        by_week = any(r.by_week for h in holders for r in h.used)
        return [
            {
                "starts_on": str(day),
                "purchased_seat_days": sum(self.pools[p].purchased(day) for p in asked.pools),
                "allocated_seat_days": sum(day in h.held for h in holders),
                "active_user_days": None
                if by_week
                else sum(day in {r.day for r in h.used} for h in holders),
                "seats_active_28d": sum(h.is_in_use(day) for h in holders),
            }
            for day in asked.days
        ]

    def groups(self, asked: Asked) -> dict[str, dict[str, Expected]]:
        """The figures of each department, of those people alone."""
        found = {}
        names = {self.departments[h.person] for h in self.holders(asked)}
        for name in names:
            people = {p for p, department in self.departments.items() if department == name}
            holders = self.holders(asked, people)
            on_the_date = self.on_the_date(holders, asked)
            del on_the_date["unassigned_seats"]
            found[name or "(not recorded)"] = {**self.use(holders, asked.basis), **on_the_date}
        return found

    def without_seat(self, asked: Asked) -> int:
        """Days and weeks of activity with the pools' products while holding no seat of them, of any pool."""
        products = {self.pools[place].product for place in asked.pools}
        return sum(
            r.product in products and r.day in asked.days and r not in self.covered
            for r in self.reports
        )


class Holder:
    """Somebody who may hold a seat of a product, as far as it is one of the pools asked about."""

    def __init__(self, council: Oracle, product: str, person: str, asked: Asked) -> None:
        self.council, self.product, self.person, self.asked = council, product, person, asked
        self.held = [day for day in asked.days if council.seat(asked.pools, self, day)]
        self.covered = [r for r in council.covered if (r.product, r.person) == (product, person)]
        self.used = [r for r in self.covered if r.day in self.held]

    def pool_on(self, day: date) -> int | None:
        seat = self.council.seat(self.asked.pools, self, day)
        return None if seat is None else seat.pool

    def seat_days(self, basis: str) -> int:
        return sum(counts(day, basis) for day in self.held)

    def active_days(self, basis: str) -> int:
        """By ISO week the larger of the days seen and the days reported."""
        total = 0
        for week in {week_of(r.day) for r in self.used}:
            mine = [r for r in self.used if week_of(r.day) == week]
            seen = {r.day for r in mine if not r.by_week and counts(r.day, basis)}
            told = max((r.days for r in mine if r.by_week), default=0)
            if basis == WORKING:
                told = min(told, working_days_of(week))
            total += max(len(seen), told)
        return total

    def is_in_use(self, day: date) -> bool:
        """Whether a seat is held on the day by somebody active in the trailing 28 days, with any seat."""
        return day in self.held and any(day - 28 * DAY < r.day <= day for r in self.covered)

    def state_on(self, day: date) -> str | None:
        seat = self.council.seat(self.asked.pools, self, day)
        if seat is None:
            return None
        if self.is_in_use(day):
            return "seats_active_28d"
        since = [r for r in self.covered if seat.starts_on <= r.day <= day]
        return "dormant_seats" if since else "never_used_seats"


def figure(
    value: int | None,
    numerator: int | None = None,
    denominator: int | None = None,
    reason: str | None = None,
) -> Expected:
    return {"value": value, "numerator": numerator, "denominator": denominator, "reason": reason}


def ratio(top: int, bottom: int, nothing: str) -> Expected:
    if not bottom:
        return {**figure(None, top, bottom, nothing), "interval": None}
    return {**figure(None, top, bottom), "value": top / bottom}


def money(exact: Fraction | None, currency: str) -> Expected:
    if exact is None:
        return {"value": None, "money": None, "reason": "nobody_was_active"}
    amount = Decimal(exact.numerator) / Decimal(exact.denominator)
    pennies = str(amount.quantize(Decimal("0.01"), ROUND_HALF_UP))
    return {
        "value": float(exact),
        "money": {"amount": pennies, "currency": currency},
        "reason": None,
    }


def jackknife(parts: list[tuple[int, int]]) -> tuple[float, float] | None:
    """The interval of the ratio of totals, leaving out one person at a time."""
    k = len(parts)
    if k < 2:
        return None
    estimates = []
    for left_out in range(k):
        others = [part for person, part in enumerate(parts) if person != left_out]
        estimates.append(sum(top for top, _ in others) / sum(bottom for _, bottom in others))
    mean = sum(estimates) / k
    variance = (k - 1) / k * sum((estimate - mean) ** 2 for estimate in estimates)
    whole = sum(top for top, _ in parts) / sum(bottom for _, bottom in parts)
    half = stats.t.ppf(0.975, k - 1) * math.sqrt(variance)
    return max(0.0, whole - half), whole + half
