"""The sheets of a pilot's workbook: figures of the API's answers, one a row. Pure.

Nothing is computed: a cell is a value of an answer, blank where the answer has none or withholds it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from app.dashboard.places import Answer, figures_in, sections
from app.dashboard.wording import METRICS, TIERS, ApiFigure

Cell = str | bool | int | float | Decimal | date | None
Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet: a row of column names, and rows as wide as that."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Answers:
    """What the API answers about a pilot; `snapshot` is the head of the newest, None where none is published.

    `position` is None for readers who may not see benefits.
    """

    card: Answer
    time_use: Answer
    adoption: Answer
    feedback: Answer
    snapshot: Answer | None
    position: Answer | None
    decisions: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Making:
    """Whose workbook it is, and when it was made, in UTC."""

    organisation: str
    is_simulated: bool
    made_at: datetime


FIGURE: Final = (
    "slug",
    "title",
    "part",
    "value",
    "unit",
    "amount",
    "currency",
    "low",
    "high",
    "confidence",
    "method",
    "numerator",
    "denominator",
    "people",
    "evidence_tier",
    "evidence",
    "flags",
    "suppressed",
    "reason",
    "definition_version",
    "starts_on",
    "ends_on",
    "as_of",
)
_PHASES: Final = {"baseline": "before", "pilot": "during"}


def sheets(answers: Answers, making: Making) -> list[Sheet]:
    """Every sheet, in the order in which they are read."""
    found = [
        (section, place, figure)
        for section, answer in sections(answers.card, answers.time_use).items()
        for place, figure in figures_in(answer)
    ]
    weeks = list(_weeks(answers))
    every = [each[-1] for each in found] + [each[-1] for each in weeks]
    return [
        _headline(answers.time_use),
        Sheet("figures", ("section", "place", *FIGURE), _rows(found)),
        Sheet("weekly", ("section", "week", "phase", *FIGURE), _rows(weeks)),
        _criteria(answers.card),
        Sheet("benefits", _BENEFIT, tuple(_benefits(answers.position))),
        Sheet("decisions", _DECISION, tuple(_decisions(answers.decisions))),
        Sheet(
            "missing",
            ("code", "sentence", "mendable"),
            tuple((g["code"], g["sentence"], g["mendable"]) for g in answers.card["missing"]),
        ),
        Sheet("output_audits", _AUDIT, tuple(_audits(answers.card))),
        Sheet("gate_overrides", _OVERRIDE, tuple(_overrides(answers.card))),
        Sheet("definitions", _DEFINITION, tuple(_definitions(every))),
        Sheet("about", ("what", "is"), tuple(_about(answers, making, every))),
    ]


def _rows(found: list[tuple[Any, ...]]) -> tuple[Row, ...]:
    return tuple((*where, *row) for *where, figure in found for row in figure_rows(figure))


def figure_rows(figure: ApiFigure) -> Iterator[Row]:
    """A figure as a row; people by segment as a row a segment, with its name as `part`."""
    if "counts" in figure:
        for part, count in figure["counts"].items():
            yield _row({**figure, "value": count}, part)
    else:
        yield _row(figure, None)


def _row(figure: ApiFigure, part: str | None) -> Row:
    metric, window = METRICS[figure["slug"]], figure["window"]
    interval, money = figure.get("interval") or {}, figure.get("money") or {}
    return (
        metric.slug,
        metric.title,
        part,
        figure["value"],
        metric.unit,
        Decimal(money["amount"]) if money else None,
        money.get("currency"),
        interval.get("low"),
        interval.get("high"),
        interval.get("level"),
        interval.get("method"),
        figure.get("numerator"),
        figure.get("denominator"),
        figure["people"],
        figure["evidence_tier"],
        TIERS[figure["evidence_tier"]],
        " ".join(flag["code"] for flag in figure["flags"]),
        figure["suppressed"],
        figure.get("reason"),
        figure["definition_version"],
        date.fromisoformat(window["starts_on"]),
        date.fromisoformat(window["ends_on"]),
        date.fromisoformat(figure["as_of"]),
    )


def _weeks(answers: Answers) -> Iterator[tuple[str, date, str | None, ApiFigure]]:
    weekly = {
        "time_use": answers.time_use["weekly"],
        "adoption": answers.adoption["weekly"],
        "feedback": answers.feedback["weekly"],
    }
    for section, weeks in weekly.items():
        for week in weeks:
            phase = _PHASES.get(week.get("phase", ""))
            for _, figure in figures_in(week):
                yield section, date.fromisoformat(week["starts_on"]), phase, figure


def _headline(spent: Answer) -> Sheet:
    """The ratio before and during, what to make of it, and the figures that it rests on."""
    rows: list[Row] = []
    for phase, name in _PHASES.items():
        low, high = spent["ratio_interval"][phase] or (None, None)
        start = (name, spent["ratio"][phase], low, high, None)
        rows += [(*start, *row) for row in figure_rows(spent[phase]["admin_share"])]
    change = ("change", None, None, None, spent["verdict"])
    rows += [(*change, *row) for row in figure_rows(spent["change"])]
    if spent["effect"]:
        against = ("against the comparison group", None, None, None, None)
        rows += [(*against, *row) for row in figure_rows(spent["effect"])]
    columns = ("what", "ratio", "ratio_low", "ratio_high", "verdict", *FIGURE)
    return Sheet("headline", columns, tuple(rows))


def _criteria(card: Answer) -> Sheet:
    named = ("metric", "comparator", "target", "result", "sentence")
    blank: Row = (None,) * len(FIGURE)
    rows = [
        (*(each[name] for name in named), *row)
        for each in card["criteria"]
        for row in (figure_rows(each["figure"]) if each["figure"] else [blank])
    ]
    return Sheet("criteria", (*named, *FIGURE), tuple(rows))


_AUDIT: Final = (
    *("plan_id", "name", "kind", "state", "error_limit"),
    *("errors", "outputs", "value", "low", "high", "confidence", "method"),
)


def _audits(card: Answer) -> Iterator[Row]:
    """How each plan that audits what the AI wrote stands."""
    for each in card["output_audits"]:
        rate, interval = each["error_rate"], each["error_rate"]["interval"] or {}
        yield (
            *(each[name] for name in _AUDIT[:5]),
            *(rate[name] for name in ("errors", "outputs", "value")),
            *(interval.get(name) for name in ("low", "high", "level", "method")),
        )


_OVERRIDE: Final = ("created_at", "gates", "reason", "principal_id")


def _overrides(card: Answer) -> Iterator[Row]:
    """Who let the pilot start without what must be in order, and why."""
    for each in card["gate_overrides"]:
        yield each["created_at"], " ".join(each["gates"]), each["reason"], each["principal_id"]


_SPREAD: Final = ("low", "central", "high")
_BENEFIT: Final = (
    *("benefit_class", "budget_line", "ledger_references", "of"),
    *(f"{what}_{end}" for what in ("gross", "net") for end in _SPREAD),
    "costs",
)


def _benefits(position: Answer | None) -> Iterator[Row]:
    """Each class by itself; cash by budget line, and no row that adds any."""
    for each in position["classes"] if position else ():
        kind = each["benefit_class"]
        for line in each["budget_lines"]:
            entries = ", ".join(line["ledger_references"])
            yield (kind, line["budget_line"], entries, *_net(line["cash"]))
        for net in (*each["money"], *([each["hours"]] if each["hours"] else []), *each["units"]):
            yield (kind, None, None, *_net(net))


def _net(net: Answer) -> Row:
    spreads = (Decimal(net[what][end]) for what in ("gross", "net") for end in _SPREAD)
    return (net["of"], *spreads, Decimal(net["costs"]))


_DECISION: Final = (
    *("number", "outcome", "decided_on", "decided_by", "reasons", "seats_to_keep"),
    *("bought_at_first", "metric", "result", "sentence", "seal", "superseded_by"),
)


def _decisions(decisions: Sequence[Answer]) -> Iterator[Row]:
    """A row a criterion that a decision was made by, or one where there was none."""
    for each in decisions:
        seats = each["seats"] or {}
        named = (each[name] for name in ("number", "outcome"))
        day = date.fromisoformat(each["decided_on"])
        kept = (seats.get("to_keep"), seats.get("bought_at_first"))
        start = (*named, day, each["decided_by"], each["reasons"], *kept)
        end = (each["seal"], each["superseded_by"])
        for judged in each["criteria"]:
            yield (*start, *(judged[name] for name in ("metric", "result", "sentence")), *end)
        if not each["criteria"]:
            yield (*start, None, None, each["without_criteria"], *end)


_DEFINITION: Final = ("slug", "definition_version", "title", "definition", "formula", "unit")


def _definitions(figures: list[ApiFigure]) -> Iterator[Row]:
    """What each figure means, in the order in which they stand."""
    for slug, version in {f["slug"]: f["definition_version"] for f in figures}.items():
        metric = METRICS[slug]
        yield slug, version, metric.title, metric.definition, metric.formula, metric.unit


def _about(answers: Answers, making: Making, figures: list[ApiFigure]) -> Iterator[Row]:
    card, snapshot = answers.card, answers.snapshot
    if making.is_simulated:
        yield "SIMULATED DATA", "No real council, no real people."
    yield "organisation", making.organisation
    yield "pilot", card["name"]
    yield "code", card["code"]
    yield "status", card["status"]
    windows = {"window": card["window"], "baseline": answers.time_use["baseline_window"] or {}}
    for name, window in windows.items():
        for end, day in window.items():
            yield f"{name} {end}", date.fromisoformat(day)
    yield "as_of", date.fromisoformat(card["as_of"])
    yield "made_at", f"{making.made_at:%Y-%m-%dT%H:%M:%SZ}"
    yield "taxonomy", answers.time_use["taxonomy"]
    yield "newest snapshot", snapshot["snapshot_id"] if snapshot else None
    yield "its as_of", date.fromisoformat(snapshot["as_of"]) if snapshot else None
    yield "its fingerprint", snapshot["fingerprint"] if snapshot else None
    yield "ends_on", "is the first day after a window"
    yield "suppressed", "so few people stand behind it that it could point at one: withheld"
    yield "amount", "is exact; money and time are never added"
    for tier, name in enumerate(TIERS):
        yield f"evidence_tier {tier}", name
    told = {flag["code"]: flag["sentence"] for f in figures for flag in f["flags"]}
    for code, sentence in told.items():
        yield f"flag {code}", sentence
