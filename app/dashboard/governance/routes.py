"""`/dashboard/governance` and a pilot's: policies, the register, gates, and the transparency record."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.assurance.governance.gates.routes import (
    get_gates,
    get_governance_figures,
    get_transparency_record,
    override_gates,
    put_gates,
)
from app.assurance.governance.gates.schemas import GateOverrideIn
from app.assurance.governance.policies.routes import create_policy, list_policies
from app.assurance.governance.register.models import SEVERAL, ItemKind
from app.assurance.governance.register.routes import create_register_item, list_register_items
from app.assurance.governance.training.routes import get_training, record_training
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.navigation import GOVERNANCE, of_pilot
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, form_on
from app.dashboard.views import Crumb, Looking, wanted

PILOT: Final = "/dashboard/pilots/{pilot_id:uuid}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_MOST: Final = PageQuery(limit=200)


@router.get(GOVERNANCE, dependencies=[authenticated()])
async def governance_page(view: Looking) -> HTMLResponse:
    """What policies cover, which reviews are overdue, and how long gates took."""
    return view.page(
        "governance/governance.html",
        "Governance",
        here=GOVERNANCE,
        found=await view.answer(get_governance_figures),
        policies=(await view.answer(list_policies, page=_MOST, code=None, status=None))["items"],
        gates=(await view.answer(get_gates))["gates"],
        of_pilot=of_pilot,
        may_add=view.may(create_policy),
        may_set=view.may(put_gates),
    )


@router.get(f"{PILOT}/governance", dependencies=[authenticated()])
async def pilot_governance_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """A pilot's gates, its register, and how far its people are trained."""
    shared = await about_pilot(view, pilot_id)
    items = await view.answer(list_register_items, pilot_id=pilot_id, page=_MOST, kind=None)
    return view.page(
        "governance/pilot.html",
        "Governance",
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        **shared,
        here=f"{of_pilot(pilot_id)}/governance",
        items=items["items"],
        to_add=_to_add(items["items"]) if view.may(create_register_item) else [],
        training=await view.answer_if_allowed(get_training, pilot_id=pilot_id),
        may_train=view.may(record_training),
        may_override=view.may(override_gates) and not shared["gates"]["may_start"],
    )


def _to_add(items: list[dict[str, Any]]) -> list[ItemKind]:
    """The kinds of which a pilot may have another item."""
    there = {each["kind"] for each in items}
    return [kind for kind in ItemKind if kind in SEVERAL or kind not in there]


@form_router.post(f"{PILOT}/governance", dependencies=[authenticated()])
@form_on(pilot_governance_page)
async def override(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """Let the pilot start without what bars it."""
    said = wanted(GateOverrideIn, given.texts(form, ("reason",)))
    await view.answer(override_gates, pilot_id=pilot_id, wanted=said)
    return RedirectResponse(f"{of_pilot(pilot_id)}/governance", status.HTTP_303_SEE_OTHER)


@router.get(f"{PILOT}/transparency-record", dependencies=[authenticated()])
async def transparency_record_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """The draft of the transparency record, to be read and printed."""
    shared = await about_pilot(view, pilot_id)
    return view.page(
        "governance/record.html",
        "Transparency record",
        trail=[
            Crumb(shared["pilot"]["name"], of_pilot(pilot_id)),
            Crumb("Governance", f"{of_pilot(pilot_id)}/governance"),
        ],
        **shared,
        record=await view.answer(get_transparency_record, pilot_id=pilot_id),
    )
