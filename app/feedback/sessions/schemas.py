"""What is sent and received about feedback sessions."""

from datetime import date, datetime
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field

from app.core.fields import BareCode, CalendarDate, Change, Input, Label, Output, Prose
from app.feedback.sessions.models import SessionKind

MAX_HEADS: Final = 100_000
MAX_THEMES: Final = 20

Heads = Annotated[int, Field(strict=True, ge=0, le=MAX_HEADS)]
Themes = Annotated[
    list[BareCode], Field(max_length=MAX_THEMES, description="Codes of your own, as `speed`.")
]


class _SessionFields(Input):
    facilitator: Label | None = Field(
        default=None, description="Whoever led it: a role, or a firm."
    )
    invited: Heads | None = None
    attended: Heads | None = Field(
        default=None, description="May pass `invited`: some come unasked."
    )
    notes: Prose | None = None
    themes: Themes = Field(default_factory=list)


class SessionIn(_SessionFields):
    """A session that was held, or will be."""

    held_on: CalendarDate
    kind: SessionKind
    title: Label


class SessionChange(_SessionFields, Change):
    """What of a session is to change; what is left out stays, null empties."""

    held_on: CalendarDate = date.min
    kind: SessionKind = SessionKind.INTERNAL
    title: Label = ""


class SessionOut(Output):
    """A session as recorded."""

    session_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    held_on: date
    kind: SessionKind
    title: str
    facilitator: str | None
    invited: int | None
    attended: int | None
    notes: str | None
    themes: list[str]
    created_at: datetime
    updated_at: datetime
    revision: int
