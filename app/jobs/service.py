"""How jobs stand with an organisation, and runs that somebody asks for."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import Invalid, NotFound, existing
from app.core.jobs.models import JobRun, JobState, RunStatus
from app.core.jobs.registry import JOBS, Job
from app.core.pagination import PageQuery
from app.jobs import repository


@dataclass(frozen=True, slots=True)
class Standing:
    """How a job stands with an organisation; None where it has not run, or its last run is forgotten."""

    job: Job
    state: JobState | None
    last_run: JobRun | None
    now: datetime

    @property
    def next_slot(self) -> datetime:
        return self.job.schedule.next_after(self.now)

    @property
    def last_success_at(self) -> datetime | None:
        return self.state.succeeded_at if self.state is not None else None

    @property
    def lag(self) -> timedelta:
        succeeded = self.state.succeeded_slot if self.state is not None else None
        return self.job.lag(succeeded, self.now)


async def standings(session: AsyncSession, principal: Principal) -> list[Standing]:
    """Every job there is, in the order of their names."""
    now = clock.now()
    states = {state.job: state for state in await repository.states(session, principal)}
    ids = [state.last_run_id for state in states.values()]
    runs = {run.job: run for run in await repository.runs(session, principal, ids)}
    return [
        Standing(job, states.get(name), runs.get(name), now) for name, job in sorted(JOBS.items())
    ]


async def request(
    session: AsyncSession, principal: Principal, name: str, as_of: date | None
) -> JobRun:
    """Ask for a slot to be run, again where it has been: the newest by the end of a day (default: by now).

    The scheduler's next tick carries it out. One that waits already is not asked for twice.

    Raises:
        NotFound: there is no such job.
        Invalid: the day is still to come.
    """
    job = JOBS.get(name)
    if job is None:
        raise NotFound("There is no such job. GET /jobs lists them.")
    now = clock.now()
    if as_of is not None and as_of > now.date():
        raise Invalid.field("/as_of", "in_the_future", "as_of must not lie in the future (UTC)")
    slot = job.schedule.slot_at(now) if as_of is None else job.schedule.slot_of(as_of, now)
    run = await _queue(session, principal, name, slot)
    details = {"job": name, "slot": slot.isoformat()}
    await audit_log.record(session, principal, "job_run.requested", run.id, details=details)
    return run


async def wake(session: AsyncSession, principal: Principal, name: str) -> None:
    """Let the next tick run a job for something that its domain has to do, and records itself."""
    await _queue(session, principal, name, JOBS[name].schedule.slot_at(clock.now()))


async def _queue(session: AsyncSession, principal: Principal, name: str, slot: datetime) -> JobRun:
    """The run of a slot that waits, made where there is none."""
    run = await repository.queued(session, principal, name, slot)
    if run is None:
        run = JobRun(
            organisation_id=principal.organisation_id,
            job=name,
            slot=slot,
            requested_by=principal.id,
        )
        session.add(run)
        await session.flush()
    return run


async def get(session: AsyncSession, principal: Principal, run_id: UUID) -> JobRun:
    """One run.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find(session, principal, run_id), "run")


async def page(
    session: AsyncSession,
    principal: Principal,
    query: PageQuery,
    *,
    job: str | None,
    status: RunStatus | None,
) -> tuple[list[JobRun], str | None]:
    """Runs of the organisation, newest first."""
    return await repository.page(session, principal, query, job=job, status=status)
