"""A figure with all that makes it checkable, as it is computed; `schemas` says how it is sent."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum

from app.core.periods import Window
from app.metrics.registry import Metric
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.proportions import wilson

SMALL_SAMPLE = 10
NOT_ESTIMABLE = 2


class Flag(StrEnum):
    """What a reader must know before using a figure."""

    SMALL_SAMPLE = "small_sample"
    NOT_ESTIMABLE = "not_estimable"
    STALE_DATA = "stale_data"
    NO_ACTIVITY_DATA = "no_activity_data"
    LOWER_BOUND = "lower_bound"
    PARTIAL_WEEK = "partial_week"
    SHORT_HISTORY = "short_history"
    WINDOW_OPEN = "window_open"
    BASIS_ACTIVE_DAYS = "basis_active_days"
    OVER_ALLOCATED = "over_allocated"
    DAYS_FROM_WEEKS = "days_from_weeks"
    LOW_RESPONSE = "low_response"
    ANONYMOUS_ANSWERS = "anonymous_answers"
    DEGENERATE = "degenerate"
    NO_BASELINE = "no_baseline"
    UNMAPPED_TIME = "unmapped_time"
    DEFINITION_SENSITIVE = "definition_sensitive"
    IMPLAUSIBLE_CHANGE = "implausible_change"
    MIXED_METHODS = "mixed_methods"
    DIFFERENT_PEOPLE = "different_people"
    IDENTITY_BREAK = "identity_break"
    SIMULATED = "simulated"


SENTENCES: dict[Flag, str] = {
    Flag.SMALL_SAMPLE: "Fewer than 10 people: a single person moves this figure visibly.",
    Flag.NOT_ESTIMABLE: "Fewer than 2 people: no interval can be given.",
    Flag.STALE_DATA: "The newest activity data are more than 4 days older than the date of this figure.",
    Flag.NO_ACTIVITY_DATA: "No activity was recorded for anybody: either nobody used the tool, or data are missing.",
    Flag.LOWER_BOUND: "Some days of use are known only app by app, product by product, or as the last one before a report: there was at least as much use as is counted.",
    Flag.PARTIAL_WEEK: "The window holds only part of this week.",
    Flag.SHORT_HISTORY: "Fewer weeks than the definition looks back on end in the window.",
    Flag.WINDOW_OPEN: "The window has not ended yet; this is the state so far.",
    Flag.BASIS_ACTIVE_DAYS: "Actions are not known for all activity: active days are counted instead, so nobody can be a power user.",
    Flag.OVER_ALLOCATED: "More seats were held than bought on some days.",
    Flag.DAYS_FROM_WEEKS: "Use is known by the week for some people: their days are those that the week reports, wherever in it they lie.",
    Flag.LOW_RESPONSE: "Fewer than half of the expected answers came: those who did not answer may think otherwise.",
    Flag.ANONYMOUS_ANSWERS: "Some answers are anonymous: how many people gave them is known only week by week.",
    Flag.DEGENERATE: "All is alike, or all but one person's: no interval can be given.",
    Flag.NO_BASELINE: "There is no baseline to hold this against.",
    Flag.UNMAPPED_TIME: "Some time is recorded under codes that mean nothing in the pilot's taxonomy yet.",
    Flag.DEFINITION_SENSITIVE: "Whether admin or direct work prevails depends on what is counted as admin.",
    Flag.IMPLAUSIBLE_CHANGE: "Admin fell by more than 13.6 hours a worker and week, twice what any vendor has claimed: check how time was recorded.",
    Flag.MIXED_METHODS: "Random moments were sampled as well as durations; durations alone are counted.",
    Flag.DIFFERENT_PEOPLE: "Fewer than half of the people are on both sides: those who answered are mostly not those whose time was recorded.",
    Flag.IDENTITY_BREAK: "Names were concealed at the source on some of these days: use of them is known of nobody, and people before and after cannot be told to be the same.",
    Flag.SIMULATED: "Simulated data: no real council.",
}


# What was done, and when: of one person, where there is one.
_FLAGS_OF_COUNTS = (
    Flag.SMALL_SAMPLE,
    Flag.NOT_ESTIMABLE,
    Flag.NO_ACTIVITY_DATA,
    Flag.STALE_DATA,
    Flag.LOWER_BOUND,
    Flag.BASIS_ACTIVE_DAYS,
    Flag.OVER_ALLOCATED,
    Flag.DAYS_FROM_WEEKS,
    Flag.LOW_RESPONSE,
    Flag.ANONYMOUS_ANSWERS,
    Flag.DEGENERATE,
    Flag.DEFINITION_SENSITIVE,
    Flag.IMPLAUSIBLE_CHANGE,
    Flag.DIFFERENT_PEOPLE,
)


@dataclass(frozen=True, slots=True)
class Share:
    """`part` of `whole`, both counts of people: what suppression looks at."""

    part: int
    whole: int


_PENNY = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Money:
    """An amount, rounded half up to the penny."""

    amount: Decimal
    currency: str

    @classmethod
    def of(cls, exact: Decimal, currency: str) -> "Money":
        return cls(exact.quantize(_PENNY, ROUND_HALF_UP), currency)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure. `disclosive` holds every count of people that could be read off it."""

    metric: Metric
    window: Window
    as_of: date
    value: float | None
    numerator: float | None
    denominator: float | None
    people: int | None
    interval: Interval | None
    flags: tuple[Flag, ...] = ()
    reason: str | None = None
    suppressed: bool = False
    disclosive: tuple[Share, ...] = ()
    money: Money | None = None
    basis: str | None = None

    def flagged(self, *flags: Flag) -> "Figure":
        found = tuple(dict.fromkeys((*self.flags, *flags)))
        return replace(self, flags=found) if found != self.flags else self

    def withheld(self) -> "Figure":
        """The same figure with everything gone that a number of people could be read off."""
        return replace(
            self,
            value=None,
            numerator=None,
            denominator=None,
            people=None,
            interval=None,
            money=None,
            reason="suppressed",
            suppressed=True,
            disclosive=(),
            flags=_without_counts(self.flags),
        )


