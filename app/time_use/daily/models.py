"""Daily facts of time use, and what their numbers stand for."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlmodel import Field

from app.core import clock
from app.core.models import TenantRow, UtcDateTime
from app.time_use.samples.models import SampleMethod


class TimeUseDay(TenantRow, table=True):
    """A local day of a pilot: minutes and samples by person and code, as `entries` packs them.

    `zone` is the one whose day it is, and how entries lie: of a day of another nothing is to be read.
    """

    __tablename__ = "time_use_day"

    pilot_id: UUID = Field(primary_key=True)
    local_day: date = Field(primary_key=True)
    zone: str = Field(max_length=64)
    entries: bytes = Field(sa_type=LargeBinary)
    samples: int
    computed_at: datetime = Field(default_factory=clock.now, sa_type=UtcDateTime)


class TimeUsePerson(TenantRow, table=True):
    """The number that a person has in the daily facts of a pilot; it is never given to another."""

    __tablename__ = "time_use_person"
    __table_args__ = (UniqueConstraint("organisation_id", "pilot_id", "person_id"),)

    pilot_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    person_id: UUID


class TimeUseCode(TenantRow, table=True):
    """The number that a code of a source, sampled by a method, has in the daily facts of a pilot."""

    __tablename__ = "time_use_code"
    __table_args__ = (
        UniqueConstraint("organisation_id", "pilot_id", "source", "category", "method"),
    )

    pilot_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    source: str = Field(max_length=64)
    category: str = Field(max_length=64)
    method: str = Field(max_length=40)


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a pilot as it is read: a row takes hundreds of times as long to make."""

    number: int
    source: str
    category: str
    method: str

    @property
    def is_prompt(self) -> bool:
        return self.method == SampleMethod.RANDOM_MOMENT
