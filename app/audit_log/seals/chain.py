"""The chain: how an event is sealed, and where a chain first differs from what was sealed. No SQL.

A hash is SHA-256 over the canonical JSON (RFC 8785, for the text, whole numbers and names that events hold) of
the organisation, the position, the hash before it and the event. Anybody can compute it from what
`GET /audit-events` answers.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.core.canonical import canonical

GENESIS = "0" * 64
# Of each hash a checkpoint has this much: enough to tell two apart, half as long.
PREFIX_LENGTH = 32

_IDENTITIES = ("id", "principal_id", "resource_id")
_TEXTS = ("principal_kind", "action", "request_id")
FIELDS = (*_IDENTITIES, *_TEXTS, "occurred_at", "details")

Raw = Mapping[str, Any]


def link(organisation_id: UUID, position: int, previous: str, event: Raw) -> str:
    """The hash of an event at its position, after the hash before it.

    Args:
        organisation_id: whose chain.
        position: from 1.
        previous: the hash of the position before, `GENESIS` before the first.
        event: `FIELDS` as the database stores them.

    Raises:
        ValueError: the event cannot be read.
    """
    sealed = {
        "organisation_id": str(organisation_id),
        "position": position,
        "previous": previous,
        "event": plain(event),
    }
    return hashlib.sha256(canonical(sealed)).hexdigest()


def plain(event: Raw) -> dict[str, Any]:
    """An event as it is sealed, the same from every database.

    Raises:
        ValueError: it cannot be read, as where somebody has written into its row.
    """
    return {
        **{name: _identity(event[name]) for name in _IDENTITIES},
        **{name: event[name] for name in _TEXTS},
        "occurred_at": _instant(event["occurred_at"]),
        "details": _details(event["details"]),
    }


def _details(stored: Any) -> Any:
    # PostgreSQL's driver has read it already.
    return json.loads(stored) if isinstance(stored, str) else stored


def _identity(stored: Any) -> str | None:
    return None if stored is None else str(UUID(str(stored)))


def _instant(stored: Any) -> str:
    read = datetime.fromisoformat(str(stored))
    # SQLite keeps instants in UTC without saying so.
    aware = read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    return aware.isoformat(timespec="microseconds").replace("+00:00", "Z")


class Kind(StrEnum):
    """In what a chain differs from what was sealed."""

    EVENT_MISSING = "event_missing"
    EVENT_CHANGED = "event_changed"
    SEAL_MISSING = "seal_missing"
    CHECKPOINT_DIFFERS = "checkpoint_differs"
    CHECKPOINT_FORGED = "checkpoint_forged"
    TRUNCATED = "truncated"
    EVENT_INSERTED = "event_inserted"


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place that differs; an event that was put in beside the chain has no position."""

    kind: Kind
    position: int | None
    event_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row of the chain as it is stored, with its event; None where there is no such event."""

    position: int
    event_id: Any
    hash: str
    event: Raw | None


class Walk:
    """Goes through a chain once, in order, and stops at the first position that differs.

    Args:
        organisation_id: whose chain.
        expected: what checkpoints say, position to hash or the beginning of it.
        after: the position that it starts after.
        previous: the hash there.
    """

    def __init__(
        self,
        organisation_id: UUID,
        expected: Mapping[int, str],
        after: int = 0,
        previous: str = GENESIS,
    ) -> None:
        self._organisation_id = organisation_id
        self._expected = expected
        self.position = after
        self.hash = previous

    def take(self, sealed: Sealed) -> Difference | None:
        """Go one on; what is wrong there, if anything is."""
        position = self.position + 1
        event_id = _readable(sealed.event_id)
        if sealed.position != position:
            return Difference(Kind.SEAL_MISSING, position)
        if not sealed.hash.startswith(self._expected.get(position, "")):
            return Difference(Kind.CHECKPOINT_DIFFERS, position, event_id)
        if sealed.event is None:
            return Difference(Kind.EVENT_MISSING, position, event_id)
        try:
            recomputed = link(self._organisation_id, position, self.hash, sealed.event)
        except (ValueError, TypeError):
            recomputed = ""
        if recomputed != sealed.hash:
            return Difference(Kind.EVENT_CHANGED, position, event_id)
        self.position, self.hash = position, sealed.hash
        return None

    def end(self, head: int) -> Difference | None:
        """The chain is over: whether it should be, by its head and by the checkpoints."""
        if max(head, *self._expected, 0) > self.position:
            return Difference(Kind.TRUNCATED, self.position + 1)
        return None


def _readable(stored: Any) -> UUID | None:
    try:
        return UUID(str(stored))
    except ValueError:
        return None
