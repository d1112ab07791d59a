"""What people's time went to, as arrays: daily facts seen through a taxonomy and the pilot's members. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from app.core.periods import Window
from app.pilots.models import Arm, Member
from app.time_use.daily.service import Facts
from app.time_use.taxonomies.codebook import Codebook
from app.time_use.taxonomies.models import WorkClass

CLASSES: Final = tuple(WorkClass)
UNMAPPED: Final = len(CLASSES)
ADMIN: Final = CLASSES.index(WorkClass.ADMIN)
DIRECT: Final = CLASSES.index(WorkClass.DIRECT)
INDIRECT: Final = CLASSES.index(WorkClass.INDIRECT)
EXCLUDED: Final = CLASSES.index(WorkClass.EXCLUDED)
# A column of its own for the admin that is recording: it is part of admin as well.
RECORDING: Final = UNMAPPED + 1
COLUMNS: Final = RECORDING + 1

_ARMS: Final = tuple(Arm)
_DAYS_A_WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Sums:
    """What each person's time went to in a window.

    `amounts` has shape (people, COLUMNS), in minutes or prompts; `weeks` and `days` shape (people,): in how many
    ISO weeks and on how many days somebody has samples.
    """

    people: list[UUID]
    amounts: NDArray[np.float64]
    weeks: NDArray[np.int64]
    days: NDArray[np.int64]

    @property
    def sampled(self) -> NDArray[np.bool_]:
        """Shape (people,): who has any sample."""
        return self.days > 0


@dataclass(frozen=True, slots=True)
class Measured:
    """Entries of members of the pilot, each with its day, person, column and amount; shape (n,) each, by day.

    `arm` has shape (people,). `is_prompts`: amounts are prompts, as there are no durations. `is_mixed`: there
    are prompts as well as durations, and they are left out.
    """

    people: list[UUID]
    arm: NDArray[np.int8]
    day: NDArray[np.int32]
    person: NDArray[np.int32]
    code: NDArray[np.int32]
    column: NDArray[np.int8]
    is_recording: NDArray[np.bool_]
    amount: NDArray[np.float64]
    is_prompts: bool
    is_mixed: bool

    @classmethod
    def of(cls, facts: Facts, members: Sequence[Member], codebook: Codebook) -> "Measured":
        """Facts as they count: entries of members on the days on which they take part."""
        entries, codes = facts.entries, facts.codes
        arm, since, until = _membership(facts.people, members)
        person, day, code = entries.person, entries.day, entries.code
        counts = (arm[person] >= 0) & (since[person] <= day) & (day < until[person])
        is_prompt = np.array([c.is_prompt for c in codes], dtype=np.bool_)
        prompts = is_prompt[code] if codes else np.zeros(0, dtype=np.bool_)
        has_durations = bool((counts & ~prompts).any())
        has_prompts = bool((counts & prompts).any())
        if has_durations:
            counts &= ~prompts
        column, recording = _meaning(facts, codebook)
        amount = entries.minutes if has_durations else entries.samples.astype(np.float64)
        return cls(
            facts.people,
            arm,
            day[counts],
            person[counts],
            code[counts],
            column[code[counts]],
            recording[code[counts]],
            amount[counts],
            is_prompts=has_prompts and not has_durations,
            is_mixed=has_prompts and has_durations,
        )

    def sums(self, window: Window, arm: Arm, of: NDArray[np.bool_] | None = None) -> Sums:
        """What the time of an arm's people went to in a window.

        Args:
            window: the days.
            arm: whose.
            of: shape (people,), who of them is looked at; None for all.
        """
        within = self._within(window)
        whose = self.person[within]
        inside = self.arm[whose] == _ARMS.index(arm)
        if of is not None:
            inside &= of[whose]
        k = len(self.people)
        person = whose[inside]
        column, amount = self.column[within][inside], self.amount[within][inside]
        places = person.astype(np.int64) * COLUMNS + column
        amounts = np.bincount(places, amount, k * COLUMNS).astype(np.float64).reshape(k, COLUMNS)
        recording = self.is_recording[within][inside]
        amounts[:, RECORDING] = np.bincount(
            person[recording], weights=amount[recording], minlength=k
        )
        day = self.day[within][inside]
        return Sums(
            self.people,
            amounts,
            _distinct(person, (day - 1) // _DAYS_A_WEEK, k),
            _distinct(person, day, k),
        )

    def codes_in(self, window: Window) -> NDArray[np.int32]:
        """The numbers of the codes that are counted in a window."""
        return np.unique(self.code[self._within(window)])

    def days_in(self, window: Window, arm: Arm) -> NDArray[np.int32]:
        """The days, as ordinals, on which somebody of an arm has a counted entry in a window."""
        within = self._within(window)
        inside = self.arm[self.person[within]] == _ARMS.index(arm)
        return np.unique(self.day[within][inside])

    def _within(self, window: Window) -> slice:
        """Where the entries of a window are."""
        ends = (window.starts_on.toordinal(), window.ends_on.toordinal())
        first, after = np.searchsorted(self.day, ends)
        return slice(int(first), int(after))


def _membership(
    people: Sequence[UUID], members: Sequence[Member]
) -> tuple[NDArray[np.int8], NDArray[np.int32], NDArray[np.int32]]:
    """Shape (people,) each: the arm (-1 is none) and the days of taking part, as ordinals."""
    place = {person_id: n for n, person_id in enumerate(people)}
    arm = np.full(len(people), -1, dtype=np.int8)
    since, until = np.zeros(len(people), np.int32), np.zeros(len(people), np.int32)
    for member in members:
        n = place.get(member.person_id)
        if n is not None:
            arm[n] = _ARMS.index(member.arm)
            since[n] = member.takes_part.starts_on.toordinal()
            until[n] = member.takes_part.ends_on.toordinal()
    return arm, since, until


def _meaning(facts: Facts, codebook: Codebook) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Shape (codes,) each: the column that a code counts in, and whether it is recording."""
    found = [codebook.category_of(code.source, code.category) for code in facts.codes]
    columns = [UNMAPPED if c is None else CLASSES.index(c.work_class) for c in found]
    recording = [c is not None and c.is_recording for c in found]
    return np.array(columns, dtype=np.int8), np.array(recording, dtype=np.bool_)


def _distinct(
    person: NDArray[np.int32], period: NDArray[np.int32], people: int
) -> NDArray[np.int64]:
    """Shape (people,): in how many periods each occurs."""
    if not len(person):
        return np.zeros(people, dtype=np.int64)
    first = int(period.min())
    periods = int(period.max()) - first + 1
    seen = np.zeros(people * periods, dtype=np.bool_)
    seen[person.astype(np.int64) * periods + (period - first)] = True
    counts: NDArray[np.int64] = seen.reshape(people, periods).sum(axis=1, dtype=np.int64)
    return counts
