"""What the simulated social workers recorded of their time, and what staff said, week by week."""

import random
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

from app.core.local_days import begins
from app.core.periods import DAY, Window
from app.core.working_days import is_working_day
from app.feedback.responses.schemas import FeedbackRow
from app.pilots.models import Arm, Pilot
from app.pilots.schemas import MemberRow
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.schemas import SampleRow

_SOURCE: Final = "simulation"
_SEED: Final = 20250224
_ZONE: Final = ZoneInfo("Europe/London")
_DIARY_DAYS: Final = 3
_MINUTES_A_DAY: Final = 400
# Of the time that is admin or direct, the share of each; the rest of the day is neither.
_BEFORE: Final = {
    "case_notes": 0.25,
    "chronologies": 0.11,
    "forms": 0.13,
    "supporting_families_forms": 0.05,
    "court_reports": 0.05,
    "email_scheduling": 0.12,
    "visit": 0.18,
    "family_meeting": 0.06,
    "family_contact_remote": 0.05,
}
_DURING: Final = {
    "case_notes": 0.08,
    "chronologies": 0.03,
    "forms": 0.04,
    "supporting_families_forms": 0.01,
    "court_reports": 0.02,
    "ai_review": 0.04,
    "email_scheduling": 0.08,
    "visit": 0.47,
    "family_meeting": 0.13,
    "family_contact_remote": 0.10,
}
_WITH_FAMILIES: Final = ("visit", "family_meeting", "family_contact_remote")
_OTHERWISE: Final = {"travel": 0.10, "liaison": 0.05, "supervision": 0.03, "break": 0.05}
_FIRST_HOUR: Final = time(9)

_LIKED: Final = (
    "Notes are nearly done when I leave the house.",
    "I listen instead of typing.",
    "Chronologies that took an evening take half an hour.",
    "The first draft gives me something to correct.",
)
_DISLIKED: Final = (
    "It mixed up who said what.",
    "I read every line twice, and should.",
    "It is slow on bad days.",
)


def samples(members: Iterable[MemberRow], pilot: Pilot) -> Iterator[SampleRow]:
    """Diaries of three days a week, in the baseline and the pilot."""
    chance = random.Random(_SEED)  # noqa: S311 - a simulation, not a secret
    for member in members:
        habit = chance.gauss(0, 0.15)
        for window in sorted(pilot.windows):
            helped = member.arm is Arm.PILOT and window.starts_on >= pilot.starts_on
            shares = _DURING if helped else _BEFORE
            for day in _diary_days(window, chance):
                yield from _day(member.person_external_id, day, shares, habit, chance)


def _diary_days(window: Window, chance: random.Random) -> Iterator[date]:
    for week in window.iso_weeks():
        days = [week.starts_on + n * DAY for n in range(week.days)]
        working = [day for day in days if day in window and is_working_day(day)]
        yield from sorted(chance.sample(working, min(_DIARY_DAYS, len(working))))


def _day(
    external_id: str | None,
    day: date,
    shares: dict[str, float],
    habit: float,
    chance: random.Random,
) -> Iterator[SampleRow]:
    moment = begins(day, _ZONE) + (
        datetime.combine(day, _FIRST_HOUR) - datetime.combine(day, time())
    )
    apart = sum(_OTHERWISE.values())
    for category, share in {**shares, **_OTHERWISE}.items():
        part = share if category in _OTHERWISE else share * (1 - apart)
        swing = chance.gauss(1 - habit if category in _WITH_FAMILIES else 1 + habit, 0.3)
        minutes = 5 * round(_MINUTES_A_DAY * part * max(0.0, swing) / 5)
        if minutes <= 0:
            continue
        yield SampleRow(
            category=category,
            started_at=moment.isoformat(),
            source=_SOURCE,
            source_ref=f"{external_id}-{day.isoformat()}-{category}",
            method=SampleMethod.DIARY,
            person_external_id=external_id,
            minutes=float(minutes),
        )
        moment += minutes * (DAY / (24 * 60))


def answers(
    members: Iterable[MemberRow], pilot: Pilot, *, response: float, minutes: float
) -> Iterator[FeedbackRow]:
    """Weekly answers: fewer of them as the weeks go by.

    Args:
        members: of the pilot; those of the comparison arm are not asked.
        pilot: whose weeks.
        response: the share that answers in the first week.
        minutes: what staff say they save on a working day, on average.
    """
    chance = random.Random(f"{_SEED} {pilot.code}")  # noqa: S311 - a simulation, not a secret
    asked = [who.person_external_id for who in members if who.arm is Arm.PILOT]
    for window in sorted(pilot.windows):
        during = window.starts_on >= pilot.starts_on
        for number, week in enumerate(window.iso_weeks()):
            for external_id in asked:
                if chance.random() < response * (1 - 0.03 * number):
                    yield _answer(external_id, week.starts_on, during, minutes, chance)


def _answer(
    external_id: str | None, monday: date, during: bool, minutes: float, chance: random.Random
) -> FeedbackRow:
    if not during:
        return FeedbackRow(
            week_starts_on=monday, person_external_id=external_id, morale=_score(2.8, chance)
        )
    return FeedbackRow(
        week_starts_on=monday,
        person_external_id=external_id,
        satisfaction=_score(3.9, chance),
        quality_improved=_score(3.5, chance),
        mental_load_reduced=_score(3.8, chance),
        morale=_score(3.6, chance),
        minutes_saved_per_day=float(5 * round(chance.gauss(minutes, minutes / 2) / 5)),
        would_keep=chance.random() < 0.8,
        liked=chance.choice(_LIKED) if chance.random() < 0.3 else None,
        disliked=chance.choice(_DISLIKED) if chance.random() < 0.15 else None,
        themes=[chance.choice(("speed", "quality", "trust", "training"))],
    )


def _score(about: float, chance: random.Random) -> int:
    return min(5, max(1, round(chance.gauss(about, 0.9))))
