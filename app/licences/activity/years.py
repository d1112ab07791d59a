"""A person's year with a product, a byte a day: derived in the transaction that writes the activity.

A byte is 0 where there was no activity (docs/decisions/0017).
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.models import in_parts
from app.core.periods import DAY, Window
from app.licences.activity import repository
from app.licences.activity.models import Period
from app.licences.activity.repository import PeriodActivity

LENGTH: Final = 366
# A daily row shows activity on the day.
ON_THE_DAY: Final = 0x01
# A weekly row that counts on the day shows activity: so many days, ...
WEEK_DAYS: Final = 0x0E
WEEK_DAYS_SHIFT: Final = 1
# ... at least, as only the apps' days are known or none at all.
LOWER_BOUND: Final = 0x10
IN_THE_WEEK: Final = 0x80

_MIDDLE_OF_A_WEEK: Final = timedelta(days=3)

# Product, person and year.
Key = tuple[str, UUID, int]


@dataclass(frozen=True, slots=True)
class Difference:
    """A person's year that is not what its activity says: what it says, and on how many days it differs."""

    person_id: UUID
    year: int
    derived: bytes
    days: int


def counted_on(period: Period, period_starts_on: date) -> date:
    """The day on which a row's activity counts: its own, or the fourth of its week."""
    return period_starts_on + _MIDDLE_OF_A_WEEK if period is Period.WEEK else period_starts_on


def place_of(day: date) -> int:
    """A day's place in its year, from 0."""
    return day.timetuple().tm_yday - 1


def byte_of(period: Period, total_days: int | None, apps_days: int | None, *, active: bool) -> int:
    """What the rows of one day or week say, in the bits above.

    Args:
        period: a day or a week.
        total_days: active days by the row of app `any`; None where not known.
        apps_days: active days of the largest app; None where not known.
        active: whether any row shows activity.
    """
    if not active:
        return 0
    if period is Period.DAY:
        return ON_THE_DAY
    if total_days is not None:
        return IN_THE_WEEK | total_days << WEEK_DAYS_SHIFT
    # A week that says nothing of its days had one at least.
    days = 1 if apps_days is None else apps_days
    return IN_THE_WEEK | LOWER_BOUND | days << WEEK_DAYS_SHIFT


async def hold(session: AsyncSession, principal: Principal, rows: Sequence[dict[str, Any]]) -> None:
    """Hold the years that these rows of activity count in, before they are written.

    So nobody derives a year from what another transaction is about to change.
    """
    keys = {
        (row["product"], row["person_id"], counted_on(row["period"], row["period_starts_on"]).year)
        for row in rows
    }
    if keys:
        await _hold(session, principal, keys)


async def _hold(session: AsyncSession, principal: Principal, keys: Collection[Key]) -> None:
    await repository.hold_years(session, [_row(principal, key, bytes(LENGTH)) for key in keys])


def _row(principal: Principal, key: Key, days: bytes) -> dict[str, Any]:
    now = clock.now()
    product, person_id, year = key
    return {
        "organisation_id": principal.organisation_id,
        "product": product,
        "person_id": person_id,
        "year": year,
        "days": days,
        "created_at": now,
        "updated_at": now,
    }


async def renew(
    session: AsyncSession, principal: Principal, rows: Sequence[dict[str, Any]]
) -> None:
    """Derive the days anew that these rows, now written, count on."""
    if not rows:
        return
    touched: dict[str, dict[tuple[UUID, int], list[PeriodActivity]]] = defaultdict(dict)
    for found in await repository.periods(session, principal, rows):
        year = counted_on(found.period, found.period_starts_on).year
        touched[found.product].setdefault((found.person_id, year), []).append(found)
    for product, of_product in touched.items():
        people = {person_id for person_id, _ in of_product}
        years = {year for _, year in of_product}
        before = await repository.years(session, principal, product, people, years)
        written = [
            _row(principal, (product, *key), _with(before[key], found))
            for key, found in of_product.items()
        ]
        await repository.write_years(session, written)


async def verify(
    session: AsyncSession, principal: Principal, product: str, days: Window
) -> list[Difference]:
    """Hold the years against the activity that counts on some days, and derive anew those that differ.

    Returns:
        What differed, in the order of people and years.
    """
    suspects = {each.person_id for each in await _differing(session, principal, product, days)}
    found: list[Difference] = []
    for part in in_parts(sorted(suspects)):
        keys = {(product, person_id, year) for person_id in part for year in _years_of(days)}
        await _hold(session, principal, keys)
        # Once more: what was read before may have been of two moments.
        differing = await _differing(session, principal, product, days, part)
        rows = [_row(principal, (product, d.person_id, d.year), d.derived) for d in differing]
        await repository.write_years(session, rows)
        found += differing
    return found


async def _differing(
    session: AsyncSession,
    principal: Principal,
    product: str,
    days: Window,
    person_ids: Collection[UUID] | None = None,
) -> list[Difference]:
    """Years that are not what the activity that counts on some days says; of some people or of everybody."""
    # A week begins before the day that it counts on.
    begin = Window(days.starts_on - _MIDDLE_OF_A_WEEK, days.ends_on)
    recorded: dict[tuple[UUID, int], list[PeriodActivity]] = defaultdict(list)
    for each in await repository.periods_beginning(session, principal, product, begin, person_ids):
        day = counted_on(each.period, each.period_starts_on)
        if day in days:
            recorded[each.person_id, day.year].append(each)
    years = _years_of(days)
    held = await repository.years(session, principal, product, person_ids, years)
    found = []
    for person_id, year in sorted(held.keys() | recorded.keys()):
        before = held.get((person_id, year), bytes(LENGTH))
        derived = _with(_emptied(before, year, days), recorded[person_id, year])
        if derived != before:
            changed = sum(one != other for one, other in zip(before, derived, strict=True))
            found.append(Difference(person_id, year, derived, changed))
    return found


def _years_of(days: Window) -> range:
    return range(days.starts_on.year, (days.ends_on - DAY).year + 1)


def _emptied(before: bytes, year: int, days: Window) -> bytes:
    """A year without what stands on some days."""
    here = days.clip(Window(date(year, 1, 1), date(year + 1, 1, 1)))
    first = place_of(here.starts_on)
    return before[:first] + bytes(here.days) + before[first + here.days :]


async def forget_empty(
    session: AsyncSession, principal: Principal, rows: Sequence[dict[str, Any]]
) -> None:
    """Forget the years that these rows counted in, where nothing is recorded of them any more."""
    whose: dict[tuple[str, int], set[UUID]] = defaultdict(set)
    for row in rows:
        year = counted_on(row["period"], row["period_starts_on"]).year
        whose[row["product"], year].add(row["person_id"])
    for (product, year), person_ids in whose.items():
        await repository.forget_years(session, principal, product, year, person_ids)


def _with(days: bytes, found: Sequence[PeriodActivity]) -> bytes:
    """A year with what was found put in the place of what stood there; the rest stays."""
    changed = bytearray(days)
    for activity in found:
        place = place_of(counted_on(activity.period, activity.period_starts_on))
        mine = ON_THE_DAY if activity.period is Period.DAY else 0xFF ^ ON_THE_DAY
        byte = byte_of(
            activity.period, activity.total_days, activity.apps_days, active=activity.is_active
        )
        changed[place] = changed[place] & ~mine | byte
    return bytes(changed)
