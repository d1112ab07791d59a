"""`/dashboard/licences/{pool_id}/allocate`: seats for a pasted list, looked at before they are given."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.core.bulk.formats import NDJSON
from app.dashboard import rows
from app.dashboard.navigation import LICENCES, of_pool
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.staff.lines import Line, called, lines_of
from app.dashboard.staff.lookup import FIELD, lines_in
from app.dashboard.views import Crumb, Looking, View
from app.licences.allocations.routes import allocate_seats
from app.licences.pools.routes import get_licence_pool

router = APIRouter(prefix=LICENCES + "/{pool_id:uuid}/allocate", route_class=PageRoute)
form_router = APIRouter(prefix=LICENCES + "/{pool_id:uuid}/allocate", route_class=FormRoute)

# What becomes of a line, as it is told before and after.
_FATES: Final = {
    "allocated": ("Would get a seat", "Has a seat now"),
    "waiting": ("Would be put on the waiting list", "Is on the waiting list now"),
    "duplicate": ("Has one already, or waits already", "Had one already, or waited already"),
}


@router.get("", dependencies=[authenticated()])
async def allocate_page(view: Looking, pool_id: UUID) -> HTMLResponse:
    """Where a list is pasted."""
    view.require(allocate_seats)
    return view.page("seats/list.html", "Give seats", **await _about(view, pool_id))


async def _about(view: View, pool_id: UUID) -> dict[str, Any]:
    pool = await view.answer(get_licence_pool, pool_id=pool_id, as_of=None)
    return {
        "trail": [Crumb("Licences", LICENCES), Crumb(pool["name"], of_pool(pool_id))],
        "pool": pool,
        "here": f"{of_pool(pool_id)}/allocate",
        "about": of_pool(pool_id),
    }


@form_router.post("", dependencies=[authenticated()])
@form_on(allocate_page)
async def take_list(view: Looking, pool_id: UUID, form: Form) -> Response:
    """What would become of each line; or, with `carry_out`, what has."""
    pasted, queue = form.get(FIELD, [""])[0], first(form, "queue") == "yes"
    carried_out = first(form, "carry_out") == "yes"
    lines = await lines_in(view, pasted)
    content = rows.as_ndjson(
        {"person_id": each.person["person_id"]} for each in lines if each.person
    )
    done = await view.answer(
        allocate_seats,
        pool_id=pool_id,
        bulk=rows.bulk(content, NDJSON, dry_run=not carried_out),
        queue=queue,
    )
    told = list(_told(lines, done, carried_out=carried_out))
    shared = await _about(view, pool_id)
    if carried_out:
        view.keep_instead("The list was carried out, once.", of_pool(pool_id))
        return view.page("seats/done.html", "Seats given", **shared, told=told, done=done)
    return view.page(
        "seats/preview.html",
        "Give these seats?",
        **shared,
        told=told,
        done=done,
        pasted="\n".join(lines_of(pasted)),
        queue=queue,
    )


def _told(lines: list[Line], done: dict[str, Any], *, carried_out: bool) -> Any:
    """Each line, whom it means, and what becomes of it."""
    results = iter(done["results"])
    whys = {each["index"]: each["detail"] for each in done["errors"]}
    for line in lines:
        if line.person is None:
            yield line.text, "", line.why, "refused"
            continue
        result = next(results)
        fate = _FATES.get(result["result"])
        said = fate[carried_out] if fate else whys.get(result["index"], "It cannot be done.")
        yield line.text, called(line.person), said, result["result"]
