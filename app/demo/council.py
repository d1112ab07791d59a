"""The simulated council: made up, the same at every run, and labelled so on every answer.

It goes through the same services as the API, in one transaction.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.errors import ConfigurationError
from app.core.pagination import PageQuery
from app.core.periods import DAY, Window
from app.core.working_days import is_working_day
from app.demo import audits, deciding, governance, recording, seats
from app.feedback.responses import service as feedback
from app.licences.activity import service as activity
from app.licences.activity.models import Period
from app.licences.activity.schemas import ActivityRow
from app.licences.pools.models import LicencePool
from app.metrics.snapshots import service as snapshots
from app.organisations import service as organisations
from app.organisations.models import Organisation
from app.people import service as people
from app.people.schemas import PersonRow
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot, PilotKind, PilotStatus
from app.pilots.schemas import (
    Comparator,
    MemberRow,
    PilotFilter,
    PilotIn,
    SuccessCriterion,
    TransitionIn,
)
from app.time_use.samples import service as time_samples
from app.time_use.samples.service import Notation

NAME: Final = "Simulated Borough Council"
COPILOT: Final = "COPILOT-TRIAL"
CHILDREN: Final = "CHILDREN-RECORDING"
# What the advice for the renewal goes by: the last reduction is made, and the novelty has worn off.
LATELY: Final = date(2025, 3, 24)
_SEED: Final = 20250106
_SOURCE: Final = "simulation"
_COPILOT_PRODUCT: Final = "Microsoft_365_Copilot"
_CHILDREN_PRODUCT: Final = "Case_Recording_Assistant"
_ATOMIC: Final = BulkOptions(mode=BulkMode.ATOMIC)
_CHUNK: Final = 500

_DEPARTMENTS: Final = {
    "Adult Social Care": ("Reviewing", "Hospital Discharge", "Commissioning"),
    "Children's Services": ("Assessment North", "Assessment South", "Supporting Families"),
    "Corporate Services": ("Finance", "HR", "Legal", "ICT"),
    "Housing": ("Allocations", "Homelessness"),
    "Place": ("Planning", "Highways", "Waste"),
    "Revenues and Benefits": ("Council Tax", "Benefits"),
}
_APPS: Final = ("teams", "outlook", "word", "copilot_chat", "excel", "powerpoint")
_APP_WEIGHTS: Final = (34, 26, 16, 14, 6, 4)

RowType = TypeVar("RowType", bound=msgspec.Struct)
Steps = Callable[[str, int], Callable[[int], None]]


@dataclass(frozen=True, slots=True)
class DemoCouncil:
    """What was loaded."""

    organisation: Organisation
    copilot: Pilot
    children: Pilot
    pool: LicencePool
    decided: deciding.Decided


async def load(session: AsyncSession, steps: Steps) -> DemoCouncil:
    """Load the simulated council; loading it again changes nothing.

    Args:
        session: the transaction.
        steps: called with a title and a total for each step; what it returns is told of progress.

    Raises:
        ConfigurationError: the database holds a real organisation.
    """
    organisation = await _organisation(session)
    principal = Principal.system(organisation)
    chance = random.Random(_SEED)  # noqa: S311 - a simulation, not a secret
    staff = list(_staff(chance))
    staff_rows = _told(staff, steps("Staff", len(staff)))
    await people.upsert_many(session, principal, staff_rows, _ATOMIC, origin=_SOURCE)
    copilot = await _pilot(session, principal, _copilot_trial())
    children = await _pilot(session, principal, _children_trial())
    asking = _asking(staff, chance)
    tell = steps("Seats", 2)
    pool = await seats.load(session, principal, copilot, asking)
    tell(2)
    held = seats.story(asking)
    in_copilot = [
        MemberRow(person_external_id=who, arm=Arm.PILOT, joined_on=copilot.starts_on)
        for who, _ in asking
    ]
    in_children = list(_children_members(staff))
    for pilot, rows in ((copilot, in_copilot), (children, in_children)):
        member_rows = _told(rows, steps(f"Members of {pilot.code}", len(rows)))
        await membership.upsert_many(
            session, principal, pilot.id, member_rows, _ATOMIC, origin=_SOURCE
        )
    used = [
        *_copilot_activity(held, copilot, chance),
        *_children_activity(in_children, children, chance),
    ]
    used_rows = _told(used, steps("Licence activity", len(used)))
    await activity.upsert_many(session, principal, used_rows, _ATOMIC, origin=_SOURCE)
    recorded = list(recording.samples(in_children, children))
    sample_rows = _told(recorded, steps("Time samples", len(recorded)))
    await time_samples.upsert_many(
        session, principal, children.id, sample_rows, _ATOMIC, Notation(), origin=_SOURCE
    )
    for pilot, members, response, minutes in (
        (copilot, in_copilot, 0.36, 26.0),
        (children, in_children, 0.85, 55.0),
    ):
        said = list(recording.answers(members, pilot, response=response, minutes=minutes))
        said_rows = _told(said, steps(f"Feedback of {pilot.code}", len(said)))
        await feedback.upsert_many(session, principal, pilot.id, said_rows, _ATOMIC, origin=_SOURCE)
    tell = steps(f"Audits of {children.code}", 1)
    await audits.load(session, principal, children)
    tell(1)
    await _publish(session, principal, children, steps)
    tell = steps("Decisions", 2)
    decided = await deciding.load(session, principal, copilot, children)
    tell(2)
    return DemoCouncil(organisation, copilot, children, pool, decided)


async def _organisation(session: AsyncSession) -> Organisation:
    if any(not existing.is_simulated for existing in await organisations.every(session)):
        raise ConfigurationError(
            "This database holds a real organisation. Run the demo on a database of its own: "
            "PILOTLIGHT_DATABASE_URL=sqlite:///demo.db pilotlight demo"
        )
    organisation = await organisations.find_by_name(session, NAME)
    if organisation is None:
        organisation = await organisations.create(session, NAME, is_simulated=True)
    return organisation


async def _publish(session: AsyncSession, principal: Principal, pilot: Pilot, steps: Steps) -> None:
    """The figures of a pilot, week by week, as the scheduler would have published them."""
    weeks = [week.ends_on for week in Window(pilot.starts_on, pilot.ends_on).iso_weeks()]
    tell = steps(f"Published figures of {pilot.code}", len(weeks))
    for number, monday in enumerate(weeks, start=1):
        morning = datetime.combine(monday, time(6, 30), UTC)
        await snapshots.publish_week(session, principal, pilot.id, morning)
        tell(number)


def _told(rows: list[RowType], tell: Callable[[int], None]) -> Iterator[list[Parsed[RowType]]]:
    for start in range(0, len(rows), _CHUNK):
        chunk = rows[start : start + _CHUNK]
        yield [Parsed(start + place, row=row) for place, row in enumerate(chunk)]
        tell(start + len(chunk))


def _staff(chance: random.Random) -> Iterator[PersonRow]:
    teams = [(department, team) for department, names in _DEPARTMENTS.items() for team in names]
    for number in range(1, 621):
        department, team = teams[number % len(teams)]
        social = team in ("Assessment North", "Assessment South", "Supporting Families")
        yield PersonRow(
            external_id=f"S{number:04d}",
            display_name=f"Simulated Person {number}",
            department=department,
            team=team,
            job_family="Social work"
            if social
            else chance.choice(("Officer", "Manager", "Adviser")),
            fte=chance.choice((1.0, 1.0, 1.0, 0.8, 0.6)),
            started_on=date(2015, 1, 1) + timedelta(days=chance.randrange(3400)),
        )


def _copilot_trial() -> PilotIn:
    return PilotIn(
        code=COPILOT,
        name="Microsoft 365 Copilot: three-month trial (simulated)",
        kind=PilotKind.COPILOT_LICENCES,
        tool="Microsoft 365 Copilot",
        product=_COPILOT_PRODUCT,
        purpose="Find out who uses Copilot for what, and how many licences are worth keeping.",
        starts_on=date(2025, 1, 6),
        ends_on=date(2025, 4, 7),
        success_criteria=[
            SuccessCriterion(
                metric="last_28_days_adoption", comparator=Comparator.AT_LEAST, target=0.6
            )
        ],
    )


def _children_trial() -> PilotIn:
    return PilotIn(
        code=CHILDREN,
        name="Children's services: case recording, six weeks (simulated)",
        kind=PilotKind.SOCIAL_CARE,
        tool="Case recording assistant",
        product=_CHILDREN_PRODUCT,
        purpose="Find out whether case notes, chronologies and forms take less of the week.",
        baseline_starts_on=date(2025, 2, 3),
        baseline_ends_on=date(2025, 2, 17),
        starts_on=date(2025, 2, 24),
        ends_on=date(2025, 4, 7),
        success_criteria=[
            SuccessCriterion(metric=slug, comparator=Comparator.AT_MOST, target=-0.1)
            for slug in ("admin_share_change", "admin_share_effect")
        ],
    )


async def _pilot(session: AsyncSession, principal: Principal, wanted: PilotIn) -> Pilot:
    existing, _ = await pilots.page(
        session, principal, PageQuery(limit=1), PilotFilter(code=wanted.code)
    )
    if existing:
        return existing[0]
    pilot = await pilots.create(session, principal, wanted)
    await governance.load(session, principal, pilot)
    for status in (PilotStatus.PLANNED, PilotStatus.RUNNING, PilotStatus.COMPLETED):
        await pilots.transition(session, principal, pilot.id, TransitionIn(to=status))
    return pilot


def _asking(staff: Iterable[PersonRow], chance: random.Random) -> list[tuple[str, float]]:
    """Who asks for a seat, in that order, and how much each will like it: some not at all."""
    others = [person for person in staff if person.job_family != "Social work"]
    return [
        (person.external_id, chance.betavariate(1.1, 2.0) if chance.random() > 0.12 else 0.0)
        for person in chance.sample(others, seats.SEATS + seats.WAITING)
    ]


def _children_members(staff: Iterable[PersonRow]) -> Iterator[MemberRow]:
    for team, arm in ((deciding.TEAM, Arm.PILOT), ("Assessment South", Arm.COMPARISON)):
        in_team = [person for person in staff if person.team == team][:12]
        for person in in_team:
            yield MemberRow(person_external_id=person.external_id, arm=arm)


def _working_days(starts_on: date, ends_on: date) -> Iterator[date]:
    day = starts_on
    while day < ends_on:
        if is_working_day(day):
            yield day
        day += DAY


def _copilot_activity(
    held: Iterable[seats.Seat], pilot: Pilot, chance: random.Random
) -> Iterator[ActivityRow]:
    """Some never start, many try it and drift away, some make it a habit."""
    length = (pilot.ends_on - pilot.starts_on).days
    for seat in held:
        staying = chance.random() < 0.45
        for day in _working_days(seat.allocated_on, seat.released_on or pilot.ends_on):
            through = (day - pilot.starts_on).days / length
            novelty = 1.0 if staying else max(0.0, 1.15 - 1.5 * through)
            if chance.random() < min(0.95, seat.liking * novelty * 1.3):
                for app in _some_apps(chance):
                    actions = 1 + int(chance.expovariate(0.4))
                    yield _used(seat.external_id, _COPILOT_PRODUCT, day, app, actions)


def _some_apps(chance: random.Random) -> list[str]:
    picked = chance.choices(_APPS, _APP_WEIGHTS, k=1 + (chance.random() < 0.4))
    return list(dict.fromkeys(picked))


def _children_activity(
    members: Iterable[MemberRow], pilot: Pilot, chance: random.Random
) -> Iterator[ActivityRow]:
    for member in members:
        if member.arm is Arm.PILOT:
            for day in _working_days(pilot.starts_on, pilot.ends_on):
                if chance.random() < 0.7:
                    notes = 1 + int(chance.expovariate(0.5))
                    yield _used(
                        member.person_external_id, _CHILDREN_PRODUCT, day, "case_notes", notes
                    )


def _used(external_id: str | None, product: str, day: date, app: str, actions: int) -> ActivityRow:
    return ActivityRow(
        product=product,
        person_external_id=external_id,
        period=Period.DAY,
        period_starts_on=day,
        app=app,
        actions=actions,
        source=_SOURCE,
    )
