"""Licence activity: who used what, by day or by week."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlmodel import Field

from app.core import clock
from app.core.models import CreatedAt, Revised, TenantRow, UtcDateTime, text_enum

ANY_APP = "any"


class Period(StrEnum):
    """How long a row speaks of."""

    DAY = "day"
    WEEK = "week"


class CaveatKind(StrEnum):
    """What is to be known of the activity of some days."""

    LAST_DAYS_ONLY = "last_days_only"
    NAMES_CONCEALED = "names_concealed"


class LicenceActivity(Revised, TenantRow, table=True):
    """One person's use of one app of a product in one day or week.

    Keyed by what it speaks of and by nothing else, so that the key is the one index that figures read.
    """

    __tablename__ = "licence_activity"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        ForeignKeyConstraint(
            ["organisation_id", "batch_id"], ["import_batch.organisation_id", "import_batch.id"]
        ),
        CheckConstraint("active_days BETWEEN 0 AND 7", name="active_days"),
        CheckConstraint("actions >= 0", name="actions"),
        Index("ix_licence_activity_batch", "organisation_id", "batch_id"),
    )

    person_id: UUID = Field(primary_key=True)
    product: str = Field(primary_key=True, max_length=64)
    period: Period = Field(primary_key=True, sa_type=text_enum(Period))
    period_starts_on: date = Field(primary_key=True)
    app: str = Field(primary_key=True, max_length=64)
    active_days: int | None = None
    actions: int | None = None
    source: str = Field(max_length=64)
    batch_id: UUID


class LicenceActivityVersion(TenantRow, table=True):
    """What a row of activity was before an import changed it; `revision` is the number that it had then."""

    __tablename__ = "licence_activity_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id", "product", "period", "period_starts_on", "app"],
            [
                "licence_activity.organisation_id",
                "licence_activity.person_id",
                "licence_activity.product",
                "licence_activity.period",
                "licence_activity.period_starts_on",
                "licence_activity.app",
            ],
            name="fk_licence_activity_version_activity",
        ),
        Index("ix_licence_activity_version_batch", "organisation_id", "batch_id"),
    )

    person_id: UUID = Field(primary_key=True)
    product: str = Field(primary_key=True, max_length=64)
    period: Period = Field(primary_key=True, sa_type=text_enum(Period))
    period_starts_on: date = Field(primary_key=True)
    app: str = Field(primary_key=True, max_length=64)
    revision: int = Field(primary_key=True)
    active_days: int | None = None
    actions: int | None = None
    source: str = Field(max_length=64)
    batch_id: UUID
    replaced_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class LicenceActivityYear(Revised, TenantRow, table=True):
    """What `LicenceActivity` says of one person's year with a product, a byte a day (docs/decisions/0017).

    Derived, never written by hand. `days` holds 366 bytes, the first for 1 January; 0 is no activity.
    """

    __tablename__ = "licence_activity_year"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "person_id"], ["person.organisation_id", "person.id"]
        ),
        CheckConstraint("length(days) = 366", name="days"),
        Index("ix_licence_activity_year_person", "organisation_id", "person_id"),
    )

    product: str = Field(primary_key=True, max_length=64)
    person_id: UUID = Field(primary_key=True)
    year: int = Field(primary_key=True)
    days: bytes


class LicenceActivityCaveat(CreatedAt, TenantRow, table=True):
    """Days of which a product's activity is not known in full, and why; until further notice where none is the last.

    Of one kind they do not overlap.
    """

    __tablename__ = "licence_activity_caveat"
    __table_args__ = (CheckConstraint("ends_on > starts_on", name="dates"),)

    product: str = Field(primary_key=True, max_length=64)
    kind: CaveatKind = Field(primary_key=True, sa_type=text_enum(CaveatKind))
    starts_on: date = Field(primary_key=True)
    ends_on: date | None = None
