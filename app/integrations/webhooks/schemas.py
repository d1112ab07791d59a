"""What is sent and received about events and where they are sent."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from app.access.permissions import Scope
from app.core.fields import Change, Input, Instant, Label, NotBlank, Output, Printable
from app.integrations.webhooks.models import DeliveryState, DisabledReason

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=2000),
    Printable,
    NotBlank,
]
TypeNames = Annotated[
    set[Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=64)]],
    Field(max_length=50, description="Names of types, as GET /event-types has them; none are all."),
]


class EndpointIn(Input):
    """An endpoint to make."""

    url: Url = Field(description="https; no private address.")
    description: Label | None = None
    event_types: TypeNames = Field(default_factory=set)


class EndpointChange(Change):
    """What is to be different; an endpoint that is enabled anew goes on with what waits."""

    url: Url | None = None
    description: Label | None = None
    event_types: TypeNames | None = None
    is_enabled: Annotated[bool, Field(strict=True)] | None = None

    @model_validator(mode="after")
    def not_null(self) -> Self:
        for name in ("url", "event_types", "is_enabled"):
            if name in self.model_fields_set and getattr(self, name) is None:
                raise PydanticCustomError("not_null", "only the description may be null")
        return self


class RotationIn(Input):
    """For how long the secret so far signs as well."""

    overlap_hours: int = Field(default=24, ge=0, le=168, strict=True)


class ReplayIn(Input):
    """One event, or all of the endpoint's types that happened in `[since, until)`."""

    event_id: UUID | None = None
    since: Instant | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def one_or_a_range(self) -> Self:
        ranged = self.since is not None and self.until is not None
        stray = (self.since is None) != (self.until is None)
        if stray or ranged == (self.event_id is not None):
            raise PydanticCustomError("event_or_range", "give either event_id or since and until")
        if self.since is not None and self.until is not None and self.since >= self.until:
            raise PydanticCustomError("empty_window", "since must lie before until")
        return self


class ReplayOut(Output):
    """How many events are to be sent again."""

    queued: int


class EndpointOut(Output):
    """An endpoint, without its secret."""

    endpoint_id: UUID = Field(validation_alias="id")
    url: str
    description: str | None
    event_types: list[str]
    is_enabled: bool
    disabled_reason: DisabledReason | None = Field(
        description="`failing`: nothing got through for three days. `gone`: the receiver answered 410."
    )
    disabled_at: datetime | None
    failing_since: datetime | None = Field(
        description="Since when nothing has got through; null while all is well."
    )
    last_delivered_at: datetime | None
    failures: int = Field(description="Attempts that ever failed.")
    old_secret_until: datetime | None = Field(
        description="Until when the secret before the last rotation signs as well."
    )
    created_at: datetime
    updated_at: datetime


class EndpointCreated(EndpointOut):
    """An endpoint with a new secret."""

    secret: str | None = Field(
        default=None, description="Shown this once; null where the answer is a replay."
    )


class DeliveryOut(Output):
    """An event on its way to an endpoint."""

    event_id: UUID
    sequence: int = Field(validation_alias="number")
    subject: str
    state: DeliveryState
    attempts: int
    queued_at: datetime
    next_attempt_at: datetime | None = Field(description="Null where it is through.")
    delivered_at: datetime | None


class AttemptOut(Output):
    """One attempt to deliver."""

    attempt_id: UUID = Field(validation_alias="id")
    event_id: UUID
    started_at: datetime
    milliseconds: int
    status: int | None = Field(description="What the receiver answered; null where it did not.")
    code: str = Field(description="`delivered`, or what was wrong.")
    excerpt: str | None = Field(description="The beginning of an answer that was no success.")


class EventOut(Output):
    """Something that happened, as webhooks carry it."""

    id: UUID
    type: str
    timestamp: datetime = Field(validation_alias="occurred_at")
    organisation_id: UUID
    subject: str = Field(description="What it is about; of one subject events are in order.")
    sequence: int = Field(validation_alias="number")
    data: dict[str, Any] = Field(description="Ids, states and days; no personal values.")


class EventPage(Output):
    """Events in order. `resume_cursor` is for the next time, whether or not there is more by now."""

    items: list[EventOut]
    next_cursor: str | None = Field(description="Null where there is no more by now.")
    resume_cursor: str


class EventTypeOut(Output):
    """A kind of event."""

    name: str
    what: str
    subject: str
    data: list[str]
    scope: Scope


class EventTypeList(Output):
    """Every kind there is."""

    items: list[EventTypeOut]
