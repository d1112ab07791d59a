"""Daily facts: made anew for the days that are marked, and read together with those that still are."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.arrays import Ids, array_of
from app.core.local_days import LocalDays, begins
from app.core.periods import DAY, Window
from app.pilots import service as pilots
from app.pilots.models import Pilot
from app.time_use.daily import repository
from app.time_use.daily.entries import Entries, Entry, pack, unpack
from app.time_use.daily.models import Code
from app.time_use.daily.repository import LocalDay, Summed

PilotDay = tuple[UUID, date]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the samples of some days add up to, in the order of day, person and code.

    `people` and `codes` are what the numbers of the entries stand for; who has no entry may be among them.
    `taxonomy` is the version that is chosen to read them with, if one is: read with them, and so as of then.
    """

    entries: Entries
    people: Ids
    codes: list[Code]
    taxonomy: str | None


@dataclass(slots=True)
class _Numbers:
    """The numbers of a pilot's people and codes; new ones are given to whoever comes for the first time."""

    known_people: int
    codes: list[Code]
    new_people: dict[UUID, int] = field(default_factory=dict)
    _code: dict[tuple[str, str, str], int] = field(init=False)

    def __post_init__(self) -> None:
        self._code = {(c.source, c.category, c.method): c.number for c in self.codes}

    def entry(self, row: Summed) -> Entry:
        person = row.number
        # A number that was given since the known ones were counted is one that they do not know.
        if person is None or person >= self.known_people:
            new = self.known_people + len(self.new_people)
            person = self.new_people.setdefault(row.person_id, new)
        key = (row.source, row.category, row.method)
        if key not in self._code:
            self._code[key] = len(self.codes)
            self.codes.append(Code(len(self.codes), *key))
        return person, self._code[key], row.minutes, row.samples


async def facts(session: AsyncSession, principal: Principal, pilot: Pilot, days: Window) -> Facts:
    """What the samples of a pilot, which the caller was let to, add up to on some days: as of now.

    Facts and marks are read at one moment: whoever makes the facts of a day anew deletes its mark with the same
    stroke, so a day without one is as its facts say. Marked days are added up from the samples.
    """
    held = await repository.stored(session, principal, pilot.id, days)
    marked, packed = held.marked, [each for each in held.days if each[0] not in held.marked]
    if held.moved:
        # The council has moved to another zone: no day is what it was, also one that had no samples.
        marked, packed = {days.starts_on + n * DAY for n in range(days.days)}, []
    if not marked:
        return Facts(unpack(sorted(packed)), held.people, held.codes, held.taxonomy)
    numbers = _Numbers(len(held.people), held.codes)
    days_marked = [(pilot.id, day) for day in marked]
    made = await _entries(session, principal, days_marked, {pilot.id: numbers})
    packed += [(day, pack(entries)) for (_, day), entries in made.items()]
    people = np.concatenate([held.people, array_of(list(numbers.new_people))])
    return Facts(unpack(sorted(packed)), people, numbers.codes, held.taxonomy)


async def _entries(
    session: AsyncSession,
    principal: Principal,
    days: Collection[PilotDay],
    numbers: Mapping[UUID, _Numbers],
) -> dict[PilotDay, list[Entry]]:
    """The entries of some days of pilots from the samples."""
    zone = ZoneInfo(principal.organisation.zone)
    bounds = [
        LocalDay(pilot_id, day, begins(day, zone), begins(day + DAY, zone))
        for pilot_id, day in sorted(days)
    ]
    found: dict[PilotDay, list[Entry]] = defaultdict(list)
    for row in await repository.sums(session, principal, bounds):
        found[row.pilot_id, row.day].append(numbers[row.pilot_id].entry(row))
    return found


async def recompute(session: AsyncSession, principal: Principal, *pilot_ids: UUID) -> int:
    """Make the facts of pilots' marked days anew, and delete the marks that were seen.

    Returns:
        How many days.
    """
    # Two at once could each delete the mark of what only the other has read.
    await pilots.hold(session, principal, *pilot_ids)
    seen = await repository.marks(session, principal, pilot_ids)
    days = {(each.pilot_id, each.day) for each in seen}
    for pilot_id in await repository.moved(session, principal, pilot_ids):
        days |= await _every_day(session, principal, pilot_id)
    await _store(session, principal, days)
    await repository.unmark(session, principal, seen)
    return len(days)


