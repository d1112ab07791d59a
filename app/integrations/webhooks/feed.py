"""Events for those who would rather ask: in order, from a cursor on."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped_columns
from app.core.pagination import PageQuery, decode_cursor, encode_cursor
from app.events import service as events
from app.events.models import Event
from app.events.types import visible_to
from app.integrations.webhooks import errors
from app.pilots.models import Pilot


@dataclass(frozen=True, slots=True)
class Read:
    """Some events; where to go on for more by now, and where the next time."""

    events: list[Event]
    next_cursor: str | None
    resume_cursor: str


async def read(session: AsyncSession, principal: Principal, query: PageQuery) -> Read:
    """The events after a cursor that the caller may see: by scope, and a pilot lead of its own pilots.

    Raises:
        Invalid: the cursor is none of ours.
        Gone: events after it are forgotten.
    """
    # Read first: what is forgotten or numbered after it does no harm.
    forgotten, last = await events.bounds(session, principal)
    start = decode_cursor(query.cursor).int if query.cursor is not None else forgotten
    if start < forgotten:
        raise errors.cursor_expired()
    start = min(start, last)  # a number beyond is none of ours, and would miss what comes
    own = scoped_columns(principal, Pilot, col(Pilot.id)) if principal.only_own_pilots else None
    found = await events.after(
        session, principal, start, query.limit + 1, visible_to(principal.scopes), own
    )
    page = found[: query.limit]
    more = len(found) > len(page)
    # Where there is no more, everything numbered when we began has been looked at.
    reached = max([last, *_numbers(page)]) if not more else max(_numbers(page))
    cursor = encode_cursor(UUID(int=reached))
    return Read(page, cursor if more else None, cursor)


def _numbers(found: list[Event]) -> list[int]:
    return [event.number for event in found if event.number is not None]
