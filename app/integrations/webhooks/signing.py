"""What is sent, and what proves that it is ours. Pure, but for the secrets it draws."""

import base64
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from standardwebhooks import Webhook

from app.events.models import Event
from app.integrations.webhooks.schemas import EventOut

SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with
_SECRET_BYTES = 32


def new_secret() -> str:
    """A secret of 256 random bits, as Standard Webhooks writes them."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()


@dataclass(frozen=True, slots=True)
class Message:
    """An event as it is sent, and as `GET /events` shows it: the same bytes however often."""

    id: str
    body: bytes

    @classmethod
    def of(cls, event: Event) -> "Message":
        return cls(str(event.id), EventOut.model_validate(event).model_dump_json().encode())

    def headers(self, keys: Sequence[str], sent_at: datetime) -> dict[str, str]:
        """The headers that sign it, with every secret that is valid: a receiver needs to know one of them."""
        signed = [Webhook(key).sign(self.id, sent_at, self.body.decode()) for key in keys]
        return {
            "content-type": "application/json",
            "webhook-id": self.id,
            "webhook-timestamp": str(int(sent_at.timestamp())),
            "webhook-signature": " ".join(signed),
        }
