"""Rules about time samples: taken as they come, replaced, taken back; what does not count is said."""

import itertools
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.gathering import Asked
from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.audit_log.service import Happened
from app.core import clock
from app.core.bulk.formats import Parsed
from app.core.bulk.loading import Values
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, Outcome, RowError
from app.core.bulk.versions import Written
from app.core.errors import Invalid, ProblemError
from app.core.fields import EARLIEST, LATEST
from app.core.identifiers import names_somebody, suspects
from app.core.instants import DateOrder, InstantProblem, reader_of
from app.core.local_days import LocalDays, begins
from app.core.models import new_id, new_ids
from app.core.pagination import PageQuery
from app.core.periods import Window
from app.imports import service as imports
from app.imports.mappings import service as mappings
from app.imports.models import ImportBatch, ImportKind
from app.imports.service import Intake, TakenBack, intake
from app.people import service as people
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Pilot
from app.time_use.samples import repository
from app.time_use.samples.models import SampleMethod, TimeSample
from app.time_use.samples.repository import SampleFilter
from app.time_use.samples.schemas import Accounted, SampleBulkResult, SampleResult, SampleRow
from app.time_use.taxonomies import service as taxonomies
from app.time_use.taxonomies.codebook import Codebook

Instants = tuple[datetime, datetime]

_DAY = timedelta(days=1)
_EARLIEST = datetime.combine(EARLIEST, time(), UTC) + _DAY
# Its place in what is written of a sample.
_STARTED_AT = repository.COLUMNS.index("started_at")

OUTSIDE_MEMBERS, OUTSIDE_WINDOWS, UNMAPPED = "outside_members", "outside_windows", "unmapped"


@dataclass(frozen=True, slots=True)
class Notation:
    """How the times of a file are written: `zone` of those without an offset, None where there are none."""

    order: DateOrder = DateOrder.YEAR_FIRST
    zone: ZoneInfo | None = None


@dataclass(slots=True)
class _Taking:
    """A pilot whose samples are taken in by one transaction, and what decides whether they will count."""

    session: AsyncSession
    principal: Principal
    pilot: Pilot
    codebook: Codebook
    read: Callable[[str], datetime]
    windows: list[Instants]
    days: LocalDays
    uncounted: Counter[str] = field(default_factory=Counter)
    _people: dict[people.Reference, UUID] = field(default_factory=dict)
    _members: dict[UUID, Instants] = field(default_factory=dict)
    _marked: set[date] = field(default_factory=set)

    async def take(
        self, chunk: Sequence[Parsed[SampleRow]], batch_id: UUID | None, mark_id: UUID
    ) -> tuple[list[RowError | None], list[Outcome], list[list[str]]]:
        """Write rows; for each the problem, and for those without one the outcome and why it does not count."""
        rows = [p.row for p in chunk if p.row is not None]
        await self._meet({(row.person_id, row.person_external_id) for row in rows})
        suspicious = suspects(row.source_ref for row in rows)
        tenant, pilot_id, now = self.principal.organisation_id, self.pilot.id, clock.now()
        latest, ids = now + _DAY, iter(new_ids(len(rows)))
        problems: list[RowError | None] = []
        values: list[Values] = []
        reasons: list[list[str]] = []
        for parsed in chunk:
            row = parsed.row
            if row is None:
                problems.append(parsed.error)
                continue
            person_id = self._people.get((row.person_id, row.person_external_id))
            started_at, problem = _began(parsed.index, row, self.read, latest)
            problem = problem or _problem(parsed.index, row, person_id, suspicious=suspicious)
            problems.append(problem)
            if problem is not None or started_at is None or person_id is None:
                continue
            reasons.append(self._why_not(row, person_id, started_at))
            values.append(
                (tenant, pilot_id, row.source, row.source_ref, person_id, row.category, started_at)
                + (row.minutes, row.method, row.deleted, now, batch_id, next(ids), now, 1)
            )
        self.uncounted.update(itertools.chain.from_iterable(reasons))
        written = await repository.upsert_samples(self.session, values)
        began = [value[_STARTED_AT] for value in values]
        await self._mark(began, written, mark_id)
        return problems, written.outcomes, reasons

    async def _meet(self, references: set[people.Reference]) -> None:
        """Get to know people who have not been named before, and from when to when they take part."""
        session, principal = self.session, self.principal
        found = await people.resolve(session, principal, references - self._people.keys())
        self._people |= found
        members = await membership.of_people(session, principal, self.pilot.id, {*found.values()})
        zone = ZoneInfo(principal.organisation.zone)
        for person_id, each in members.items():
            window = Window(each.joined_on or EARLIEST, each.left_on or LATEST)
            self._members[person_id] = _instants(window, zone)

    def _why_not(self, row: SampleRow, person_id: UUID, started_at: datetime) -> list[str]:
        """Why a sample will not count; nothing where it will."""
        why = []
        taking_part = self._members.get(person_id)
        if taking_part is None or not taking_part[0] <= started_at < taking_part[1]:
            why.append(OUTSIDE_MEMBERS)
        for first, after in self.windows:
            if first <= started_at < after:
                break
        else:
            why.append(OUTSIDE_WINDOWS)
        if self.codebook.category_of(row.source, row.category) is None:
            why.append(UNMAPPED)
        return why

    async def _mark(self, began: Sequence[datetime], written: Written, mark_id: UUID) -> None:
        """Mark the days of samples that are new, and those of changed ones before and after."""
        changed = [
            instant
            for instant, outcome in zip(began, written.outcomes, strict=True)
            if outcome is not Outcome.DUPLICATE
        ]
        changed += [old.started_at for old in written.before.values()]
        days = set(map(self.days.of, changed)) - self._marked
        await repository.mark(self.session, self.principal, self.pilot.id, days, mark_id)
        self._marked |= days


