"""Rules about audit plans, the list of outputs, and drawing from it."""

import secrets
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.output_audits import errors, repository
from app.assurance.output_audits.claims import needed_outputs
from app.assurance.output_audits.drawing import (
    Candidate,
    Stratum,
    digest_of,
    drawn_of,
    marked_twice,
)
from app.assurance.output_audits.models import (
    ListedOutput,
    OutputAuditPlan,
    OutputDraw,
    SampledOutput,
)
from app.assurance.output_audits.schemas import (
    MAX_SEED,
    AuditPlanIn,
    DrawVerificationOut,
    OutputDrawIn,
    OutputRow,
)
from app.audit_log import service as audit_log
from app.core import screening
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, RowError
from app.core.errors import Invalid, existing
from app.core.identifiers import names_somebody
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.periods import Window
from app.imports.models import ImportKind
from app.imports.service import Intake, intake
from app.pilots import service as pilots

_CODES = ("tool_version", "output_type", "team")


async def create(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: AuditPlanIn
) -> OutputAuditPlan:
    """Set up what of a pilot's output is audited, and what is to be shown.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: its days or levels are out of order, or its name seems to identify a person.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    if wanted.ends_on <= wanted.starts_on:
        raise Invalid.field(
            "/ends_on",
            "dates_out_of_order",
            "ends_on must lie after starts_on, which it leaves out",
        )
    if wanted.error_warning > wanted.error_limit:
        raise Invalid.field(
            "/error_warning",
            "warning_above_limit",
            "The warning comes before the limit, or with it.",
        )
    screening.check([("/name", wanted.name)])
    values = wanted.model_dump() | {"strata": [n for n in _CODES if n in wanted.strata]}
    plan = OutputAuditPlan(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        principal_id=principal.id,
        **values,
    )
    session.add(plan)
    await session.flush()
    await audit_log.record(session, principal, "output_audit_plan.created", plan.id)
    return plan


async def page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[OutputAuditPlan], str | None]:
    """Plans of a pilot within reach."""
    await pilots.get(session, principal, pilot_id)
    return await repository.plans(session, principal, pilot_id, query)


async def begun(session: AsyncSession, principal: Principal, days: Window) -> list[OutputAuditPlan]:
    """Plans of the organisation whose period begins on one of these days."""
    return await repository.plans_begun(session, principal, days)


async def get(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    plan_id: UUID,
    *,
    for_update: bool = False,
) -> OutputAuditPlan:
    """One plan.

    Raises:
        NotFound: there is none within reach.
    """
    await pilots.get(session, principal, pilot_id)
    return existing(
        await repository.find_plan(session, principal, pilot_id, plan_id, for_update=for_update),
        "audit plan",
    )


# --- the list --------------------------------------------------------------------------------------


async def list_outputs(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    plan_id: UUID,
    chunks: Iterable[list[Parsed[OutputRow]]],
    options: BulkOptions,
) -> BulkResult:
    """Put outputs on the list of a plan. What is on it stays as it is.

    Raises:
        NotFound: there is no such plan within reach.
    """
    # Held, so that nothing is drawn from half a list.
    plan = await get(session, principal, pilot_id, plan_id, for_update=True)
    async with intake(session, principal, ImportKind.AI_OUTPUTS, options, about=plan.id) as batch:
        for chunk in chunks:
            await _list_chunk(session, principal, plan, chunk, batch)
    return batch.answer


async def _list_chunk(
    session: AsyncSession,
    principal: Principal,
    plan: OutputAuditPlan,
    chunk: list[Parsed[OutputRow]],
    batch: Intake,
) -> None:
    refs = {parsed.row.output_ref for parsed in chunk if parsed.row is not None}
    known = await repository.listed_as(session, principal, plan.id, refs)
    period = Window(plan.starts_on, plan.ends_on)
    problems: list[RowError | None] = []
    rows: list[dict[str, Any]] = []
    for parsed in chunk:
        row = parsed.row
        if row is None:
            problems.append(parsed.error)
            continue
        says = (row.produced_on, row.tool_version, row.output_type, row.team)
        problem = _problem(parsed.index, row, period)
        if problem is None and known.setdefault(row.output_ref, says) != says:
            detail = "This reference is on the list with other values. A list is not changed."
            problem = RowError(parsed.index, "output_differs", detail, "/output_ref")
        problems.append(problem)
        if problem is None:
            rows.append(
                {
                    "organisation_id": principal.organisation_id,
                    "id": new_id(),
                    "plan_id": plan.id,
                    "output_ref": row.output_ref,
                    "produced_on": row.produced_on,
                    **{name: getattr(row, name) for name in _CODES},
                    "draws_before": plan.draws,
                    "batch_id": batch.batch_id,
                }
            )
    batch.tally.note_chunk(problems, await repository.list_outputs(session, rows))


def _problem(index: int, row: OutputRow, period: Window) -> RowError | None:
    if names_somebody(row.output_ref):
        detail = (
            "This looks like an NHS number, a national insurance number, or a name with a postcode. "
            "Send a number of the output instead."
        )
        return RowError(index, screening.CODE, detail, "/output_ref")
    held = screening.row_error(index, ((f"/{name}", getattr(row, name)) for name in _CODES))
    if held is not None:
        return held
    if row.produced_on not in period:
        detail = "This day is no part of the plan's period."
        return RowError(index, "outside_period", detail, "/produced_on")
    return None


async def listed(
    session: AsyncSession, principal: Principal, pilot_id: UUID, plan_id: UUID, query: PageQuery
) -> tuple[list[ListedOutput], str | None]:
    """The list of a plan within reach."""
    plan = await get(session, principal, pilot_id, plan_id)
    return await repository.listed(session, principal, plan.id, query)


# --- draws -----------------------------------------------------------------------------------------


async def draw(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    plan_id: UUID,
    wanted: OutputDrawIn,
) -> OutputDraw:
    """Draw outputs by chance, of those that no earlier draw has taken; all where there are no more.

    Raises:
        NotFound: there is no such plan within reach.
        Invalid: none of the days lies in the plan's period.
        Conflict: nothing is left to draw.
    """
    plan = await get(session, principal, pilot_id, plan_id, for_update=True)
    period = Window(plan.starts_on, plan.ends_on)
    days = Window(wanted.starts_on or plan.starts_on, wanted.ends_on or plan.ends_on).clip(period)
    if days.days == 0:
        raise Invalid.field("/ends_on", "empty_window", "These days are none of the plan's period.")
    number = plan.draws + 1
    found = await repository.candidates(session, principal, plan.id, days, number)
    if not found:
        raise errors.nothing_to_draw()
    seed = secrets.randbelow(MAX_SEED + 1) if wanted.seed is None else wanted.seed
    candidates = _candidates(plan, found)
    outputs = wanted.outputs or needed_outputs(plan.critical_below)
    drawn = drawn_of(seed, candidates, outputs)
    made = OutputDraw(
        organisation_id=principal.organisation_id,
        plan_id=plan.id,
        number=number,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        seed=seed,
        candidates=len(candidates),
        drawn=len(drawn),
        digest=digest_of(candidates),
        principal_id=principal.id,
    )
    plan.draws = number
    session.add(made)
    await session.flush()
    id_of = {row.output_ref: row.id for row in found}
    twice = marked_twice(seed, drawn, plan.second_share)
    session.add_all(
        SampledOutput(
            organisation_id=principal.organisation_id,
            plan_id=plan.id,
            draw_id=made.id,
            draw_number=number,
            listed_id=id_of[each.reference],
            marked_twice=each.reference in twice,
        )
        for each in drawn
    )
    details = {"drawn": len(drawn), "candidates": len(candidates)}
    await audit_log.record(session, principal, "output_draw.created", made.id, details=details)
    return made


def stratum_of(plan: OutputAuditPlan, row: ListedOutput) -> Stratum:
    """What a listed output says in the fields that a plan is stratified by."""
    return tuple(getattr(row, name) or "" for name in plan.strata)


def _candidates(plan: OutputAuditPlan, rows: Iterable[ListedOutput]) -> list[Candidate]:
    return [Candidate(row.output_ref, stratum_of(plan, row)) for row in rows]


async def draws(
    session: AsyncSession, principal: Principal, pilot_id: UUID, plan_id: UUID, query: PageQuery
) -> tuple[list[OutputDraw], str | None]:
    """The draws of a plan within reach."""
    plan = await get(session, principal, pilot_id, plan_id)
    return await repository.draws(session, principal, plan.id, query)


async def verify(
    session: AsyncSession, principal: Principal, pilot_id: UUID, plan_id: UUID, draw_id: UUID
) -> DrawVerificationOut:
    """Repeat a draw from its seed, on what the list held then.

    Raises:
        NotFound: there is no such draw within reach.
    """
    plan = await get(session, principal, pilot_id, plan_id)
    made = existing(await repository.find_draw(session, principal, plan.id, draw_id), "draw")
    days = Window(made.starts_on, made.ends_on)
    found = await repository.candidates(session, principal, plan.id, days, made.number)
    candidates = _candidates(plan, found)
    again = {each.reference for each in drawn_of(made.seed, candidates, made.drawn)}
    return DrawVerificationOut(
        draw_id=made.id,
        same_candidates=digest_of(candidates) == made.digest,
        same_outputs=again == await repository.drawn_refs(session, principal, made),
    )
