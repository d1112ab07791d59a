"""`/dashboard/benchmark`: the yearly return, whether it is shared, and where the council stands."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.benchmarking.catalogue.routes import get_benchmark_catalogue
from app.benchmarking.participation.models import CouncilKind
from app.benchmarking.participation.routes import (
    choose_benchmark_participation,
    get_benchmark_participation,
)
from app.benchmarking.participation.schemas import ParticipationIn
from app.benchmarking.releases.routes import get_benchmark_comparison
from app.benchmarking.returns.routes import (
    begin_benchmark_return,
    change_benchmark_return,
    fill_in_benchmark_return,
    get_benchmark_return,
    list_benchmark_returns,
    take_benchmark_return,
)
from app.benchmarking.returns.schemas import AnswersIn, ReturnIn, StepIn
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.benchmark import drawing
from app.dashboard.navigation import BENCHMARK
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.dashboard.wording import plain

router = APIRouter(prefix=BENCHMARK, route_class=PageRoute)
form_router = APIRouter(prefix=BENCHMARK, route_class=FormRoute)

_RETURN: Final = "/returns/{return_id:uuid}"
_PARTS: Final = ("value", "low", "high")
_FILL_IN: Final = "fill-in"


@router.get("", dependencies=[authenticated()])
async def benchmark_page(view: Looking) -> HTMLResponse:
    """Where the council stands, its returns, and whether it shares them."""
    compared = await view.answer(get_benchmark_comparison, year=None, release_id=None)
    page = PageQuery(limit=50)
    lines = [
        (each["title"], group)
        for each in compared["questions"]
        for group in each["groups"][:1]
        if not group["suppressed"]
    ]
    sentence = (
        f"For {len(lines)} questions, a box from the lower to the upper quartile of all councils with a line at "
        "the median, and a point for this council."
    )
    return view.page(
        "benchmark/overview.html",
        "Benchmark",
        compared=compared,
        sections=_by_section(compared["questions"]),
        sentence=sentence,
        picture=drawing.picture(lines, sentence),
        returns=await view.answer(list_benchmark_returns, page=page, year=None),
        participation=await view.answer(get_benchmark_participation),
        may_write=view.may(begin_benchmark_return),
        kinds=list(CouncilKind),
        benchmark=BENCHMARK,
    )


def _by_section(questions: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for each in questions:
        found.setdefault(each["section"], []).append(each)
    return found


@router.get(_RETURN, dependencies=[authenticated()])
async def return_page(view: Looking, return_id: UUID) -> HTMLResponse:
    """A version of a return: each answer with where it is from, to be changed until it is submitted."""
    found = await view.answer(get_benchmark_return, return_id=return_id)
    catalogue = await view.answer(get_benchmark_catalogue)
    open_still = found["submitted_at"] is None
    year = found["year"]
    return view.page(
        "benchmark/return.html",
        f"Return for {year}/{(year + 1) % 100:02}, version {found['version']}",
        trail=[Crumb("Benchmark", BENCHMARK)],
        found=found,
        sections=_by_section(catalogue["questions"]),
        may_change=open_still and view.may(change_benchmark_return),
        here=f"{BENCHMARK}/returns/{return_id}",
        rows=f"/api/v1/benchmark-returns/{return_id}/rows",
    )


@form_router.post("/participation", dependencies=[authenticated()])
@form_on(benchmark_page)
async def choose_participation(view: Looking, form: Form) -> Response:
    """With whom to be compared, and whether at all."""
    fields = {
        **given.texts(form, ("kind",)),
        **given.whole_numbers(form, ("population",)),
        "is_sharing": first(form, "is_sharing") == "yes",
    }
    await view.answer(
        choose_benchmark_participation, wanted=wanted(ParticipationIn, fields), if_match=None
    )
    return RedirectResponse(BENCHMARK, status.HTTP_303_SEE_OTHER)


@form_router.post("/returns", dependencies=[authenticated()])
@form_on(benchmark_page)
async def begin_return(view: Looking, form: Form) -> Response:
    """A year's return, or an amendment of it; and on to filling it in."""
    fields = {**given.whole_numbers(form, ("year",)), **given.texts(form, ("reason",))}
    made = await view.answer(begin_benchmark_return, wanted=wanted(ReturnIn, fields))
    address = f"{BENCHMARK}/returns/{made['return_id']}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)


@form_router.post(_RETURN, dependencies=[authenticated()])
@form_on(return_page)
async def change_return(view: Looking, return_id: UUID, form: Form) -> Response:
    """The answers that differ from what is recorded."""
    changes = wanted(AnswersIn, {"answers": await _changed(view, return_id, form)})
    await view.answer(change_benchmark_return, return_id=return_id, changes=changes, if_match=None)
    return RedirectResponse(f"{BENCHMARK}/returns/{return_id}", status.HTTP_303_SEE_OTHER)


async def _changed(view: View, return_id: UUID, form: Form) -> dict[str, Any]:
    before = (await view.answer(get_benchmark_return, return_id=return_id))["answers"]
    found: dict[str, Any] = {}
    for question in (await view.answer(get_benchmark_catalogue))["questions"]:
        name = question["id"]
        fields = {f"answers-{name}-{part}": part for part in _PARTS}
        sent = {fields[field]: each for field, each in given.numbers(form, fields).items()}
        known = before.get(name, {})
        # As it stands in the form, to six decimals: what nobody touched stays filled in.
        shown = {part: plain(known[part]) for part in _PARTS if known.get(part) is not None}
        if sent != {part: float(text) for part, text in shown.items()}:
            found[name] = sent or None
    return found


@form_router.post(f"{_RETURN}/steps", dependencies=[authenticated()])
@form_on(return_page)
async def take_return(view: Looking, return_id: UUID, form: Form) -> Response:
    """Fill it in anew, check it, or submit it."""
    step = first(form, "to")
    if step == _FILL_IN:
        await view.answer(fill_in_benchmark_return, return_id=return_id)
    else:
        taken = wanted(StepIn, {"to": step} if step else {})
        await view.answer(take_benchmark_return, return_id=return_id, wanted=taken)
    return RedirectResponse(f"{BENCHMARK}/returns/{return_id}", status.HTTP_303_SEE_OTHER)
