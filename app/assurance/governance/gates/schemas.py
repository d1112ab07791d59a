"""What is sent and received about gates."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from app.assurance.governance.gates.models import Gate
from app.assurance.governance.gates.passing import GateState
from app.assurance.governance.policies.models import Topic
from app.assurance.governance.register.models import ItemKind
from app.assurance.governance.register.schemas import TransparencyRecordOut
from app.core.fields import Input, Output, Prose


class GatesIn(Input):
    """What must be in order before a pilot may start."""

    gates: list[Gate] = Field(max_length=len(Gate))


class GatesOut(BaseModel):
    """The gates of the organisation."""

    gates: list[Gate]


class GateOverrideIn(Input):
    """Let a pilot start without some gates, and say why."""

    reason: Prose
    gates: Annotated[list[Gate], Field(min_length=1, max_length=len(Gate))] | None = Field(
        default=None, description="Left out, those that bar it now."
    )


class GateOverrideOut(Output):
    """Who let a pilot start without which gates, and why."""

    override_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    gates: list[Gate]
    reason: str
    principal_id: UUID
    created_at: datetime


class TransparencyExportOut(TransparencyRecordOut):
    """The record, and who let the pilot start without what must be in order."""

    gate_overrides: list[GateOverrideOut]


class PassingOut(Output):
    """How a gate of a pilot stands."""

    gate: Gate
    state: GateState
    way_out: str | None = Field(description="What to do; null where it is passed.")
    opened_on: date | None
    approved_on: date | None
    days: int | None = Field(description="From the beginning to the approval.")
    is_overridden: bool
    bars: bool = Field(description="True: the pilot cannot start for it.")


class PilotGatesOut(BaseModel):
    """The gates of a pilot, and the overrides that were given."""

    pilot_id: UUID
    may_start: bool
    gates: list[PassingOut]
    overrides: list[GateOverrideOut]


class DurationOut(Output):
    """How long items of a kind took, over all pilots."""

    gate: Gate
    approved: int
    pending: int
    median_days: float | None
    longest_days: int | None
    over_a_month: float | None = Field(description="Share that took more than 30 days.")


class OverduePolicyOut(BaseModel):
    """A policy in force whose review is overdue."""

    policy_id: UUID
    code: str
    title: str
    review_on: date


class OverdueItemOut(BaseModel):
    """An item of a register whose review is overdue."""

    item_id: UUID
    pilot_id: UUID
    kind: ItemKind
    title: str
    review_on: date


class GovernanceFiguresOut(BaseModel):
    """How the organisation's governance of AI stands."""

    topics_covered: list[Topic] = Field(description="Topics that published policies speak of.")
    topics_missing: list[Topic]
    coverage: float = Field(description="Topics covered among all topics.")
    policies_published: int
    policies_overdue: list[OverduePolicyOut]
    items_overdue: list[OverdueItemOut]
    gates: list[DurationOut]
    overrides: int = Field(description="Overrides given, over all pilots.")