def _instants(window: Window, zone: ZoneInfo) -> Instants:
    """The first instant of a window of local days, and the first after it."""
    return begins(window.starts_on, zone), begins(window.ends_on, zone)


def _began(
    index: int, row: SampleRow, read: Callable[[str], datetime], latest: datetime
) -> tuple[datetime | None, RowError | None]:
    try:
        started_at = read(row.started_at)
    except InstantProblem as problem:
        return None, RowError(index, problem.code, problem.detail, "/started_at")
    if started_at < _EARLIEST:
        detail = f"must lie between {EARLIEST.isoformat()} and {LATEST.isoformat()}"
        return None, RowError(index, "date_out_of_range", detail, "/started_at")
    if started_at > latest:
        detail = "This time has not come yet. Were day and month swapped?"
        return None, RowError(index, "in_the_future", detail, "/started_at")
    return started_at, None


def _problem(
    index: int, row: SampleRow, person_id: UUID | None, *, suspicious: bool
) -> RowError | None:
    if person_id is None:
        return people.nobody(index)
    if row.minutes is None and row.method is not SampleMethod.RANDOM_MOMENT:
        detail = "minutes must be there; only a random-moment prompt has none"
        return RowError(index, "missing_field", detail, "/minutes")
    if suspicious and names_somebody(row.source_ref):
        detail = (
            "This looks like an NHS number, a national insurance number, or a name with a postcode. "
            "Send a number of the record instead."
        )
        return RowError(index, "personal_identifier", detail, "/source_ref")
    return None


async def _taking(
    session: AsyncSession, principal: Principal, pilot_id: UUID, notation: Notation
) -> _Taking:
    pilot = await pilots.get(session, principal, pilot_id)
    taxonomy = await taxonomies.of_pilot(session, principal, pilot)
    zone = ZoneInfo(principal.organisation.zone)
    return _Taking(
        session,
        principal,
        pilot,
        taxonomy.codebook,
        reader_of(notation.order, notation.zone),
        [_instants(window, zone) for window in pilot.windows],
        LocalDays(zone),
    )


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    chunks: Iterable[list[Parsed[SampleRow]]],
    options: BulkOptions,
    notation: Notation,
    *,
    origin: str = "api",
) -> SampleBulkResult:
    """Take samples in; one that is there already with other values is replaced, and kept as a version.

    Raises:
        NotFound: there is no such pilot within reach.
        BulkRejected: atomic, and a row cannot be written.
    """
    taking = await _taking(session, principal, pilot_id, notation)

    def describe(common: BulkResult) -> BulkResult:
        counts = {name: taking.uncounted[name] for name in Accounted.model_fields}
        return SampleBulkResult(**common.model_dump(), uncounted=Accounted(**counts))

    kind = ImportKind.TIME_SAMPLES
    async with intake(session, principal, kind, options, origin=origin, about=pilot_id) as batch:
        batch.describe = describe
        for chunk in chunks:
            await _take_chunk(taking, chunk, batch)
    return batch.answer_as(SampleBulkResult)


async def _take_chunk(taking: _Taking, chunk: list[Parsed[SampleRow]], batch: Intake) -> None:
    problems, outcomes, _ = await taking.take(chunk, batch.batch_id, batch.batch_id)
    batch.tally.note_chunk(problems, outcomes)


