"""All SQL about prompts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.time_use.prompts.models import TimePrompt

_PROMPTS = metadata.tables["time_prompt"]


@dataclass(frozen=True, slots=True)
class PromptFilter:
    """Which prompts are asked for."""

    since: datetime | None = None
    until: datetime | None = None
    person_id: UUID | None = None


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    wanted: PromptFilter,
) -> tuple[list[TimePrompt], str | None]:
    p = TimePrompt
    statement: SelectOfScalar[TimePrompt] = scoped(principal, p).where(col(p.pilot_id) == pilot_id)
    if wanted.person_id is not None:
        statement = statement.where(col(p.person_id) == wanted.person_id)
    if wanted.since is not None:
        statement = statement.where(col(p.prompt_at) >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(col(p.prompt_at) < wanted.until)
    return await paginate(session, statement, col(p.id), query)


async def between(
    session: AsyncSession, principal: Principal, pilot_id: UUID, since: datetime, until: datetime
) -> list[tuple[UUID, UUID, datetime]]:
    """Id, person and moment of every prompt of a pilot in `[since, until)`."""
    p = TimePrompt
    statement = scoped_columns(principal, p, col(p.id), col(p.person_id), col(p.prompt_at)).where(
        col(p.pilot_id) == pilot_id, col(p.prompt_at) >= since, col(p.prompt_at) < until
    )
    return [(row[0], row[1], row[2]) for row in await session.exec(statement)]


async def add(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await session.exec(insert(_PROMPTS), params=list(rows))
