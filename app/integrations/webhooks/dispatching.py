"""The dispatcher: numbers what happened, and sends it to whoever wants it.

An endpoint is sent to by one holder at a time: it is claimed for a while in a transaction, and the claim is
renewed with every batch. No transaction is open while a receiver is waited for. A holder that dies leaves the
endpoint to others once its claim is over; what it had sent and not noted is sent again, under the same id.
"""

import asyncio
import random
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import structlog
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.database import Database
from app.core.encryption import Vault
from app.core.errors import Unavailable
from app.core.models import new_id
from app.events import service as events
from app.integrations.webhooks import repository, retrying, sending, service
from app.integrations.webhooks.models import (
    DeliveryState,
    DisabledReason,
    WebhookAttempt,
    WebhookDelivery,
    WebhookEndpoint,
)
from app.integrations.webhooks.sending import Outcome
from app.integrations.webhooks.signing import Message
from app.organisations import service as organisations

HELD_FOR = timedelta(seconds=60)
# To one endpoint at once, each of another subject; and so often before others have their turn.
AT_ONCE = 8
_MOST_BATCHES = 50
_MOST_ENDPOINTS = 50
_GONE = 410

_log = structlog.get_logger(__name__)

Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Parcel:
    """An event that is to be sent, and where; free of any transaction."""

    event_id: UUID
    url: str
    message: Message
    keys: Sequence[str]


@dataclass(frozen=True, slots=True)
class Sent:
    """A parcel, and what became of it."""

    parcel: Parcel
    started_at: datetime
    outcome: Outcome


