"""Rules about taking part in the comparison: opted into, and out of for what is yet to come."""

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.benchmarking.participation import repository
from app.benchmarking.participation.models import Participation
from app.benchmarking.participation.schemas import ParticipationIn
from app.core.etags import check_if_match, etag_of
from app.organisations import service as organisations


async def get(session: AsyncSession, principal: Principal) -> Participation | None:
    """What the organisation has said; None where it has said nothing."""
    return await repository.find(session, principal)


async def hold(session: AsyncSession, principal: Principal) -> Participation | None:
    """The same, and nobody else may change it before the transaction ends."""
    return await repository.find(session, principal, for_update=True)


def etag(principal: Principal, found: Participation | None) -> str:
    return etag_of(principal.organisation_id, found.revision if found is not None else 0)


async def choose(
    session: AsyncSession, principal: Principal, wanted: ParticipationIn, if_match: str | None
) -> Participation:
    """Say of what kind and size the organisation is, and whether it shares its returns.

    Raises:
        PreconditionFailed: it has been said anew since the caller looked.
    """
    # Of two who say it for the first time the second finds what the first has said.
    await organisations.get(session, principal.organisation_id, for_update=True)
    found = await hold(session, principal)
    check_if_match(if_match, etag(principal, found))
    if found is None:
        found = Participation(organisation_id=principal.organisation_id, **wanted.model_dump())
        session.add(found)
        await session.flush()
    else:
        for field, value in wanted.model_dump().items():
            setattr(found, field, value)
        found.touch()
    details = {"kind": wanted.kind.value, "is_sharing": wanted.is_sharing}
    await audit_log.record(
        session,
        principal,
        "benchmark_participation.chosen",
        principal.organisation_id,
        details=details,
    )
    return found
