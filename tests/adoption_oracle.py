"""Adoption once more, straight from the definitions: a day at a time, in plain loops over plain dicts.

It shares no code with the service, and is slow on purpose: nothing in it is cleverer than the text.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from scipy import stats
from statsmodels.stats.proportion import proportion_confint

DAY = timedelta(days=1)
SEGMENTS = ("power", "habitual", "novice", "low", "non_user")
LADDERS = {"usage_segments": (12, 9), "usage_segments_4_weeks": (4, 4)}
Row = dict[str, Any]
Expected = dict[str, Any]


def day_of(row: Row) -> date:
    """The day on which a row counts."""
    start: date = row["starts_on"]
    return start + 3 * DAY if row["period"] == "week" else start


def is_activity(row: Row) -> bool:
    """Zeros say that there was none; a row without numbers says that there was some."""
    if row["active_days"] is None and row["actions"] is None:
        return True
    return (row["active_days"] or 0) > 0 or (row["actions"] or 0) > 0


def week_of(day: date) -> tuple[int, int]:
    return day.isocalendar()[:2]


def days_between(first: date, end: date) -> list[date]:
    return [first + n * DAY for n in range((end - first).days)]


@dataclass
class Oracle:
    """Members are dicts of person, arm, joined_on and left_on; rows are as they were sent."""

    members: list[dict[str, Any]]
    rows: list[Row]
    starts_on: date
    ends_on: date
    as_of: date

    def __post_init__(self) -> None:
        self.days = [d for d in days_between(self.starts_on, self.ends_on) if d <= self.as_of]
        self.member = {member["person"]: member for member in self.members}
        self.counted = [
            row for row in self.rows if day_of(row) <= self.as_of and row["person"] in self.member
        ]

    def has_access(self, person: Any, day: date) -> bool:
        member = self.member.get(person)
        if member is None or member["arm"] != "pilot":
            return False
        if member["joined_on"] is not None and day < member["joined_on"]:
            return False
        return member["left_on"] is None or day < member["left_on"]

    def with_access(self, days: list[date]) -> set[Any]:
        return {p for p in self.member for day in days if self.has_access(p, day)}

    def uses(self, days: list[date]) -> list[Row]:
        """Rows of activity on one of the days by somebody who had access on it."""
        wanted = set(days)
        return [
            row
            for row in self.counted
            if day_of(row) in wanted
            and is_activity(row)
            and self.has_access(row["person"], day_of(row))
        ]

    def active(self, days: list[date]) -> set[Any]:
        return {row["person"] for row in self.uses(days)}

    def whole_week(self, week: tuple[int, int]) -> list[date]:
        return [date.fromisocalendar(*week, weekday) for weekday in range(1, 8)]

    # --- figures -----------------------------------------------------------------------------------

    def figures(self) -> dict[str, Expected]:
        weeks = sorted({week_of(day) for day in self.days})
        whole = [w for w in weeks if set(self.whole_week(w)) <= set(self.days)]
        found = {
            "adoption_rate": self.rate(self.days),
            "first_28_days_adoption": self.rate(self.days[:28]),
            "last_28_days_adoption": self.rate(self.days[-28:]),
            "active_days_per_active_user_week": self.active_days(self.days),
            **self.first_use(),
            **self.rates_of_week((whole or weeks or [None])[-1]),
            **self.segments(self.days),
        }
        late = set()
        seen = [row for row in self.counted if day_of(row) in set(self.days)]
        ends = [row["starts_on"] + (6 if row["period"] == "week" else 0) * DAY for row in seen]
        if ends and (self.days[-1] - max(ends)).days > 4:
            late.add("stale_data")
        if self.as_of < self.ends_on - DAY:
            late.add("window_open")
        for figure in found.values():
            figure["flags"] |= late
        return found

    def weekly(self) -> dict[date, dict[str, Expected]]:
        found = {}
        for week in sorted({week_of(day) for day in self.days}):
            mine = [day for day in self.days if week_of(day) == week]
            per_week = self.active_days(mine)
            if len(mine) < 7:
                per_week["flags"].add("partial_week")
            found[self.whole_week(week)[0]] = {
                **self.rates_of_week(week),
                "active_days_per_active_user_week": per_week,
                **self.segments([day for day in self.days if day <= mine[-1]]),
            }
        return found

    def rate(self, days: list[date]) -> Expected:
        active, access = self.active(days), self.with_access(days)
        figure = self.share(len(active), len(access), "nobody_had_access")
        if access and not active:
            figure["flags"].add("no_activity_data")
        return figure

    def share(self, part: int, whole: int, nobody: str) -> Expected:
        interval = None
        if whole >= 2:
            interval = proportion_confint(part, whole, alpha=0.05, method="wilson")
        return {
            "value": part / whole if whole else None,
            "numerator": part,
            "denominator": whole,
            "people": whole,
            "interval": interval,
            "reason": None if whole else nobody,
            "flags": self.size_flags(whole) if whole else set(),
        }

    def first_use(self) -> dict[str, Expected]:
        """Who has used it at all since access began, and after how many days half of them had."""
        everybody = self.with_access(self.days)
        waits = []
        for person in everybody:
            began = self.member[person]["joined_on"] or self.starts_on
            used = [
                day_of(row)
                for row in self.counted
                if row["person"] == person
                and is_activity(row)
                and self.has_access(person, day_of(row))
                and day_of(row) <= self.days[-1]
            ]
            last = max(day for day in self.days if self.has_access(person, day))
            waits.append((max(0, ((min(used) if used else last) - began).days), bool(used)))
        median = None
        still = Fraction(1)
        for day in sorted({days for days, used in waits if used}):
            at_risk = sum(days >= day for days, _ in waits)
            still *= 1 - Fraction(waits.count((day, True)), at_risk)
            if median is None and still <= Fraction(1, 2):
                median = day
        share = self.share(sum(used for _, used in waits), len(waits), "nobody_had_access")
        missing = "fewer_than_half_have_used_it" if waits else "nobody_had_access"
        # Its interval is held against statsmodels elsewhere.
        days = {
            **share,
            "flags": set(share["flags"]),
            "value": median,
            "interval": ...,
            "reason": None if median is not None else missing,
        }
        return {"activation_rate": share, "median_days_to_first_use": days}

    @staticmethod
    def size_flags(people: int) -> set[str]:
        return ({"small_sample"} if people < 10 else set()) | (
            {"not_estimable"} if people < 2 else set()
        )

    def rates_of_week(self, week: tuple[int, int] | None) -> dict[str, Expected]:
        mine = [day for day in self.days if week_of(day) == week]
        monday = self.whole_week(week)[0] if week else date.min + 8 * DAY
        before = [day for day in self.days if week_of(day) == week_of(monday - DAY)]
        now, earlier = self.active(mine), self.active(before)
        still = {person for person in earlier if person in self.with_access(mine)}
        if before:
            retention = self.share(
                len(now & earlier), len(still), "nobody_active_last_week_still_has_access"
            )
            returning = self.share(len(now & earlier), len(now), "nobody_was_active")
        else:
            retention = self.share(0, 0, "no_previous_week_in_the_window")
            returning = self.share(0, 0, "no_previous_week_in_the_window")
        found = {
            "weekly_active_rate": self.rate(mine),
            "retention_rate": retention,
            "returning_share": returning,
        }
        for figure in found.values():
            if 0 < len(mine) < 7:
                figure["flags"].add("partial_week")
        return found

    def active_days(self, days: list[date]) -> Expected:
        per_person: dict[Any, list[int]] = {}
        flags: set[str] = set()
        for (person, _), rows in self.person_weeks(days).items():
            by_day = {day_of(row) for row in rows if row["period"] == "day"}
            reported = [self.total(record, "active_days") for record in records_of(rows, "week")]
            if reported and len({row["product"] for row in rows}) > 1:
                flags.add("lower_bound")
            if not all(
                any(row["app"] == "any" and row["active_days"] is not None for row in record)
                for record in records_of(rows, "week")
            ):
                flags.add("lower_bound")
            by_week = max([1 if n is None else n for n in reported], default=0)
            per_person.setdefault(person, []).append(max(len(by_day), by_week))
        top = sum(sum(counts) for counts in per_person.values())
        bottom = sum(len(counts) for counts in per_person.values())
        if per_person:
            flags |= self.size_flags(len(per_person))
        return {
            "value": top / bottom if bottom else None,
            "numerator": top,
            "denominator": bottom,
            "people": len(per_person),
            "interval": jackknife([(sum(c), len(c)) for c in per_person.values()]),
            "reason": None if bottom else "nobody_was_active",
            "flags": flags,
        }

    def person_weeks(self, days: list[date]) -> dict[tuple[Any, tuple[int, int]], list[Row]]:
        """Every row that speaks of a day or week in which its person was active, by ISO week."""
        found: dict[tuple[Any, tuple[int, int]], list[Row]] = {}
        spoken_of = {key_of(row) for row in self.uses(days)}
        for row in self.counted:
            if key_of(row) in spoken_of:
                found.setdefault((row["person"], week_of(day_of(row))), []).append(row)
        return found

    @staticmethod
    def total(record: list[Row], what: str) -> int | None:
        """What the row of all apps says, else the apps: the most days, all the actions.

        Where that row is there and does not say how many actions, nobody knows; of days the largest
        app's are the least there can be.
        """
        for row in record:
            if row["app"] == "any" and (row[what] is not None or what == "actions"):
                said: int | None = row[what]
                return said
        known = [row[what] for row in record if row["app"] != "any" and row[what] is not None]
        if not known:
            return None
        return max(known) if what == "active_days" else sum(known)

    # --- segments ----------------------------------------------------------------------------------

    def segments(self, days: list[date]) -> dict[str, Expected]:
        ended = [week_of(day) for day in days if day.isoweekday() == 7]
        return {
            slug: self.ladder(ended[-length:], length, habit)
            for slug, (length, habit) in LADDERS.items()
        }

    def ladder(self, weeks: list[tuple[int, int]], length: int, habit: int) -> Expected:
        days = [day for week in weeks for day in self.whole_week(week)]
        done = self.person_weeks(days)
        unknown = any(
            self.total(record, "actions") is None
            for rows in done.values()
            for record in records_of(rows, "day") + records_of(rows, "week")
        )
        counts = dict.fromkeys(SEGMENTS, 0)
        people = self.with_access(days)
        for person in people:
            amounts = []
            for week in weeks:
                if any(self.has_access(person, day) for day in self.whole_week(week)):
                    rows = done.get((person, week), [])
                    amounts.append(self.days_in(rows) if unknown else self.actions_in(rows))
            counts[segment(amounts, habit)] += 1
        flags = self.size_flags(len(people))
        flags |= {"short_history"} if len(weeks) < length else set()
        flags |= {"basis_active_days"} if unknown else set()
        return {
            "weeks": len(weeks),
            "basis": "active_days" if unknown else "actions",
            "counts": counts,
            "people": len(people),
            "flags": flags,
        }

    def days_in(self, rows: list[Row]) -> int:
        if not rows:
            return 0
        by_day = len({day_of(row) for row in rows if row["period"] == "day"})
        reported = [self.total(record, "active_days") for record in records_of(rows, "week")]
        return max([by_day, *(1 if n is None else n for n in reported)])

    def actions_in(self, rows: list[Row]) -> int:
        """One report of a product's use in a week counts, not the sum of several of the same use."""
        total = 0
        for product in {row["product"] for row in rows}:
            mine = [row for row in rows if row["product"] == product]
            reports = [sum(self.total(r, "actions") or 0 for r in records_of(mine, "day"))]
            reports += [self.total(record, "actions") or 0 for record in records_of(mine, "week")]
            total += max(reports)
        return total

    def rows_without_access(self) -> int:
        return sum(
            is_activity(row)
            and day_of(row) in self.days
            and not self.has_access(row["person"], day_of(row))
            for row in self.counted
        )


