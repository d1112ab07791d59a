"""The one place where organisations are looked at together: a release is made from their returns.

It is started by whoever runs the service (`pilotlight benchmark release`), never by a request; import-linter
keeps routes from it. Each organisation is read within its own scope, one after the other, and gets a copy of
what is shown, with its own part of it: what is of others never reaches its rows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.benchmarking.catalogue.questions import (
    CATALOGUE,
    CATALOGUE_VERSION,
    QUESTIONS,
    BenchmarkQuestion,
)
from app.benchmarking.participation import service as participation
from app.benchmarking.participation.models import Participation, band_of
from app.benchmarking.releases import repository
from app.benchmarking.releases.disclosure import (
    EVERYBODY,
    RULE_VERSION,
    Answered,
    Family,
    Group,
    ShownCell,
    chosen,
    quartiles,
    rounded,
)
from app.benchmarking.releases.models import BenchmarkRelease
from app.benchmarking.returns import service as returns
from app.benchmarking.returns.answers import Answer, kept
from app.core import clock
from app.core.errors import Conflict
from app.core.models import new_id
from app.organisations import service as organisations
from app.organisations.models import Organisation

MOST_A_YEAR: Final = 4

Earlier = dict[str, list[ShownCell]]


@dataclass(frozen=True, slots=True)
class _Part:
    """What an organisation gives to a release."""

    principal: Principal
    participation: Participation
    return_id: UUID
    answers: Mapping[str, Answer]

    @property
    def groups(self) -> tuple[Group, ...]:
        kind, size = self.participation.kind, band_of(self.participation.population)
        return (EVERYBODY, Group(Family.KIND, kind.value), Group(Family.SIZE, size.value))


@dataclass(frozen=True, slots=True)
class Published:
    """How a release came out: for whoever runs the service, and not for its organisations."""

    release_id: UUID
    organisations: int
    shown: int
    kept: int


async def publish(session: AsyncSession, year: int, *, simulated: bool = False) -> Published:
    """Make a release from the returns that stand for a year, of those who share theirs.

    Args:
        session: the transaction.
        year: the financial year, by the calendar year in which it begins.
        simulated: of made-up organisations, which never stand beside real ones.

    Raises:
        Conflict: nobody shares a return of the year, or it has been released too often.
    """
    every = [o for o in await organisations.every(session) if o.is_simulated == simulated]
    parts, earlier, years = await _gathered(session, every, year)
    if not parts:
        raise Conflict(f"Nobody shares a return for {year}.", code="nothing_to_release")
    if list(years.values()).count(year) >= MOST_A_YEAR:
        detail = f"A year is released at most {MOST_A_YEAR} times: each release tells something."
        raise Conflict(detail, code="released_often")
    release_id = new_id()
    shown = {
        question.id: _cells(question, parts, earlier[question.id], release_id, year)
        for question in CATALOGUE
    }
    cells = [_shown(QUESTIONS[name], cell) for name, found in shown.items() for cell in found]
    for part in parts:
        await _hand_over(session, part, release_id, year, cells, shown)
    kept_cells = sum(c.release_id != release_id for found in shown.values() for c in found)
    return Published(release_id, len(parts), len(cells), kept_cells)


async def _gathered(
    session: AsyncSession, every: Sequence[Organisation], year: int
) -> tuple[list[_Part], Earlier, dict[UUID, int]]:
    """Who takes part with what, and from all copies every cell that was shown, and the year of each release."""
    parts: list[_Part] = []
    answers: dict[tuple[UUID, str, Group], dict[UUID, Answered]] = defaultdict(dict)
    years: dict[UUID, int] = {}
    # In one order, so that of two releases at once the second waits for the first.
    for organisation in sorted(every, key=lambda each: each.organisation_id):
        principal = Principal.system(organisation)
        said = await participation.hold(session, principal)
        for copy in await repository.every(session, principal):
            years[copy.release_id] = copy.year
            for name, own in copy.own.items():
                for code, numbers in own.items():
                    key = (copy.release_id, name, _group(code))
                    answers[key][organisation.organisation_id] = Answered(*numbers)  # type: ignore[arg-type]  # JSON
        stands = await returns.submitted(session, principal, year)
        if said is not None and said.is_sharing and stands is not None:
            parts.append(_Part(principal, said, stands.id, kept(stands.answers)))
    earlier: Earlier = defaultdict(list)
    for release_id, name, group in sorted(answers, key=lambda key: key[:2]):
        cell = ShownCell(release_id, years[release_id], group, answers[release_id, name, group])
        earlier[name].append(cell)
    return parts, earlier, years


def _cells(
    question: BenchmarkQuestion,
    parts: Sequence[_Part],
    earlier: Sequence[ShownCell],
    release_id: UUID,
    year: int,
) -> list[ShownCell]:
    groups: dict[Group, dict[UUID, Answered]] = defaultdict(dict)
    for part in parts:
        answer = part.answers.get(question.id)
        if answer is not None:
            for group in part.groups:
                groups[group][part.principal.organisation_id] = _answered(question, answer)
    now = ShownCell(release_id, year, EVERYBODY, {})
    found = chosen(groups, earlier, now, is_amount=question.is_amount)
    return [found[group] for group in sorted(found)]


def _answered(question: BenchmarkQuestion, answer: Answer) -> Answered:
    ends = (answer.low, answer.high) if question.is_measured else (None, None)
    low, high = (None if end is None else rounded(end, question.step) for end in ends)
    return Answered(rounded(answer.value, question.step), low, high)


def _shown(question: BenchmarkQuestion, cell: ShownCell) -> dict[str, Any]:
    """A cell as everybody has it: quartiles and a number of organisations."""
    return {
        "question": question.id,
        "question_version": question.version,
        "family": cell.group.family.value,
        "group": cell.group.code,
        "organisations": len(cell.answers),
        **asdict(quartiles(cell.answers, question.step)),
        "release_id": str(cell.release_id),
    }


async def _hand_over(
    session: AsyncSession,
    part: _Part,
    release_id: UUID,
    year: int,
    cells: list[dict[str, Any]],
    shown: Mapping[str, Sequence[ShownCell]],
) -> None:
    organisation_id = part.principal.organisation_id
    own: dict[str, dict[str, list[float | None]]] = defaultdict(dict)
    for name, found in shown.items():
        for cell in found:
            answer = cell.answers.get(organisation_id)
            if answer is not None and cell.release_id == release_id:
                own[name][_named(cell.group)] = [answer.value, answer.low, answer.high]
    copy = BenchmarkRelease(
        organisation_id=organisation_id,
        release_id=release_id,
        year=year,
        made_at=clock.now(),
        rule_version=RULE_VERSION,
        catalogue_version=CATALOGUE_VERSION,
        return_id=part.return_id,
        kind=part.participation.kind,
        size=band_of(part.participation.population),
        cells=cells,
        own=dict(own),
    )
    session.add(copy)
    details = {"year": year, "rule_version": RULE_VERSION}
    await audit_log.record(
        session, part.principal, "benchmark_release.received", copy.id, details=details
    )
    await session.flush()


def _named(group: Group) -> str:
    return f"{group.family.value}:{group.code}"


def _group(name: str) -> Group:
    family, _, code = name.partition(":")
    return Group(Family(family), code)
