"""Rules about prompts: drawn once for each person-day, and shown to those who ask and who send them out."""

import secrets
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.permissions import Role
from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.identifiers import Identifier, identifiers_in
from app.core.local_days import begins, day_of, minutes_between
from app.core.models import new_id
from app.core.pagination import PageQuery
from app.core.periods import DAY, Window
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Member, Pilot
from app.pilots.roll import Roll
from app.time_use.plans import service as plans
from app.time_use.plans.expectation import open_days, weeks_of
from app.time_use.plans.models import SamplingPlan
from app.time_use.prompts import errors, repository
from app.time_use.prompts.models import TimePrompt, TimePromptDraw
from app.time_use.prompts.moments import days_drawn, moments_drawn
from app.time_use.prompts.repository import PromptFilter
from app.time_use.prompts.schemas import MAX_SEED, DrawIn, DrawOut
from app.time_use.samples.models import SampleMethod

MAX_PROMPTS = 100_000


@dataclass(slots=True)
class _Drawing:
    """A draw in the making.

    `there` holds the days of each person that have prompts, in the weeks that the draw touches.
    """

    plan: SamplingPlan
    zone: ZoneInfo
    seed: int
    there: dict[UUID, set[date]]
    # The same for everybody.
    minutes: dict[date, list[datetime]] = field(default_factory=dict)
    found: list[tuple[UUID, datetime]] = field(default_factory=list)
    person_days: int = 0
    short: int = 0

    def _minutes(self, day: date) -> list[datetime]:
        """The minutes of a day that may be drawn."""
        since, until = self.plan.from_time, self.plan.until_time
        if since is None or until is None:
            raise errors.not_random_moment()
        if day not in self.minutes:
            self.minutes[day] = minutes_between(day, since, until, self.zone)
        return self.minutes[day]

    def draw(self, member: Member, week: Window, candidates: list[date]) -> None:
        """Draw for days that are open to a person in a week of a window, where there are no prompts yet."""
        asked = self.there.get(member.person_id, set())
        wanted = self.plan.person_days_per_week - sum(day in week for day in asked)
        left = [day for day in candidates if day not in asked]
        per_day = self.plan.prompts_per_day or 0
        for day in days_drawn(self.seed, member.person_id, week.starts_on, left, wanted):
            moments = moments_drawn(self.seed, member.person_id, day, self._minutes(day), per_day)
            self.found += [(member.person_id, moment) for moment in moments]
            if len(self.found) > MAX_PROMPTS:
                raise errors.too_many(MAX_PROMPTS)
            self.person_days += bool(moments)
            self.short += len(moments) < per_day


async def draw(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: DrawIn
) -> DrawOut:
    """Draw moments for every expected person-day that has none yet.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: its plan is not one of random moments, or the prompts would be too many.
    """
    # Held, so that two draws of the same days come one after the other.
    pilot = await pilots.get(session, principal, pilot_id, for_update=True)
    plan = await plans.of_pilot(session, principal, pilot)
    if plan.method is not SampleMethod.RANDOM_MOMENT:
        raise errors.not_random_moment()
    days = Window(wanted.starts_on, wanted.ends_on)
    zone = ZoneInfo(principal.organisation.zone)
    seed = secrets.randbelow(MAX_SEED + 1) if wanted.seed is None else wanted.seed
    there = await _there(session, principal, pilot, days, zone)
    drawing = _Drawing(plan, zone, seed, there)
    members = await membership.over(session, principal, pilot, days)
    for member, week, candidates in _open_weeks(pilot, plan, members, days):
        drawing.draw(member, week, candidates)
    row = TimePromptDraw(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        seed=seed,
        plan=_as_it_stands(plan),
        principal_id=principal.id,
    )
    session.add(row)
    await session.flush()
    await repository.add(session, _rows(row, drawing))
    done = DrawOut(
        draw_id=row.id,
        starts_on=days.starts_on,
        ends_on=days.ends_on,
        seed=seed,
        drawn=len(drawing.found),
        person_days=drawing.person_days,
        person_days_there=sum(day in days for asked in there.values() for day in asked),
        short_person_days=drawing.short,
    )
    details = {"draw_id": str(row.id), "drawn": done.drawn, "person_days": done.person_days}
    await audit_log.record(session, principal, "time_prompts.drawn", pilot.id, details=details)
    return done


