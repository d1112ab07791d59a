"""What somebody answered about a week, and what they had answered before."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core.models import TenantRow, UtcDateTime

SCORES = ("satisfaction", "quality_improved", "mental_load_reduced", "morale")
TEXTS = ("liked", "disliked", "blockers")
MOST_MINUTES = 480
# Stands in no code of a theme; one text can be compared and copied where a list cannot.
BETWEEN_THEMES = ";"


def themes_in(text: str) -> list[str]:
    """The themes that a text of them holds."""
    return [each.strip() for each in text.split(BETWEEN_THEMES) if each.strip()]


class FeedbackResponse(TenantRow, table=True):
    """One answer of a person about a week, or of nobody known.

    `answer_key` makes it one: of the person and the week, or of what the source calls an anonymous
    answer, of which nothing else is kept. An anonymous answer has a random id and no time: its week is
    all that is known of when it came.
    """

    __tablename__ = "feedback_response"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "session_id"],
            ["feedback_session.organisation_id", "feedback_session.id"],
        ),
        *(CheckConstraint(f"{name} BETWEEN 1 AND 5", name=name) for name in SCORES),
        CheckConstraint(
            f"minutes_saved_per_day BETWEEN -{MOST_MINUTES} AND {MOST_MINUTES}", name="minutes"
        ),
        CheckConstraint(
            "(person_id IS NULL) = (updated_at IS NULL) AND (person_id IS NULL) = (created_at IS NULL)",
            name="anonymous",
        ),
        Index(
            "uq_feedback_response_person",
            "organisation_id",
            "pilot_id",
            "person_id",
            "week_starts_on",
            unique=True,
            postgresql_where=text("person_id IS NOT NULL"),
            sqlite_where=text("person_id IS NOT NULL"),
        ),
        Index("ix_feedback_response_week", "organisation_id", "pilot_id", "week_starts_on"),
        Index("ix_feedback_response_batch", "organisation_id", "batch_id"),
    )

    pilot_id: UUID = Field(primary_key=True)
    answer_key: str = Field(primary_key=True, max_length=32)
    id: UUID
    week_starts_on: date
    person_id: UUID | None = None
    session_id: UUID | None = None
    satisfaction: int | None = None
    quality_improved: int | None = None
    mental_load_reduced: int | None = None
    morale: int | None = None
    minutes_saved_per_day: float | None = None
    would_keep: bool | None = None
    liked: str | None = None
    disliked: str | None = None
    blockers: str | None = None
    themes: str = Field(default="", max_length=1500)
    is_deleted: bool = False
    batch_id: UUID | None = None
    created_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    updated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revision: int = Field(default=1)


class FeedbackVersion(TenantRow, table=True):
    """What an answer was before it was replaced; `revision` is the number that it had then."""

    __tablename__ = "feedback_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        Index("ix_feedback_version_batch", "organisation_id", "batch_id"),
    )

    pilot_id: UUID = Field(primary_key=True)
    answer_key: str = Field(primary_key=True, max_length=32)
    revision: int = Field(primary_key=True)
    week_starts_on: date
    person_id: UUID | None = None
    session_id: UUID | None = None
    satisfaction: int | None = None
    quality_improved: int | None = None
    mental_load_reduced: int | None = None
    morale: int | None = None
    minutes_saved_per_day: float | None = None
    would_keep: bool | None = None
    liked: str | None = None
    disliked: str | None = None
    blockers: str | None = None
    themes: str = Field(default="", max_length=1500)
    is_deleted: bool
    batch_id: UUID | None = None
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CommentPlace(TenantRow, table=True):
    """In which group of comments an answer's texts stand, since somebody first read that group.

    It is that of one version of the answer: other texts wait for a group of their own. Of when, nothing is kept.
    """

    __tablename__ = "feedback_comment_place"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
    )

    pilot_id: UUID = Field(primary_key=True)
    answer_key: str = Field(primary_key=True, max_length=32)
    revision: int = Field(primary_key=True)
    number: int
