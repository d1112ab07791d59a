"""Whether an organisation is compared with others, and with which."""

from enum import StrEnum
from typing import Final

from sqlalchemy import CheckConstraint
from sqlmodel import Field

from app.core.models import Revised, TenantRow, text_enum


class CouncilKind(StrEnum):
    """What kind of authority an organisation is."""

    COUNTY = "county"
    DISTRICT = "district"
    LONDON_BOROUGH = "london_borough"
    METROPOLITAN = "metropolitan"
    UNITARY = "unitary"
    OTHER = "other"


class SizeBand(StrEnum):
    """Organisations by how many people live in their area."""

    SMALL = "under_150000"
    MEDIUM = "150000_to_300000"
    LARGE = "300000_and_over"


_BANDS: Final = ((150_000, SizeBand.SMALL), (300_000, SizeBand.MEDIUM))


def band_of(population: int) -> SizeBand:
    """The band that a number of inhabitants falls in."""
    return next((band for below, band in _BANDS if population < below), SizeBand.LARGE)


class Participation(Revised, TenantRow, table=True):
    """What an organisation says of itself for the comparison; without a row it takes no part."""

    __tablename__ = "benchmark_participation"
    __table_args__ = (CheckConstraint("population > 0", name="population"),)

    kind: CouncilKind = Field(sa_type=text_enum(CouncilKind))
    population: int
    is_sharing: bool
