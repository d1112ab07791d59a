"""Figures about jobs for Prometheus, over all organisations: of each job the one that stands worst.

They come from the database, so whichever process is asked speaks for all schedulers.
"""

from datetime import datetime

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import generate_latest as render
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.database import Database
from app.core.errors import ProblemError
from app.core.jobs import repository
from app.core.jobs.models import JobState
from app.core.jobs.registry import JOBS, Job
from app.organisations import service as organisations


async def figures(database: Database) -> bytes:
    """The figures as Prometheus reads them; none while the database cannot be asked."""
    try:
        async with database.transaction(read_only=True) as session:
            count = len(await organisations.every(session))
            states = await repository.states(session)
    except (ProblemError, DBAPIError):
        return b""
    registry = CollectorRegistry()
    _add(registry, count, states, clock.now())
    return render(registry)


def _add(
    registry: CollectorRegistry, organisation_count: int, states: list[JobState], now: datetime
) -> None:
    def gauge(name: str, text: str) -> Gauge:
        return Gauge(f"pilotlight_job_{name}", text, ("job",), registry=registry)

    success = gauge(
        "last_success_timestamp_seconds",
        "When the job last succeeded, for the organisation where that is longest ago.",
    )
    seconds = gauge(
        "duration_seconds", "How long the last successful run took, where it was longest."
    )
    lag = gauge("lag_seconds", "For how long a slot has waited to be done, where that is longest.")
    failures = CounterMetricFamily("pilotlight_job_failures", "Runs that failed.", labels=("job",))
    done = CounterMetricFamily(
        "pilotlight_job_done", "What runs that succeeded counted.", labels=("job", "what")
    )
    for name, job in JOBS.items():
        own = [state for state in states if state.job == name]
        succeeded = [state.succeeded_at for state in own if state.succeeded_at is not None]
        if succeeded:
            success.labels(name).set(min(succeeded).timestamp())
            seconds.labels(name).set(max(state.seconds or 0.0 for state in own))
        lag.labels(name).set(_worst_lag(job, organisation_count, own, now))
        failures.add_metric((name,), sum(state.failures for state in own))
        for what in sorted({what for state in own for what in state.totals}):
            done.add_metric((name, what), sum(state.totals.get(what, 0) for state in own))
    registry.register(_Known(failures, done))


def _worst_lag(job: Job, organisation_count: int, own: list[JobState], now: datetime) -> float:
    slots = [state.succeeded_slot for state in own]
    slots += [None] * (organisation_count - len(own))  # where it has never been tried
    return max((job.lag(slot, now).total_seconds() for slot in slots), default=0.0)


class _Known(Collector):
    """Counters whose values are kept elsewhere."""

    def __init__(self, *families: CounterMetricFamily) -> None:
        self._families = families

    def collect(self) -> list[CounterMetricFamily]:
        return list(self._families)
