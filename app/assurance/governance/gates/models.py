"""Which items bar the start of a pilot, and who let one start without them."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import JSON, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core.models import CreatedAt, IdentifiedRow, Revised, TenantRow


class Gate(StrEnum):
    """What may have to be in order before a pilot starts: an item of the register, or training."""

    LAWFUL_BASIS = "lawful_basis"
    DPIA = "dpia"
    EQUALITY_IMPACT = "equality_impact"
    TRANSPARENCY_RECORD = "transparency_record"
    SUPPLIER_ASSURANCE = "supplier_assurance"
    HUMAN_IN_THE_LOOP = "human_in_the_loop"
    EXIT_PLAN = "exit_plan"
    CONSULTATION = "consultation"
    TRAINING = "training"


class GateSetting(Revised, TenantRow, table=True):
    """The gates of an organisation; without a row it has none."""

    __tablename__ = "gate_setting"

    gates: list[str] = Field(default_factory=list, sa_type=JSON)


class GateOverride(CreatedAt, IdentifiedRow, table=True):
    """Somebody lets a pilot start without some gates, and says why. Never changed, never taken back."""

    __tablename__ = "gate_override"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        Index("ix_gate_override_pilot", "organisation_id", "pilot_id"),
    )

    pilot_id: UUID
    gates: list[str] = Field(sa_type=JSON)
    reason: str
    principal_id: UUID
