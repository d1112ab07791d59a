"""Rules about feedback sessions."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import screening
from app.core.errors import existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery
from app.feedback.sessions import repository
from app.feedback.sessions.models import FeedbackSession, SessionKind
from app.feedback.sessions.schemas import SessionChange, SessionIn
from app.pilots import service as pilots

_SCREENED = ("title", "facilitator", "notes")


async def create(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: SessionIn
) -> FeedbackSession:
    """Record a session of a pilot.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: a text seems to hold what identifies a person.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    values = wanted.model_dump()
    _screen(values)
    held = FeedbackSession(organisation_id=principal.organisation_id, pilot_id=pilot.id, **values)
    session.add(held)
    await session.flush()
    await audit_log.record(session, principal, "feedback_session.created", held.id)
    return held


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    kind: SessionKind | None,
) -> tuple[list[FeedbackSession], str | None]:
    """Sessions of a pilot within reach."""
    await pilots.get(session, principal, pilot_id)
    return await repository.page(session, principal, pilot_id, query, kind)


async def get(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    session_id: UUID,
    *,
    for_update: bool = False,
) -> FeedbackSession:
    """One session.

    Raises:
        NotFound: there is none within reach.
    """
    await pilots.get(session, principal, pilot_id)
    return existing(
        await repository.find(session, principal, pilot_id, session_id, for_update=for_update),
        "feedback session",
    )


async def change(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    session_id: UUID,
    changes: SessionChange,
    if_match: str | None,
) -> FeedbackSession:
    """Change a session; what is left out stays.

    Raises:
        NotFound: there is none within reach.
        PreconditionFailed: it has changed since the caller looked.
        Invalid: a text seems to hold what identifies a person.
    """
    held = await get(session, principal, pilot_id, session_id, for_update=True)
    check_if_match(if_match, etag_of(held.id, held.revision))
    values = changes.model_dump(exclude_unset=True)
    _screen(values)
    for name, value in values.items():
        setattr(held, name, value)
    held.touch()
    details = {"fields": sorted(values)}
    await audit_log.record(session, principal, "feedback_session.changed", held.id, details=details)
    return held


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[FeedbackSession]:
    """All sessions of a pilot that the caller was let to."""
    return await repository.of_pilot(session, principal, pilot_id)


async def known(
    session: AsyncSession, principal: Principal, pilot_id: UUID, session_ids: Collection[UUID]
) -> set[UUID]:
    """Which of these are sessions of the pilot."""
    return await repository.known(session, principal, pilot_id, session_ids)


def _screen(values: Mapping[str, Any]) -> None:
    texts = [(f"/{name}", values.get(name)) for name in _SCREENED]
    texts += [(f"/themes/{place}", each) for place, each in enumerate(values.get("themes") or ())]
    screening.check(texts)
