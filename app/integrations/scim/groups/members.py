"""Who is in a group, as it is told."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a group, and their name."""

    person_id: UUID
    display_name: str | None
