"""`/people/{person_id}/erasure` and `/erasures`: what an erasure would do, doing it, and what was done."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, RecordedRoute, Session, requires
from app.core.pagination import Page, PageRequest
from app.privacy.erasure import service
from app.privacy.erasure.schemas import ErasureIn, ErasureOut, ErasurePlanOut, MentionOut, TableOut

recorded_router = APIRouter(route_class=RecordedRoute)
router = APIRouter(route_class=ApiRoute)

ERASURE = "/{person_id:uuid}/erasure"


@recorded_router.get(ERASURE, dependencies=[requires(Scope.GOVERNANCE_READ, Scope.PEOPLE_READ)])
async def preview_erasure(person_id: UUID, session: Session, principal: Caller) -> ErasurePlanOut:
    """What an erasure would do, table by table; nothing is done. Reading is recorded."""
    plan = await service.plan(session, principal, person_id)
    return ErasurePlanOut(
        person_id=person_id,
        legal_hold_ids=plan.held_by,
        tables=[
            TableOut(
                table=each.holding.table,
                data_class=each.holding.data_class,
                what=each.holding.what,
                rows=each.rows,
                treatment=each.holding.treatment,
            )
            for each in plan.tables
        ],
        mentions=_mentions(plan.mentions),
        mentions_kept=_mentions(plan.mentions_kept),
        stored_answers=plan.answers,
        groups_kept=plan.keeps,
        values_not_searched=plan.unsearched,
    )


def _mentions(found: Mapping[str, int]) -> list[MentionOut]:
    return [MentionOut(table=table, rows=rows) for table, rows in found.items()]


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    dependencies=[requires(Scope.GOVERNANCE_WRITE, Scope.PEOPLE_READ)],
)
async def erase_person(
    wanted: ErasureIn, response: Response, session: Session, principal: Caller
) -> ErasureOut:
    """Erase a person for good. Seats are released, figures stay under a pseudonym, published ones unchanged.

    HR or a directory cannot bring them back unseen: their numbers are refused from then on.
    """
    erasure = await service.erase(session, principal, wanted.person_id)
    response.headers["Location"] = f"/api/v1/erasures/{erasure.id}"
    return ErasureOut.model_validate(erasure)


@router.get("", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def list_erasures(session: Session, principal: Caller, page: PageRequest) -> Page[ErasureOut]:
    """Erasures, newest first: how many rows of what, and not whose."""
    rows, cursor = await service.page(session, principal, page)
    return Page(items=[ErasureOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/{erasure_id}", dependencies=[requires(Scope.GOVERNANCE_READ)])
async def get_erasure(erasure_id: UUID, session: Session, principal: Caller) -> ErasureOut:
    """One erasure."""
    return ErasureOut.model_validate(await service.get(session, principal, erasure_id))


@router.post("/{erasure_id}/lift", dependencies=[requires(Scope.GOVERNANCE_WRITE)])
async def lift_erasure(erasure_id: UUID, session: Session, principal: Caller) -> ErasureOut:
    """Let whoever was erased be recorded again, as after a return; nothing that was erased comes back."""
    return ErasureOut.model_validate(await service.lift(session, principal, erasure_id))
