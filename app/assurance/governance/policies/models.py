"""Policies of the organisation, version by version."""

from datetime import date
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field

from app.core.models import IdentifiedRow, Revised, text_enum

_PUBLISHED = text("status = 'published'")


class PolicyStatus(StrEnum):
    """Where a version of a policy stands."""

    DRAFT = "draft"
    CONSULTED = "consulted"
    APPROVED = "approved"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"


class Topic(StrEnum):
    """What a policy on AI should speak of."""

    PURPOSE = "purpose"
    USE = "use"
    GOVERNANCE = "governance"
    VENDOR_PRACTICES = "vendor_practices"
    COPYRIGHT = "copyright"
    ACCURACY = "accuracy"
    CONFIDENTIALITY = "confidentiality"
    DISCLOSURE = "disclosure"
    INTEGRATION = "integration"
    ETHICS_AND_BIAS = "ethics_and_bias"
    TRANSPARENCY = "transparency"
    EDUCATION = "education"


class Policy(Revised, IdentifiedRow, table=True):
    """A version of a policy; versions of one policy have its code. One of them at most is published.

    `told_of`: the review date that others have been told is past.
    """

    __tablename__ = "policy"
    __table_args__ = (
        UniqueConstraint("organisation_id", "code", "version"),
        CheckConstraint("status <> 'published' OR review_on IS NOT NULL", name="review"),
        Index(
            "uq_policy_published",
            "organisation_id",
            "code",
            unique=True,
            postgresql_where=_PUBLISHED,
            sqlite_where=_PUBLISHED,
        ),
    )

    code: str = Field(max_length=64)
    version: int
    title: str = Field(max_length=200)
    owner: str = Field(max_length=200)
    topics: list[str] = Field(default_factory=list, sa_type=JSON)
    document_ref: str | None = Field(default=None, max_length=200)
    status: PolicyStatus = Field(default=PolicyStatus.DRAFT, sa_type=text_enum(PolicyStatus))
    review_on: date | None = None
    published_on: date | None = None
    told_of: date | None = None
