"""`/pilots/{pilot_id}/benefits`: claims, what finance says of them, and how a pilot stands."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from pydantic import WithJsonSchema

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.benefits import service
from app.benefits.answers import (
    BreakEvenOut,
    PositionOut,
    SensitivityOut,
    break_even_out,
    position_out,
    sensitivity_out,
)
from app.benefits.models import BenefitClaim, BenefitClass
from app.benefits.position import position, proven
from app.benefits.schemas import BenefitClaimChange, BenefitClaimIn, BenefitClaimOut, VerificationIn
from app.benefits.sensitivity import break_even
from app.core.etags import etag_of
from app.core.fields import Amount
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)

CLAIMS = "/{pilot_id}/benefits"
CLAIM = CLAIMS + "/{claim_id}"

Pay = Annotated[Amount, Query(description='Pay an hour with on-costs, as "24.50".')]
Recaptured = Annotated[
    Decimal,
    Query(ge=0, le=1, max_digits=5, decimal_places=4, description="0 to 1, of the time saved."),
    WithJsonSchema({"type": "string", "pattern": r"^(0(\.[0-9]{1,4})?|1(\.0{1,4})?)$"}),
]


def _answer(claim: BenefitClaim, response: Response) -> BenefitClaimOut:
    response.headers["ETag"] = etag_of(claim.id, claim.revision)
    return BenefitClaimOut.model_validate(claim)


@router.post(
    CLAIMS, status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.BENEFITS_WRITE)]
)
async def claim_benefit(
    pilot_id: UUID, wanted: BenefitClaimIn, response: Response, session: Session, principal: Caller
) -> BenefitClaimOut:
    """Claim a benefit. What another claim counts already is refused (409), with what it overlaps."""
    claim = await service.create(session, principal, pilot_id, wanted)
    response.headers["Location"] = f"/api/v1/pilots/{pilot_id}/benefits/{claim.id}"
    return _answer(claim, response)


@router.get(CLAIMS, dependencies=[requires(Scope.BENEFITS_READ)])
async def list_benefits(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    benefit_class: BenefitClass | None = None,
) -> Page[BenefitClaimOut]:
    """Claims of a pilot, those that are withdrawn as well."""
    rows, cursor = await service.page(session, principal, pilot_id, page, benefit_class)
    return Page(items=[BenefitClaimOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(CLAIM, dependencies=[requires(Scope.BENEFITS_READ)])
async def get_benefit(
    pilot_id: UUID, claim_id: UUID, response: Response, session: Session, principal: Caller
) -> BenefitClaimOut:
    """One claim."""
    return _answer(await service.get(session, principal, pilot_id, claim_id), response)


@router.patch(CLAIM, dependencies=[requires(Scope.BENEFITS_WRITE)])
async def change_benefit(
    pilot_id: UUID,
    claim_id: UUID,
    changes: BenefitClaimChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> BenefitClaimOut:
    """Change a claim, or withdraw it; what is left out stays. What finance has verified stays as it is."""
    claim = await service.change(session, principal, pilot_id, claim_id, changes, if_match)
    return _answer(claim, response)


@router.post(f"{CLAIM}/verifications", dependencies=[requires(Scope.BENEFITS_VERIFY)])
async def verify_benefit(
    pilot_id: UUID,
    claim_id: UUID,
    wanted: VerificationIn,
    response: Response,
    session: Session,
    principal: Caller,
) -> BenefitClaimOut:
    """Say for finance that a claim is right (tier 5), or take that back. Nobody verifies their own."""
    return _answer(await service.verify(session, principal, pilot_id, claim_id, wanted), response)


@router.get(f"{CLAIM}/sensitivity", dependencies=[requires(Scope.BENEFITS_READ)])
async def get_sensitivity(
    pilot_id: UUID, claim_id: UUID, session: Session, principal: Caller
) -> SensitivityOut:
    """The net result of a claim with each assumption at its low and its high end, one at a time."""
    return sensitivity_out(await service.get(session, principal, pilot_id, claim_id))


@router.get("/{pilot_id}/benefit-position", dependencies=[requires(Scope.BENEFITS_READ)])
async def get_benefit_position(pilot_id: UUID, session: Session, principal: Caller) -> PositionOut:
    """What is claimed, what it costs and what is left, class by class, and what is proven in cash."""
    claims = await service.counting(session, principal, pilot_id)
    shown = proven(claims, principal.organisation.currency)
    return position_out(pilot_id, position(claims), shown)


@router.get(
    "/{pilot_id}/break-even", dependencies=[requires(Scope.BENEFITS_READ, Scope.METRICS_READ)]
)
async def get_break_even(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    pay_per_hour: Pay,
    share_recaptured: Recaptured = Decimal(1),
) -> BreakEvenOut:
    """Minutes that a seat must save a week to be worth its price in pay, for each pool of the pilot."""
    found = await service.pools_of(session, principal, pilot_id)
    return BreakEvenOut(
        pilot_id=pilot_id,
        pay_per_hour=pay_per_hour,
        share_recaptured=share_recaptured,
        pools=[
            break_even_out(
                pool,
                break_even(
                    pool.seat_price,
                    (pool.term_ends_on - pool.term_starts_on).days,
                    pay_per_hour,
                    share_recaptured,
                ),
            )
            for pool in found
        ],
    )
