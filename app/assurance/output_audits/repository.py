"""All SQL about audits of output."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.assurance.output_audits.models import (
    ListedOutput,
    OutputAuditPlan,
    OutputDraw,
    OutputMarking,
    SampledOutput,
)
from app.core.bulk.results import Outcome
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.models import in_parts, metadata
from app.core.pagination import PageQuery, paginate
from app.core.periods import Window

# Nothing is compared: a listed output stays as it is.
_LISTING = UpsertTarget(
    table=metadata.tables["listed_output"],
    key=("organisation_id", "plan_id", "output_ref"),
    compared=(),
    on_insert=(
        *("id", "produced_on", "tool_version", "output_type", "team", "draws_before", "batch_id"),
    ),
)


async def plans(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[OutputAuditPlan], str | None]:
    p = OutputAuditPlan
    statement = scoped(principal, p).where(col(p.pilot_id) == pilot_id)
    return await paginate(session, statement, col(p.id), query)


async def find_plan(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    plan_id: UUID,
    *,
    for_update: bool = False,
) -> OutputAuditPlan | None:
    p = OutputAuditPlan
    statement = scoped(principal, p).where(col(p.pilot_id) == pilot_id, col(p.id) == plan_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def plans_before(
    session: AsyncSession, principal: Principal, pilot_id: UUID, before: datetime
) -> list[OutputAuditPlan]:
    """A pilot's plans that were set up before an instant."""
    p = OutputAuditPlan
    statement = scoped(principal, p).where(col(p.pilot_id) == pilot_id, col(p.created_at) < before)
    return list((await session.exec(statement.order_by(col(p.id)))).all())


async def plans_begun(
    session: AsyncSession, principal: Principal, days: Window
) -> list[OutputAuditPlan]:
    """Plans of whatever pilot whose period begins on one of these days."""
    p = OutputAuditPlan
    within = (col(p.starts_on) >= days.starts_on, col(p.starts_on) < days.ends_on)
    return list((await session.exec(scoped(principal, p).where(*within).order_by(col(p.id)))).all())


async def list_outputs(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _LISTING, rows)


async def listed_as(
    session: AsyncSession, principal: Principal, plan_id: UUID, refs: Collection[str]
) -> dict[str, tuple[Any, ...]]:
    """Those of these references that are listed: day, tool version, type and team by reference."""
    o = ListedOutput
    wanted = (o.output_ref, o.produced_on, o.tool_version, o.output_type, o.team)
    statement = scoped_columns(principal, o, *map(col, wanted)).where(col(o.plan_id) == plan_id)
    found: dict[str, tuple[Any, ...]] = {}
    for part in in_parts(refs):
        rows = await session.exec(statement.where(col(o.output_ref).in_(part)))
        found |= {row[0]: tuple(row[1:]) for row in rows}
    return found


async def listed(
    session: AsyncSession, principal: Principal, plan_id: UUID, query: PageQuery
) -> tuple[list[ListedOutput], str | None]:
    statement = scoped(principal, ListedOutput).where(col(ListedOutput.plan_id) == plan_id)
    return await paginate(session, statement, col(ListedOutput.id), query)


async def candidates(
    session: AsyncSession, principal: Principal, plan_id: UUID, days: Window, number: int
) -> list[ListedOutput]:
    """What a draw of a number draws from: listed before it, produced on these days, and not drawn before it."""
    o, s = ListedOutput, SampledOutput
    taken = scoped_columns(principal, s, col(s.listed_id)).where(
        col(s.plan_id) == plan_id, col(s.draw_number) < number
    )
    statement = scoped(principal, o).where(
        col(o.plan_id) == plan_id,
        col(o.produced_on) >= days.starts_on,
        col(o.produced_on) < days.ends_on,
        col(o.draws_before) < number,
        col(o.id).not_in(taken),
    )
    return list((await session.exec(statement)).all())


async def draws(
    session: AsyncSession, principal: Principal, plan_id: UUID, query: PageQuery
) -> tuple[list[OutputDraw], str | None]:
    statement = scoped(principal, OutputDraw).where(col(OutputDraw.plan_id) == plan_id)
    return await paginate(session, statement, col(OutputDraw.id), query)


async def find_draw(
    session: AsyncSession, principal: Principal, plan_id: UUID, draw_id: UUID
) -> OutputDraw | None:
    d = OutputDraw
    statement = scoped(principal, d).where(col(d.plan_id) == plan_id, col(d.id) == draw_id)
    return (await session.exec(statement)).one_or_none()


async def drawn_refs(session: AsyncSession, principal: Principal, draw: OutputDraw) -> set[str]:
    """References of the outputs that a draw took."""
    s, o = SampledOutput, ListedOutput
    drawn = scoped_columns(principal, s, col(s.listed_id)).where(col(s.draw_id) == draw.id)
    statement = scoped_columns(principal, o, col(o.output_ref)).where(col(o.id).in_(drawn))
    return {row[0] for row in await session.exec(statement)}


async def sample_page(
    session: AsyncSession, principal: Principal, plan_id: UUID, query: PageQuery
) -> tuple[list[SampledOutput], str | None]:
    statement = scoped(principal, SampledOutput).where(col(SampledOutput.plan_id) == plan_id)
    return await paginate(session, statement, col(SampledOutput.id), query)


async def sample(session: AsyncSession, principal: Principal, plan_id: UUID) -> list[SampledOutput]:
    """All that was drawn for a plan."""
    statement = scoped(principal, SampledOutput).where(col(SampledOutput.plan_id) == plan_id)
    return list((await session.exec(statement)).all())


async def find_sampled(
    session: AsyncSession, principal: Principal, plan_id: UUID, sampled_id: UUID
) -> SampledOutput | None:
    s = SampledOutput
    statement = scoped(principal, s).where(col(s.plan_id) == plan_id, col(s.id) == sampled_id)
    return (await session.exec(statement)).one_or_none()


async def listed_by_id(
    session: AsyncSession, principal: Principal, listed_ids: Collection[UUID]
) -> dict[UUID, ListedOutput]:
    """Entries of a list by their id."""
    found: dict[UUID, ListedOutput] = {}
    for part in in_parts(listed_ids):
        statement = scoped(principal, ListedOutput).where(col(ListedOutput.id).in_(part))
        found |= {row.id: row for row in await session.exec(statement)}
    return found


async def markings(
    session: AsyncSession, principal: Principal, plan_id: UUID, sampled_id: UUID | None = None
) -> list[OutputMarking]:
    """All markings of a plan, or of one output of its sample, in the order in which they were made."""
    m = OutputMarking
    statement = scoped(principal, m).where(col(m.plan_id) == plan_id)
    if sampled_id is not None:
        statement = statement.where(col(m.sampled_id) == sampled_id)
    return list((await session.exec(statement.order_by(col(m.id)))).all())
