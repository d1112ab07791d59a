"""Writing a page: the bulk services take its rows, as if they had been sent."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult
from app.core.errors import NotFound
from app.integrations.connections import repository
from app.integrations.connections.models import Connection
from app.integrations.connections.sources import AnyPage, Snapshot, chunked
from app.licences.activity import service as activity
from app.licences.activity.schemas import ActivityRow
from app.people import service as people
from app.people.absences import service as absences
from app.people.absences.schemas import AbsenceRow
from app.people.schemas import PersonRow
from app.time_use.samples import service as time_samples
from app.time_use.samples.schemas import SampleBulkResult, SampleRow
from app.time_use.samples.service import Notation

MOST_ERRORS = 100
MOST_TROUBLES = 50
_COUNTED = ("read", "accepted", "updated", "duplicate", "rejected", "deleted", "skipped", "pages")


@dataclass(slots=True)
class Account:
    """What became of the pages of a run so far: counts, rejected rows, and what else there is to say."""

    counts: Counter[str] = field(default_factory=Counter)
    troubles: Counter[tuple[str, str]] = field(default_factory=Counter)
    errors: list[dict[str, Any]] = field(default_factory=list)
    licences: list[dict[str, Any]] | None = None

    def note(self, code: str, detail: str, count: int = 1) -> None:
        if (code, detail) in self.troubles or len(self.troubles) < MOST_TROUBLES:
            self.troubles[code, detail] += count

    def add(self, result: BulkResult) -> None:
        """What became of rows that were read."""
        self.counts["accepted"] += result.accepted
        self.counts["updated"] += result.updated
        self.counts["duplicate"] += result.duplicates
        self.counts["rejected"] += result.rejected
        room = MOST_ERRORS - len(self.errors)
        page = self.counts["pages"]
        self.errors += [{"page": page, **error.model_dump()} for error in result.errors[:room]]
        if isinstance(result, SampleBulkResult):
            for name, count in result.uncounted.model_dump().items():
                if count:
                    self.note(name, _UNCOUNTED[name], count)

    def told_counts(self, retries: int) -> dict[str, int]:
        return {**{name: self.counts[name] for name in _COUNTED}, "retries": retries}

    def told_troubles(self) -> list[dict[str, Any]]:
        return [
            {"code": code, "detail": detail, "count": count}
            for (code, detail), count in self.troubles.items()
        ]


_UNCOUNTED = {
    "outside_members": "Rows of people who are not members of the pilot on that day: they do not count.",
    "outside_windows": "Rows in neither the baseline nor the pilot window: they do not count.",
    "unmapped": "Rows whose category means nothing in the pilot's taxonomy: they do not count.",
}

_OVERDRAWN = "More licences of a product are assigned than there are: see the reconciliation."
_BROKEN = (
    "Whether names are concealed has changed: people before and after cannot be told to be the same. Figures of "
    "this product say so."
)

Take = Callable[..., Awaitable[BulkResult]]
_TAKERS: Mapping[type[msgspec.Struct], Take] = {
    PersonRow: people.upsert_many,
    AbsenceRow: absences.upsert_many,
    SampleRow: time_samples.upsert_many,
    ActivityRow: activity.upsert_many,
}


async def take(
    session: AsyncSession,
    principal: Principal,
    connection: Connection,
    page: AnyPage,
    account: Account,
) -> None:
    """Write a page, and count what became of it.

    Raises:
        Invalid: its file cannot be read as a whole.
        NotFound: the pilot of its samples is not there any more.
    """
    account.counts.update(pages=1, read=page.read, skipped=page.skipped)
    for note in page.notes:
        account.note(note.code, note.detail)
    if page.licences is not None:
        account.licences = [asdict(count) for count in page.licences]
        for count in page.licences:
            if count.purchased is not None and count.assigned > count.purchased:
                account.note("negative_headroom", _OVERDRAWN)
    if page.snapshot is not None:
        await _note_snapshot(session, principal, page.snapshot, account)
    options = BulkOptions(restate=page.restate)
    named = _by_person(session, principal, page.chunks) if page.by_sign_in_name else None
    chunks = iter(page.chunks if named is None else await named)
    first = next(chunks, None)
    if first is not None:
        result = await _write(session, principal, connection, page, _again(first, chunks), options)
        account.add(result)
    if page.row_type is SampleRow and (page.gone or page.census is not None):
        account.counts["deleted"] += await _take_back(session, principal, connection, page)
    if page.row_type is AbsenceRow and (page.records or page.census is not None):
        await _follow(session, principal, connection, page, account)


async def _note_snapshot(
    session: AsyncSession, principal: Principal, snapshot: Snapshot, account: Account
) -> None:
    of = (snapshot.product, snapshot.days)
    if await activity.note_snapshot(session, principal, *of, is_named=snapshot.is_named):
        account.note("identity_break", _BROKEN)


async def _by_person(
    session: AsyncSession, principal: Principal, chunks: Iterable[list[Parsed[Any]]]
) -> Iterator[list[Parsed[Any]]]:
    """The same rows with the ids of people in the place of what they sign in with; nobody's where it is unknown."""
    held = [list(chunk) for chunk in chunks]
    names = {each.row.person_external_id for chunk in held for each in chunk if each.row}
    found = await people.by_name(session, principal, names)

    def of(parsed: Parsed[Any]) -> Parsed[Any]:
        if parsed.row is None:
            return parsed
        person_id = found.get(parsed.row.person_external_id)
        more = {"person_external_id": None, "person_id": person_id}
        return Parsed(parsed.index, row=msgspec.structs.replace(parsed.row, **more))

    return ([of(parsed) for parsed in chunk] for chunk in held)


