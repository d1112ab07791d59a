"""Figures of the API in words: the same figure reads the same wherever it stands. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from app.core import sentences
from app.metrics.registry import REGISTRY, Metric

# A figure as the API sends it: a `MetricValue` in JSON.
ApiFigure = Mapping[str, Any]

METRICS: Final[Mapping[str, Metric]] = {metric.slug: metric for metric in REGISTRY}

TIERS: Final = (
    "Claim",
    "Self-report",
    "Records of use or time",
    "Before and after",
    "Comparison group",
    "Verified by finance",
)

WITHHELD: Final = "Withheld"
_WITHHELD_BECAUSE: Final = "Withheld: so few people stand behind it that it could point at one."
NO_FIGURE: Final = "No figure"

# Why a figure has no value, by the API's code.
_REASONS: Final = {
    "fewer_than_half_have_a_seat": "Fewer than half of those who waited have a seat yet.",
    "fewer_than_half_have_used_it": "Fewer than half of the people have used the tool yet.",
    "known_by_the_week_only": "Use is known by the week only.",
    "more_answers_than_people_expected": "There are more answers than people who were asked.",
    "no_baseline": "There is no baseline.",
    "no_pool": "There is no licence pool.",
    "no_previous_week_in_the_window": "There is no week before this one in the window.",
    "no_time_recorded": "No time was recorded.",
    "nobody_active_last_week_still_has_access": "Nobody who was active the week before still has access.",
    "nobody_answered": "Nobody answered.",
    "nobody_answered_in_both_windows": "Nobody answered both before and during the pilot.",
    "nobody_expected": "Nobody was expected to answer.",
    "nobody_had_access": "Nobody had access.",
    "nobody_held_a_seat": "Nobody held a seat.",
    "nobody_was_active": "Nobody used the tool.",
    "nobody_was_put_on_the_waiting_list": "Nobody was put on the waiting list.",
    "nobody_with_time_in_both_windows": "Nobody recorded time both before and during the pilot.",
    "nothing_purchased": "No seats were bought.",
    "price_not_recorded": "The price of a seat is not recorded.",
    "random_moments_hold_no_hours": "Random moments say nothing of hours.",
    "seats_were_left_on_every_day": "Seats were left on every day.",
    "several_currencies": "The pools are priced in several currencies.",
    "stale_data": "The activity data are too old.",
    "suppressed": _WITHHELD_BECAUSE,
    "window_has_not_begun": "The window has not begun.",
}

_OF_MANY: Final = re.compile(r"^([a-z-]+)s\b")
_MINUS: Final = "\N{MINUS SIGN}"


class State(StrEnum):
    """What there is to be shown of a figure."""

    VALUE = "value"
    WITHHELD = "withheld"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure in words.

    `raw` is the value as the API writes it, empty without one; `why` says why there is none; `interval`
    and `people` are empty where they are not known.
    """

    slug: str
    title: str
    state: State
    text: str
    raw: str
    why: str
    interval: str
    people: str
    tier: int
    tier_name: str
    flags: tuple[Mapping[str, str], ...]


def shown(figure: ApiFigure) -> Shown:
    """A figure in words."""
    metric = METRICS[figure["slug"]]
    state = _state(figure)
    return Shown(
        slug=metric.slug,
        title=metric.title,
        state=state,
        text=_text(figure, metric, state),
        raw=_raw(figure) if state is State.VALUE else "",
        why="" if state is State.VALUE else why(figure),
        interval=_interval(figure, metric),
        people=people(figure["people"]) if figure["people"] is not None else "",
        tier=figure["evidence_tier"],
        tier_name=TIERS[figure["evidence_tier"]],
        flags=tuple(figure["flags"]),
    )


def _state(figure: ApiFigure) -> State:
    if figure["suppressed"]:
        return State.WITHHELD
    return State.NONE if figure["value"] is None else State.VALUE


def why(figure: ApiFigure) -> str:
    """Why there is no value, in a sentence."""
    if figure["suppressed"]:
        return _WITHHELD_BECAUSE
    reason = figure["reason"] or "not_enough_data"
    return _REASONS.get(reason, reason.replace("_", " ").capitalize() + ".")


def _text(figure: ApiFigure, metric: Metric, state: State) -> str:
    if state is State.WITHHELD:
        return WITHHELD
    if state is State.NONE:
        return NO_FIGURE
    money = figure["money"]
    if money:
        return money_text(money)
    return amount(figure["value"], metric.unit)


