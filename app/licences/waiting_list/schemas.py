"""What is sent and received about waiting lists."""

from datetime import date, datetime
from uuid import UUID

from pydantic import Field

from app.core.fields import CalendarDate, Output
from app.licences.allocations.schemas import USUAL_PRIORITY, Priority
from app.licences.waiting_list.models import WaitingStatus
from app.licences.waiting_list.service import Placed
from app.people.schemas import PersonNamed


class WaitingIn(PersonNamed):
    """Somebody to put on a waiting list."""

    priority: Priority = Field(
        default=USUAL_PRIORITY, description="1 is served before 2, equal ones by day of request."
    )
    requested_on: CalendarDate | None = Field(default=None, description="Today by default.")


class WaitingOut(Output):
    """A request for a seat, and what became of it."""

    waiting_id: UUID = Field(validation_alias="id")
    pool_id: UUID
    person_id: UUID
    priority: int
    requested_on: date
    status: WaitingStatus
    place: int | None = Field(default=None, description="Place on the list today; 1 is next.")
    ended_on: date | None = Field(description="The day on which the wait was over.")
    allocation_id: UUID | None = Field(description="The seat that ended it.")
    created_at: datetime


def waiting_out(placed: Placed) -> WaitingOut:
    """An entry as it is sent, with its place today."""
    entry = WaitingOut.model_validate(placed.entry)
    return entry.model_copy(update={"place": placed.place})
