"""What utilisation is computed from beside the seats and their use."""

from collections.abc import Collection
from datetime import date
from uuid import UUID

from sqlalchemy import and_, func, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns
from app.core.periods import Window
from app.licences.allocations.models import SeatAllocation
from app.licences.waiting_list.models import WaitingEntry
from app.metrics.groups import GroupBy
from app.people.models import Person


async def requests(
    session: AsyncSession, principal: Principal, pool_ids: Collection[UUID], window: Window
) -> list[tuple[UUID, date, date | None, bool]]:
    """Requests for seats made in the window: pool, day, the day on which the wait ended, with a seat."""
    e = WaitingEntry
    statement = scoped_columns(
        principal,
        e,
        col(e.pool_id),
        col(e.requested_on),
        col(e.ended_on),
        col(e.allocation_id).is_not(None),
    ).where(
        col(e.pool_id).in_(pool_ids),
        col(e.requested_on) >= window.starts_on,
        col(e.requested_on) < window.ends_on,
    )
    return [(row[0], row[1], row[2], bool(row[3])) for row in await session.exec(statement)]


async def groups(
    session: AsyncSession,
    principal: Principal,
    pool_ids: Collection[UUID],
    window: Window,
    group_by: GroupBy,
) -> dict[str | None, set[bytes]]:
    """Who of those who held a seat in the window is in which group today, by the bytes of their ids."""
    a = SeatAllocation
    group = col(getattr(Person, group_by.value))
    statement = (
        scoped_columns(principal, a, func.coalesce(group, ""), col(a.person_id))
        .join(
            Person,
            and_(
                col(Person.organisation_id) == col(a.organisation_id),
                col(Person.id) == col(a.person_id),
            ),
        )
        .where(
            col(a.pool_id).in_(pool_ids),
            col(a.allocated_on) < window.ends_on,
            or_(col(a.released_on).is_(None), col(a.released_on) > window.starts_on),
        )
        .distinct()
    )
    found: dict[str | None, set[bytes]] = {}
    for name, person_id in await session.exec(statement):
        # As numpy gives them back: without zeros at the end.
        found.setdefault(name or None, set()).add(person_id.bytes.rstrip(b"\0"))
    return found
