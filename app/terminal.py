"""How the command line looks: progress bars, tables, problems."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from uuid import UUID

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from app.benchmarking.releases.schemas import ComparedQuestion, ComparisonOut, GroupOut
from app.benefits.position import Proven
from app.core.bulk.results import BulkResult
from app.core.errors import ProblemError
from app.dashboard.wording import money_text
from app.decisions.models import PilotDecision
from app.integrations.microsoft.service import VivaImport
from app.metrics.adoption.service import AdoptionAnswer
from app.metrics.feedback.service import FeedbackAnswer
from app.metrics.figures import Figure, Segments
from app.metrics.time_use.calculation import ratio
from app.metrics.time_use.service import TimeUseAnswer
from app.metrics.utilisation.renewal import Advice
from app.metrics.utilisation.service import UtilisationAnswer
from app.pilots.models import Arm

_SHOWN_ERRORS = 20

out = Console()
err = Console(stderr=True)


def size_of(file: Path) -> int:
    """Bytes of a file, 0 where there is none."""
    return file.stat().st_size if file.is_file() else 0


def print_problem(console: Console, problem: ProblemError) -> None:
    """A problem and what is wrong field by field."""
    console.print(f"[red]{escape(problem.detail)}[/red]", highlight=False, soft_wrap=True)
    errors = [(error.pointer, error.detail) for error in problem.errors]
    errors += [
        (f"row {error['index']} {error['pointer']}", error["detail"])
        for error in problem.extra.get("errors", ())
    ]
    for place, detail in errors[:_SHOWN_ERRORS]:
        console.print(f"  {escape(place)}: {escape(detail)}", highlight=False, soft_wrap=True)
    if len(errors) > _SHOWN_ERRORS:
        console.print(f"  and {len(errors) - _SHOWN_ERRORS} more")


def _progress(console: Console) -> Progress:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console)


@contextmanager
def bar(console: Console, title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar for work that is gone through in parts, each beginning at 0; told the place reached."""
    with _progress(console) as progress:
        task = progress.add_task(escape(title), total=max(total, 1))
        done, last = 0, 0

        def reached(place: int) -> None:
            nonlocal done, last
            done += place - last if place >= last else place
            last = place
            progress.update(task, completed=done)

        yield reached
        progress.update(task, completed=max(total, 1))


@contextmanager
def bars(console: Console) -> Iterator[Callable[[str, int], Callable[[int], None]]]:
    """A bar for each step of some work; a step is told how far it has come."""
    with _progress(console) as progress:

        def step(title: str, total: int) -> Callable[[int], None]:
            task = progress.add_task(title, total=total)
            return lambda done: progress.update(task, completed=done)

        yield step


def results_table(title: str, parts: Sequence[tuple[str, BulkResult]]) -> Table:
    """What became of the rows of an import, part by part."""
    table = Table(title=escape(title))
    for heading in ("", "new", "updated", "unchanged", "rejected"):
        table.add_column(heading, justify="left" if not heading else "right")
    for label, result in parts:
        counts = (result.accepted, result.updated, result.duplicates, result.rejected)
        table.add_row(label, *(str(count) for count in counts))
    return table


def import_table(imported: VivaImport, name: str, *, dry_run: bool) -> Table:
    """What became of the rows of a person query."""
    title = f"{name}: {imported.person_weeks} person-weeks"
    parts = [("people", imported.people)]
    if imported.members is not None:
        parts.append(("members of the pilot", imported.members))
    parts.append(("activity", imported.activity))
    return results_table(f"{title} (dry run: nothing was written)" if dry_run else title, parts)


def uncounted_table(counts: Mapping[str, int]) -> Table:
    """Rows that were taken and do not count, or not yet, by reason."""
    table = Table("taken, and not counted", Column("rows", justify="right"))
    for reason, count in counts.items():
        table.add_row(reason.replace("_", " "), str(count))
    return table


def print_rejected(console: Console, result: BulkResult, written: Path | None) -> None:
    """The first of the rows that were rejected, and where all of them are."""
    for error in result.errors[:_SHOWN_ERRORS]:
        place = f"row {error.index + 1} {error.pointer}".rstrip()
        console.print(f"  {escape(place)}: {escape(error.detail)}", highlight=False, soft_wrap=True)
    if result.rejected > _SHOWN_ERRORS:
        console.print(f"  and {result.rejected - _SHOWN_ERRORS} more")
    if written is None:
        where = "--rejected FILE writes all rejected rows to a file, to be mended and imported."
    elif result.batch_id is not None:
        where = f"All rejected rows are in {written}: mend them there and import that file."
    else:
        where = f"All rejected rows are in {written}. Nothing was written: mend them where they are from."
    console.print(escape(where), highlight=False, soft_wrap=True)


