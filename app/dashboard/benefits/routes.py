"""A pilot's benefits, class by class; a claim, what finance says of it; and the decision."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.benefits.models import BenefitClass, Measure
from app.benefits.routes import (
    change_benefit,
    claim_benefit,
    get_benefit,
    get_benefit_position,
    get_sensitivity,
    list_benefits,
    verify_benefit,
)
from app.benefits.schemas import (
    BenefitClaimChange,
    BenefitClaimIn,
    Effect,
    FinanceVerdict,
    VerificationIn,
)
from app.core.pagination import PageQuery
from app.dashboard import given, pointers
from app.dashboard.charts import tornado
from app.dashboard.navigation import of_pilot
from app.dashboard.pilots.routes import API, about_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.decisions.models import DecisionOutcome
from app.decisions.routes import decide_on_pilot, get_decision_basis, list_decisions
from app.decisions.schemas import PilotDecisionIn
from app.licences.pools.routes import list_licence_pools

PILOT: Final = "/dashboard/pilots/{pilot_id:uuid}"
CLAIM: Final = f"{PILOT}/benefits/{{claim_id:uuid}}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_MOST: Final = PageQuery(limit=200)
_DEMANDED: Final = (
    *("title", "benefit_class", "measure", "low", "central", "high"),
    *("starts_on", "ends_on"),
)
_CLEARABLE: Final = ("unit", "evidence", "budget_line", "ledger_reference", "pool_id")
_COSTS: Final = ("licence_cost", "implementation_cost", "training_hours", "checking_hours")
_HOURS: Final = ("department", "team", "category")
_ASSUMED: Final = ("name", "unit", "effect", "low", "central", "high")
# As many rows of either as the API takes.
_ROWS: Final = range(1, 21)


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
    return view.page(
        "benefits/new.html",
        "Claim a benefit",
        trail=_up(shared, pilot_id),
        **shared,
        here=f"{of_pilot(pilot_id)}/benefits/new",
        **await _fields(view, pilot_id, None),
    )


def _up(shared: dict[str, Any], pilot_id: UUID) -> list[Crumb]:
    base = of_pilot(pilot_id)
    return [Crumb(shared["pilot"]["name"], base), Crumb("Benefits", f"{base}/benefits")]


async def _fields(view: View, pilot_id: UUID, claim: dict[str, Any] | None) -> dict[str, Any]:
    """What the fields of a claim are made from; `claim` is what stands in them."""
    pools = await view.answer_if_allowed(list_licence_pools, page=_MOST, pilot_id=pilot_id)
    return {
        "claim": claim,
        "classes": list(BenefitClass),
        "measures": list(Measure),
        "tiers_to_state": ["0", "1", "2", "3", "4"],
        "hours": _places(3, claim["hours"] if claim else []),
        "assumptions": _places(6, claim["assumptions"] if claim else []),
        "effects": [("", "It multiplies the result"), (Effect.DIVIDES, "It divides the result")],
        "pools": [(each["pool_id"], each["name"]) for each in (pools["items"] if pools else [])],
    }


def _places(least: int, filled: Sequence[Any]) -> range:
    """The rows of a form, the first being 1: those that are filled in, and one to add, as far as the API takes it."""
    return _ROWS[: max(least, len(filled) + 1)]


def _rows_of(form: Form) -> tuple[dict[str, Any], list[pointers.To]]:
    """What stands in the rows of a claim's form, as the API takes it; and the ways from its pointers to them."""
    hours = given.rows(form, "hours", _HOURS, _ROWS)
    assumed = given.rows(form, "assumptions", _ASSUMED, _ROWS)
    said = {"hours": list(hours.values()), "assumptions": list(assumed.values())}
    return said, [
        pointers.to_rows("hours", list(hours)),
        pointers.to_rows("assumptions", list(assumed)),
    ]


