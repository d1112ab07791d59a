"""A pilot's benefits, class by class; a claim, what finance says of it; and the decision."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.benefits.models import BenefitClass, Measure
from app.benefits.routes import (
    claim_benefit,
    get_benefit,
    get_benefit_position,
    get_sensitivity,
    list_benefits,
    verify_benefit,
)
from app.benefits.schemas import BenefitClaimIn, Effect, FinanceVerdict, VerificationIn
from app.core.pagination import PageQuery
from app.dashboard import given, pointers
from app.dashboard.charts import tornado
from app.dashboard.navigation import of_pilot
from app.dashboard.pilots.routes import API, about_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, form_on
from app.dashboard.views import Crumb, Looking, wanted
from app.decisions.models import DecisionOutcome
from app.decisions.routes import decide_on_pilot, get_decision_basis, list_decisions
from app.decisions.schemas import PilotDecisionIn
from app.licences.pools.routes import list_licence_pools

PILOT: Final = "/dashboard/pilots/{pilot_id:uuid}"
CLAIM: Final = f"{PILOT}/benefits/{{claim_id:uuid}}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_MOST: Final = PageQuery(limit=200)
_TEXTS: Final = (
    *("title", "benefit_class", "measure", "unit", "low", "central", "high", "evidence"),
    *("starts_on", "ends_on", "budget_line", "ledger_reference", "pool_id"),
    *("licence_cost", "implementation_cost", "training_hours", "checking_hours"),
)
_HOURS: Final = ("department", "team", "category")
_ASSUMED: Final = ("name", "unit", "effect", "low", "central", "high")
# More of a claim than these are sent by the API.
_ASSUMPTIONS: Final = range(1, 7)


@router.get(f"{PILOT}/benefits", dependencies=[authenticated()])
async def benefits_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """What is claimed, each class by itself, and what is proven in cash."""
    shared = await about_pilot(view, pilot_id)
    claims = await view.answer(list_benefits, pilot_id=pilot_id, page=_MOST)
    return view.page(
        "benefits/benefits.html",
        "Benefits",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        position=await view.answer(get_benefit_position, pilot_id=pilot_id),
        claims=claims["items"],
        may_claim=view.may(claim_benefit),
    )


@router.get(f"{PILOT}/benefits/new", dependencies=[authenticated()])
async def new_claim_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """The form that claims a benefit."""
    view.require(claim_benefit)
    shared = await about_pilot(view, pilot_id)
    pools = await view.answer_if_allowed(list_licence_pools, page=_MOST, pilot_id=pilot_id)
    base = of_pilot(pilot_id)
    return view.page(
        "benefits/new.html",
        "Claim a benefit",
        trail=[Crumb(shared["pilot"]["name"], base), Crumb("Benefits", f"{base}/benefits")],
        **shared,
        here=f"{base}/benefits/new",
        classes=list(BenefitClass),
        measures=list(Measure),
        tiers_to_state=["0", "1", "2", "3", "4"],
        assumptions=_ASSUMPTIONS,
        effects=[("", "It multiplies the result"), (Effect.DIVIDES, "It divides the result")],
        pools=[(each["pool_id"], each["name"]) for each in (pools["items"] if pools else [])],
    )


@form_router.post(f"{PILOT}/benefits/new", dependencies=[authenticated()])
@form_on(new_claim_page)
async def claim(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """A claim, and on to it."""
    fields: dict[str, Any] = {
        **given.texts(form, _TEXTS),
        **given.whole_numbers(form, ("evidence_tier",)),
    }
    hours = given.texts(form, _HOURS)
    if hours:
        fields["hours"] = [hours]
    assumed = given.rows(form, "assumptions", _ASSUMED, _ASSUMPTIONS)
    fields["assumptions"] = list(assumed.values())
    to_assumed = pointers.to_rows("assumptions", list(assumed))
    with pointers.leading(to_assumed, pointers.without("/hours/0")):
        made = await view.answer(
            claim_benefit, pilot_id=pilot_id, wanted=wanted(BenefitClaimIn, fields)
        )
    address = f"{of_pilot(pilot_id)}/benefits/{made['claim_id']}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


@router.get(CLAIM, dependencies=[authenticated()])
async def claim_page(view: Looking, pilot_id: UUID, claim_id: UUID) -> HTMLResponse:
    """A claim, what it rests on, how its result follows its assumptions, and what finance says."""
    shared = await about_pilot(view, pilot_id)
    found = await view.answer(get_benefit, pilot_id=pilot_id, claim_id=claim_id)
    follows = await view.answer(get_sensitivity, pilot_id=pilot_id, claim_id=claim_id)
    base = of_pilot(pilot_id)
    owner = f"{API}/{pilot_id}/benefits/{claim_id}"
    return view.page(
        "benefits/claim.html",
        found["title"],
        trail=[Crumb(shared["pilot"]["name"], base), Crumb("Benefits", f"{base}/benefits")],
        **shared,
        here=f"{base}/benefits/{claim_id}",
        claim=found,
        follows=follows,
        tornado=await tornado.drawn(follows, owner),
        may_verify=view.may(verify_benefit),
        verdicts=[FinanceVerdict.TAKEN_BACK if found["verified_at"] else FinanceVerdict.VERIFIED],
    )


@form_router.post(CLAIM, dependencies=[authenticated()])
@form_on(claim_page)
async def verify(view: Looking, pilot_id: UUID, claim_id: UUID, form: Form) -> Response:
    """What finance says of a claim."""
    said = wanted(VerificationIn, given.texts(form, ("verdict", "reason")))
    await view.answer(verify_benefit, pilot_id=pilot_id, claim_id=claim_id, wanted=said)
    address = f"{of_pilot(pilot_id)}/benefits/{claim_id}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


@router.get(f"{PILOT}/decision", dependencies=[authenticated()])
async def decision_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """What was decided, newest first."""
    shared = await about_pilot(view, pilot_id)
    made = await view.answer(list_decisions, pilot_id=pilot_id, page=_MOST)
    return view.page(
        "benefits/decision.html",
        "Decision",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        decisions=made["items"],
        basis_at=f"{of_pilot(pilot_id)}/decision/new",
    )


@router.get(f"{PILOT}/decision/new", dependencies=[authenticated()])
async def deciding_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """What a decision would go by now, and the form that decides."""
    shared, about = await about_pilot(view, pilot_id), of_pilot(pilot_id)
    return view.page(
        "benefits/decide.html",
        "What a decision would go by",
        trail=[Crumb(shared["pilot"]["name"], about), Crumb("Decision", f"{about}/decision")],
        **shared,
        here=f"{about}/decision/new",
        basis=await view.answer(get_decision_basis, pilot_id=pilot_id),
        may_decide=view.may(decide_on_pilot),
        outcomes=list(DecisionOutcome),
    )


@form_router.post(f"{PILOT}/decision/new", dependencies=[authenticated()])
@form_on(deciding_page)
async def decide(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """A decision: sealed, so that this form has no way back."""
    names = ("outcome", "reasons", "decided_by", "decided_on", "supersedes")
    fields: dict[str, Any] = {
        "pilot_id": str(pilot_id),
        **given.texts(form, names),
        **given.whole_numbers(form, ("seats_to_keep",)),
    }
    await view.answer(decide_on_pilot, wanted=wanted(PilotDecisionIn, fields))
    return RedirectResponse(f"{of_pilot(pilot_id)}/decision", status.HTTP_303_SEE_OTHER)
