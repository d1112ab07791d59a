"""The register: what is assessed, agreed and noted about a pilot, an item a row."""

from datetime import date
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised, text_enum


class ItemKind(StrEnum):
    """What an item is; what it holds beside follows from that (`contents.py`)."""

    LAWFUL_BASIS = "lawful_basis"
    DPIA = "dpia"
    EQUALITY_IMPACT = "equality_impact"
    TRANSPARENCY_RECORD = "transparency_record"
    SUPPLIER_ASSURANCE = "supplier_assurance"
    HUMAN_IN_THE_LOOP = "human_in_the_loop"
    EXIT_PLAN = "exit_plan"
    CONSULTATION = "consultation"
    RISK = "risk"
    INCIDENT = "incident"


class ItemStatus(StrEnum):
    """Where an item stands: what is approved goes the first way, risks and incidents are open or closed."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    REJECTED = "rejected"
    CLOSED = "closed"


# A pilot has as many of these as there are; of every other kind it has one.
SEVERAL: Final = frozenset({ItemKind.CONSULTATION, ItemKind.RISK, ItemKind.INCIDENT})
# These are not approved: they are open until they are closed.
NOTED: Final = frozenset({ItemKind.RISK, ItemKind.INCIDENT})

_ONE_OF_A_KIND = text("kind NOT IN ('consultation', 'risk', 'incident')")


class RegisterItem(Revised, IdentifiedRow, table=True):
    """One item; `told_of`: the review date that others have been told is past."""

    __tablename__ = "register_item"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        CheckConstraint("(status = 'approved') = (approved_on IS NOT NULL)", name="approval"),
        CheckConstraint("approved_on >= opened_on", name="order"),
        Index("ix_register_item_pilot", "organisation_id", "pilot_id"),
        Index(
            "uq_register_item_kind",
            "organisation_id",
            "pilot_id",
            "kind",
            unique=True,
            postgresql_where=_ONE_OF_A_KIND,
            sqlite_where=_ONE_OF_A_KIND,
        ),
    )

    pilot_id: UUID
    kind: ItemKind = Field(sa_type=text_enum(ItemKind))
    title: str = Field(max_length=200)
    owner: str = Field(max_length=200)
    status: ItemStatus = Field(default=ItemStatus.OPEN, sa_type=text_enum(ItemStatus))
    content: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    opened_on: date
    approved_on: date | None = None
    approver: str | None = Field(default=None, max_length=200)
    review_on: date | None = None
    told_of: date | None = None
