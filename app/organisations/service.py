"""Rules about organisations."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.errors import existing
from app.core.etags import check_if_match, etag_of
from app.organisations import errors as errors  # noqa: PLC0414 - declares the constraint answers
from app.organisations import repository
from app.organisations.models import Organisation
from app.organisations.schemas import OrganisationChange


async def create(session: AsyncSession, name: str, *, is_simulated: bool = False) -> Organisation:
    """Make an organisation; only the command line can.

    Raises:
        Conflict: the name is taken.
    """
    organisation = Organisation(name=name, is_simulated=is_simulated)
    session.add(organisation)
    await session.flush()
    await audit_log.record(
        session,
        Principal.system(organisation),
        "organisation.created",
        organisation.organisation_id,
    )
    return organisation


async def get(
    session: AsyncSession, organisation_id: UUID, *, for_update: bool = False
) -> Organisation:
    """One organisation.

    Raises:
        NotFound: there is none.
    """
    return existing(
        await repository.get(session, organisation_id, for_update=for_update), "organisation"
    )


async def hold(session: AsyncSession, organisation_id: UUID) -> None:
    """Let one transaction at a time do what it holds the organisation for, while others write its rows."""
    await repository.hold(session, organisation_id)


async def change(
    session: AsyncSession, principal: Principal, changes: OrganisationChange, if_match: str | None
) -> Organisation:
    """Change the caller's organisation; what is left out stays as it is."""
    organisation = await get(session, principal.organisation_id, for_update=True)
    check_if_match(if_match, etag_of(organisation.organisation_id, organisation.revision))
    values = changes.model_dump(exclude_unset=True)
    for field, value in values.items():
        setattr(organisation, field, value)
    organisation.touch()
    await audit_log.record(
        session,
        principal,
        "organisation.changed",
        organisation.organisation_id,
        details={"fields": sorted(values)},
    )
    return organisation


async def every(session: AsyncSession) -> list[Organisation]:
    """All organisations, for the jobs and the command line."""
    return await repository.every(session)


async def find_by_name(session: AsyncSession, name: str) -> Organisation | None:
    """The organisation with a name, for the command line."""
    return await repository.find_by_name(session, name)
