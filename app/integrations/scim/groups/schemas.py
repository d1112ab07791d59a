"""What is sent and received about groups of a directory, and what they are evidence of."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.fields import Change, Label
from app.core.pagination import Page
from app.integrations.scim.groups.models import GroupUse


class DirectoryGroupChange(Change):
    """What a group is to be taken for; what is left out stays."""

    use: GroupUse = Field(
        default=GroupUse.NONE,
        description="`team`: members work in that team. `licences`: evidence of assigned seats.",
    )
    team: Label | None = Field(
        default=None, description="Name of the team; the group's own where it is null."
    )
    pool_id: UUID | None = Field(default=None, description="Of which pool, with `licences`.")


class DirectoryGroupOut(BaseModel):
    """A group as the directory sends it, and what it is taken for."""

    group_id: UUID
    display_name: str
    external_id: str | None = Field(description="The directory's own id.")
    use: GroupUse
    team: str | None
    pool_id: UUID | None
    members: int
    created_at: datetime
    updated_at: datetime


class Difference(StrEnum):
    """What one of the two records lacks."""

    MEMBER_WITHOUT_SEAT = "member_without_seat"
    SEAT_WITHOUT_MEMBERSHIP = "seat_without_membership"


class EvidenceOut(BaseModel):
    """Somebody of whom the directory and the seat ledger say different things."""

    person_id: UUID
    difference: Difference
    since: date = Field(description="Since when a member, or when the seat was allocated.")


class EvidencePage(Page[EvidenceOut]):
    """Where membership of a pool's groups and its seats differ on a day. Nothing follows by itself."""

    as_of: date
    groups: int = Field(description="Groups that are evidence of this pool's seats.")
    members: int
    seats: int
    agreeing: int = Field(description="People who are members and have a seat.")
