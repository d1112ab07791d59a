"""`/dashboard/pilots/{pilot_id}/governance/training`: who of a pasted list has completed a course."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.assurance.governance.training.routes import get_training, record_training
from app.core.bulk.formats import NDJSON
from app.core.errors import Invalid
from app.dashboard import given, rows
from app.dashboard.navigation import of_pilot
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.staff.lines import Fates, lines_of, told
from app.dashboard.staff.lookup import FIELD, lines_in
from app.dashboard.views import Crumb, Looking, View

TRAINING: Final = "/dashboard/pilots/{pilot_id:uuid}/governance/training"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_NEEDED: Final = {"course": "Say which course.", "completed_on": "Say on which day."}
_FATES: Final[Fates] = {
    "accepted": ("Would be recorded", "Recorded"),
    "updated": ("Recorded on another day, and would be changed", "Changed"),
    "duplicate": ("Recorded already", "Was recorded already"),
}


async def _about(view: View, pilot_id: UUID) -> dict[str, Any]:
    shared = await about_pilot(view, pilot_id)
    base = of_pilot(pilot_id)
    return {
        **shared,
        "trail": [
            Crumb(shared["pilot"]["name"], base),
            Crumb("Governance", f"{base}/governance"),
        ],
        "here": f"{base}/governance/training",
    }


@router.get(TRAINING, dependencies=[authenticated()])
async def training_page(view: Looking, pilot_id: UUID) -> HTMLResponse:
    """How far a pilot's people are trained, and where a list is pasted."""
    view.require(record_training)
    return view.page(
        "training/new.html",
        "Training",
        **await _about(view, pilot_id),
        training=await view.answer(get_training, pilot_id=pilot_id),
    )


@form_router.post(TRAINING, dependencies=[authenticated()])
@form_on(training_page)
async def take_list(view: Looking, pilot_id: UUID, form: Form) -> Response:
    """What would become of each line; or, with `carry_out`, what has."""
    carried_out = first(form, "carry_out") == "yes"
    pasted, said = form.get(FIELD, [""])[0], given.texts(form, _NEEDED)
    for name, detail in _NEEDED.items():
        if name not in said:
            raise Invalid.field(f"/{name}", "missing_field", detail)
    lines = await lines_in(view, pasted)
    completed = ({"person_id": each.person["person_id"], **said} for each in lines if each.person)
    done = await view.answer(
        record_training,
        pilot_id=pilot_id,
        bulk=rows.bulk(rows.as_ndjson(completed), NDJSON, dry_run=not carried_out, list_rows=True),
    )
    shared = await _about(view, pilot_id)
    if carried_out:
        view.keep_instead("The list was carried out, once.", shared["here"])
    return view.page(
        "training/listed.html",
        "Training recorded" if carried_out else "Record this training?",
        **shared,
        done=done,
        carried_out=carried_out,
        told=list(told(lines, done, _FATES, carried_out=carried_out)),
        pasted="\n".join(lines_of(pasted)),
        said=said,
    )
