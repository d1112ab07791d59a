"""Rules about endpoints: where events may go, who holds which secret, and sending again."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.encryption import SecretsUnreadable, Vault
from app.core.etags import check_if_match, etag_of
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.settings import Settings
from app.events import service as events
from app.events.models import Event
from app.events.types import TYPES
from app.integrations.webhooks import errors, repository, signing, targets
from app.integrations.webhooks.models import (
    DeliveryState,
    DisabledReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.integrations.webhooks.schemas import EndpointChange, EndpointIn, ReplayIn

MAX_ENDPOINTS = 20
MAX_REPLAY = 10_000
CURRENT, OLD = "current", "old"


async def create(
    session: AsyncSession, principal: Principal, settings: Settings, wanted: EndpointIn
) -> tuple[WebhookEndpoint, str]:
    """Make an endpoint; returns its secret as well. It gets what happens from now on.

    Raises:
        Invalid: the address or a type is none that may be.
        Conflict: there are too many.
    """
    if await repository.count(session, principal) >= MAX_ENDPOINTS:
        raise errors.too_many(MAX_ENDPOINTS)
    identity, secret = new_id(), signing.new_secret()
    endpoint = WebhookEndpoint(
        organisation_id=principal.organisation_id,
        id=identity,
        url=targets.check(wanted.url, private_allowed=settings.allow_private_addresses),
        description=wanted.description,
        event_types=_checked(wanted.event_types),
        secrets=Vault.of(settings).lock(identity, {CURRENT: secret}),
    )
    session.add(endpoint)
    await session.flush()
    details = {"event_types": endpoint.event_types}
    await audit_log.record(
        session, principal, "webhook_endpoint.created", endpoint.id, details=details
    )
    return endpoint, secret


def _checked(types: Collection[str]) -> list[str]:
    if not set(types) <= set(TYPES):
        raise errors.unknown_type(sorted(TYPES))
    return sorted(types)


async def get(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, *, for_update: bool = False
) -> WebhookEndpoint:
    """One endpoint.

    Raises:
        NotFound: there is none within reach.
    """
    found = await repository.find(session, principal, endpoint_id, for_update=for_update)
    if found is None:
        raise errors.missing()
    return found


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[WebhookEndpoint], str | None]:
    """The organisation's endpoints, oldest first."""
    return await repository.page(session, principal, query)


async def change(
    session: AsyncSession,
    principal: Principal,
    settings: Settings,
    endpoint_id: UUID,
    changes: EndpointChange,
    if_match: str | None,
) -> WebhookEndpoint:
    """Change an endpoint. Enabled anew it goes on with what waits, and does not count as failing.

    Raises:
        NotFound, PreconditionFailed, Invalid: as for the others.
    """
    endpoint = await get(session, principal, endpoint_id, for_update=True)
    check_if_match(if_match, etag_of(endpoint.id, endpoint.revision))
    stated = changes.model_fields_set
    if changes.url is not None:
        endpoint.url = targets.check(changes.url, private_allowed=settings.allow_private_addresses)
    if "description" in stated:
        endpoint.description = changes.description
    if changes.event_types is not None:
        endpoint.event_types = _checked(changes.event_types)
    if changes.is_enabled is True:
        endpoint.is_enabled = True
        endpoint.disabled_reason = endpoint.disabled_at = endpoint.failing_since = None
    elif changes.is_enabled is False and endpoint.is_enabled:
        disable(endpoint, DisabledReason.ADMINISTRATOR)
    endpoint.touch()
    await audit_log.record(
        session,
        principal,
        "webhook_endpoint.changed",
        endpoint.id,
        details={"fields": sorted(stated)},
    )
    return endpoint


def disable(endpoint: WebhookEndpoint, reason: DisabledReason) -> None:
    """Send nothing more to an endpoint, and say why."""
    endpoint.is_enabled = False
    endpoint.disabled_reason = reason
    endpoint.disabled_at = clock.now()


async def delete(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, if_match: str | None
) -> None:
    """Forget an endpoint, its secrets and its deliveries.

    Raises:
        NotFound, PreconditionFailed: as for the others.
    """
    endpoint = await get(session, principal, endpoint_id, for_update=True)
    check_if_match(if_match, etag_of(endpoint.id, endpoint.revision))
    await repository.delete_endpoint(session, endpoint)
    await audit_log.record(session, principal, "webhook_endpoint.deleted", endpoint.id)


async def rotate(
    session: AsyncSession,
    principal: Principal,
    settings: Settings,
    endpoint_id: UUID,
    overlap_hours: int,
) -> tuple[WebhookEndpoint, str]:
    """Give an endpoint a new secret, which is returned; the one so far signs as well for so many hours.

    Raises:
        NotFound: there is none within reach.
    """
    endpoint = await get(session, principal, endpoint_id, for_update=True)
    vault, secret = Vault.of(settings), signing.new_secret()
    kept = {CURRENT: secret}
    endpoint.old_secret_until = None
    if overlap_hours:
        with suppress(
            SecretsUnreadable
        ):  # then it cannot sign any more, and a new one is the way out
            kept[OLD] = vault.unlock(endpoint.id, endpoint.secrets)[CURRENT]
    if OLD in kept:
        endpoint.old_secret_until = clock.now() + timedelta(hours=overlap_hours)
    endpoint.secrets = vault.lock(endpoint.id, kept)
    endpoint.touch()
    await audit_log.record(
        session,
        principal,
        "webhook_endpoint.secret_rotated",
        endpoint.id,
        details={"overlap_hours": overlap_hours},
    )
    return endpoint, secret


