"""What is received about jobs and their runs."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.fields import Output
from app.core.jobs.models import JobRun, RunStatus
from app.jobs.service import Standing


class JobRunOut(Output):
    """A run, and how far it has come."""

    run_id: UUID = Field(validation_alias="id")
    job: str
    slot: datetime = Field(description="The instant that the run takes its clock from.")
    status: RunStatus
    requested_by: UUID | None = Field(description="Whose key asked for it; null: the schedule.")
    started_at: datetime | None
    finished_at: datetime | None
    progress: float = Field(ge=0, le=1, description="The share of its parts that are done.")
    counts: dict[str, int] = Field(description="What its parts have done so far, added up.")
    failures: int = Field(description="How often it has failed; after the fifth it is given up.")
    error: str | None = Field(description="The kind of the last failure, without its message.")


class JobOut(BaseModel):
    """A job, and how it stands with the organisation."""

    name: str
    what: str
    schedule: str
    next_slot: datetime
    last_success_at: datetime | None
    last_run: JobRunOut | None
    lag_seconds: float = Field(
        description="For how long the first slot since the last success has waited; 0: all are done."
    )


class JobList(BaseModel):
    """Every job there is."""

    items: list[JobOut]


def run_out(run: JobRun) -> JobRunOut:
    """A run as it is sent."""
    return JobRunOut.model_validate(run)


def job_out(standing: Standing) -> JobOut:
    """A job as it is sent."""
    job = standing.job
    return JobOut(
        name=job.name,
        what=job.what,
        schedule=job.schedule.words,
        next_slot=standing.next_slot,
        last_success_at=standing.last_success_at,
        last_run=run_out(standing.last_run) if standing.last_run is not None else None,
        lag_seconds=standing.lag.total_seconds(),
    )