@form_router.post(f"{PILOT}/benefits/new", dependencies=[authenticated()])
@form_on(new_claim_page)
async def claim(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """A claim, and on to it."""
    rows, ways = _rows_of(form)
    tier = given.whole_numbers(form, ("evidence_tier",))
    said = {**given.texts(form, (*_DEMANDED, *_CLEARABLE, *_COSTS)), **tier, **rows}
    with pointers.leading(*ways):
        made = await view.answer(
            claim_benefit, pilot_id=pilot_id, wanted=wanted(BenefitClaimIn, said)
        )
    return _on_to(pilot_id, made["claim_id"])


@router.get(f"{CLAIM}/change", dependencies=[authenticated()])
async def change_claim_page(view: Looking, pilot_id: UUID, claim_id: UUID) -> HTMLResponse:
    """The form that changes a claim, with what it says."""
    view.require(change_benefit)
    shared = await about_pilot(view, pilot_id)
    found, etag = await view.answer_to_change(get_benefit, pilot_id=pilot_id, claim_id=claim_id)
    base = f"{of_pilot(pilot_id)}/benefits/{claim_id}"
    return view.page(
        "benefits/change.html",
        "Change a claim",
        trail=[*_up(shared, pilot_id), Crumb(found["title"], base)],
        **shared,
        here=f"{base}/change",
        etag=etag,
        **await _fields(view, pilot_id, found),
    )


@form_router.post(f"{CLAIM}/change", dependencies=[authenticated()])
@form_on(change_claim_page)
async def change_claim(view: Looking, pilot_id: UUID, claim_id: UUID, form: Form) -> Response:
    """A claim as the form says it; a cost that is left blank is none."""
    rows, ways = _rows_of(form)
    stated = given.stated(form, (*_DEMANDED, *_CLEARABLE, *_COSTS), _CLEARABLE)
    free = {name: "0" for name in _COSTS if stated.get(name) == ""}
    tier = given.whole_numbers(form, ("evidence_tier",))
    with pointers.leading(*ways):
        said = wanted(BenefitClaimChange, {**stated, **free, **tier, **rows})
        await _changed(view, pilot_id, claim_id, form, said)
    return _on_to(pilot_id, claim_id)


async def _changed(
    view: View, pilot_id: UUID, claim_id: UUID, form: Form, said: BenefitClaimChange
) -> None:
    await view.answer(
        change_benefit,
        pilot_id=pilot_id,
        claim_id=claim_id,
        changes=said,
        if_match=first(form, "etag"),
    )


def _on_to(pilot_id: UUID, claim_id: UUID | str) -> Response:
    address = f"{of_pilot(pilot_id)}/benefits/{claim_id}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


@router.get(CLAIM, dependencies=[authenticated()])
async def claim_page(view: Looking, pilot_id: UUID, claim_id: UUID) -> HTMLResponse:
    """A claim, what it rests on, how its result follows its assumptions, and what finance says."""
    shared = await about_pilot(view, pilot_id)
    found, etag = await view.answer_to_change(get_benefit, pilot_id=pilot_id, claim_id=claim_id)
    follows = await view.answer(get_sensitivity, pilot_id=pilot_id, claim_id=claim_id)
    base = of_pilot(pilot_id)
    owner = f"{API}/{pilot_id}/benefits/{claim_id}"
    return view.page(
        "benefits/claim.html",
        found["title"],
        trail=_up(shared, pilot_id),
        **shared,
        here=f"{base}/benefits/{claim_id}",
        etag=etag,
        claim=found,
        follows=follows,
        tornado=await tornado.drawn(follows, owner),
        may_change=view.may(change_benefit) and not found["verified_at"],
        may_verify=view.may(verify_benefit),
        verdicts=[FinanceVerdict.TAKEN_BACK if found["verified_at"] else FinanceVerdict.VERIFIED],
    )


@form_router.post(CLAIM, dependencies=[authenticated()])
@form_on(claim_page)
async def verify(view: Looking, pilot_id: UUID, claim_id: UUID, form: Form) -> Response:
    """What finance says of a claim."""
    said = wanted(VerificationIn, given.texts(form, ("verdict", "reason")))
    await view.answer(verify_benefit, pilot_id=pilot_id, claim_id=claim_id, wanted=said)
    return _on_to(pilot_id, claim_id)


@form_router.post(f"{CLAIM}/withdrawal", dependencies=[authenticated()])
@form_on(claim_page)
async def withdraw(view: Looking, pilot_id: UUID, claim_id: UUID, form: Form) -> Response:
    """A claim counts no more, or again."""
    said = wanted(BenefitClaimChange, given.yes_or_no(form, ("is_withdrawn",)))
    await _changed(view, pilot_id, claim_id, form, said)
    return _on_to(pilot_id, claim_id)


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
