"""How often 95 % intervals hold the truth, simulated: `python -m benchmarks.coverage`, some minutes,
the same figures each time.

People differ (beta or logit-normal shares, two samples of one person correlated), and so do the amounts that
they bring (log-normal), most of all from one another and somewhat from window to window. The formulas stand
here a second time, over all runs at once; some of each scenario are held against the service's own.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from math import log

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from app.metrics.statistics.changes import difference_of_changes, paired_share_change
from app.metrics.statistics.planning import Design, minimum_detectable_change
from app.metrics.statistics.proportions import clopper_pearson, wilson
from app.metrics.statistics.ratios import share_jackknife_logit

Floats = NDArray[np.float64]
Sums = tuple[Floats, Floats]

RUNS = 10_000
HELD = 5
PEOPLE = (8, 12, 20, 50)
SHARES = (0.1, 0.3, 0.5, 0.7, 0.9)
CHANGES = ((0.1, 0.1), (0.3, 0.1), (0.5, 0.5), (0.7, 0.3), (0.7, 0.65), (0.9, 0.7), (0.9, 0.9))
CORRELATIONS = (0.05, 0.2)
# Standard deviation of the log of the amounts: the busiest tenth bring 1.9 and 3.6 times the median.
SPREADS = (0.5, 1.0)
# Samples a person: the median of a baseline of some weeks, of a longer pilot window, and of one window alone.
BEFORE, AFTER, ALONE = 25, 60, 40
# Of what somebody is like, and how much, in one window and the other.
_ALIKE = 0.5
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(60)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


def beta_shares(share: float, correlation: float, normal: Floats) -> Floats:
    """Shares of people from the beta distribution with this mean and correlation, by their quantiles."""
    weight = (1 - correlation) / correlation
    quantiles = np.clip(special.ndtr(normal), 1e-12, 1 - 1e-12)
    shares: Floats = special.betaincinv(share * weight, (1 - share) * weight, quantiles)
    return shares


def logit_normal_shares(share: float, correlation: float, normal: Floats) -> Floats:
    """Shares of people of which the logits are normal, with this mean and correlation: the more skewed."""

    def centre(deviation: float) -> float:
        def off(at: float) -> float:
            return float(_WEIGHTS @ special.expit(at + deviation * _NODES)) - share

        return float(optimize.brentq(off, -30, 30))

    def excess(deviation: float) -> float:
        shares = special.expit(centre(deviation) + deviation * _NODES)
        return float(_WEIGHTS @ (shares - share) ** 2) - correlation * share * (1 - share)

    deviation = float(optimize.brentq(excess, 1e-3, 8))
    shares: Floats = special.expit(centre(deviation) + deviation * normal)
    return shares


MODELS: dict[str, Callable[[float, float, Floats], Floats]] = {
    "beta": beta_shares,
    "logit-normal": logit_normal_shares,
}


@dataclass(frozen=True)
class Council:
    """What people are like, and how many of them there are."""

    people: int
    model: str
    correlation: float
    spread: float
    alike: float = _ALIKE

    def sums(
        self, random: np.random.Generator, shares: tuple[float, ...], samples: tuple[int, ...]
    ) -> list[Sums]:
        """Parts and wholes of shape (runs, people), for each window."""
        shape = (RUNS, self.people)
        self_share, self_amount = random.standard_normal(shape), random.standard_normal(shape)
        found = []
        for share, median in zip(shares, samples, strict=True):
            normal, amount = (
                np.sqrt(self.alike) * own + np.sqrt(1 - self.alike) * random.standard_normal(shape)
                for own in (self_share, self_amount)
            )
            wholes = np.maximum(1, np.rint(np.exp(log(median) + self.spread * amount)))
            people = MODELS[self.model](share, self.correlation, normal)
            parts = random.binomial(wholes.astype(np.int64), people).astype(np.float64)
            found.append((parts, wholes))
        return found


def councils(spread: float) -> Iterator[Council]:
    for model, correlation, people in product(MODELS, CORRELATIONS, PEOPLE):
        yield Council(people, model, correlation, spread)


def left_out(sums: Sums) -> Floats:
    parts, wholes = sums
    shares: Floats = (parts.sum(1, keepdims=True) - parts) / (wholes.sum(1, keepdims=True) - wholes)
    return shares


def spread_of(values: Floats) -> Floats:
    k = values.shape[1]
    variance: Floats = (k - 1) / k * ((values - values.mean(1, keepdims=True)) ** 2).sum(1)
    return variance


def share_intervals(sums: Sums) -> tuple[Floats, Floats, Floats]:
    """Centre and reach on the logit scale, and with the second method; not a number where degenerate."""
    parts, wholes = sums
    k = parts.shape[1]
    effective = wholes.sum(1) ** 2 / (wholes**2).sum(1)
    shares = left_out(sums)
    bounded = ((shares > 0) & (shares < 1)).all(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = spread_of(special.logit(shares))
        reach = special.stdtrit(np.maximum(1, effective - 1), 0.975) * np.sqrt(variance)
        centre = special.logit(parts.sum(1) / wholes.sum(1))
    reach[~bounded] = np.nan
    for run in range(HELD):
        mine = share_jackknife_logit(parts[run], wholes[run])
        assert (mine is None) == bool(np.isnan(reach[run]))
        assert mine is None or np.isclose(mine.low, special.expit(centre[run] - reach[run]))
    return centre, reach, reach * np.sqrt(k / (k - 1))


def changes_of(before: Sums, after: Sums) -> tuple[Floats, Floats]:
    """Changes and their variances, of shape (runs,)."""
    change = after[0].sum(1) / after[1].sum(1) - before[0].sum(1) / before[1].sum(1)
    return change, spread_of(left_out(after) - left_out(before))


def held(off: Floats, reach: Floats) -> float:
    """Of the intervals that there are, how many in a hundred hold the truth."""
    there = ~np.isnan(reach)
    return 100 * float((np.abs(off) <= reach)[there].mean())


def shares_covered(council: Council, random: np.random.Generator) -> list[tuple[float, ...]]:
    found = []
    for share in SHARES:
        (sums,) = council.sums(random, (share,), (ALONE,))
        centre, reach, wider = share_intervals(sums)
        off = centre - special.logit(share)
        found.append((held(off, reach), held(off, wider)))
    return found


def changes_covered(council: Council, random: np.random.Generator) -> list[tuple[float, ...]]:
    found = []
    for shares in CHANGES:
        treated = council.sums(random, shares, (BEFORE, AFTER))
        untreated = council.sums(random, (shares[0], shares[0]), (BEFORE, AFTER))
        (change, variance), (other, more) = changes_of(*treated), changes_of(*untreated)
        degrees = council.people - 1
        reach = special.stdtrit(degrees, 0.975) * np.sqrt(variance)
        both = variance + more
        welch = degrees * both**2 / (variance**2 + more**2)
        wider = special.stdtrit(welch, 0.975) * np.sqrt(both)
        for run in range(HELD):
            mine, theirs = (
                paired_share_change(*((parts[run], wholes[run]) for parts, wholes in sums))
                for sums in (treated, untreated)
            )
            effect = difference_of_changes(mine, theirs).interval
            assert mine.interval is not None
            assert effect is not None
            assert np.isclose(mine.interval.low, max(-1, change[run] - reach[run]))
            assert np.isclose(effect.low, max(-1, change[run] - other[run] - wider[run]))
        truth = shares[1] - shares[0]
        found.append((held(change - truth, reach), held(change - other - truth, wider)))
    return found


def shown_by_planned_changes(random: np.random.Generator) -> None:
    """How often a change as large as a plan says shows, in a hundred."""
    print(
        "\nminimum detectable change from 0.7, correlation 0.1, 20 samples a window: how often it shows"
    )
    print("people  change   people as different anew   people alike (0.5)")
    for people in PEOPLE:
        change = minimum_detectable_change(Design(people, 20, 20, 0.7, 0.1)) or 0.0
        shown = []
        for alike in (0.0, _ALIKE):
            council = Council(people, "beta", 0.1, 0.0, alike)
            found, variance = changes_of(*council.sums(random, (0.7, 0.7 - change), (20, 20)))
            reach = special.stdtrit(people - 1, 0.975) * np.sqrt(variance)
            shown.append(100 * float((found + reach < 0).mean()))
        print(f"{people:6}  {100 * change:5.1f}   {shown[0]:24.1f}   {shown[1]:18.1f}")


def proportions_covered() -> None:
    """Wilson and Clopper-Pearson, exactly: over all that can happen."""
    print("\nproportions of people, over shares of 0.10 to 0.90: mean (least)")
    for name, interval in (("wilson", wilson), ("clopper_pearson", clopper_pearson)):
        cells = []
        for people in PEOPLE:
            ends = [interval(each, people) for each in range(people + 1)]
            low, high = (np.array([getattr(end, side) for end in ends]) for side in ("low", "high"))
            found = []
            for share in np.linspace(0.1, 0.9, 161):
                each = np.arange(people + 1)
                chances = special.binom(people, each) * share**each * (1 - share) ** (people - each)
                found.append(100 * float(chances[(low <= share) & (share <= high)].sum()))
            cells.append(f"{people}: {np.mean(found):.1f} ({min(found):.1f})")
        print(f"  {name:16} " + "   ".join(cells))


def table(title: str, heads: list[str], rows: list[tuple[str, list[float]]]) -> None:
    print(f"\n{title}\n{'people, model, correlation':32}" + "".join(f"{h:>10}" for h in heads))
    for name, cells in rows:
        print(f"{name:32}" + "".join(f"{cell:10.1f}" for cell in cells))
    every = [cell for _, cells in rows for cell in cells]
    inside = sum(93 <= cell <= 97 for cell in every)
    print(f"from {min(every):.1f} to {max(every):.1f}; {inside} of {len(every)} within 93 to 97")


def main() -> None:
    started = time.perf_counter()
    random = np.random.default_rng(20261123)
    error = 100 * np.sqrt(0.95 * 0.05 / RUNS)
    print(f"95 % intervals, {RUNS} runs a cell (standard error {error:.2f} points)")
    for spread in SPREADS:
        alone: list[tuple[str, list[tuple[float, ...]]]] = []
        changed: list[tuple[str, list[tuple[float, ...]]]] = []
        for council in councils(spread):
            name = f"{council.people}, {council.model}, {council.correlation}"
            print(f"{name} … {time.perf_counter() - started:.0f} s", file=sys.stderr)
            alone.append((name, shares_covered(council, random)))
            changed.append((name, changes_covered(council, random)))
        shares, pairs = [f"{s}" for s in SHARES], [f"{a}-{b}" for a, b in CHANGES]
        for title, heads, found, which in (
            ("admin_share (jackknife_logit)", shares, alone, 0),
            ("admin_share (jackknife_logit_hc3)", shares, alone, 1),
            ("admin_share_change (jackknife)", pairs, changed, 0),
            ("admin_share_effect (welch_satterthwaite)", pairs, changed, 1),
        ):
            rows = [(name, [cell[which] for cell in cells]) for name, cells in found]
            table(f"{title}, amounts of log-normal spread {spread}", heads, rows)
    proportions_covered()
    shown_by_planned_changes(random)
    print(f"\n{time.perf_counter() - started:.0f} seconds in all")


if __name__ == "__main__":
    main()
