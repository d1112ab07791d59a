"""What a window may be told to have come to, week by week, so that no week follows from two of its totals.

Who may not see the people can ask again each week, and subtract. So a figure over the window is told, while it
runs, as long as every week so far could be shown by itself; from the first that could not it waits until
the window is over. The last weeks are told together, so that what is left then is seldom of few people.
Whether a week is withheld depends on weeks before it alone, or on those it is told together with: what was
shown once is never wanted for hiding another. Pure.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from app.core.periods import DAY, WEEK, Window, iso_week_of
from app.metrics.figures import Figure, Share
from app.metrics.suppression import Figures, reveals

TOLD_TOGETHER: Final = 2 * WEEK
# Every count of people that could be read off each of some figures, by the figure's name.
Counts = Mapping[str, Sequence[Share]]


def last_weeks_of(window: Window) -> date:
    """The Monday from which on the weeks of a window are told together, once it is over."""
    return iso_week_of(window.ends_on - TOLD_TOGETHER).starts_on


def told_until(windows: Sequence[Window], day: date) -> date:
    """The last day, up to this one, that answers to readers under suppression stand for.

    It is a Sunday, though none in the last weeks of a window, or the last day of a window.
    """

    def is_told(day: date) -> bool:
        if any(day == window.ends_on - DAY for window in windows):
            return True
        is_sunday = day.weekday() == 6
        return is_sunday and not any(
            max(last_weeks_of(w), w.starts_on) <= day < w.ends_on for w in windows
        )

    while not is_told(day):
        day -= DAY
    return day


@dataclass(frozen=True, slots=True)
class Course:
    """The people of a window's weeks up to a day, and how the weeks lie in it.

    Attributes:
        weeks: by Monday, in order, of the same figures each: those that add up to the figures of the window.
        together: the same of the weeks from one Monday to another; asked for each figure anew.
        window: the whole of it.
        as_of: the last day that is told.
        is_of_answers: the figures are about the same answers, so that one says how many gave another: weeks
            that are withheld for too few people are withheld of all of them.
    """

    weeks: Mapping[date, Counts]
    together: Callable[[date, date], Counts]
    window: Window
    as_of: date
    is_of_answers: bool = False

    @property
    def is_over(self) -> bool:
        return self.as_of >= self.window.ends_on - DAY

    def withheld(self, minimum: int) -> tuple[dict[date, set[str]], set[str]]:
        """The figures that are withheld week by week, and over the window."""
        weeks: dict[date, set[str]] = defaultdict(set)
        totals: set[str] = set()
        names = list(next(iter(self.weeks.values()), {}))
        of_all: set[date] = set()
        all_left_over = False
        for name in names if self.is_of_answers else ():
            hidden, is_left_over = self._withheld(name, minimum, people=True)
            of_all |= hidden
            all_left_over |= is_left_over
        for name in names:
            hidden, is_left_over = self._withheld(name, minimum)
            hidden |= {monday for monday in of_all if not _is_empty(self.weeks[monday][name])}
            is_left_over |= all_left_over
            for monday in hidden:
                weeks[monday].add(name)
            # Before the end the total waits; after it, what is withheld is known by its sum.
            if is_left_over or (hidden and not self.is_over):
                totals.add(name)
        return weeks, totals

    def _withheld(self, name: str, minimum: int, *, people: bool = False) -> tuple[set[date], bool]:
        """The weeks that are withheld, and whether the last of them are too few to be told together.

        `people`: for too few people alone, whatever they said.

        A week of few people takes those after it along until they are enough together.
        """
        hidden: set[date] = set()
        run: list[date] = []
        for monday, week in self.weeks.items():
            if _is_empty(week[name]):
                continue  # Nobody is told of, and nothing can be subtracted.
            if run or _is_unsafe(week[name], minimum, people=people):
                run.append(monday)
            if run and not self._is_unsafe(name, run, minimum, people=people):
                hidden.update(run)
                run = []
        if self.is_over:
            # No weeks follow: those that are told together with it have not been shown before.
            first = last_weeks_of(self.window)
            before = [m for m in self.weeks if run and first <= m < run[0]]
            while before and self._is_unsafe(name, run, minimum, people=people):
                run.insert(0, before.pop())
        return hidden.union(run), bool(run) and self._is_unsafe(name, run, minimum, people=people)

    def _is_unsafe(self, name: str, run: Sequence[date], minimum: int, *, people: bool) -> bool:
        return _is_unsafe(self.together(run[0], run[-1])[name], minimum, people=people)


def counts_of(figures: Figures) -> Counts:
    """The people behind each figure."""
    return {n: f.disclosive if isinstance(f, Figure) else () for n, f in figures.items()}


def _is_empty(shares: Iterable[Share]) -> bool:
    return not any(share.whole for share in shares)


def _is_unsafe(shares: Iterable[Share], minimum: int, *, people: bool) -> bool:
    return any(
        reveals(share, minimum) for share in shares if not people or share.part == share.whole
    )
