"""What was answered, as arrays: a pilot of thousands answers a hundred thousand times. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Ids, places_in
from app.core.periods import Window
from app.pilots.models import Arm
from app.pilots.roll import Roll

SCORES = ("satisfaction", "morale", "would_keep", "mental_load_reduced", "quality_improved")
MINUTES = "minutes_saved_per_day"
NOBODY = -1
_DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True)
class Answers:
    """Shape (n,) each: Mondays as ordinals, places of people (NOBODY: not known whose), what they gave.

    `values` are by name, NaN where it was not given; `themes` are texts, None where those were not read.
    """

    week: NDArray[np.int32]
    person: NDArray[np.intp]
    values: dict[str, NDArray[np.float64]]
    themes: NDArray[np.object_] | None = None

    def where(self, chosen: NDArray[np.bool_]) -> "Answers":
        """Some of them; `chosen` has shape (n,)."""
        return Answers(
            self.week[chosen],
            self.person[chosen],
            {name: values[chosen] for name, values in self.values.items()},
            self.themes[chosen] if self.themes is not None else None,
        )

    def of_weeks(self, mondays: Sequence[date]) -> "Answers":
        """Those about some weeks."""
        if len(mondays) == 1:
            return self.where(self.week == mondays[0].toordinal())
        return self.where(np.isin(self.week, [monday.toordinal() for monday in mondays]))

    def of_people(self, who: NDArray[np.bool_]) -> "Answers":
        """Those of some people, by their places; nobody known is none of them."""
        return self.where(np.append(who, False)[self.person])

    @property
    def are_named(self) -> bool:
        """Whether it is known of all of them whose they are."""
        return not bool((self.person == NOBODY).any())

    def given(self, name: str) -> "Given":
        """What they gave of a thing, where they did."""
        values = self.values[name]
        there = ~np.isnan(values)
        return Given(self.week[there], self.person[there], values[there])


@dataclass(frozen=True, slots=True)
class Given:
    """What a figure counts of answers, shape (n,) each; as in `Answers`."""

    week: NDArray[np.int32]
    person: NDArray[np.intp]
    value: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.value)

    @property
    def people(self) -> int:
        """How many people answered at least: anonymous answers of two weeks may be of the same ones."""
        if not len(self):
            return 0
        named = np.count_nonzero(np.bincount(self.person + 1)[1:])
        return int(max(named, np.bincount(self.week - self.week.min()).max()))

    @property
    def is_one_week(self) -> bool:
        return not len(self) or bool(self.week.min() == self.week.max())

    @property
    def is_of_unknown_people(self) -> bool:
        """Whether it is not known which are one person's: within a week each is a person's own."""
        return not self.is_one_week and bool((self.person == NOBODY).any())

    def whose(self) -> NDArray[np.intp]:
        """Shape (n,), a number for each one's person, from 0; those of nobody known are a person's own."""
        if not len(self):
            return np.zeros(0, dtype=np.intp)
        own = int(self.person.max()) + 1 + np.arange(len(self))
        person = np.where(self.person == NOBODY, own, self.person)
        numbers = np.cumsum(np.bincount(person) > 0) - 1
        found: NDArray[np.intp] = numbers[person]
        return found


def counted(answers: Answers, ids: Ids, roll: Roll) -> Answers:
    """Those of participants in weeks in which they take part, and anonymous ones.

    Args:
        answers: whose people have no places yet.
        ids: shape (n,), whose each is; zero for nobody known.
        roll: everybody in the pilot.
    """
    place = places_in(roll.person, ids)
    is_anonymous = ids == b""
    since = np.maximum(roll.since, roll.employed_since)
    until = np.minimum(roll.until, roll.employed_until)
    takes_part = np.zeros(len(place), dtype=np.bool_)
    known = np.flatnonzero(place >= 0)
    of, week = place[known], answers.week[known]
    takes_part[known] = roll.in_arm(Arm.PILOT)[of] & (
        np.maximum(week, since[of]) < np.minimum(week + _DAYS_A_WEEK, until[of])
    )
    person = np.where(is_anonymous, NOBODY, place)
    placed = Answers(answers.week, person, answers.values, answers.themes)
    return placed.where(is_anonymous | takes_part)


def at_work(roll: Roll, weeks: Sequence[Window]) -> NDArray[np.bool_]:
    """Shape (people, weeks): who takes part in arm `pilot` and is at work on a working day of the week."""
    participants = roll.in_arm(Arm.PILOT)
    found = np.zeros((len(participants), len(weeks)), dtype=np.bool_)
    for n, week in enumerate(weeks):
        found[:, n] = participants & roll.at_work(week)
    return found