def _without_counts(flags: tuple[Flag, ...]) -> tuple[Flag, ...]:
    """The flags that say nothing of how many people there were, or were active."""
    return tuple(flag for flag in flags if flag not in _FLAGS_OF_COUNTS)


def size_flags(people: int) -> tuple[Flag, ...]:
    """What the number of people alone calls for."""
    if people < NOT_ESTIMABLE:
        return (Flag.SMALL_SAMPLE, Flag.NOT_ESTIMABLE)
    return (Flag.SMALL_SAMPLE,) if people < SMALL_SAMPLE else ()


def proportion_of_people(
    metric: Metric,
    window: Window,
    as_of: date,
    share: Share,
    *,
    nobody: str,
    also_disclosive: tuple[Share, ...] = (),
) -> Figure:
    """A share of distinct people with its Wilson interval; `nobody` is the reason where whole is 0."""
    empty = share.whole == 0
    return Figure(
        metric=metric,
        window=window,
        as_of=as_of,
        value=None if empty else share.part / share.whole,
        numerator=share.part,
        denominator=share.whole,
        people=share.whole,
        interval=None if empty else wilson(share.part, share.whole),
        flags=() if empty else size_flags(share.whole),
        reason=nobody if empty else None,
        disclosive=(share, *also_disclosive),
    )


@dataclass(frozen=True, slots=True)
class Segments:
    """How many people are in each usage segment."""

    metric: Metric
    window: Window
    as_of: date
    weeks: int
    basis: str
    counts: dict[str, int | None]
    people: int | None
    flags: tuple[Flag, ...] = ()
    suppressed: bool = False

    def flagged(self, *flags: Flag) -> "Segments":
        found = tuple(dict.fromkeys((*self.flags, *flags)))
        return replace(self, flags=found) if found != self.flags else self

    def withheld(self) -> "Segments":
        """The same with every count gone."""
        return replace(
            self,
            counts=dict.fromkeys(self.counts),
            people=None,
            suppressed=True,
            flags=_without_counts(self.flags),
        )


AnyFigure = Figure | Segments