def _raw(figure: ApiFigure) -> str:
    money = figure["money"]
    return money["amount"] if money else json.dumps(figure["value"])


def _interval(figure: ApiFigure, metric: Metric) -> str:
    interval = figure["interval"]
    if interval is None:
        return ""
    level, low = f"{interval['level'] * 100:g}% interval", bound(interval["low"], metric.unit)
    if interval["high"] is None:
        return f"{level}: {low} or more"
    return f"{level}: {low} to {bound(interval['high'], metric.unit)}"


def bound(value: float, unit: str) -> str:
    """An end of an interval: its unit stands beside the value, unless it is a sign."""
    if unit == "difference of proportions":
        return f"{value * 100:+.1f}".replace("-", _MINUS)
    return amount(value, unit) if unit == "proportion" else number(value)


def amount(value: float, unit: str) -> str:
    """A number with its unit, as people write it."""
    if unit == "proportion":
        return f"{value * 100:.1f}%".replace("-", _MINUS)
    if unit == "difference of proportions":
        return f"{value * 100:+.1f} points".replace("-", _MINUS)
    if unit in ("money", "people", "seats"):
        return number(value)
    return _counted(value, unit)


def _counted(value: float, unit: str) -> str:
    """A number of what its unit names first: 1 day per person-week."""
    of_one = _OF_MANY.sub(r"\1", unit, count=1)
    return f"{number(value)} {of_one if value == 1 else unit}"


def answered(value: float, unit: str) -> str:
    """An answer of the benchmark's return in the unit of its question."""
    if unit in ("proportion", "difference of proportions"):
        return amount(value, unit)
    return f"£{number(value)}" if unit == "pounds" else number(value)


def plain(value: float) -> str:
    """A number as it is typed into a form."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def number(value: float) -> str:
    """A number to two decimals, whole ones without."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"
    return text.replace("-", _MINUS)


def money_text(money: Mapping[str, str]) -> str:
    """An amount of money."""
    return sentences.money(Decimal(money["amount"]), money["currency"])


_CURRENCY: Final = re.compile(r"[A-Z]{3}")


def worth(amount: str, of: str) -> str:
    """An amount of a benefit: of a currency, of hours, or of another unit."""
    if _CURRENCY.fullmatch(of):
        return sentences.money(Decimal(amount), of)
    return _counted(float(amount), of.replace("_", " "))


def share(value: float) -> str:
    """A proportion in per cent."""
    return amount(value, "proportion")


def rate(found: Mapping[str, Any]) -> str:
    """Outputs with an error among those audited, as the API sends them, with their interval."""
    if found["value"] is None:
        return "Nothing audited yet"
    said = f"{found['errors']} of {found['outputs']} ({share(found['value'])})"
    interval = found["interval"]
    if interval is None:
        return said
    return f"{said}, {share(interval['level'])} interval: {share(interval['low'])} to {share(interval['high'])}"


def people(count: int) -> str:
    return sentences.counted(count, "person", "people")


def day(value: str) -> str:
    """A day of the API, as 6 January 2025."""
    return sentences.day(date.fromisoformat(value))


def month(value: str) -> str:
    """The month of a day of the API, as January 2025."""
    return f"{date.fromisoformat(value):%B %Y}"


def last_day(value: str) -> str:
    """The last day before a day of the API: windows end with the first day after them."""
    return day((date.fromisoformat(value) - timedelta(days=1)).isoformat())


def instant(value: str, zone: str) -> str:
    """An instant of the API by the clocks of a zone, as 6 July 2025, 06:30 BST."""
    at = datetime.fromisoformat(value).astimezone(ZoneInfo(zone))
    # Where a zone has no name of its own, its clocks are told by their offset: -03.
    name = at.tzname() or ""
    named = name if name.isalpha() else f"UTC{name.replace('-', _MINUS)}"
    return f"{at.day} {at:%B %Y, %H:%M} {named}"


_ABBREVIATED: Final = re.compile(r"^(Ict|Dpia|Ai|Api)\b")


def words(code: str) -> str:
    """A code of the API in words."""
    said = code.replace("_", " ").capitalize()
    return _ABBREVIATED.sub(lambda found: found[0].upper(), said)


def target(value: float, slug: str) -> str:
    """What a criterion asks of a figure."""
    metric = METRICS.get(slug)
    return amount(value, metric.unit) if metric else number(value)
