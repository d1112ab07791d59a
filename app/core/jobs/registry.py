"""Jobs: what runs, how often, for which slot, and in which parts.

A slot is an instant in UTC from which a run takes its clock, so that a run is the same whenever it
happens.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.core.database import Database
from app.core.jobs.schedules import Schedule

Work = Callable[..., Awaitable[Mapping[str, int]]]
Parts = Callable[[AsyncSession, UUID, datetime], Awaitable[Sequence[str]]]

WHOLE = ("",)


@dataclass(frozen=True, slots=True)
class Job:
    """A job of every organisation.

    `work(session, organisation_id, slot)` does a slot in one transaction and returns counts. With `parts`,
    which names them beforehand, `work(session, organisation_id, slot, part)` does one in a transaction of
    its own: for work that takes long, and is to be seen moving.

    Work that `reaches_out` waits for other systems: in place of a session it is given the database, opens its
    own short transactions, and sees to it that two who do a part at once do no harm.

    Doing a slot twice must change nothing. A slot that has not begun within `grace` is passed over; without
    a grace it may begin until the next one comes.
    """

    name: str
    schedule: Schedule
    work: Work
    grace: timedelta | None = None
    parts: Parts | None = None
    reaches_out: bool = False

    @property
    def what(self) -> str:
        """What it does, in a sentence: the first line of what is written above the work."""
        return (self.work.__doc__ or "").strip().partition("\n")[0]

    def is_too_late(self, slot: datetime, now: datetime) -> bool:
        return self.grace is not None and now - slot > self.grace

    def lag(self, succeeded: datetime | None, now: datetime) -> timedelta:
        """For how long the first slot since the last one that succeeded has waited; none where all are done."""
        waits = (
            self.schedule.slot_at(now) if succeeded is None else self.schedule.next_after(succeeded)
        )
        return max(now - waits, timedelta(0))

    async def parts_of(
        self, session: AsyncSession, organisation_id: UUID, slot: datetime
    ) -> list[str]:
        """What a run goes through, in order: one nameless part where the work is a whole."""
        if self.parts is None:
            return list(WHOLE)
        return list(await self.parts(session, organisation_id, slot))

    async def do(
        self, session: AsyncSession | Database, organisation_id: UUID, slot: datetime, part: str
    ) -> Mapping[str, int]:
        """Do one part: in a transaction, or with the database where the work reaches out."""
        if self.parts is None:
            return await self.work(session, organisation_id, slot)
        return await self.work(session, organisation_id, slot, part)


JOBS: dict[str, Job] = {}


def job(
    name: str,
    schedule: Schedule,
    *,
    grace: timedelta | None = None,
    parts: Parts | None = None,
    reaches_out: bool = False,
) -> Callable[[Work], Work]:
    """Register a job: see `Job`. Its module is named in `app/scheduler.py`."""

    def register(work: Work) -> Work:
        if name in JOBS:
            raise ValueError(f"there are two jobs named {name}")
        JOBS[name] = Job(name, schedule, work, grace, parts, reaches_out)
        return work

    return register
