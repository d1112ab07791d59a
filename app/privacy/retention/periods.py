"""Which kinds of data have a period, from when it counts, and how long it is by default. Pure."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final


class Kept(StrEnum):
    """A kind of data with a period of its own, in the order in which they go."""

    TIME_SAMPLES = "time_samples"
    FEEDBACK = "feedback"
    LICENCE_ACTIVITY = "licence_activity"
    WAITING_LISTS = "waiting_lists"
    ABSENCES = "absences"
    DIRECTORY = "directory"
    CONNECTION_RUNS = "connection_runs"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Period:
    """How long a kind of data is kept.

    Args:
        kept: which kind.
        days: by default.
        counted_from: what they are counted from, in words.
    """

    kept: Kept
    days: int
    counted_from: str


PERIODS: Final = {
    period.kept: period
    for period in (
        Period(Kept.TIME_SAMPLES, 730, "the end of a pilot that is over"),
        Period(Kept.FEEDBACK, 730, "the end of a pilot that is over"),
        Period(Kept.LICENCE_ACTIVITY, 1095, "the end of the calendar year"),
        Period(Kept.WAITING_LISTS, 365, "the end of the wait"),
        Period(Kept.ABSENCES, 730, "the end of the absence"),
        Period(Kept.DIRECTORY, 365, "the day on which the directory deleted it"),
        Period(Kept.CONNECTION_RUNS, 365, "the end of the run"),
        Period(Kept.PEOPLE, 2190, "the day on which somebody left; they are erased"),
    )
}


def defaults() -> dict[Kept, int | None]:
    """What is proposed to an organisation that has agreed to nothing."""
    return {kept: period.days for kept, period in PERIODS.items()}


def cut_of(today: date, days: int | None) -> date | None:
    """What ended before this day is due; None where it is kept for good."""
    if days is None:
        return None
    return today - timedelta(days=days)
