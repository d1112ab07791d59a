"""What is sent and received about weekly answers."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from pydantic import BaseModel, BeforeValidator, Field

from app.core.bulk.results import BulkResult
from app.core.fields import BareCode as BareCodeField
from app.core.fields import CalendarDate, Input, Label, Number, Output
from app.core.fields import Remark as RemarkField
from app.core.pagination import Page
from app.core.rows import BareCode, ExternalId, Remark, Text
from app.feedback.responses.models import MOST_MINUTES, themes_in
from app.feedback.sessions.schemas import MAX_THEMES, Themes
from app.people.schemas import ExternalId as ExternalIdField

Score = Annotated[int, msgspec.Meta(ge=1, le=5)]
MinutesSaved = Annotated[float, msgspec.Meta(ge=-MOST_MINUTES, le=MOST_MINUTES)]
ThemeCodes = Annotated[list[BareCode], msgspec.Meta(max_length=MAX_THEMES)]
ThemesInACell = Annotated[str, msgspec.Meta(max_length=1500)]


class FeedbackRow(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody answered about the week from `week_starts_on`, a Monday.

    Without a person the answer is anonymous. A person's second answer about a week replaces the first;
    an anonymous one is known again by its `source` and `source_ref`, of which only a digest is kept.
    Scores go from 1 to 5; `minutes_saved_per_day` lies below 0 where the tool cost time. In a CSV,
    `themes` are separated by semicolons. `deleted` takes an answer back.
    """

    week_starts_on: date
    person_external_id: ExternalId | None = None
    person_id: UUID | None = None
    session_id: UUID | None = None
    satisfaction: Score | None = None
    quality_improved: Score | None = None
    mental_load_reduced: Score | None = None
    morale: Score | None = None
    minutes_saved_per_day: MinutesSaved | None = None
    would_keep: bool | None = None
    liked: Remark | None = None
    disliked: Remark | None = None
    blockers: Remark | None = None
    themes: ThemeCodes | ThemesInACell | None = None
    source: BareCode | None = None
    source_ref: Text | None = None
    deleted: bool = False


_ScoreField = Annotated[int, Field(strict=True, ge=1, le=5)]


class FeedbackIn(Input):
    """One answer: as a row of a bulk request."""

    week_starts_on: CalendarDate = Field(description="A Monday.")
    person_external_id: ExternalIdField | None = Field(
        default=None, description="Left out, as `person_id`, where the answer is anonymous."
    )
    person_id: UUID | None = None
    session_id: UUID | None = None
    satisfaction: _ScoreField | None = None
    quality_improved: _ScoreField | None = None
    mental_load_reduced: _ScoreField | None = None
    morale: _ScoreField | None = None
    minutes_saved_per_day: (
        Annotated[
            Number,
            Field(
                ge=-MOST_MINUTES,
                le=MOST_MINUTES,
                description="On a working day; below 0 where the tool cost time.",
            ),
        ]
        | None
    ) = None
    would_keep: Annotated[bool, Field(strict=True)] | None = None
    liked: RemarkField | None = None
    disliked: RemarkField | None = None
    blockers: RemarkField | None = None
    themes: Themes | None = None
    source: BareCodeField | None = None
    source_ref: Label | None = None
    deleted: Annotated[bool, Field(strict=True)] = False

    def row(self) -> FeedbackRow:
        return FeedbackRow(**self.model_dump())


class FeedbackOut(Output):
    """An answer as recorded, without its free text, which is never shown beside a name."""

    feedback_id: UUID = Field(validation_alias="id")
    week_starts_on: date
    person_id: UUID | None = Field(description="Null: anonymous.")
    session_id: UUID | None
    satisfaction: int | None
    quality_improved: int | None
    mental_load_reduced: int | None
    morale: int | None
    minutes_saved_per_day: float | None
    would_keep: bool | None
    themes: Annotated[list[str], BeforeValidator(themes_in)]
    deleted: bool = Field(validation_alias="is_deleted")
    updated_at: datetime | None = Field(description="Null: anonymous, only the week is known.")
    revision: int


class FeedbackAccounted(BaseModel):
    """Rows that were taken and will not count, or not yet."""

    outside_members: int = Field(
        description="Answers of people who are not members of the pilot in that week."
    )
    outside_windows: int = Field(
        description="Answers about weeks in neither the baseline nor the pilot window."
    )


class FeedbackBulkResult(BulkResult):
    """What became of a bulk request, and how much of what was taken will not count."""

    uncounted: FeedbackAccounted


class FeedbackResult(Output):
    """An answer that was sent alone."""

    feedback_id: UUID | None = Field(
        description="Null in a replay of an anonymous answer, whose id is kept beside no time."
    )
    outcome: str = Field(description="`accepted` is new, `updated` replaced, `duplicate` the same.")
    week_starts_on: date
    uncounted: list[str] = Field(
        description="Why it does not count, where it does not: `outside_members`, `outside_windows`."
    )


class CommentOut(BaseModel):
    """A text, the weeks in which ten people or more wrote one, and nothing of its writer."""

    starts_on: date = Field(description="The first Monday of the weeks.")
    ends_on: date = Field(description="The Monday after the last of them.")
    people: int = Field(description="How many wrote in these weeks, at least.")
    about: Literal["liked", "disliked", "blockers"]
    text: str


class CommentsPage(Page[CommentOut]):
    """What staff wrote, by weeks; in no order that tells who wrote what."""

    withheld: bool = Field(
        description="Whether there is text that is not shown, as too few people wrote in its weeks."
    )
    minimum_people: int