def print_headlines(console: Console, answers: Mapping[str, AdoptionAnswer]) -> None:
    """The headline figures of each pilot, with their intervals."""
    for name, answer in answers.items():
        table = Table(title=name, title_justify="left", caption="Simulated data: no real council.")
        for heading in ("figure", "value", "95 % interval", "people"):
            table.add_column(heading, justify="left" if heading == "figure" else "right")
        for figure in answer.report.figures.values():
            if isinstance(figure, Figure):
                table.add_row(figure.metric.title, *_cells(figure))
            elif figure.metric.slug == "usage_segments":
                table.add_row(
                    f"{figure.metric.title}: {_counts(figure)}", "", "", str(figure.people)
                )
        console.print(table)


def print_time_use(
    console: Console, name: str, answer: TimeUseAnswer, said: FeedbackAnswer
) -> None:
    """The ratio of admin to direct work before and during a pilot, and what staff say beside it."""
    own, other = answer.arms[Arm.PILOT], answer.arms.get(Arm.COMPARISON)
    rows = [
        ("Admin : direct before", own.baseline["admin_share"]),
        ("Admin : direct during", own.pilot["admin_share"]),
        ("Change of admin", own.change),
    ]
    if other is not None and answer.effect is not None:
        rows += [
            ("Change in comparison", other.change),
            ("Beyond the comparison", answer.effect),
        ]
    told = said.report.figures
    slugs = (
        *("minutes_saved_self_reported_mean", "admin_minutes_saved_measured", "self_report_gap"),
        *("response_rate", "would_keep_rate", "morale_change"),
    )
    rows += [
        (figure.metric.title, figure) for slug in slugs if isinstance(figure := told[slug], Figure)
    ]
    table = Table(
        title=f"{name}: time and feedback",
        title_justify="left",
        caption="Simulated data: no real council.",
    )
    for heading in ("figure", "value", "95 % interval", "people"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for title, figure in rows:
        value, interval, people = _cells(figure)
        if figure.metric.slug == "admin_share" and figure.value is not None:
            value = f"{ratio(figure.value)}  ({value})"
        table.add_row(title, value, interval, people)
    console.print(table)
    console.print(f"In words: {answer.verdict.replace('_', ' ')}.", highlight=False)


def print_headline(
    console: Console,
    copilot: AdoptionAnswer,
    answer: TimeUseAnswer,
    said: FeedbackAnswer,
    seats: UtilisationAnswer,
) -> None:
    """What a committee would ask first, each with how sure it is."""
    own, told, used = answer.arms[Arm.PILOT], said.report.figures, copilot.report.figures
    before, during = own.baseline["admin_share"], own.pilot["admin_share"]
    lines = [
        f"admin : direct {_ratio(before)} → {_ratio(during)}: admin changed by {_sure(own.change)}"
    ]
    if answer.effect is not None:
        lines.append(f"beyond the comparison team: {_sure(answer.effect)}")
    slugs = ("minutes_saved_self_reported_mean", "admin_minutes_saved_measured", "self_report_gap")
    claimed, measured, gap = (_sure(told[slug]) for slug in slugs)
    lines += [
        f"minutes a day: staff say {claimed}; recorded {measured}; claimed beyond recorded {gap}",
        f"adoption: {_sure(used['first_28_days_adoption'])} in the first 28 days, "
        f"{_sure(used['last_28_days_adoption'])} in the last",
        f"licence utilisation: {_sure(seats.report.figures['licence_utilisation'])} of the days on which seats are held",
    ]
    console.print("Headline", style="bold")
    _print_points(console, lines)


def _print_points(console: Console, lines: Iterable[str]) -> None:
    for line in lines:
        console.print(f"  - {line}", highlight=False, soft_wrap=True)


def print_decisions(
    console: Console,
    cash: Sequence[Proven],
    decided: Mapping[str, PilotDecision],
    renewal_on: date,
) -> None:
    """The headline, on: what is proven in cash, and what was decided about what."""
    proven = ", ".join(
        f"{money_text({'amount': str(each.amount), 'currency': each.currency})}"
        + "".join(f" in {line.budget_line}" for line in each.budget_lines)
        for each in cash
    )
    lines = [
        f"cashable proven: {proven}. Time is not money, and no seat is given up before {renewal_on}"
    ]
    for about, decision in decided.items():
        said = decision.content
        results = ", ".join(each["result"].replace("_", " ") for each in said["criteria"])
        seats = said["seats"] or {}
        kept = (
            f"keep {seats['to_keep']} of {seats['bought_at_first']} licences"
            if seats.get("to_keep") is not None
            else said["reasons"].partition(".")[0].lower()
        )
        lines.append(f"decided for {about}: {decision.outcome}, {kept} (criteria: {results})")
    _print_points(console, lines)


_HEADLINE_QUESTIONS = ("licence_utilisation", "admin_share_change", "policy_topics_covered")
_QUARTERS = ("best quarter", "second quarter", "third quarter", "last quarter")


def print_positions(console: Console, compared: ComparisonOut) -> None:
    """The end of the headline: where the council stands among all that are compared, where that may be shown."""
    lines = []
    for question in compared.questions:
        everybody = next((g for g in question.groups if g.family == "all" and g.own), None)
        if question.question in _HEADLINE_QUESTIONS and everybody is not None:
            lines.append(_position(question, everybody))
    _print_points(console, lines)


def _position(question: ComparedQuestion, group: GroupOut) -> str:
    own = group.own.value if group.own is not None else None
    numbers = (own, group.lower_quartile, group.median, group.upper_quartile)
    value, lower, median, upper = (_of_unit(question.unit, number or 0.0) for number in numbers)
    place = "as most" if group.better_quarter is None else _QUARTERS[group.better_quarter - 1]
    return (
        f"among {group.organisations} simulated councils, {question.title[0].lower()}{question.title[1:]}: "
        f"{value}, {place} (quartiles {lower}, {median}, {upper})"
    )


def _ratio(figure: Figure) -> str:
    return "none" if figure.value is None else ratio(figure.value)


def _sure(figure: object) -> str:
    """A figure with its interval, in words."""
    if not isinstance(figure, Figure):
        return "none"
    value, interval, _ = _cells(figure)
    return f"{value} ({interval})" if interval else value


def _cells(figure: Figure) -> tuple[str, str, str]:
    people = "" if figure.people is None else str(figure.people)
    if figure.value is None:
        return "none", (figure.reason or "").replace("_", " "), ""
    interval, shown = figure.interval, ""
    if interval is not None:
        high = "no upper bound" if interval.high is None else _amount(figure, interval.high)
        shown = f"{_amount(figure, interval.low)} to {high}"
    return _amount(figure, figure.value), shown, people


def _amount(figure: Figure, number: float) -> str:
    if figure.metric.unit == "money":
        return f"{number:,.2f} {figure.money.currency if figure.money else ''}"
    return _of_unit(figure.metric.unit, number)


def _of_unit(unit: str, number: float) -> str:
    if unit == "proportion":
        return f"{100 * number:.1f} %"
    if unit == "difference of proportions":
        return f"{100 * number:+.1f} points"
    return f"{number:,.0f}" if float(number).is_integer() else f"{number:,.2f}"


def _counts(segments: Segments) -> str:
    return ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in segments.counts.items())


