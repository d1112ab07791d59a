"""Publishing what happened, and putting it in an order that nobody can miss anything of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select

from app.access.principals import Principal
from app.core import clock
from app.core.models import new_id
from app.events import repository
from app.events.models import Event
from app.events.types import EventType

MOST_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Occurred:
    """Something that happened to a thing; `data` has exactly the names that its type states."""

    kind: EventType
    about: UUID
    data: Mapping[str, Any]
    pilot_id: UUID | None = None


async def publish(
    session: AsyncSession, organisation_id: UUID, occurred: Sequence[Occurred]
) -> None:
    """Write events, in the transaction of the change that they tell of.

    Call it while what they are about is held against other writers: events of one subject are then in the
    order in which they happened.

    Args:
        session: the transaction of the change.
        organisation_id: whose.
        occurred: in order.
    """
    if not occurred:
        return
    now = clock.now()
    await repository.append(session, [_row(organisation_id, each, now) for each in occurred])


def _row(organisation_id: UUID, occurred: Occurred, now: datetime) -> dict[str, Any]:
    kind = occurred.kind
    if set(occurred.data) != set(kind.data):
        raise ValueError(f"{kind.name} tells {', '.join(kind.data)}, no more and no less")
    return {
        "organisation_id": organisation_id,
        "id": new_id(),
        "type": kind.name,
        "subject": f"{kind.collection}/{occurred.about}",
        "pilot_id": occurred.pilot_id,
        "data": {name: _plain(value) for name, value in occurred.data.items()},
        "occurred_at": now,
        "number": None,
    }


def _plain(value: Any) -> Any:
    return [str(each) for each in value] if isinstance(value, list | tuple) else str(value)


async def waiting(session: AsyncSession) -> list[UUID]:
    """The organisations whose events wait for a number."""
    return await repository.with_unnumbered(session)


async def waiting_count(session: AsyncSession) -> int:
    """How many events wait for a number, over all organisations."""
    return await repository.unnumbered_count(session)


async def number(session: AsyncSession, organisation_id: UUID) -> list[Event]:
    """Give the next numbers to committed events; returns these, in order.

    Whoever does it holds the organisation's counter until the numbers are committed. So a number is seen only
    together with or after every smaller one, and what commits later gets a larger one, whenever it was written.
    """
    counter = await repository.hold_counter(session, organisation_id)
    events = await repository.unnumbered(session, organisation_id, MOST_AT_ONCE)
    for event in events:
        counter.last_number += 1
        event.number = counter.last_number
    await session.flush()
    return events


async def after(
    session: AsyncSession,
    principal: Principal,
    number: int,
    limit: int,
    types: Collection[str],
    pilots: Select[Any] | None = None,
) -> list[Event]:
    """Events of these types that come after a number, in order; with `pilots`, those of these pilots alone."""
    return await repository.after(session, principal, number, limit, types, pilots)


async def bounds(session: AsyncSession, principal: Principal) -> tuple[int, int]:
    """The last number that is forgotten, and the last that was given."""
    counter = await repository.counter(session, principal.organisation_id)
    return counter.last_forgotten, counter.last_number


async def between(
    session: AsyncSession,
    principal: Principal,
    types: Collection[str],
    since: datetime,
    until: datetime,
    limit: int,
) -> list[Event]:
    """Events of these types that happened in `[since, until)`, in order."""
    return await repository.of_types_between(session, principal, types, since, until, limit)


async def find(session: AsyncSession, principal: Principal, event_id: UUID) -> Event | None:
    """One event; None where there is none within reach, or none that is numbered."""
    return await repository.find(session, principal, event_id)


async def old(session: AsyncSession, organisation_id: UUID, before: datetime) -> int | None:
    """The number through which all events lie before an instant; None where there is nothing to forget."""
    return await repository.last_number_before(session, organisation_id, before)


async def forget(session: AsyncSession, organisation_id: UUID, through: int) -> int:
    """Forget events up to a number; returns how many. A cursor that lies before it has expired from then on."""
    counter = await repository.hold_counter(session, organisation_id)
    counter.last_forgotten = max(counter.last_forgotten, through)
    return await repository.forget_through(session, organisation_id, through)