async def _every_day(session: AsyncSession, principal: Principal, pilot_id: UUID) -> set[PilotDay]:
    """Every day from the first sample of a pilot to the last, and those that are stored."""
    days = await repository.stored_days(session, principal, pilot_id)
    span = await repository.span(session, principal, pilot_id)
    if span is not None:
        first, last = map(LocalDays(ZoneInfo(principal.organisation.zone)).of, span)
        days |= {first + n * DAY for n in range((last - first).days + 1)}
    return {(pilot_id, day) for day in days}


async def _store(session: AsyncSession, principal: Principal, days: Collection[PilotDay]) -> None:
    pilot_ids = {pilot_id for pilot_id, _ in days}
    people = await repository.people_counted(session, principal, pilot_ids)
    codes = await repository.codes(session, principal, pilot_ids)
    numbers = {
        pilot_id: _Numbers(people.get(pilot_id, 0), list(codes[pilot_id])) for pilot_id in pilot_ids
    }
    made = await _entries(session, principal, days, numbers)
    now = clock.now()
    rows = [
        {
            "pilot_id": pilot_id,
            "local_day": day,
            "zone": repository.zone_of(principal),
            "entries": pack(entries),
            "samples": sum(entry[3] for entry in entries),
            "computed_at": now,
        }
        for (pilot_id, day), entries in made.items()
    ]
    await repository.store(session, principal, days, rows)
    new = {
        (pilot_id, person_id): number
        for pilot_id, each in numbers.items()
        for person_id, number in each.new_people.items()
    }
    await repository.add_people(session, principal, new)
    added = {pilot_id: each.codes[len(codes[pilot_id]) :] for pilot_id, each in numbers.items()}
    await repository.add_codes(session, principal, added)


@dataclass(frozen=True, slots=True)
class Difference:
    """A day of which the facts are not what its samples add up to."""

    day: date
    stored_samples: int
    samples: int
    minutes: float


async def differences(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window
) -> list[Difference]:
    """The days of a window, marked ones left out, whose facts differ from their samples."""
    there = await repository.stored(session, principal, pilot.id, days)
    if there.moved:
        return []  # nothing stored is read until it is made anew
    wanted = [d for n in range(days.days) if (d := days.starts_on + n * DAY) not in there.marked]
    held = dict(there.days)
    numbers = {pilot.id: _Numbers(len(there.people), there.codes)}
    made = await _entries(session, principal, [(pilot.id, day) for day in wanted], numbers)
    found = []
    for day in wanted:
        summed = made.get((pilot.id, day), [])
        now, then = unpack([(day, pack(summed))]), unpack([(day, held.get(day, b""))])
        if not _are_alike(now, then):
            found.append(
                Difference(
                    day,
                    int(then.samples.sum()),
                    int(now.samples.sum()),
                    float(now.minutes.sum() - then.minutes.sum()),
                )
            )
    return found


async def verify(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window
) -> list[Difference]:
    """Hold the facts of some days against their samples; days that differ are marked, to be made anew.

    Returns:
        The days that differ for no reason: days whose samples have just changed are marked anyway.
    """
    # Nobody makes facts meanwhile, so whoever changed samples after the first look has left a mark.
    await pilots.hold(session, principal, pilot.id)
    found = await differences(session, principal, pilot, days)
    changed = {each.day for each in await repository.marks(session, principal, [pilot.id], days)}
    found = [each for each in found if each.day not in changed]
    await repository.mark(session, principal, pilot.id, [each.day for each in found])
    for each in found:
        _log.warning(
            "daily_facts_differ",
            pilot_id=str(pilot.id),
            day=each.day.isoformat(),
            stored_samples=each.stored_samples,
            samples=each.samples,
            minutes=each.minutes,
        )
    return found


def _are_alike(one: Entries, other: Entries) -> bool:
    return (
        len(one.person) == len(other.person)
        and bool((one.person == other.person).all())
        and bool((one.code == other.code).all())
        and bool((one.samples == other.samples).all())
        # Sums of the same minutes in another order may differ in the last place.
        and bool(np.allclose(one.minutes, other.minutes, rtol=1e-9, atol=1e-9))
    )
