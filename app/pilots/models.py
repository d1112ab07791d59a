"""Pilots, who takes part in them, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    or_,
)
from sqlmodel import Field, col

from app.access.principals import Principal
from app.core import clock
from app.core.models import IdentifiedRow, Revised, TenantRow, UtcDateTime, text_enum
from app.core.periods import Window


class PilotKind(StrEnum):
    """What is tried."""

    COPILOT_LICENCES = "copilot_licences"
    SOCIAL_CARE = "social_care"
    OTHER = "other"


class PilotStatus(StrEnum):
    """Where a pilot stands."""

    DRAFT = "draft"
    PLANNED = "planned"
    RUNNING = "running"
    COMPLETED = "completed"
    DECIDED = "decided"
    CANCELLED = "cancelled"


class Arm(StrEnum):
    """Which side of the comparison a member is on."""

    PILOT = "pilot"
    COMPARISON = "comparison"


class Pilot(Revised, IdentifiedRow, table=True):
    """A trial: over `[starts_on, ends_on)`, held against a baseline where there is one."""

    __tablename__ = "pilot"
    __table_args__ = (
        UniqueConstraint("organisation_id", "code"),
        ForeignKeyConstraint(
            ["organisation_id", "lead_person_id"], ["person.organisation_id", "person.id"]
        ),
        CheckConstraint("ends_on > starts_on", name="window"),
        CheckConstraint(
            "(baseline_starts_on IS NULL) = (baseline_ends_on IS NULL)"
            " AND (baseline_ends_on IS NULL OR"
            " (baseline_ends_on > baseline_starts_on AND baseline_ends_on <= starts_on))",
            name="baseline",
        ),
    )

    code: str = Field(max_length=64)
    name: str = Field(max_length=200)
    kind: PilotKind = Field(sa_type=text_enum(PilotKind))
    tool: str | None = Field(default=None, max_length=200)
    product: str | None = Field(default=None, max_length=64)
    purpose: str | None = None
    baseline_starts_on: date | None = None
    baseline_ends_on: date | None = None
    starts_on: date
    ends_on: date
    lead_person_id: UUID | None = None
    success_criteria: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    status: PilotStatus = Field(default=PilotStatus.DRAFT, sa_type=text_enum(PilotStatus))
    created_by: UUID

    @property
    def window(self) -> Window:
        """The pilot's own days."""
        return Window(self.starts_on, self.ends_on)

    @property
    def baseline(self) -> Window | None:
        """The days before it that it is compared with, where it has such."""
        if self.baseline_starts_on is None or self.baseline_ends_on is None:
            return None
        return Window(self.baseline_starts_on, self.baseline_ends_on)

    @property
    def windows(self) -> list[Window]:
        """The days that count: the pilot's own, and its baseline's where it has one."""
        return [window for window in (self.window, self.baseline) if window is not None]

    @classmethod
    def reach(cls, principal: Principal) -> ColumnElement[bool] | None:
        """A pilot lead reaches the pilots that it leads, and those that it made."""
        if not principal.only_own_pilots:
            return None
        made = col(cls.created_by) == principal.id
        if principal.person_id is None:
            return made
        return or_(made, col(cls.lead_person_id) == principal.person_id)


class PilotMember(Revised, TenantRow, table=True):
    """A person's part in a pilot over `[joined_on, left_on)`; an end left open is null."""

    __tablename__ = "pilot_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        CheckConstraint(
            "left_on IS NULL OR joined_on IS NULL OR left_on > joined_on", name="interval"
        ),
        Index("ix_pilot_member_person", "organisation_id", "person_id"),
    )

    pilot_id: UUID = Field(primary_key=True)
    person_id: UUID = Field(primary_key=True)
    arm: Arm = Field(sa_type=text_enum(Arm))
    joined_on: date | None = None
    left_on: date | None = None
    batch_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a pilot: over which days, when employed, when away (absences may overlap), and where."""

    person_id: UUID
    arm: Arm
    takes_part: Window
    employed: Window
    away: tuple[Window, ...] = ()
    team: str | None = None
    department: str | None = None
    job_family: str | None = None

    @property
    def days(self) -> Window:
        """From when to when somebody takes part while employed."""
        return self.takes_part.clip(self.employed)


class PilotTransition(IdentifiedRow, table=True):
    """A step in a pilot's life, with its reason."""

    __tablename__ = "pilot_transition"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        Index("ix_pilot_transition_pilot", "organisation_id", "pilot_id"),
    )

    pilot_id: UUID
    from_status: PilotStatus = Field(sa_type=text_enum(PilotStatus, "from_status"))
    to_status: PilotStatus = Field(sa_type=text_enum(PilotStatus, "to_status"))
    reason: str | None = None
    occurred_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)
    principal_id: UUID
