"""What is sent and received about policies."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.assurance.governance.policies.models import PolicyStatus, Topic
from app.core.fields import CalendarDate, Change, Code, Input, Label, Output


class PolicyFields(Input):
    """What can be said about a policy, whether new or changed."""

    title: Label
    owner: Label = Field(description="The post that answers for it; no name of a person.")
    topics: list[Topic] = Field(max_length=len(Topic))
    document_ref: Label | None = Field(default=None, description="Where it can be read.")
    review_on: CalendarDate | None = Field(
        default=None, description="When it is to be looked at again; needed to publish it."
    )


class PolicyIn(PolicyFields):
    """A policy, or its next version where the code is known."""

    code: Code


class PolicyChange(Change):
    """What may be changed; what is left out stays."""

    title: Label = ""
    owner: Label = ""
    topics: list[Topic] = Field(default=[], max_length=len(Topic))
    document_ref: Label | None = None
    review_on: CalendarDate | None = None
    status: PolicyStatus = PolicyStatus.DRAFT


class PolicyOut(Output):
    """A version of a policy as recorded."""

    policy_id: UUID = Field(validation_alias="id")
    code: str
    version: int
    title: str
    owner: str
    topics: list[Topic]
    document_ref: str | None
    status: PolicyStatus
    review_on: date | None
    published_on: date | None
    created_at: datetime
    updated_at: datetime
