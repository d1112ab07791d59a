"""What is sent and received about taking part in the comparison."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from app.benchmarking.participation.models import CouncilKind, Participation, SizeBand, band_of
from app.core.fields import Input

Population = Annotated[int, Field(ge=1, le=100_000_000, strict=True)]


class ParticipationIn(Input):
    """With whom to be compared, and whether at all."""

    kind: CouncilKind
    population: Population = Field(description="Inhabitants of the area, by the latest estimate.")
    is_sharing: bool = Field(
        strict=True,
        description="Whether submitted returns go into releases made from now on; those made before stay.",
    )


class ParticipationOut(BaseModel):
    """What the organisation has said; null where it has said nothing yet."""

    kind: CouncilKind | None
    population: int | None
    size: SizeBand | None
    is_sharing: bool
    updated_at: datetime | None


def participation_out(found: Participation | None) -> ParticipationOut:
    """An organisation's part in the comparison as it is sent."""
    if found is None:
        return ParticipationOut(
            kind=None, population=None, size=None, is_sharing=False, updated_at=None
        )
    return ParticipationOut(
        kind=found.kind,
        population=found.population,
        size=band_of(found.population),
        is_sharing=found.is_sharing,
        updated_at=found.updated_at,
    )
