"""What people's time went to, as arrays: daily facts seen through a taxonomy and the pilot's members. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from app.core.arrays import Ids, places_in
from app.core.periods import Window
from app.pilots.models import Arm
from app.pilots.roll import ARMS, Roll
from app.time_use.daily.service import Facts
from app.time_use.taxonomies.codebook import Codebook
from app.time_use.taxonomies.models import WorkClass

CLASSES: Final = tuple(WorkClass)
UNMAPPED: Final = len(CLASSES)
ADMIN: Final = CLASSES.index(WorkClass.ADMIN)
DIRECT: Final = CLASSES.index(WorkClass.DIRECT)
INDIRECT: Final = CLASSES.index(WorkClass.INDIRECT)
EXCLUDED: Final = CLASSES.index(WorkClass.EXCLUDED)
SUPPORT: Final = CLASSES.index(WorkClass.SUPPORT)
TRAVEL: Final = CLASSES.index(WorkClass.TRAVEL)
# A column of its own for recording, which is admin: it is part of that column as well.
RECORDING: Final = UNMAPPED + 1
COLUMNS: Final = RECORDING + 1

_DAYS_A_WEEK: Final = 7


@dataclass(frozen=True)
class Sums:
    """What each person's time went to in a window.

    `amounts` has shape (COLUMNS, people), in minutes or prompts; `weeks` and `days` shape (people,): in how many
    ISO weeks and on how many days somebody has samples. Of several windows together each has one axis more,
    before that of the people.
    """

    amounts: NDArray[np.float64]
    weeks: NDArray[np.int64]
    days: NDArray[np.int64]

    @property
    def sampled(self) -> NDArray[np.bool_]:
        """Shape (people,): who has any sample."""
        found: NDArray[np.bool_] = self.days > 0
        return found

    @cached_property
    def totals(self) -> list[float]:
        """Of one window: each column's, of all people."""
        found: list[float] = self.amounts.sum(axis=-1).tolist()
        return found

    @classmethod
    def together(cls, sums: Sequence["Sums"]) -> "Sums":
        """Those of several windows of the same people."""
        return cls(
            np.stack([each.amounts for each in sums], axis=1),
            np.stack([each.weeks for each in sums]),
            np.stack([each.days for each in sums]),
        )

    def of(self, who: NDArray[np.bool_]) -> "Sums":
        """The same of some of the people; `who` has shape (people,)."""
        return Sums(self.amounts[:, who], self.weeks[who], self.days[who])

    def alone(self) -> "Sums":
        """The same, as those of one window together."""
        return Sums(self.amounts[:, None], self.weeks[None], self.days[None])


@dataclass(frozen=True, slots=True)
class Recorded:
    """Entries of an arm's people, in the order of day and person; shape (n,) each but for `people`.

    Attributes:
        people: ids, shape (people,).
        day: as ordinals.
        person: places among the people.
        code: numbers.
        cell: places in `amounts` of `Sums`.
        amount: minutes or prompts.
        begins: whether it is the first of its person and day.
    """

    people: Ids
    day: NDArray[np.int32]
    person: NDArray[np.int32]
    code: NDArray[np.int32]
    cell: NDArray[np.int64]
    amount: NDArray[np.float64]
    begins: NDArray[np.bool_]
    _weekly: dict[Window, Sums] = field(default_factory=dict, init=False, repr=False)

    def sums(self, window: Window) -> Sums:
        """What people's time went to in a window."""
        weekly = self.weekly(window)
        return Sums(weekly.amounts.sum(axis=1), weekly.weeks.sum(axis=0), weekly.days.sum(axis=0))

    def weekly(self, window: Window) -> Sums:
        """The same of the part of each ISO week that lies in a window, together; kept, for all ask for it."""
        if window not in self._weekly:
            self._weekly[window] = self._weeks_of(window)
        return self._weekly[window]

    def _weeks_of(self, window: Window) -> Sums:
        within, k, n = self._within(window), len(self.people), len(list(window.iso_weeks()))
        # The first of all days was a Monday, and is 1.
        week = (self.day[within] - 1) // _DAYS_A_WEEK
        week -= (window.starts_on.toordinal() - 1) // _DAYS_A_WEEK
        cell = week.astype(np.int64) * (COLUMNS * k) + self.cell[within]
        flat = np.bincount(cell, self.amount[within], n * COLUMNS * k)
        amounts = flat.astype(np.float64, copy=False).reshape(n, COLUMNS, k).transpose(1, 0, 2)
        amounts[ADMIN] += amounts[RECORDING]
        begins = self.begins[within]
        person = week[begins].astype(np.int64) * k + self.person[within][begins]
        days = np.bincount(person, minlength=n * k).reshape(n, k)
        return Sums(amounts, (days > 0).astype(np.int64), days)

    def divided(self, window: Window, part: NDArray[np.int64], parts: int) -> NDArray[np.float64]:
        """Shape (parts, people): what each person's time went to in a window, by the part of each code."""
        within, k = self._within(window), len(self.people)
        cell = part[self.code[within]] * k + self.person[within]
        flat = np.bincount(cell, self.amount[within], parts * k)
        return flat.astype(np.float64, copy=False).reshape(parts, k)

    def codes_in(self, window: Window) -> set[int]:
        """The numbers of the codes that are counted in a window."""
        return set(np.flatnonzero(np.bincount(self.code[self._within(window)])).tolist())

    def weekdays_in(self, window: Window) -> list[int]:
        """The weekdays, from 0 for Monday, on which somebody has a counted entry in a window."""
        weekday = (self.day[self._within(window)] - 1) % _DAYS_A_WEEK
        found: list[int] = np.flatnonzero(np.bincount(weekday)).tolist()
        return found

    def _within(self, window: Window) -> slice:
        """Where the entries of a window are."""
        ends = (window.starts_on.toordinal(), window.ends_on.toordinal())
        first, after = np.searchsorted(self.day, ends)
        return slice(int(first), int(after))


