"""Recording and reading who did what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import repository
from app.audit_log.models import AuditEvent, UnsealedEvent
from app.core.logging import request_id
from app.core.pagination import PageQuery


async def record(
    session: AsyncSession,
    principal: Principal,
    action: str,
    resource_id: UUID | None = None,
    *,
    details: Mapping[str, Any] | None = None,
    request: str | None = None,
) -> None:
    """Append an event, in the transaction of the write that it speaks of.

    Args:
        session: the transaction of the write.
        principal: who acts.
        action: `noun.verb`, the verb in the past.
        resource_id: which thing, where it is one.
        details: names of fields, codes and counts; never a personal value.
        request: whose id the event carries, where several are carried out at once.
    """
    event = AuditEvent(
        organisation_id=principal.organisation_id,
        principal_kind=principal.kind,
        principal_id=principal.id,
        action=action,
        resource_id=resource_id,
        request_id=request or request_id.get(),
        details=dict(details or {}),
    )
    session.add_all(
        [event, UnsealedEvent(organisation_id=event.organisation_id, event_id=event.id)]
    )


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of one of several requests that are carried out at once."""

    principal: Principal
    action: str
    resource_id: UUID
    request: str | None


async def record_all(session: AsyncSession, events: Sequence[Happened]) -> None:
    """Append events without details, in the transaction of the writes that they speak of."""
    await repository.append(
        session,
        [
            {
                "organisation_id": event.principal.organisation_id,
                "principal_kind": event.principal.kind,
                "principal_id": event.principal.id,
                "action": event.action,
                "resource_id": event.resource_id,
                "request_id": event.request,
            }
            for event in events
        ],
    )


async def page(
    session: AsyncSession,
    principal: Principal,
    query: PageQuery,
    *,
    action: str | None,
    resource_id: UUID | None,
) -> tuple[list[AuditEvent], str | None]:
    """Events of the organisation, newest first."""
    return await repository.page(session, principal, query, action=action, resource_id=resource_id)


async def count_since(session: AsyncSession, principal: Principal, mark: UUID) -> int:
    """How many events of the organisation have a greater id than `mark`: it grows with every write."""
    return await repository.count_since(session, principal, mark)