def print_seats(console: Console, answer: UtilisationAnswer, advice: Advice) -> None:
    """A page of figures about a pool's seats, and what to renew."""
    pool = answer.pools[0]
    table = Table(
        title=f"{pool.name}: {answer.window.starts_on} to {answer.as_of}",
        title_justify="left",
        caption="Simulated data: no real council.",
    )
    for heading in ("figure", "value", "95 % interval", "people"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for figure in answer.report.figures.values():
        if isinstance(figure, Figure):
            table.add_row(figure.metric.title, *_cells(figure))
    console.print(table)
    saving = advice.saving
    cash = "" if saving is None else f", {saving.amount} {saving.currency} a term"
    console.print(
        f"Renewal on {pool.term_ends_on}: {advice.purchased} seats bought, "
        f"{int(advice.recommended.value or 0)} advised by the use since {advice.since}{cash}. "
        "What would have to be true:",
        highlight=False,
    )
    for condition in advice.conditions():
        console.print(f"  - {condition}", highlight=False)


def print_next_steps(
    console: Console, address: str, key: str, pilot_id: UUID, published_id: UUID, serving: bool
) -> None:
    """Where to look next: the figures of a pilot, and those of one that are published."""
    path = f"/api/v1/pilots/{pilot_id}/metrics/adoption"
    published = f"/api/v1/pilots/{published_id}/snapshots"
    if serving:
        console.print(
            f"The dashboard: {address}/dashboard\n  Sign in with this key: {key}",
            highlight=False,
            soft_wrap=True,
        )
    console.print("Where to look next" + ("" if serving else " (after: pilotlight demo)") + ":")
    lines = (
        f"  export PILOTLIGHT_KEY={key}",
        f'  curl -H "Authorization: Bearer $PILOTLIGHT_KEY" {address}/api/v1/pilots',
        f'  curl -H "Authorization: Bearer $PILOTLIGHT_KEY" {address}{path}',
        f'  curl -H "Authorization: Bearer $PILOTLIGHT_KEY" {address}{published}',
    )
    for line in lines:
        console.print(line, highlight=False, soft_wrap=True)
