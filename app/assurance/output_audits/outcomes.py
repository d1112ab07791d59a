"""What the markings of outputs come to: the error rate, by what, and how far markers agree. Pure."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Final, TypeVar

import numpy as np

from app.assurance.output_audits.claims import needed_outputs, upper_bound
from app.assurance.output_audits.drawing import Stratum
from app.assurance.output_audits.models import FindingType, MarkingRole, Reached, Severity
from app.metrics.statistics.agreement import Agreement, cohens_kappa
from app.metrics.statistics.intervals import Interval
from app.metrics.statistics.proportions import clopper_pearson

Group = TypeVar("Group", Stratum, date)

_ERRORS: Final = (Severity.CRITICAL, Severity.MAJOR)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong with an output."""

    type: FindingType
    severity: Severity
    reached: Reached

    @property
    def is_error(self) -> bool:
        return self.severity in _ERRORS


@dataclass(frozen=True, slots=True)
class Marking:
    """What one marker found; statements None where nobody counted."""

    findings: tuple[Finding, ...] = ()
    statements_checked: int | None = None
    statements_wrong: int | None = None

    @property
    def worst(self) -> Severity | None:
        """What counts of it: critical, major, or neither."""
        found = {finding.severity for finding in self.findings}
        return next((severity for severity in _ERRORS if severity in found), None)


@dataclass(frozen=True, slots=True)
class Sampled:
    """A drawn output with its markings."""

    stratum: Stratum
    produced_on: date
    marked_twice: bool
    markings: Mapping[MarkingRole, Marking] = field(default_factory=dict)


class Awaited(StrEnum):
    """Whose turn it is."""

    FIRST = "first"
    SECOND = "second"
    ADJUDICATION = "adjudication"


def awaited(sampled: Sampled) -> Awaited | None:
    """Which marking an output waits for; None where nothing is left to do."""
    given = sampled.markings
    if MarkingRole.FIRST not in given:
        return Awaited.FIRST
    if not sampled.marked_twice or MarkingRole.ADJUDICATION in given:
        return None
    if MarkingRole.SECOND not in given:
        return Awaited.SECOND
    differ = given[MarkingRole.FIRST].worst is not given[MarkingRole.SECOND].worst
    return Awaited.ADJUDICATION if differ else None


def decided(sampled: Sampled) -> Marking | None:
    """The marking that counts; None while one is awaited that may not know of the others.

    Of two that differ the worse, until somebody has decided between them.
    """
    given = sampled.markings
    if awaited(sampled) in (Awaited.FIRST, Awaited.SECOND):
        return None
    if MarkingRole.ADJUDICATION in given:
        return given[MarkingRole.ADJUDICATION]
    both = [given[role] for role in (MarkingRole.FIRST, MarkingRole.SECOND) if role in given]
    return min(both, key=_rank)


def _rank(marking: Marking) -> int:
    return _ERRORS.index(marking.worst) if marking.worst is not None else len(_ERRORS)


@dataclass(frozen=True, slots=True)
class Rate:
    """Outputs of a kind among outputs, with the exact 95 % interval; None for fewer than 2."""

    errors: int
    outputs: int
    interval: Interval | None

    @classmethod
    def of(cls, errors: int, outputs: int) -> "Rate":
        return cls(errors, outputs, clopper_pearson(errors, outputs))


class LimitState(StrEnum):
    """How the error rate stands to the limit."""

    NOT_AUDITED = "not_audited"
    WITHIN = "within"
    CANNOT_TELL = "cannot_tell"
    WARNING = "warning"
    PASSED = "limit_passed"