@dataclass(frozen=True, slots=True)
class Measured:
    """What counts of the entries, by arm.

    `is_prompts`: amounts are prompts, as there are no durations. `is_mixed`: there are prompts as well as
    durations, and they are left out.
    """

    arms: dict[Arm, Recorded]
    is_prompts: bool
    is_mixed: bool

    @classmethod
    def of(cls, facts: Facts, roll: Roll, codebook: Codebook) -> "Measured":
        """Facts as they count: entries of members on the days on which they take part."""
        entries, codes = facts.entries, facts.codes
        place = places_in(roll.person, facts.people)
        person, day = entries.person, entries.day
        since, until = (
            np.where(place >= 0, days[place], 0) if len(days) else np.zeros(len(place), np.int32)
            for days in (roll.since, roll.until)
        )
        counts = (since[person] <= day) & (day < until[person])
        is_prompt = np.array([c.is_prompt for c in codes], dtype=np.bool_)
        prompts = is_prompt[entries.code] if is_prompt.any() else np.zeros(len(day), np.bool_)
        has_durations = bool((counts & ~prompts).any())
        has_prompts = bool((counts & prompts).any())
        if has_durations:
            counts &= ~prompts
        amount = entries.minutes if has_durations else entries.samples.astype(np.float64)
        column = _columns(facts, codebook)
        arms = {}
        for arm in ARMS:
            of_arm = np.zeros(len(place), np.bool_)
            of_arm[place >= 0] = roll.in_arm(arm)[place[place >= 0]]
            arms[arm] = _recorded(facts, column, amount, of_arm, counts)
        return cls(
            arms,
            is_prompts=has_prompts and not has_durations,
            is_mixed=has_prompts and has_durations,
        )

    def codes_in(self, window: Window) -> list[int]:
        """The numbers of the codes that are counted in a window."""
        return sorted(set().union(*(each.codes_in(window) for each in self.arms.values())))


def _recorded(
    facts: Facts,
    column: NDArray[np.int64],
    amount: NDArray[np.float64],
    of_arm: NDArray[np.bool_],
    counts: NDArray[np.bool_],
) -> Recorded:
    """The entries that count of some people; `of_arm` has shape (people,)."""
    entries = facts.entries
    chosen = np.flatnonzero(counts & of_arm[entries.person])
    person = (np.cumsum(of_arm, dtype=np.int32) - 1)[entries.person[chosen]]
    day, code = entries.day[chosen], entries.code[chosen]
    begins = np.ones(len(chosen), dtype=np.bool_)
    begins[1:] = (person[1:] != person[:-1]) | (day[1:] != day[:-1])
    people = facts.people[of_arm]
    cell = column[code] * len(people) + person
    return Recorded(people, day, person, code, cell, amount[chosen], begins)


def _columns(facts: Facts, codebook: Codebook) -> NDArray[np.int64]:
    """Shape (codes,): the column that a code counts in; for recording that alone."""
    found = [codebook.category_of(code.source, code.category) for code in facts.codes]
    columns = [
        UNMAPPED if c is None else RECORDING if c.is_recording else CLASSES.index(c.work_class)
        for c in found
    ]
    return np.array(columns, dtype=np.int64)
