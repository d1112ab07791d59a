"""`/pilots/{pilot_id}/output-audit-plans`: regular audits of what the AI wrote."""

from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, BulkRoute, Caller, Session, requires
from app.assurance.output_audits import answers, markings, service
from app.assurance.output_audits.schemas import (
    AuditFiguresOut,
    AuditPlanIn,
    AuditPlanOut,
    DrawVerificationOut,
    ListedOutputOut,
    MarkingIn,
    MarkingOut,
    MarkingsOut,
    OutputDrawIn,
    OutputDrawOut,
    OutputRow,
    SampledOutputOut,
)
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)
bulk_router = APIRouter(route_class=BulkRoute)

PLANS = "/{pilot_id}/output-audit-plans"
PLAN = f"{PLANS}/{{plan_id}}"
DRAWS = f"{PLAN}/draws"
MARKINGS = f"{PLAN}/sample/{{sampled_id}}/markings"


@bulk_router.post(
    f"{PLAN}/outputs/bulk",
    dependencies=[requires(Scope.GOVERNANCE_WRITE)],
    openapi_extra=schema_of(OutputRow),
)
async def list_many_outputs(
    pilot_id: UUID, plan_id: UUID, bulk: Bulk, session: Session, principal: Caller
) -> BulkResult:
    """Put outputs on the list of a plan, by reference alone; a file may come twice."""
    return await service.list_outputs(
        session, principal, pilot_id, plan_id, bulk.rows(OutputRow), bulk.options
    )


@router.post(
    PLANS, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.GOVERNANCE_WRITE)]
)
async def create_output_audit_plan(
    pilot_id: UUID, wanted: AuditPlanIn, response: Response, session: Session, principal: Caller
) -> AuditPlanOut:
    """Set up what is audited, its limit, and what is to be shown. A plan is not changed: make another."""
    plan = await service.create(session, principal, pilot_id, wanted)
    response.headers["Location"] = f"/api/v1/pilots/{pilot_id}/output-audit-plans/{plan.id}"
    return answers.plan_out(plan)


@router.get(PLANS, dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_output_audit_plans(
    pilot_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[AuditPlanOut]:
    """Audit plans of a pilot."""
    rows, cursor = await service.page(session, principal, pilot_id, page)
    return Page(items=[answers.plan_out(row) for row in rows], next_cursor=cursor)


@router.get(PLAN, dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_output_audit_plan(
    pilot_id: UUID, plan_id: UUID, session: Session, principal: Caller
) -> AuditPlanOut:
    """One audit plan."""
    return answers.plan_out(await service.get(session, principal, pilot_id, plan_id))


@router.get(f"{PLAN}/outputs", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_listed_outputs(
    pilot_id: UUID, plan_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[ListedOutputOut]:
    """The list that is drawn from."""
    rows, cursor = await service.listed(session, principal, pilot_id, plan_id, page)
    return Page(items=[ListedOutputOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(
    DRAWS, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.GOVERNANCE_WRITE)]
)
async def draw_outputs(
    pilot_id: UUID, plan_id: UUID, wanted: OutputDrawIn, session: Session, principal: Caller
) -> OutputDrawOut:
    """Draw outputs at random, in proportion by stratum, of those that no earlier draw has taken."""
    made = await service.draw(session, principal, pilot_id, plan_id, wanted)
    return OutputDrawOut.model_validate(made)


@router.get(DRAWS, dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_output_draws(
    pilot_id: UUID, plan_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[OutputDrawOut]:
    """The draws of a plan with their seeds."""
    rows, cursor = await service.draws(session, principal, pilot_id, plan_id, page)
    return Page(items=[OutputDrawOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(f"{DRAWS}/{{draw_id}}/verification", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def verify_output_draw(
    pilot_id: UUID, plan_id: UUID, draw_id: UUID, session: Session, principal: Caller
) -> DrawVerificationOut:
    """Repeat a draw from its seed, and say whether it gives the same."""
    return await service.verify(session, principal, pilot_id, plan_id, draw_id)


@router.get(f"{PLAN}/sample", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_sampled_outputs(
    pilot_id: UUID, plan_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[SampledOutputOut]:
    """The outputs that were drawn, to be marked."""
    rows, cursor = await markings.sample_page(session, principal, pilot_id, plan_id, page)
    return Page(items=[answers.sampled_out(*row) for row in rows], next_cursor=cursor)


@router.post(
    MARKINGS, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.GOVERNANCE_WRITE)]
)
async def mark_output(
    pilot_id: UUID,
    plan_id: UUID,
    sampled_id: UUID,
    wanted: MarkingIn,
    session: Session,
    principal: Caller,
) -> MarkingOut:
    """Record what you found in an output. Which marking it is follows from those that are there."""
    made = await markings.mark(session, principal, pilot_id, plan_id, sampled_id, wanted)
    return MarkingOut.model_validate(made)


@router.get(MARKINGS, dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_output_markings(
    pilot_id: UUID, plan_id: UUID, sampled_id: UUID, session: Session, principal: Caller
) -> MarkingsOut:
    """The markings of an output. While a second is awaited, you see your own alone."""
    sampled, listed, found, turn = await markings.markings(
        session, principal, pilot_id, plan_id, sampled_id
    )
    items = [MarkingOut.model_validate(each) for each in found]
    return MarkingsOut(output=answers.sampled_out(sampled, listed), items=items, awaited=turn)


@router.get(f"{PLAN}/figures", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_output_audit_figures(
    pilot_id: UUID, plan_id: UUID, session: Session, principal: Caller
) -> AuditFiguresOut:
    """What the audits show: error rate, claim, by what, and how far markers agree."""
    plan, shown = await markings.figures(session, principal, pilot_id, plan_id)
    return answers.figures_out(plan, shown, markings.state_of(plan, shown))