async def record(
    session: AsyncSession, pilot_id: UUID, requests: Sequence[Asked[SampleRow]]
) -> list[SampleResult | ProblemError]:
    """Take samples that were sent one by one; a problem is that of one request.

    Args:
        session: the transaction.
        pilot_id: the pilot.
        requests: of principals of one organisation, one at least.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    taking = await _taking(session, requests[0].principal, pilot_id, Notation())
    others = {asked.principal.id: asked.principal for asked in requests[1:]}
    for principal in others.values():
        # Another principal's reach may be narrower than that of the first.
        if principal.id != requests[0].principal.id:
            await pilots.get(session, principal, pilot_id)
    chunk = [Parsed(n, row=asked.wanted) for n, asked in enumerate(requests)]
    problems, outcomes, reasons = await taking.take(chunk, None, new_id())
    done = iter(zip(outcomes, reasons, strict=True))
    answers: list[SampleResult | ProblemError] = []
    events: list[Happened] = []
    for asked, problem in zip(requests, problems, strict=True):
        if problem is not None:
            answers.append(Invalid.field(problem.pointer, problem.code, problem.detail))
            continue
        outcome, why = next(done)
        row = asked.wanted
        if outcome is not Outcome.DUPLICATE:
            action = f"time_sample.{outcome.value}"
            events.append(Happened(asked.principal, action, pilot_id, asked.request_id))
        answers.append(
            SampleResult(
                outcome=outcome.value, source=row.source, source_ref=row.source_ref, uncounted=why
            )
        )
    await audit_log.record_all(session, events)
    return answers


async def standing(
    session: AsyncSession, principal: Principal, pilot_id: UUID, source: str, refs: Collection[str]
) -> list[SampleRow]:
    """Those of these samples of a source that are there and not taken back, as they could be sent."""
    found = await repository.standing(session, principal, pilot_id, source, refs)
    return [_as_sent(source, *row) for row in found]


async def standing_but(
    session: AsyncSession, principal: Principal, pilot_id: UUID, source: str, refs: Collection[str]
) -> list[SampleRow]:
    """The same of all samples of a source but these."""
    found = await repository.standing(session, principal, pilot_id, source, None)
    known = frozenset(refs)
    return [_as_sent(source, *row) for row in found if row[0] not in known]


def _as_sent(
    source: str,
    source_ref: str,
    person_id: UUID,
    category: str,
    started_at: datetime,
    minutes: float | None,
    method: SampleMethod,
) -> SampleRow:
    return SampleRow(
        category=category,
        started_at=started_at.isoformat(),
        source=source,
        source_ref=source_ref,
        method=method,
        person_id=person_id,
        minutes=minutes,
    )


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    days: tuple[date | None, date | None],
    person_id: UUID | None,
    source: str | None,
) -> tuple[list[TimeSample], str | None]:
    """Samples of a pilot, for its lead alone; the read is recorded.

    Raises:
        NotFound: there is no such pilot within reach.
        Forbidden: the caller is not its lead.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    pilots.check_is_lead(principal, "Named time samples are shown to the pilot's lead alone.")
    zone = ZoneInfo(principal.organisation.zone)
    since, until = (begins(day, zone) if day is not None else None for day in days)
    wanted = SampleFilter(person_id, since, until, source)
    rows, cursor = await repository.page(session, principal, pilot.id, query, wanted)
    await audit_log.record(
        session, principal, "time_samples.read", pilot.id, details={"rows": len(rows)}
    )
    return rows, cursor


async def _undo(session: AsyncSession, principal: Principal, batch: ImportBatch) -> TakenBack:
    for pilot_id in await repository.pilots_of(session, principal, batch.id):
        await pilots.get(session, principal, pilot_id, for_update=True)
    days = LocalDays(ZoneInfo(principal.organisation.zone))
    marks: dict[UUID, set[date]] = defaultdict(set)

    def note(pilot_id: UUID, started_at: datetime) -> None:
        marks[pilot_id].add(days.of(started_at))

    removed, restored = await repository.undo(session, principal, batch.id, clock.now(), note)
    # Not the batch's own id: whoever has seen the mark that it left may be about to delete that.
    mark_id = new_id()
    for pilot_id, changed in marks.items():
        await repository.mark(session, principal, pilot_id, changed, mark_id)
    return TakenBack(removed, restored)


imports.undone_by(ImportKind.TIME_SAMPLES, _undo)
mappings.applies_to(ImportKind.TIME_SAMPLES, SampleRow)
