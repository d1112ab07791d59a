"""Who has read somebody's data."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.pagination import PageQuery
from app.people import service as people
from app.privacy.accesses import repository
from app.privacy.accesses.reads import OF_PERSON, READS
from app.privacy.accesses.schemas import AccessOut, Concerns


async def page(
    session: AsyncSession, principal: Principal, person_id: UUID, query: PageQuery
) -> tuple[list[AccessOut], str | None]:
    """Readings of somebody's data, newest first. This is one as well, and recorded.

    Raises:
        NotFound: there is nobody of this id.
    """
    await people.get(session, principal, person_id)
    events, cursor = await repository.page(session, principal, person_id, query)
    roles = await repository.roles(session, principal, {event.principal_id for event in events})
    alone = {read.action for read in OF_PERSON}
    found = [
        AccessOut(
            audit_event_id=event.id,
            occurred_at=event.occurred_at,
            action=event.action,
            route=READS[event.action].route,
            what=READS[event.action].what,
            concerns=Concerns.PERSON if event.action in alone else Concerns.GROUP,
            principal_kind=event.principal_kind,
            principal_id=event.principal_id,
            role=roles.get(event.principal_id),
        )
        for event in events
    ]
    details = {"rows": len(found)}
    await audit_log.record(session, principal, "accesses.read", person_id, details=details)
    return found, cursor
