"""Taking a Viva Insights person query in: people, departments, activity and, if wished, members."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.bulk.formats import CHUNK_ROWS, Parsed
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.bulk.results import BulkResult
from app.core.errors import Invalid
from app.core.rows import BareCode
from app.integrations.microsoft.viva import PersonQuery, PersonSummary, PersonWeekRow, Progress
from app.licences.activity import service as activity
from app.licences.activity.schemas import ActivityRow
from app.people import service as people
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.models import Arm, Pilot
from app.pilots.schemas import MemberRow

RowType = TypeVar("RowType", bound=msgspec.Struct)
_ATOMIC = BulkOptions(mode=BulkMode.ATOMIC)


@dataclass(frozen=True, slots=True)
class VivaImport:
    """What became of the rows; `members` None where no pilot was named."""

    person_weeks: int
    people: BulkResult
    activity: BulkResult
    members: BulkResult | None


async def import_person_query(
    session: AsyncSession,
    principal: Principal,
    query: PersonQuery,
    found: Mapping[str, PersonSummary],
    *,
    product: str,
    pilot_code: str | None = None,
    on_progress: Progress = lambda _: None,
) -> VivaImport:
    """Import a person query that was checked before, all or nothing.

    With a pilot, everybody in the file who is not a member yet joins its arm `pilot` in their first
    week; a membership that is there stays as it is.

    Args:
        session: the transaction.
        principal: who imports.
        query: the file and what is declared about it.
        found: the people that `query.check()` found; it needs no transaction.
        product: the product that the activity is of.
        pilot_code: the pilot to enrol everybody in.
        on_progress: told how many bytes of the file are done.

    Raises:
        Invalid: the product is not a code, or a row cannot be taken.
        NotFound: there is no such pilot.
    """
    _check_product(product)
    pilot = await pilots.get_by_code(session, principal, pilot_code) if pilot_code else None
    origin = query.path.name
    person_rows = (summary.as_row() for summary in found.values())
    imported_people = await people.upsert_many(
        session, principal, _chunks(person_rows), _ATOMIC, origin=origin
    )
    members = await _enrol(session, principal, pilot, found, origin) if pilot else None
    counter = _Counter()
    imported_activity = await activity.upsert_many(
        session,
        principal,
        _chunks(_activity_rows(query, product, on_progress, counter)),
        _ATOMIC,
        origin=origin,
    )
    return VivaImport(counter.rows, imported_people, imported_activity, members)


def _check_product(product: str) -> None:
    try:
        msgspec.convert(product, BareCode)
    except msgspec.ValidationError:
        detail = "a product is a code such as Microsoft_365_Copilot"
        raise Invalid.field("/product", "wrong_format", detail) from None


async def _enrol(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    found: Mapping[str, PersonSummary],
    origin: str,
) -> BulkResult:
    """Enrol everybody who is not a member yet; a row that says nothing leaves a membership alone."""
    references = {name: (None, name) for name in found}
    person_of = await people.resolve(session, principal, references.values())
    enrolled = await membership.enrolled(session, principal, pilot, person_of.values())
    rows = (
        MemberRow(person_external_id=name)
        if person_of[references[name]] in enrolled
        else MemberRow(person_external_id=name, arm=Arm.PILOT, joined_on=summary.joins_on)
        for name, summary in found.items()
    )
    return await membership.upsert_many(
        session, principal, pilot.id, _chunks(rows), _ATOMIC, origin=origin
    )


@dataclass(slots=True)
class _Counter:
    rows: int = 0


def _activity_rows(
    query: PersonQuery, product: str, on_progress: Progress, counter: _Counter
) -> Iterator[ActivityRow]:
    row: PersonWeekRow
    for position, row in query.rows():
        counter.rows += 1
        yield from row.activity(product)
        on_progress(position)


def _chunks(rows: Iterable[RowType]) -> Iterator[list[Parsed[RowType]]]:
    chunk: list[Parsed[RowType]] = []
    for index, row in enumerate(rows):
        chunk.append(Parsed(index, row=row))
        if len(chunk) == CHUNK_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
