"""Jobs: what runs, how often, and for which slot.

A slot is an instant in UTC from which a run takes its clock, so that a run is the same whenever it
happens; local clock changes neither double nor drop one.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

Work = Callable[[AsyncSession, UUID, datetime], Awaitable[Mapping[str, int]]]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """A job: `work(session, organisation_id, slot)` does one organisation's slot and returns counts."""

    name: str
    every: timedelta
    work: Work

    def slot_at(self, now: datetime) -> datetime:
        """The newest slot that has come by `now`."""
        return now - (now - _EPOCH) % self.every


JOBS: dict[str, Job] = {}


def job(name: str, *, every: timedelta) -> Callable[[Work], Work]:
    """Register a job; running a slot twice must change nothing."""

    def register(work: Work) -> Work:
        if name in JOBS:
            raise ValueError(f"there are two jobs named {name}")
        JOBS[name] = Job(name, every, work)
        return work

    return register
