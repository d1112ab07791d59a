"""What is sent and received about an organisation."""

from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.fields import Change, Currency, Label, Number, Output


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        raise PydanticCustomError(
            "unknown_zone", "must be an IANA time zone such as Europe/London"
        ) from None
    return value


Zone = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9+/_-]{1,63}$"),
    AfterValidator(_known_zone),
]
GroupSize = Annotated[int, Field(ge=5, le=10, strict=True)]
HoursPerWeek = Annotated[Number, Field(gt=0, le=168)]


class OrganisationChange(Change):
    """What may be changed; what is left out stays."""

    name: Label = ""
    zone: Zone = ""
    minimum_group_size: GroupSize = Field(
        default=5, description="Counts of people from 1 to one below this are withheld."
    )
    working_hours_per_week: HoursPerWeek = 37
    currency: Currency = ""


class OrganisationOut(Output):
    """The caller's organisation."""

    organisation_id: UUID
    name: str
    zone: str
    minimum_group_size: int
    working_hours_per_week: float
    currency: str
    is_simulated: bool = Field(description="True where every figure comes from simulated data.")
