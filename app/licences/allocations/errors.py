"""What can go wrong with seats."""

from datetime import date

from app.core import sentences
from app.core.errors import Conflict, FieldError, Invalid, Unavailable, constraint
from app.licences.pools.headroom import Shortage

ALREADY = "already_allocated"
ALREADY_DETAIL = (
    "This person holds a seat of the product in that time. Release that one first, or correct it."
)
NO_SEAT = "pool_exhausted"
NO_SEAT_DETAIL = (
    "No seat of the pool is free on every day from there on. Queue the person (queue=true), release a "
    "seat, or add capacity."
)
HAS_LEFT = "person_has_left"
HAS_LEFT_DETAIL = "The person has left by then (left_on in the people record)."


def already_allocated() -> Conflict:
    return Conflict(ALREADY_DETAIL, code=ALREADY)


def pool_exhausted() -> Conflict:
    return Conflict(NO_SEAT_DETAIL, code=NO_SEAT)


def has_left() -> Conflict:
    return Conflict(HAS_LEFT_DETAIL, code=HAS_LEFT)


def too_many_allocated(shortage: Shortage) -> Conflict:
    """A block pool would hold more seats than were bought."""
    seats = sentences.counted(shortage.seats, "more seat is", "more seats are")
    return Conflict(
        f"From {sentences.day(shortage.first_day)} on up to {seats} allocated than there would "
        "be. Release them first (a future date will do), or let the pool warn instead of block.",
        code="capacity_below_allocated",
        extra={"deficit": shortage.seats, "deficit_from": shortage.first_day.isoformat()},
    )


def ledger_outside_term() -> Conflict:
    return Conflict(
        "The ledger has seats or capacity changes that begin or end outside this term. Correct those "
        "first.",
        code="ledger_outside_term",
    )


def outside_term(pointer: str, starts_on: date, ends_on: date) -> Invalid:
    return Invalid.field(pointer, "outside_term", outside_term_detail(starts_on, ends_on))


def outside_term_detail(starts_on: date, ends_on: date) -> str:
    return f"This lies outside the pool's term, from {sentences.day(starts_on)} to the day before {sentences.day(ends_on)}."


# Behind the lock: reached only by a writer that forgot it, and then by neither of the two seats.
for name in ("uq_seat_allocation_open", "uq_seat_allocation_start"):
    constraint(name, already_allocated())
constraint("pk_seat_event", Unavailable("The ledger was written to at once. Try again."))
constraint(
    "ck_seat_allocation_interval",
    Invalid(
        "released_on lies before allocated_on",
        code="dates_out_of_order",
        errors=[
            FieldError("/released_on", "dates_out_of_order", "released_on lies before allocated_on")
        ],
    ),
)
