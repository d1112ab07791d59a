"""`/jobs` and `/job-runs`: what runs by itself, how it went, and asking for it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi import status as http

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.fields import CalendarDate, Slug
from app.core.jobs.models import RunStatus
from app.core.pagination import Page, PageRequest
from app.jobs import service
from app.jobs.schemas import JobList, JobRunOut, job_out, run_out

router = APIRouter(route_class=ApiRoute)
runs_router = APIRouter(route_class=ApiRoute)


@router.get("", dependencies=[requires(Scope.JOBS_RUN)])
async def list_jobs(session: Session, principal: Caller) -> JobList:
    """Every job: what it does, when, how it went last, and how far it lags behind."""
    found = await service.standings(session, principal)
    return JobList(items=[job_out(standing) for standing in found])


@router.post(
    "/{job}/runs", status_code=http.HTTP_202_ACCEPTED, dependencies=[requires(Scope.JOBS_RUN)]
)
async def request_job_run(
    job: Slug,
    response: Response,
    session: Session,
    principal: Caller,
    as_of: Annotated[
        CalendarDate | None,
        Query(description="Run the newest slot by the end of this day (UTC); by default by now."),
    ] = None,
) -> JobRunOut:
    """Ask for a run. The scheduler begins it with its next tick; `Location` says where to watch it."""
    run = await service.request(session, principal, job, as_of)
    response.headers["Location"] = f"/api/v1/job-runs/{run.id}"
    return run_out(run)


@runs_router.get("", dependencies=[requires(Scope.JOBS_RUN)])
async def list_job_runs(
    session: Session,
    principal: Caller,
    page: PageRequest,
    job: Slug | None = None,
    status: RunStatus | None = None,
) -> Page[JobRunOut]:
    """Runs of the organisation, newest first; those that ended more than 90 days ago are forgotten."""
    rows, cursor = await service.page(session, principal, page, job=job, status=status)
    return Page(items=[run_out(row) for row in rows], next_cursor=cursor)


@runs_router.get("/{run_id}", dependencies=[requires(Scope.JOBS_RUN)])
async def get_job_run(run_id: UUID, session: Session, principal: Caller) -> JobRunOut:
    """One run; its progress moves while it runs."""
    return run_out(await service.get(session, principal, run_id))
