"""At which moments people are asked what they are doing."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, BigInteger, ForeignKeyConstraint, Index, UniqueConstraint
from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow, UtcDateTime


class TimePromptDraw(CreatedAt, IdentifiedRow, table=True):
    """A draw of prompts over `[starts_on, ends_on)`: with its seed and the plan as it stood, it can be repeated."""

    __tablename__ = "time_prompt_draw"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        Index("ix_time_prompt_draw_pilot", "organisation_id", "pilot_id"),
    )

    pilot_id: UUID
    starts_on: date
    ends_on: date
    seed: int = Field(sa_type=BigInteger)
    plan: dict[str, Any] = Field(sa_type=JSON)
    principal_id: UUID


class TimePrompt(IdentifiedRow, table=True):
    """A moment at which somebody is asked; it holds no answer, which is a sample."""

    __tablename__ = "time_prompt"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "draw_id"],
            ["time_prompt_draw.organisation_id", "time_prompt_draw.id"],
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        UniqueConstraint("organisation_id", "pilot_id", "person_id", "prompt_at"),
    )

    pilot_id: UUID
    person_id: UUID
    prompt_at: datetime = Field(sa_type=UtcDateTime)
    draw_id: UUID
