"""What a pilot could tell, worked out before it starts: how small a change of a share it would show."""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt

from scipy import special

from app.metrics.statistics.intervals import LEVEL

POWER = 0.8


@dataclass(frozen=True, slots=True)
class Design:
    """Samples that are planned of one arm.

    Attributes:
        people: who is sampled, the same in both windows.
        before: samples a person in the baseline, above 0.
        after: samples a person in the pilot window, above 0.
        share: the share that is expected, from 0 to 1.
        correlation: of two samples of one person, from 0 to 1.
    """

    people: int
    before: float
    after: float
    share: float
    correlation: float

    def __post_init__(self) -> None:
        if self.people < 0 or not 0 < self.before < inf or not 0 < self.after < inf:
            raise ValueError("people must be 0 or more, and samples a person above 0")
        if not (0 <= self.share <= 1 and 0 <= self.correlation <= 1):
            raise ValueError("share and correlation must lie between 0 and 1")

    @property
    def variance(self) -> float:
        """Variance of the change of the share; needs a person."""
        by_person = sum(
            design_effect(samples, self.correlation) / samples
            for samples in (self.before, self.after)
        )
        return self.share * (1 - self.share) * by_person / self.people


def design_effect(samples: float, correlation: float) -> float:
    """How many times the variance of a share grows because samples come from few people.

    Args:
        samples: samples a person, above 0.
        correlation: of two samples of one person.

    Returns:
        1 + (samples - 1) * correlation, and no less than 1.

    Source: L. Kish (1965), "Survey Sampling", section 5.4.
    """
    return max(1.0, 1 + (samples - 1) * correlation)


def minimum_detectable_change(
    design: Design, level: float = LEVEL, power: float = POWER
) -> float | None:
    """The smallest change of a share on the same people that a pilot would probably show.

    Args:
        design: what is planned.
        level: of the interval that must not span 0.
        power: how probable it is that it does not, where the share changes by this much.

    Returns:
        (t(people - 1) + z(power)) * sqrt(v), v = share * (1 - share) * (deff0/n0 + deff1/n1) over the two
        windows, n = people * samples a person; with as many samples in both it is 2 * share * (1 - share)
        * deff/n. None for fewer than 2 people. Both windows' people are the same, which is not made use
        of: people who differ in the same way before and after would make it smaller.

    Source: the normal approximation of J. Cohen (1988), "Statistical Power Analysis", section 6, with the t
    quantile of the interval of `paired_share_change` and Kish's design effect.
    """
    return (
        detectable(design.variance, design.people - 1, level, power) if design.people > 1 else None
    )


def minimum_detectable_effect(
    treated: Design, untreated: Design, level: float = LEVEL, power: float = POWER
) -> float | None:
    """The same for the change of one arm less that of another.

    Returns:
        As `minimum_detectable_change`, with the two variances added up and degrees of freedom by Welch and
        Satterthwaite, as in `difference_of_changes`. None where an arm has fewer than 2 people.
    """
    if min(treated.people, untreated.people) < 2:
        return None
    variance = treated.variance + untreated.variance
    spread = sum(each.variance**2 / (each.people - 1) for each in (treated, untreated))
    degrees = variance**2 / spread if spread > 0 else inf
    return detectable(variance, degrees, level, power)


def detectable(
    variance: float, degrees: float, level: float = LEVEL, power: float = POWER
) -> float:
    """(t(degrees) + z(power)) standard errors, and no more than the whole range of a share."""
    quantiles = float(special.stdtrit(degrees, (1 + level) / 2)) + float(special.ndtri(power))
    return min(1.0, quantiles * sqrt(variance))


def least(enough: Callable[[int], bool], most: int) -> int | None:
    """The smallest whole number from 0 to `most` that is enough, where every larger one is as well.

    None where `most` is not.
    """
    if not enough(most):
        return None
    low, high = -1, most
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
