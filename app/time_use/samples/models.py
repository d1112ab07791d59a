"""What somebody was doing, for how long: as its source sent it, and what it had sent before."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, text
from sqlmodel import Field

from app.core import clock
from app.core.models import Revised, TenantRow, UtcDateTime, new_id, text_enum


class SampleMethod(StrEnum):
    """How a sample was taken."""

    DIARY = "diary"
    TIMESHEET = "timesheet"
    OBSERVATION = "observation"
    RANDOM_MOMENT = "random_moment"


_OF_A_BATCH = text("batch_id IS NOT NULL")


class TimeSample(Revised, TenantRow, table=True):
    """Minutes, or one prompt, of one person; replaced where its source sends it again.

    Keyed by what its source calls it: one unique index on the table that takes the most rows. Days are read
    by the index on when samples began. It has no
    foreign keys: what they would hold is looked up in the transaction that writes, and never deleted
    (docs/decisions/0020).
    """

    __tablename__ = "time_sample"
    __table_args__ = (
        CheckConstraint("minutes > 0 AND minutes <= 1440", name="minutes"),
        CheckConstraint("minutes IS NOT NULL OR method = 'random_moment'", name="duration"),
        # Of some rows only, so that a look by key cannot take them: on a table without statistics PostgreSQL
        # held them as good as the key, and read the whole pilot for each key of a first load.
        Index(
            "ix_time_sample_started_at",
            "organisation_id",
            "pilot_id",
            "started_at",
            postgresql_where=text("is_deleted IS false"),
            sqlite_where=text("is_deleted IS 0"),  # to the letter as days ask for them
        ),
        Index(
            "ix_time_sample_batch",
            "organisation_id",
            "batch_id",
            postgresql_where=_OF_A_BATCH,
            sqlite_where=_OF_A_BATCH,
        ),
    )

    organisation_id: UUID = Field(primary_key=True)
    pilot_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True, max_length=64)
    source_ref: str = Field(primary_key=True, max_length=200)
    id: UUID = Field(default_factory=new_id)
    person_id: UUID
    category: str = Field(max_length=64)
    started_at: datetime = Field(sa_type=UtcDateTime)
    minutes: float | None = None
    method: SampleMethod = Field(sa_type=text_enum(SampleMethod))
    is_deleted: bool = False
    batch_id: UUID | None = None


class TimeSampleVersion(TenantRow, table=True):
    """What a sample was before it was replaced; `revision` is the number that it had then."""

    __tablename__ = "time_sample_version"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "pilot_id"], ["pilot.organisation_id", "pilot.id"]
        ),
        Index("ix_time_sample_version_batch", "organisation_id", "batch_id"),
    )

    pilot_id: UUID = Field(primary_key=True)
    source: str = Field(primary_key=True, max_length=64)
    source_ref: str = Field(primary_key=True, max_length=200)
    revision: int = Field(primary_key=True)
    person_id: UUID
    category: str = Field(max_length=64)
    started_at: datetime = Field(sa_type=UtcDateTime)
    minutes: float | None = None
    method: SampleMethod = Field(sa_type=text_enum(SampleMethod))
    is_deleted: bool
    batch_id: UUID | None = None
    replaced_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class TimeUseDayMark(TenantRow, table=True):
    """A local day of a pilot whose samples have changed since its figures were made.

    Written in the transaction that changes the samples, each time under a `mark_id` of its own. Who makes the
    figures of a day anew deletes the marks that it saw, and no others: the mark of a transaction that had not
    been committed by then stays. Were there one mark a day, a second writer's insert would find it there and
    do nothing, and that writer's change would be lost with it.

    `zone` is the one whose day it is (None: written by a release that did not say): the council may move to
    another while the transaction that marks has not been committed.
    """

    __tablename__ = "time_use_day_mark"

    pilot_id: UUID = Field(primary_key=True)
    local_day: date = Field(primary_key=True)
    mark_id: UUID = Field(default_factory=new_id, primary_key=True)
    zone: str | None = Field(default=None, max_length=64)