class Dispatcher:
    """Sends from one process; any number of them share a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._settings = database.settings
        self._vault = Vault.of(database.settings)
        self._id = new_id()
        self._sending: dict[Key, asyncio.Task[None]] = {}

    async def tick(self) -> None:
        """Number what is new, and begin to send to every endpoint that something is due for; waits for none."""
        try:
            await self._number()
            async with self._database.transaction(read_only=True) as session:
                due = await repository.due(session, clock.now())
        except Unavailable as error:
            _log.info("dispatch_put_off", reason=error.code)
            return
        for key in due:
            if key not in self._sending and len(self._sending) < _MOST_ENDPOINTS:
                task = asyncio.create_task(self._guarded(self._serve(*key)))
                self._sending[key] = task
                task.add_done_callback(lambda _, key=key: self._sending.pop(key, None))  # type: ignore[misc]  # mypy loses a lambda's default

    async def settle(self) -> None:
        """Wait until nothing is being sent."""
        await asyncio.gather(*self._sending.values())

    async def close(self) -> None:
        """Stop sending. What was under way is sent again by whoever comes next."""
        tasks = list(self._sending.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _number(self) -> None:
        async with self._database.transaction(read_only=True) as session:
            waiting = await events.waiting(session)
        for organisation_id in waiting:
            await self._guarded(self._number_of(organisation_id))

    async def _number_of(self, organisation_id: UUID) -> None:
        more = True
        while more:
            async with self._database.transaction() as session:
                numbered = await events.number(session, organisation_id)
                await service.queue(session, organisation_id, numbered)
            more = len(numbered) == events.MOST_AT_ONCE

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        """The failure of one endpoint or organisation must not stop the others."""
        try:
            await work
        except Unavailable as error:
            _log.info("dispatch_put_off", reason=error.code)
        except Exception as error:  # noqa: BLE001 - see above
            _log.error("dispatch_failed", error=type(error).__name__)

    async def _serve(self, organisation_id: UUID, endpoint_id: UUID) -> None:
        """Send to one endpoint what is due, batch by batch, if it is nobody else's."""
        key = (organisation_id, endpoint_id)
        async with self._database.transaction() as session:
            now = clock.now()
            until = now + HELD_FOR
            if not await repository.claim(session, *key, self._id, now, until):
                return
        parcels = await self._note(key, [])
        async with sending.sender(self._settings) as client:
            for _ in range(_MOST_BATCHES):
                if not parcels:
                    break
                sent = await asyncio.gather(*(self._send(client, each) for each in parcels))
                parcels = await self._note(key, sent)
        await self._let_go(key)

    async def _send(self, client: httpx.AsyncClient, parcel: Parcel) -> Sent:
        now = clock.now()
        headers = parcel.message.headers(parcel.keys, now)
        seconds = self._settings.webhook_seconds
        outcome = await sending.send(client, parcel.url, headers, parcel.message.body, seconds)
        return Sent(parcel, now, outcome)

    async def _note(self, key: Key, sent: Sequence[Sent]) -> list[Parcel]:
        """Write down what was sent, and take what is next; nothing where the endpoint is not ours any more."""
        async with self._database.transaction() as session:
            endpoint = await repository.held(session, *key, self._id)
            if endpoint is None:
                return []
            known = await repository.deliveries_of(
                session, endpoint, [each.parcel.event_id for each in sent]
            )
            for each in sent:
                if each.parcel.event_id in known:
                    session.add(_attempt(endpoint, each))
                    _judge(endpoint, known[each.parcel.event_id], each)
            await self._give_up_on(session, endpoint, sent)
            await session.flush()
            # A receiver that takes nothing is left alone until the first wait is over.
            if not endpoint.is_enabled or (
                sent and not any(each.outcome.is_delivered for each in sent)
            ):
                return []
            now = clock.now()
            endpoint.held_until = now + HELD_FOR
            keys = service.keys_of(endpoint, self._vault, now)
            found = await repository.next_due(session, endpoint, now, AT_ONCE)
            return [Parcel(e.id, endpoint.url, Message.of(e), keys) for _, e in found]

    async def _give_up_on(
        self, session: AsyncSession, endpoint: WebhookEndpoint, sent: Sequence[Sent]
    ) -> None:
        """Disable an endpoint that is gone, or to which nothing has got through for long."""
        since = endpoint.failing_since
        reason = None
        if any(each.outcome.status == _GONE for each in sent):
            reason = DisabledReason.GONE
        elif sent and since is not None and clock.now() - since >= retrying.DISABLED_AFTER:
            reason = DisabledReason.FAILING
        if reason is None or not endpoint.is_enabled:
            return
        service.disable(endpoint, reason)
        owner = await organisations.get(session, endpoint.organisation_id)
        await audit_log.record(
            session,
            Principal.system(owner),
            "webhook_endpoint.disabled",
            endpoint.id,
            details={"reason": reason},
        )

    async def _let_go(self, key: Key) -> None:
        async with self._database.transaction() as session:
            endpoint = await repository.held(session, *key, self._id)
            if endpoint is not None:
                endpoint.held_by = endpoint.held_until = None


def _attempt(endpoint: WebhookEndpoint, sent: Sent) -> WebhookAttempt:
    outcome = sent.outcome
    return WebhookAttempt(
        organisation_id=endpoint.organisation_id,
        endpoint_id=endpoint.id,
        event_id=sent.parcel.event_id,
        started_at=sent.started_at,
        milliseconds=outcome.milliseconds,
        status=outcome.status,
        code=outcome.code,
        excerpt=outcome.excerpt,
    )


def _judge(endpoint: WebhookEndpoint, delivery: WebhookDelivery, sent: Sent) -> None:
    """What an attempt means for the delivery and for the endpoint."""
    now = clock.now()
    delivery.attempts += 1
    if sent.outcome.is_delivered:
        delivery.state = DeliveryState.DELIVERED
        delivery.delivered_at = endpoint.last_delivered_at = now
        endpoint.failing_since = None
        return
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or sent.started_at
    wait = retrying.wait_after(delivery.attempts, random.random())  # noqa: S311 - spreads waits
    if wait is None:
        delivery.state = DeliveryState.GIVEN_UP
    else:
        delivery.next_attempt_at = now + wait
