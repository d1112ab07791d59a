"""What is to be known of the samples behind the figures. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from app.core.periods import Window
from app.metrics.time_use.calculation import unmapped
from app.metrics.time_use.measured import Measured, Sums
from app.pilots.models import Arm
from app.pilots.roll import Roll
from app.time_use.daily.models import Code
from app.time_use.plans.expectation import Schedule, open_days, tally
from app.time_use.samples.models import SampleMethod

_SELF_REPORTED = frozenset({SampleMethod.DIARY, SampleMethod.RANDOM_MOMENT})


class Measurement(StrEnum):
    """Who said how time was spent."""

    SELF_REPORT = "self_report"
    MEASURED = "measured"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class PhaseQuality:
    """The samples of arm `pilot` in a window.

    `person_days_expected` is None without a sampling plan; `weekdays_covered` are 0 for Monday to 6.
    """

    people_sampled: int | None
    members: int | None
    person_days_sampled: int | None
    person_days_expected: int | None
    weekdays_covered: list[int] | None
    sources: list[str]
    methods: list[SampleMethod]
    measurement: Measurement | None
    unmapped_share: float | None
    suppressed: bool = False

    def withheld(
        self, minimum: int, *, altogether: bool = False, unmapped: bool = True
    ) -> "PhaseQuality":
        """The same for somebody who may not see the people: nothing that a few of them could be read off.

        `altogether`: the figures beside it wait for the end of the window; `unmapped`: unmapped time may be told.
        """
        sampled, members = self.people_sampled or 0, self.members or 0
        if altogether or 0 < sampled < minimum or 0 < members < minimum:
            return replace(
                self,
                people_sampled=None,
                members=None,
                person_days_sampled=None,
                person_days_expected=None,
                weekdays_covered=None,
                unmapped_share=None,
                suppressed=True,
            )
        shown = self if unmapped else replace(self, unmapped_share=None, suppressed=True)
        if 0 < members - sampled < minimum:
            # How many were sampled stands beside every figure; of how many would tell how few were not.
            return replace(shown, members=None, person_days_expected=None, suppressed=True)
        return shown


def quality_of(
    measured: Measured,
    sums: Sums,
    codes: Sequence[Code],
    roll: Roll,
    days: Window,
    schedule: Schedule | None,
) -> PhaseQuality:
    """How good the samples of arm `pilot` are in a window; `sums` are its own."""
    taking_part = roll.in_arm(Arm.PILOT) & roll.takes_part(days)
    used = [codes[number] for number in measured.codes_in(days)]
    methods = sorted({SampleMethod(code.method) for code in used})
    expected = None
    if schedule is not None:
        may = open_days(schedule, roll, days)[taking_part]
        expected = int(tally(schedule, days, may, np.zeros_like(may)).expected.sum())
    return PhaseQuality(
        people_sampled=int(sums.sampled.sum()),
        members=int(taking_part.sum()),
        person_days_sampled=int(sums.days.sum()),
        person_days_expected=expected,
        weekdays_covered=measured.arms[Arm.PILOT].weekdays_in(days),
        sources=sorted({code.source for code in used}),
        methods=methods,
        measurement=_measurement(methods),
        unmapped_share=unmapped([sums]),
    )


def _measurement(methods: Sequence[SampleMethod]) -> Measurement | None:
    reported = {method in _SELF_REPORTED for method in methods}
    if not reported:
        return None
    if len(reported) > 1:
        return Measurement.MIXED
    return Measurement.SELF_REPORT if reported == {True} else Measurement.MEASURED