def _rows(draw: TimePromptDraw, drawing: _Drawing) -> list[dict[str, Any]]:
    return [
        {
            "organisation_id": draw.organisation_id,
            "id": prompt_id(),
            "pilot_id": draw.pilot_id,
            "person_id": person_id,
            "prompt_at": moment,
            "draw_id": draw.id,
        }
        for person_id, moment in sorted(drawing.found, key=lambda each: (each[1], each[0]))
    ]


def prompt_id() -> UUID:
    """An id that its sample can carry as `source_ref`: some look like an identifier of a person's."""
    while identifiers_in(str(found := new_id()), tuple(Identifier)):
        pass
    return found


async def _there(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window, zone: ZoneInfo
) -> dict[UUID, set[date]]:
    """By person the days with prompts, in the ISO weeks that these days touch."""
    weeks = list(days.iso_weeks())
    since, until = begins(weeks[0].starts_on, zone), begins(weeks[-1].ends_on, zone)
    found: dict[UUID, set[date]] = defaultdict(set)
    for _, person_id, moment in await repository.between(
        session, principal, pilot.id, since, until
    ):
        found[person_id].add(day_of(moment, zone))
    return found


def _open_weeks(
    pilot: Pilot, plan: SamplingPlan, members: list[Member], days: Window
) -> Iterator[tuple[Member, Window, list[date]]]:
    """Every member's open days among these, by ISO week of the baseline and of the pilot window."""
    schedule = plans.schedule_of(plan)
    roll = Roll.of(members)
    for phase in plans.phases_of(pilot).values():
        for week in weeks_of(phase):
            part = week.clip(days)
            if not part.days:
                continue
            for member, row in zip(members, open_days(schedule, roll, part), strict=True):
                places = np.flatnonzero(row).tolist()
                yield member, week, [part.starts_on + n * DAY for n in places]


def _as_it_stands(plan: SamplingPlan) -> dict[str, Any]:
    return plan.model_dump(
        mode="json",
        include={
            *("revision", "arms", "days", "person_days_per_week"),
            *("prompts_per_day", "from_time", "until_time"),
        },
    )


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    days: tuple[date | None, date | None],
    person_id: UUID | None,
) -> tuple[list[TimePrompt], str | None]:
    """Prompts of a pilot, for its lead and for the integrator that sends them out; the read is recorded.

    Raises:
        NotFound: there is no such pilot within reach.
        Forbidden: the caller is neither.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    if principal.role is not Role.INTEGRATOR:
        pilots.check_is_lead(
            principal,
            "Prompts of named people are shown to the pilot's lead, and to an integrator's key "
            "that sends them out.",
        )
    zone = ZoneInfo(principal.organisation.zone)
    since, until = (begins(day, zone) if day is not None else None for day in days)
    wanted = PromptFilter(since, until, person_id)
    rows, cursor = await repository.page(session, principal, pilot.id, query, wanted)
    await audit_log.record(
        session, principal, "time_prompts.read", pilot.id, details={"rows": len(rows)}
    )
    return rows, cursor


async def asked(
    session: AsyncSession, principal: Principal, pilot: Pilot, days: Window, zone: ZoneInfo
) -> dict[UUID, tuple[UUID, date]]:
    """Of each prompt of these days, by its id: who was asked, and on which local day."""
    since, until = begins(days.starts_on, zone), begins(days.ends_on, zone)
    rows = await repository.between(session, principal, pilot.id, since, until)
    return {prompt: (person_id, day_of(moment, zone)) for prompt, person_id, moment in rows}
