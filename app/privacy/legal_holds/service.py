"""Rules about legal holds: placed, released, never changed."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import Conflict, Invalid, NotFound, existing
from app.core.pagination import PageQuery
from app.organisations import service as organisations
from app.people import service as people
from app.pilots import service as pilots
from app.privacy.legal_holds import repository
from app.privacy.legal_holds.models import LegalHold
from app.privacy.legal_holds.schemas import LegalHoldIn


async def keep_still(session: AsyncSession, principal: Principal) -> None:
    """Let no hold be placed until the transaction ends; waits for whoever places one, or deletes, right now.

    Whoever deletes what a hold may be on begins with this, and looks for holds afterwards: so a hold that was
    answered is one that nothing is deleted under.
    """
    await organisations.hold(session, principal.organisation_id)


async def place(session: AsyncSession, principal: Principal, wanted: LegalHoldIn) -> LegalHold:
    """Place a hold.

    Raises:
        Invalid: there is no such person or pilot within reach.
    """
    # What is deleted at this moment is gone before the hold is placed, or is kept.
    await keep_still(session, principal)
    try:
        if wanted.person_id is not None:
            await people.get(session, principal, wanted.person_id)
        if wanted.pilot_id is not None:
            await pilots.get(session, principal, wanted.pilot_id)
    except NotFound:
        what = "pilot" if wanted.pilot_id is not None else "person"
        detail = (
            f"There is no such {what}. GET /{'pilots' if what == 'pilot' else 'people'} lists them."
        )
        raise Invalid.field(f"/{what}_id", f"unknown_{what}", detail) from None
    hold = LegalHold(
        organisation_id=principal.organisation_id, placed_by=principal.id, **wanted.model_dump()
    )
    session.add(hold)
    await session.flush()
    details = {"hold_on": hold.hold_on}
    await audit_log.record(session, principal, "legal_hold.placed", hold.id, details=details)
    return hold


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, *, in_force: bool | None
) -> tuple[list[LegalHold], str | None]:
    """Holds, newest first."""
    return await repository.page(session, principal, query, in_force=in_force)


async def get(session: AsyncSession, principal: Principal, hold_id: UUID) -> LegalHold:
    """One hold.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find(session, principal, hold_id), "legal hold")


async def release(session: AsyncSession, principal: Principal, hold_id: UUID) -> LegalHold:
    """Release a hold.

    Raises:
        NotFound: there is none within reach.
        Conflict: it has been released.
    """
    found = await repository.find(session, principal, hold_id, for_update=True)
    hold = existing(found, "legal hold")
    if hold.released_at is not None:
        raise Conflict("This hold has been released already.", code="hold_released")
    hold.released_at, hold.released_by = clock.now(), principal.id
    await audit_log.record(session, principal, "legal_hold.released", hold.id)
    return hold


async def on_person(
    session: AsyncSession, principal: Principal, person_id: UUID
) -> Sequence[LegalHold]:
    """Holds in force that somebody's data are under, through a pilot or the whole organisation as well."""
    return await repository.on_person(session, principal, person_id)