def _again(
    first: list[Parsed[Any]], rest: Iterable[list[Parsed[Any]]]
) -> Iterable[list[Parsed[Any]]]:
    yield first
    yield from rest


async def _write(
    session: AsyncSession,
    principal: Principal,
    connection: Connection,
    page: AnyPage,
    chunks: Iterable[list[Parsed[Any]]],
    options: BulkOptions,
) -> BulkResult:
    origin = f"connection {connection.name}"
    if page.file is not None:
        origin = f"{origin}: {page.file.name}"
    taker = _TAKERS[page.row_type]
    if page.row_type is SampleRow:
        if connection.pilot_id is None:
            raise NotFound("The connection names no pilot.")
        more = (connection.pilot_id, chunks, options, page.notation)
        return await taker(session, principal, *more, origin=origin)
    return await taker(session, principal, chunks, options, origin=origin)


async def _take_back(
    session: AsyncSession, principal: Principal, connection: Connection, page: AnyPage
) -> int:
    """Take back the samples of the connection that are gone at their source; returns how many."""
    if connection.pilot_id is None:
        raise NotFound("The connection names no pilot.")
    of = (connection.pilot_id, connection.name)
    rows: Sequence[SampleRow] = await time_samples.standing(session, principal, *of, page.gone)
    if page.census is not None:
        rows = [*rows, *await time_samples.standing_but(session, principal, *of, page.census)]
    if not rows:
        return 0
    result = await time_samples.upsert_many(
        session,
        principal,
        connection.pilot_id,
        chunked(msgspec.structs.replace(row, deleted=True) for row in rows),
        BulkOptions(),
        Notation(),
        origin=f"connection {connection.name}: gone",
    )
    return result.updated


async def _follow(
    session: AsyncSession,
    principal: Principal,
    connection: Connection,
    page: AnyPage,
    account: Account,
) -> None:
    """Take back the absences that records do not stand for any more: moved, withdrawn, or not there."""
    of = (session, principal, connection.id)
    now = dict(page.records)
    before = await repository.records(*of)
    if page.census is not None:
        now |= {reference: None for reference in before if reference not in page.census}
    after = {**before, **now}
    gone = {before[each] for each in now if each in before} - set(after.values())
    account.counts["deleted"] += await absences.take_back(session, principal, gone)
    changed = {each: key for each, key in now.items() if before.get(each) != key}
    await repository.keep_records(*of, changed)