def keys_of(endpoint: WebhookEndpoint, vault: Vault, now: datetime) -> list[str]:
    """The secrets that sign now, the newest first; what an older key had encrypted, or is over, is locked up anew.

    Raises:
        SecretsUnreadable: no listed key decrypts them.
    """
    kept = vault.unlock(endpoint.id, endpoint.secrets)
    over = OLD in kept and (endpoint.old_secret_until is None or endpoint.old_secret_until <= now)
    if over:
        del kept[OLD]
        endpoint.old_secret_until = None
    if over or not vault.is_newest(endpoint.secrets):
        endpoint.secrets = vault.lock(endpoint.id, kept)
    return [kept[name] for name in (CURRENT, OLD) if name in kept]


async def rekey(session: AsyncSession, principal: Principal, vault: Vault) -> int:
    """Encrypt the secrets of every endpoint with the newest key; returns how many had an older one.

    Raises:
        SecretsUnreadable: no listed key decrypts those of one.
    """
    older = [
        endpoint
        for endpoint in await repository.every(session, principal)
        if not vault.is_newest(endpoint.secrets)
    ]
    for endpoint in older:
        endpoint.secrets = vault.lock(endpoint.id, vault.unlock(endpoint.id, endpoint.secrets))
    details = {"rekeyed": len(older)}
    await audit_log.record(session, principal, "webhook_endpoints.rekeyed", details=details)
    return len(older)


async def replay(
    session: AsyncSession, principal: Principal, endpoint_id: UUID, wanted: ReplayIn
) -> int:
    """Send events to an endpoint again, or for the first time; returns how many. Those on their way are left.

    Raises:
        NotFound: there is no such endpoint within reach.
        Invalid: there is no such event, or there are too many.
    """
    endpoint = await get(session, principal, endpoint_id, for_update=True)
    found = await _wanted(session, principal, endpoint, wanted)
    known = await repository.deliveries_of(session, endpoint, [event.id for event in found])
    now, queued = clock.now(), 0
    for delivery in known.values():
        if delivery.state is not DeliveryState.PENDING:
            delivery.state = DeliveryState.PENDING
            delivery.attempts = 0
            delivery.queued_at = delivery.next_attempt_at = now
            delivery.delivered_at = None
            queued += 1
    added = [event for event in found if event.id not in known]
    await repository.queue(session, [_delivery(endpoint, event, now) for event in added])
    queued += len(added)
    await audit_log.record(
        session,
        principal,
        "webhook_endpoint.replayed",
        endpoint.id,
        details={"queued": queued},
    )
    return queued


async def _wanted(
    session: AsyncSession, principal: Principal, endpoint: WebhookEndpoint, wanted: ReplayIn
) -> list[Event]:
    if wanted.since is not None and wanted.until is not None:
        types = endpoint.event_types or list(TYPES)
        window = (wanted.since, wanted.until)
        found = await events.between(session, principal, types, *window, MAX_REPLAY + 1)
        if len(found) > MAX_REPLAY:
            raise errors.too_many_events(MAX_REPLAY)
        return found
    event = None
    if wanted.event_id is not None:
        event = await events.find(session, principal, wanted.event_id)
    if event is None:
        raise errors.missing_event()
    return [event]


def _delivery(endpoint: WebhookEndpoint, event: Event, now: datetime) -> WebhookDelivery:
    if event.number is None:
        raise ValueError("an event is sent once it has its number")
    return WebhookDelivery(
        organisation_id=endpoint.organisation_id,
        endpoint_id=endpoint.id,
        event_id=event.id,
        number=event.number,
        subject=event.subject,
        queued_at=now,
        next_attempt_at=now,
    )


async def queue(session: AsyncSession, organisation_id: UUID, numbered: Sequence[Event]) -> None:
    """Put events that have just been numbered on their way to every endpoint that wants them."""
    if not numbered:
        return
    now = clock.now()
    for endpoint in await repository.enabled(session, organisation_id):
        wanted = [e for e in numbered if not endpoint.event_types or e.type in endpoint.event_types]
        await repository.queue(session, [_delivery(endpoint, event, now) for event in wanted])


async def deliveries(
    session: AsyncSession,
    principal: Principal,
    endpoint_id: UUID,
    query: PageQuery,
    state: DeliveryState | None,
) -> tuple[list[WebhookDelivery], str | None]:
    """Deliveries to an endpoint, the newest event first.

    Raises:
        NotFound: there is no such endpoint within reach.
    """
    found = await repository.deliveries_page(session, principal, endpoint_id, query, state)
    await get(session, principal, endpoint_id)  # afterwards: a wrong cursor is wrong everywhere
    return found


async def attempts(
    session: AsyncSession,
    principal: Principal,
    endpoint_id: UUID,
    query: PageQuery,
    event_id: UUID | None,
) -> tuple[list[WebhookAttempt], str | None]:
    """Attempts to deliver to an endpoint, the newest first.

    Raises:
        NotFound: there is no such endpoint within reach.
    """
    found = await repository.attempts_page(session, principal, endpoint_id, query, event_id)
    await get(session, principal, endpoint_id)  # afterwards: a wrong cursor is wrong everywhere
    return found


async def forget(session: AsyncSession, organisation_id: UUID, before: datetime) -> dict[str, int]:
    """Forget events that happened before an instant, with their deliveries; returns counts."""
    through = await events.old(session, organisation_id, before)
    if through is None:
        return {"events": 0, "deliveries": 0}
    forgotten = await repository.forget_through(session, organisation_id, through)
    return {
        "events": await events.forget(session, organisation_id, through),
        "deliveries": forgotten,
    }


async def standing(session: AsyncSession) -> tuple[int, datetime | None, int]:
    """Deliveries that are to be made, since when the oldest waits, and attempts that failed; over all."""
    return *(await repository.pending(session)), await repository.failures(session)
