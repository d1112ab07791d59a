"""What is sent, and what proves that it is ours. Pure, but for the secrets it draws."""

import base64
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from app.events.models import Event

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
_SECRET_BYTES = 32


def new_secret() -> str:
    """A secret of 256 random bits, as Standard Webhooks writes them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


def envelope(event: Event) -> dict[str, Any]:
    """An event as others see it; the same whenever and to whomever it is sent."""
    return {
        "id": str(event.id),
        "type": event.type,
        "timestamp": event.occurred_at.isoformat(),
        "organisation_id": str(event.organisation_id),
        "subject": event.subject,
        "sequence": event.number,
        "data": event.data,
    }


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is sent: its id stays the same however often."""

    id: str
    body: bytes

    @classmethod
    def of(cls, event: Event) -> "Message":
        return cls(str(event.id), json.dumps(envelope(event), separators=(",", ":")).encode())

    def headers(self, keys: Sequence[str], sent_at: datetime) -> dict[str, str]:
        """The headers that sign it, with every secret that is valid: a receiver needs to know one of them."""
        signed = [Webhook(key).sign(self.id, sent_at, self.body.decode()) for key in keys]
        return {
            "content-type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signed),
        }