def limit_state(rate: Rate, limit: float, warning: float) -> LimitState:
    """Where the interval of a rate lies: wholly above the limit or the warning level, or below the limit."""
    if rate.interval is None or rate.interval.high is None:
        return LimitState.NOT_AUDITED if rate.outputs == 0 else LimitState.CANNOT_TELL
    if rate.interval.low > limit:
        return LimitState.PASSED
    if rate.interval.low > warning:
        return LimitState.WARNING
    return LimitState.WITHIN if rate.interval.high <= limit else LimitState.CANNOT_TELL


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether critical errors are rarer than was to be shown; `bound` None while nothing was audited."""

    below: float
    needed: int
    bound: float | None

    @property
    def is_shown(self) -> bool:
        return self.bound is not None and self.bound < self.below


@dataclass(frozen=True, slots=True)
class Markers:
    """How two markers agree on whether an output has an error; `table` [[both, first], [second, neither]]."""

    outputs: int
    table: tuple[tuple[int, int], tuple[int, int]]
    kappa: Agreement | None

    @property
    def raw(self) -> float | None:
        """The share of outputs on which both say the same."""
        same = self.table[0][0] + self.table[1][1]
        return same / self.outputs if self.outputs else None


@dataclass(frozen=True, slots=True)
class Outcomes:
    """All that a plan's audits show."""

    drawn: int
    awaited: Mapping[Awaited, int]
    error_rate: Rate
    critical_rate: Rate
    reached_the_record: int
    statements_checked: int
    statements_wrong: int
    by_severity: Mapping[Severity, int]
    by_type: Mapping[FindingType, Rate]
    by_stratum: Mapping[Stratum, Rate]
    by_month: Mapping[date, Rate]
    markers: Markers


def outcomes(sample: Collection[Sampled]) -> Outcomes:
    """What the markings of a sample come to."""
    waiting = Counter(turn for each in sample if (turn := awaited(each)) is not None)
    counted = [(each, marking) for each in sample if (marking := decided(each)) is not None]
    marks = [marking for _, marking in counted]
    statements = [mark for mark in marks if mark.statements_checked is not None]
    return Outcomes(
        drawn=len(sample),
        awaited={turn: waiting[turn] for turn in Awaited},
        error_rate=_rate(marks),
        critical_rate=Rate.of(sum(m.worst is Severity.CRITICAL for m in marks), len(marks)),
        reached_the_record=sum(
            any(f.is_error and f.reached is Reached.RECORD for f in mark.findings) for mark in marks
        ),
        statements_checked=sum(mark.statements_checked or 0 for mark in statements),
        statements_wrong=sum(mark.statements_wrong or 0 for mark in statements),
        by_severity={
            severity: sum(any(f.severity is severity for f in mark.findings) for mark in marks)
            for severity in Severity
        },
        by_type={kind: _rate_of_type(marks, kind) for kind in FindingType},
        by_stratum=_rates(counted, lambda each: each.stratum),
        by_month=_rates(counted, lambda each: each.produced_on.replace(day=1)),
        markers=markers(sample),
    )


def _rate(marks: Collection[Marking]) -> Rate:
    return Rate.of(sum(mark.worst is not None for mark in marks), len(marks))


def _rate_of_type(marks: Collection[Marking], kind: FindingType) -> Rate:
    with_it = sum(any(f.is_error and f.type is kind for f in mark.findings) for mark in marks)
    return Rate.of(with_it, len(marks))


def _rates(
    counted: Iterable[tuple[Sampled, Marking]], group_of: Callable[[Sampled], Group]
) -> dict[Group, Rate]:
    groups: dict[Group, list[Marking]] = defaultdict(list)
    for sampled, marking in counted:
        groups[group_of(sampled)].append(marking)
    return {group: _rate(groups[group]) for group in sorted(groups)}


def markers(sample: Iterable[Sampled]) -> Markers:
    """How the first and the second marker agree, on outputs that both have marked."""
    table = np.zeros((2, 2), dtype=np.int64)
    for each in sample:
        if MarkingRole.SECOND in each.markings:
            first, second = (
                each.markings[role] for role in (MarkingRole.FIRST, MarkingRole.SECOND)
            )
            table[int(first.worst is None), int(second.worst is None)] += 1
    outputs = int(table.sum())
    counts = table.tolist()
    return Markers(
        outputs,
        ((counts[0][0], counts[0][1]), (counts[1][0], counts[1][1])),
        cohens_kappa(table) if outputs else None,
    )


def claim_of(rate: Rate, below: float) -> Claim:
    """Whether a rate of critical errors shows that they are rarer than `below`."""
    return Claim(below, needed_outputs(below), upper_bound(rate.errors, rate.outputs))
