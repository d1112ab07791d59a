"""`/dashboard/jobs`: what runs by itself, asking for it, and watching it."""

from datetime import date
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import TypeAdapter, ValidationError

from app.access.routing import authenticated
from app.core.errors import Invalid
from app.core.fields import CalendarDate
from app.core.jobs.models import RunStatus
from app.core.pagination import PageQuery
from app.dashboard.navigation import JOBS
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking
from app.jobs.routes import get_job_run, list_job_runs, list_jobs, request_job_run

router = APIRouter(prefix=JOBS, route_class=PageRoute)
form_router = APIRouter(prefix=JOBS, route_class=FormRoute)

_RUNS: Final = 20
# Seconds until the page of a run that somebody follows is loaded again.
_AGAIN: Final = 5
_ENDED: Final = (RunStatus.SUCCEEDED, RunStatus.FAILED)
_DAY: Final[TypeAdapter[date]] = TypeAdapter(CalendarDate)

Cursor = Annotated[str | None, Query(max_length=64)]


@router.get("", dependencies=[authenticated()])
async def jobs_page(view: Looking, cursor: Cursor = None) -> HTMLResponse:
    """Every job with its last run, and the runs of late."""
    jobs = await view.answer(list_jobs)
    page = PageQuery(limit=_RUNS, cursor=cursor)
    runs = await view.answer(list_job_runs, page=page, job=None, status=None)
    return view.page(
        "jobs/jobs.html",
        "Jobs",
        here=JOBS,
        jobs=jobs["items"],
        runs=runs,
    )


@form_router.post("", dependencies=[authenticated()])
@form_on(jobs_page)
async def ask_for_run(view: Looking, form: Form) -> Response:
    """A run, and on to where it is watched."""
    job = first(form, "job")
    if job is None or job not in {each["name"] for each in (await view.answer(list_jobs))["items"]}:
        raise Invalid.field("/job", "enum", "Choose the job.")
    text = first(form, "as_of")
    try:
        as_of = _DAY.validate_python(text) if text else None
    except ValidationError as error:
        detail = f"The day {error.errors()[0]['msg']}"
        raise Invalid.field("/as_of", "date_format", detail) from None
    run = await view.answer(request_job_run, job=job, as_of=as_of)
    return RedirectResponse(f"{JOBS}/runs/{run['run_id']}?follow=true", status.HTTP_303_SEE_OTHER)


@router.get("/runs/{run_id:uuid}", dependencies=[authenticated()])
async def run_page(view: Looking, run_id: UUID, follow: bool = False) -> HTMLResponse:
    """One run; while it lasts, the page comes anew by itself for whoever follows it."""
    run = await view.answer(get_job_run, run_id=run_id)
    ended = run["status"] in _ENDED
    page = view.page(
        "jobs/run.html",
        run["job"].replace("_", " ").capitalize(),
        trail=[Crumb("Jobs", JOBS)],
        run=run,
        ended=ended,
        follow=follow,
        again=_AGAIN,
        here=f"{JOBS}/runs/{run_id}",
        jobs=JOBS,
    )
    if follow and not ended:
        page.headers["Refresh"] = str(_AGAIN)
    return page
