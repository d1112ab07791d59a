"""“About this figure”: what a figure means, what is behind it, and what was published of it before."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.core.errors import NotFound
from app.core.pagination import PageQuery
from app.dashboard.charts.catalogue import SEATS, TIME_USE
from app.dashboard.navigation import LICENCES, of_pilot, of_pool
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.routing import PageRoute
from app.dashboard.views import Crumb, Looking, View
from app.dashboard.wording import METRICS
from app.licences.pools.routes import get_licence_pool
from app.metrics.scorecard.routes import get_scorecard
from app.metrics.snapshots.routes import get_snapshot, list_snapshots
from app.metrics.time_categories.routes import get_time_categories

router = APIRouter(route_class=PageRoute)

# A snapshot holds every figure of its day; so many are read for the history of one.
_PUBLISHED: Final = PageQuery(limit=12)
_WEEKLY: Final = frozenset({"weekly", "daily", "groups"})
_PLACES: Final = {
    "baseline": "before",
    "pilot": "during",
    "comparison": "comparison group",
    "strict": "recording alone",
    "broad": "with indirect work",
}


def _check(slug: str) -> None:
    if slug not in METRICS:
        raise NotFound("There is no such figure.")


def found_in(answer: Any, slug: str, place: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    """Every figure of that slug in an answer of the API, weeks and groups left out, and where it stands.

    Yields:
        `place`, in words, and the `figure`.
    """
    if isinstance(answer, Mapping):
        if answer.get("slug") == slug and "definition_version" in answer:
            named = [_PLACES[each] for each in place if each in _PLACES]
            yield {"place": ", ".join(named), "figure": answer}
            return
        for name, part in answer.items():
            if name not in _WEEKLY and name != "criteria":
                yield from found_in(part, slug, (*place, name))


@router.get("/dashboard/pilots/{pilot_id:uuid}/figures/{slug}", dependencies=[authenticated()])
async def pilot_figure_page(
    view: Looking,
    pilot_id: UUID,
    slug: str,
    category: Annotated[str | None, Query(max_length=64)] = None,
) -> HTMLResponse:
    """A figure of a pilot; of time by category that of one, or of all of them."""
    _check(slug)
    shared = await about_pilot(view, pilot_id)
    places = list(found_in(await view.answer(get_scorecard, pilot_id=pilot_id), slug))
    source = f"/api/v1/pilots/{pilot_id}/scorecard"
    if not places:
        spent = await view.answer(TIME_USE.handler, pilot_id=pilot_id, **TIME_USE.asked)
        places = list(found_in(spent, slug))
        source = f"/api/v1/pilots/{pilot_id}/{TIME_USE.path}"
    if not places:
        places = await _by_category(view, pilot_id, slug, category)
        source = f"/api/v1/pilots/{pilot_id}/{TIME_USE.path}/categories" if places else source
    return view.page(
        "figures/figure.html",
        METRICS[slug].title,
        trail=[Crumb(shared["pilot"]["name"], of_pilot(pilot_id))],
        metric=METRICS[slug],
        places=places,
        source=source,
        history=await _history(view, pilot_id, slug),
        **shared,
    )


async def _by_category(
    view: View, pilot_id: UUID, slug: str, category: str | None
) -> list[dict[str, Any]]:
    """The figure of a category, the empty one of what is mapped to none; None: of every one."""
    lines = (await view.answer(get_time_categories, pilot_id=pilot_id))["categories"]
    return [
        {**found, "place": ", ".join(part for part in (line["name"], found["place"]) if part)}
        for line in lines
        if category in (None, line["code"] or "")
        for found in found_in(line, slug)
    ]


async def _history(view: View, pilot_id: UUID, slug: str) -> list[dict[str, Any]]:
    """The figure in the newest snapshots, newest first."""
    heads = await view.answer(list_snapshots, pilot_id=pilot_id, page=_PUBLISHED)
    history = []
    for head in heads["items"]:
        published = await view.answer(get_snapshot, snapshot_id=UUID(head["snapshot_id"]))
        places = list(found_in(published["figures"]["scorecard"], slug))
        if places:
            changed = [c for c in published["changes"]["definitions"] if c["slug"] == slug]
            history.append({"head": head, "places": places, "redefined": bool(changed)})
    return history


@router.get(LICENCES + "/{pool_id:uuid}/figures/{slug}", dependencies=[authenticated()])
async def pool_figure_page(view: Looking, pool_id: UUID, slug: str) -> HTMLResponse:
    """A figure of a licence pool."""
    _check(slug)
    pool = await view.answer(get_licence_pool, pool_id=pool_id)
    used = await view.answer(SEATS.handler, pool_id=pool_id, **SEATS.asked)
    return view.page(
        "figures/figure.html",
        METRICS[slug].title,
        trail=[Crumb("Licences", LICENCES), Crumb(pool["name"], of_pool(pool_id))],
        metric=METRICS[slug],
        places=list(found_in(used, slug)),
        source=f"/api/v1/licence-pools/{pool_id}/{SEATS.path}",
        history=[],
        about=of_pool(pool_id),
        sections=[],
    )
