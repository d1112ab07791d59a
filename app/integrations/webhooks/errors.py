"""What the database's constraints, and our own rules, mean to a client."""

from app.core.errors import Conflict, Invalid, NotFound, ProblemError


class Gone(ProblemError):
    status = 410
    title = "Gone"
    default_code = "gone"


def missing() -> NotFound:
    return NotFound("There is no such endpoint.")


def too_many(most: int) -> Conflict:
    return Conflict(f"An organisation has {most} endpoints at most.", code="too_many_endpoints")


def unknown_type(known: list[str]) -> Invalid:
    return Invalid.field(
        "/event_types", "unknown_event_type", f"Known are: {', '.join(known)}. None are all."
    )


def missing_event() -> Invalid:
    return Invalid.field(
        "/event_id", "unknown_event", "There is no such event any more, or not yet."
    )


def too_many_events(most: int) -> Invalid:
    return Invalid.field(
        "/until", "too_many_events", f"A replay is of {most:,} events at most. Ask for less time."
    )


def cursor_expired() -> Gone:
    return Gone(
        "Events after this cursor are forgotten already. Read what matters through the API, then "
        "GET /events without a cursor.",
        code="cursor_expired",
    )
