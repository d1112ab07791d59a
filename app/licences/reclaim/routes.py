"""`/licence-pools/{pool_id}/reclaim-…`: whose seat might go to somebody else, and what is decided."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, RecordedRoute, Session, requires
from app.audit_log import service as audit_log
from app.core.pagination import Page, PageRequest, page_of
from app.licences.pools.routes import POOL, AsOf
from app.licences.reclaim import service
from app.licences.reclaim.schemas import (
    CandidateOut,
    CandidatePage,
    DecisionOut,
    DecisionsIn,
    DecisionsOut,
    GuardedOut,
    RefusedOut,
)

router = APIRouter(route_class=ApiRoute)
recorded_router = APIRouter(route_class=RecordedRoute)

DECISIONS = f"{POOL}/reclaim-decisions"


@recorded_router.get(
    f"{POOL}/reclaim-candidates",
    dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)],
)
async def list_reclaim_candidates(
    pool_id: UUID, session: Session, principal: Caller, page: PageRequest, as_of: AsOf = None
) -> CandidatePage:
    """Seats held and idle for 30, 60 or 90 days, less leave; in no order of use. Reading is recorded."""
    answer = await service.candidates(session, principal, pool_id, as_of)
    shown, cursor = page_of(answer.found, page)
    details = {"as_of": answer.as_of.isoformat(), "candidates": len(shown)}
    await audit_log.record(session, principal, "reclaim_candidates.read", pool_id, details=details)
    return CandidatePage(
        items=[CandidateOut.model_validate(each, from_attributes=True) for each in shown],
        next_cursor=cursor,
        as_of=answer.as_of,
        data_through=answer.data_through,
        withheld_because="stale_data" if answer.is_stale else None,
        guarded=GuardedOut.model_validate(answer.guarded, from_attributes=True),
    )


@router.post(
    DECISIONS,
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.LICENCES_WRITE, Scope.PEOPLE_READ)],
)
async def decide_on_candidates(
    pool_id: UUID,
    wanted: DecisionsIn,
    session: Session,
    principal: Caller,
    dry_run: Annotated[
        bool, Query(description="Show what would follow and write nothing.")
    ] = False,
) -> DecisionsOut:
    """Keep (with the reason), warn, or reclaim and hand on: one decision a candidate, recorded."""
    done = await service.decide(session, principal, pool_id, wanted, dry_run=dry_run)
    code, detail = service.refusal()
    return DecisionsOut(
        dry_run=dry_run,
        as_of=done.as_of,
        decided=[DecisionOut.model_validate(each) for each in done.decided],
        refused=[RefusedOut(allocation_id=a, code=code, detail=detail) for a in done.refused],
        reclaimed=done.reclaimed,
        handed_on=done.handed_on,
    )


@router.get(DECISIONS, dependencies=[requires(Scope.LICENCES_READ, Scope.PEOPLE_READ)])
async def list_reclaim_decisions(
    pool_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[DecisionOut]:
    """What was decided about the pool's seats, newest first."""
    rows, cursor = await service.decisions(session, principal, pool_id, page)
    return Page(items=[DecisionOut.model_validate(row) for row in rows], next_cursor=cursor)
