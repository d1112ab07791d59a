"""Who had access when, and what they did while having it: the one input of every adoption figure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from uuid import UUID

from app.core.periods import DAY, Window, iso_week_of
from app.licences.activity.models import Period
from app.licences.activity.years import counted_on
from app.metrics.adoption.repository import Participant, Record


@dataclass(frozen=True, slots=True)
class PersonWeek:
    """What one person did in one ISO week. `actions` None: not known for all of it."""

    person_id: UUID
    active_days: int
    actions: int | None
    days_are_a_lower_bound: bool


@dataclass(frozen=True, slots=True)
class Quality:
    """What is to be known of the data behind the figures."""

    rows_without_access: int | None
    contradictory_records: int | None
    latest_activity_on: date | None
    periods: list[str]
    products: list[str]

    def withheld(self) -> "Quality":
        """What anybody may know: a row, and the day of one, may be one person's."""
        return replace(
            self, rows_without_access=None, contradictory_records=None, latest_activity_on=None
        )


@dataclass(frozen=True, slots=True)
class FirstUse:
    """Days from the first day of access to the first use, or to the last look where there was none."""

    days: int
    used: bool


class History:
    """Access and activity of some people up to a day.

    Args:
        participants: people of a pilot, and when they have access.
        records: what they did; each counts on one day.
        as_of: the last day that is taken into account.
    """

    def __init__(
        self, participants: Sequence[Participant], records: Sequence[Record], as_of: date
    ) -> None:
        known = {p.person_id: p for p in participants}
        self._participants = known
        self._first_active: dict[UUID, date] = {}
        self._by_week: dict[date, list[tuple[date, Record]]] = defaultdict(list)
        self._without_access: list[tuple[date, Record]] = []
        self._seen: list[tuple[date, Record]] = []
        # Segments look back on the same weeks again and again.
        self._having: dict[Window, frozenset[UUID]] = {}
        self._counted: dict[Window, list[PersonWeek]] = {}
        for record in records:
            day = counted_on(record.period, record.period_starts_on)
            if day > as_of or record.person_id not in known:
                continue
            self._seen.append((day, record))
            if not record.active_rows:
                continue
            who = known[record.person_id]
            if any(day in access for access in who.access):
                self._by_week[iso_week_of(day).starts_on].append((day, record))
                first = self._first_active.get(who.person_id, day)
                self._first_active[who.person_id] = min(first, day)
            else:
                self._without_access.append((day, record))

    def with_access(self, days: Window) -> frozenset[UUID]:
        """People who had access on at least one of the days."""
        if days not in self._having:
            self._having[days] = frozenset(
                who.person_id
                for who in self._participants.values()
                if any(access.overlaps(days) for access in who.access)
            )
        return self._having[days]

    def first_uses(self, days: Window) -> list[FirstUse]:
        """Of everybody with access on one of the days: how long until the first use, as seen by their end.

        Who has not used it by then was last looked at on the last day of access, or of the days.
        """
        found = []
        for person_id in self.with_access(days):
            who = self._participants[person_id]
            first = self._first_active.get(person_id)
            used = first is not None and first < days.ends_on
            last = min(who.access[-1].ends_on, days.ends_on) - DAY
            until = first if used and first is not None else last
            # Access that was always there is counted from the pilot's first day.
            found.append(FirstUse(max(0, (until - who.access_from).days), used))
        return found

    def active(self, days: Window) -> set[UUID]:
        """People with activity on at least one of the days while having access."""
        return {record.person_id for _, record in self._on(days)}

    def _on(self, days: Window) -> Iterator[tuple[date, Record]]:
        if not days.days:
            return
        for week in days.iso_weeks():
            for day, record in self._by_week.get(week.starts_on, ()):
                if day in days:
                    yield day, record

    def person_weeks(self, days: Window) -> list[PersonWeek]:
        """What each person did in each ISO week, as far as it counts on one of the days."""
        return [found for week in days.iso_weeks() for found in self._person_weeks_of(week, days)]

    def _person_weeks_of(self, week: Window, days: Window) -> list[PersonWeek]:
        part = week.clip(days)
        if part not in self._counted:
            records: dict[UUID, list[tuple[date, Record]]] = defaultdict(list)
            for day, record in self._on(part):
                records[record.person_id].append((day, record))
            self._counted[part] = [_person_week(who, done) for who, done in records.items()]
        return self._counted[part]

    def quality(self, days: Window) -> Quality:
        seen = [(day, record) for day, record in self._seen if day in days]
        return Quality(
            rows_without_access=sum(
                record.active_rows for day, record in self._without_access if day in days
            ),
            contradictory_records=sum(record.contradicts_itself for _, record in seen),
            latest_activity_on=max((_last_day(record) for _, record in seen), default=None),
            periods=sorted({record.period for _, record in seen}),
            products=sorted({record.product for _, record in seen}),
        )


def _last_day(record: Record) -> date:
    length = 6 if record.period is Period.WEEK else 0
    return record.period_starts_on + timedelta(days=length)


def _person_week(person_id: UUID, done: list[tuple[date, Record]]) -> PersonWeek:
    """One person's week. Days and weeks reported of the same use are not added up: the larger counts."""
    weekly = [record for _, record in done if record.period is Period.WEEK]
    days_by_day = len({day for day, record in done if record.period is Period.DAY})
    # A week that says nothing of its days had one at least.
    days_by_week = max((1 if r.days is None else r.days for r in weekly), default=0)
    known = all(record.actions is not None for _, record in done)
    products = {record.product for _, record in done}
    return PersonWeek(
        person_id=person_id,
        active_days=max(days_by_day, days_by_week),
        actions=sum(_actions(done, product) for product in products) if known else None,
        # Of two products, too, the days may be different ones.
        days_are_a_lower_bound=any(r.days_are_a_lower_bound for r in weekly)
        or (bool(weekly) and len(products) > 1),
    )


def _actions(done: list[tuple[date, Record]], product: str) -> int:
    """Actions with one product. Weeks that count in one ISO week overlap, so they are not added up either."""
    records = [record for _, record in done if record.product == product]
    by_day = sum(record.actions or 0 for record in records if record.period is Period.DAY)
    weekly = (record.actions or 0 for record in records if record.period is Period.WEEK)
    return max((by_day, *weekly))
