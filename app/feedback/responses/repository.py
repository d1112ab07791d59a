"""All SQL about weekly answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import and_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.bulk.loading import Values
from app.core.bulk.results import Outcome
from app.core.bulk.undo import forget_replaced, take_back, touched_by
from app.core.bulk.versions import VersionedTable, replace
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.core.periods import Window
from app.feedback.responses.models import SCORES, TEXTS, CommentPlace, FeedbackResponse

_TARGET = VersionedTable(
    table=metadata.tables["feedback_response"],
    history=metadata.tables["feedback_version"],
    within=("organisation_id", "pilot_id"),
    key=("answer_key",),
    compared=(
        *("week_starts_on", "person_id", "session_id"),
        *SCORES,
        *("minutes_saved_per_day", "would_keep"),
        *TEXTS,
        *("themes", "is_deleted"),
    ),
    carried=("updated_at", "batch_id"),
    on_insert=("id", "created_at"),
)
COLUMNS = _TARGET.columns


@dataclass(frozen=True, slots=True)
class ResponseFilter:
    """Which answers are asked for."""

    weeks: Window
    person_id: UUID | None = None
    session_id: UUID | None = None


async def upsert_responses(session: AsyncSession, rows: Sequence[Values]) -> list[Outcome]:
    """Write answers, each the values of `COLUMNS`."""
    return (await replace(session, _TARGET, rows)).outcomes


async def id_of(
    session: AsyncSession, principal: Principal, pilot_id: UUID, answer_key: str
) -> UUID:
    r = FeedbackResponse
    statement = scoped_columns(principal, r, col(r.id)).where(
        col(r.pilot_id) == pilot_id, col(r.answer_key) == answer_key
    )
    found: UUID = (await session.exec(statement)).one()[0]
    return found


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    wanted: ResponseFilter,
) -> tuple[list[FeedbackResponse], str | None]:
    r = FeedbackResponse
    statement = scoped(principal, r).where(
        col(r.pilot_id) == pilot_id,
        col(r.week_starts_on) >= wanted.weeks.starts_on,
        col(r.week_starts_on) < wanted.weeks.ends_on,
    )
    if wanted.person_id is not None:
        statement = statement.where(col(r.person_id) == wanted.person_id)
    if wanted.session_id is not None:
        # Of an anonymous answer the session would tell the day.
        statement = statement.where(
            col(r.session_id) == wanted.session_id, col(r.person_id).is_not(None)
        )
    return await paginate(session, statement, col(r.id), query)


@dataclass(frozen=True, slots=True)
class Written:
    """What somebody wrote about a week; the writer None: anonymous; the group None: not read yet."""

    answer_key: str
    revision: int
    group: int | None
    week_starts_on: date
    person_id: UUID | None
    liked: str | None
    disliked: str | None
    blockers: str | None


async def texts(session: AsyncSession, principal: Principal, pilot_id: UUID) -> list[Written]:
    """Every answer of a pilot that holds text, week by week."""
    r, p = FeedbackResponse, CommentPlace
    said = ("week_starts_on", "person_id", *TEXTS)
    columns = [
        *(col(r.answer_key), col(r.revision), col(p.number)),
        *(col(getattr(r, name)) for name in said),
    ]
    of_answer = and_(
        col(p.organisation_id) == col(r.organisation_id),
        col(p.pilot_id) == col(r.pilot_id),
        col(p.answer_key) == col(r.answer_key),
        col(p.revision) == col(r.revision),
    )
    statement = (
        scoped_columns(principal, r, *columns)
        .outerjoin(p, of_answer)
        .where(col(r.pilot_id) == pilot_id, col(r.is_deleted).is_(False))
    )
    rows = await session.exec(statement.order_by(col(r.week_starts_on)))
    return [Written(*row) for row in rows if any(row[-len(TEXTS) :])]


async def pilots_of(session: AsyncSession, principal: Principal, batch_id: UUID) -> set[UUID]:
    """The pilots of which a batch brought answers."""
    return await touched_by(session, _TARGET, "pilot_id", (principal.organisation_id, batch_id))


async def undo(
    session: AsyncSession, principal: Principal, batch_id: UUID, now: datetime
) -> tuple[int, int]:
    """Make the answers what they were without a batch; returns how many were removed and restored."""
    batch = (principal.organisation_id, batch_id)
    await forget_replaced(session, _TARGET, batch)
    return await take_back(session, _TARGET, batch, now)
