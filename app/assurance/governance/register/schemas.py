"""What is sent and received about the register."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.assurance.governance.register.contents import Content
from app.assurance.governance.register.models import ItemKind, ItemStatus
from app.core.fields import CalendarDate, Change, Input, Label, Output


class RegisterItemIn(Input):
    """An item to record; its kind is that of its content."""

    title: Label
    owner: Label = Field(description="The post that answers for it; no name of a person.")
    content: Content
    opened_on: CalendarDate | None = Field(
        default=None, description="When work on it began; left out, today."
    )
    review_on: CalendarDate | None = Field(
        default=None, description="When it is to be looked at again."
    )


class RegisterItemChange(Change):
    """What may be changed; what is left out stays. Other content than was approved needs a new approval."""

    title: Label = ""
    owner: Label = ""
    content: Content = Field(default=None)  # type: ignore[assignment]  # left out, it stays
    opened_on: CalendarDate = date.min
    review_on: CalendarDate | None = None
    status: ItemStatus = ItemStatus.OPEN
    approved_on: CalendarDate = Field(
        default=date.min, description="With the status approved; left out, today."
    )
    approver: Label = Field(
        default="", description="The post that approved it; no name of a person."
    )


class RegisterItemOut(Output):
    """An item as recorded."""

    item_id: UUID = Field(validation_alias="id")
    pilot_id: UUID
    kind: ItemKind
    title: str
    owner: str
    status: ItemStatus
    content: dict[str, Any]
    opened_on: date
    approved_on: date | None
    approver: str | None
    review_on: date | None
    created_at: datetime
    updated_at: datetime


class EntryOut(BaseModel):
    """What is said under a heading."""

    number: str
    heading: str
    title: str
    text: str | None
    source: str | None = Field(
        description="`entered`, or where in Pilotlight it was taken from; null where nothing is said."
    )


class SectionOut(BaseModel):
    """A section of the standard."""

    title: str
    entries: list[EntryOut]


class TransparencyRecordOut(BaseModel):
    """A draft of a pilot's transparency record, in the standard's order."""

    standard: str
    standard_version: str
    pilot_id: UUID
    is_draft: bool = Field(description="True until the record is approved in the register.")
    is_simulated: bool
    missing: int = Field(description="Headings under which nothing is said yet.")
    sections: list[SectionOut]