def key_of(row: Row) -> tuple[Any, ...]:
    """What the rows of the single apps have in common."""
    return row["person"], row["product"], row["period"], row["starts_on"]


def records_of(rows: list[Row], period: str) -> list[list[Row]]:
    """The rows of that grain, those of one day or week and product together."""
    found: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        if row["period"] == period:
            found.setdefault(key_of(row), []).append(row)
    return list(found.values())


def segment(amounts: list[int], habit: int) -> str:
    average, active = sum(amounts) / len(amounts), sum(amount > 0 for amount in amounts)
    if active >= habit and average >= 15:
        return "power"
    if active >= habit:
        return "habitual"
    if average >= 1:
        return "novice"
    return "low" if average > 0 else "non_user"


def jackknife(parts: list[tuple[int, int]]) -> tuple[float, float] | None:
    k = len(parts)
    if k < 2:
        return None
    top, bottom = sum(part[0] for part in parts), sum(part[1] for part in parts)
    without = [(top - part[0]) / (bottom - part[1]) for part in parts]
    mean = sum(without) / k
    half = stats.t.ppf(0.975, k - 1) * math.sqrt(
        (k - 1) / k * sum((w - mean) ** 2 for w in without)
    )
    return max(0.0, top / bottom - half), top / bottom + half
