"""All SQL about who has read whose data."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.models import ApiKey
from app.access.permissions import Role
from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.access.sessions.models import SignInSession
from app.audit_log.models import AuditEvent
from app.core.pagination import PageQuery, paginate
from app.licences.allocations.models import SeatAllocation
from app.pilots.models import PilotMember
from app.privacy.accesses.reads import OF_PERSON, OF_PILOT, OF_POOL, Read


async def page(
    session: AsyncSession, principal: Principal, person_id: UUID, query: PageQuery
) -> tuple[list[AuditEvent], str | None]:
    """Readings of somebody's data, and of lists of the pilots and pools that they are or were in."""
    m, a, event = PilotMember, SeatAllocation, AuditEvent
    pilots = scoped_columns(principal, m, col(m.pilot_id)).where(col(m.person_id) == person_id)
    pools = scoped_columns(principal, a, col(a.pool_id)).where(col(a.person_id) == person_id)
    about = col(event.resource_id)
    statement = scoped(principal, event).where(
        or_(
            and_(col(event.action).in_(_actions(OF_PERSON)), about == person_id),
            and_(col(event.action).in_(_actions(OF_PILOT)), about.in_(pilots)),
            and_(col(event.action).in_(_actions(OF_POOL)), about.in_(pools)),
        )
    )
    return await paginate(session, statement, col(event.id), query, newest_first=True)


def _actions(reads: Collection[Read]) -> list[str]:
    return [read.action for read in reads]


async def roles(
    session: AsyncSession, principal: Principal, principal_ids: Collection[UUID]
) -> dict[UUID, Role | None]:
    """In which role keys and accounts act; of an account, that of its last session that is still kept."""
    s = SignInSession
    keys = scoped_columns(principal, ApiKey, col(ApiKey.id), col(ApiKey.role))
    sessions = scoped_columns(principal, s, col(s.account_id), col(s.role)).order_by(col(s.id))
    found: dict[UUID, Role | None] = {}
    for statement in (
        keys.where(col(ApiKey.id).in_(principal_ids)),
        sessions.where(col(s.account_id).in_(principal_ids)),
    ):
        found |= {row[0]: row[1] for row in await session.exec(statement)}
    return found
