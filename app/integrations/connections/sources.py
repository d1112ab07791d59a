"""What a connector is: one or more of three small interfaces, each an iterator of pages.

A connector asks, and says what it was told in rows of ours. It writes nothing and holds no transaction: see
`running.py` for who does, and docs/decisions/0032-connections.md for why.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import msgspec

from app.core.bulk.formats import CHUNK_ROWS, Parsed, row_error
from app.core.bulk.results import Restate, RowError, as_it_is
from app.core.periods import Window
from app.licences.activity.schemas import ActivityRow
from app.people.absences.schemas import AbsenceRow
from app.people.schemas import PersonRow
from app.time_use.samples.schemas import SampleRow
from app.time_use.samples.service import Notation

RowType = TypeVar("RowType", bound=msgspec.Struct)

# What a source needs to know to go on where it stopped; JSON, empty at first. Its instants are the other
# system's own.
Cursor = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that an administrator should know: a code, and a sentence without personal values."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file of another system, known by its content."""

    digest: str
    name: str
    size: int
    modified_at: datetime | None
    # Why it was not taken; None where it was.
    refused: Note | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is to be known of a page that tells of each person the last active day alone.

    Args:
        product: of which product.
        days: those that it looks back on.
        is_named: whether it says who everybody is.
    """

    product: str
    days: Window
    is_named: bool


@dataclass(frozen=True, slots=True)
class LicenceCount:
    """How many licences of a product there are, as another system tells it; None where it does not.

    Args:
        product: the other system's name for it.
        purchased: those that may be assigned.
        assigned: those that are.
        warning, suspended, locked_out: those whose subscription has run out, by how long ago.
        leaving: assigned ones that are cancelled from a day on.
    """

    product: str
    purchased: int | None
    assigned: int
    warning: int | None = None
    suspended: int | None = None
    locked_out: int | None = None
    leaving: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[RowType]):
    """What is written in one transaction.

    Args:
        cursor: what holds once it is written.
        row_type: what its rows are.
        chunks: its rows, or why one cannot be read, as `core.bulk.formats` makes them.
        read: how many records of the other system it is made of.
        skipped: of these, those that are not for us or not yet (a clock that is still running).
        gone: references of samples that the source has deleted; those that are not here are passed over.
        census: references of every sample, or record of an absence, that the source has, where the page ends a
            reading of all of them: others of this connection are gone.
        notes: what else there is to say.
        restate: what errors of its rows go through.
        notation: how instants are written, where its rows are time samples.
        file: the file that it was, where it was one.
        records: for absences: by the other system's reference, the person's number and the first day of
            what it is here; None where it is gone.
        by_sign_in_name: whether its rows name people by what they sign in with, and not by their number.
        snapshot: for usage: what is to be known of its rows as a whole.
        licences: how many licences there are; None where it does not say.
    """

    cursor: Cursor
    row_type: type[RowType]
    chunks: Iterable[list[Parsed[RowType]]] = ()
    read: int = 0
    skipped: int = 0
    gone: Collection[str] = ()
    census: Collection[str] | None = None
    notes: Sequence[Note] = ()
    restate: Restate = as_it_is
    notation: Notation = field(default_factory=Notation)
    file: RemoteFile | None = None
    records: Mapping[str, tuple[str, date] | None] = field(default_factory=dict)
    by_sign_in_name: bool = False
    snapshot: Snapshot | None = None
    licences: Sequence[LicenceCount] | None = None


def chunked(rows: Iterable[RowType | RowError]) -> Iterable[list[Parsed[RowType]]]:
    """Rows, and errors in the place of those that cannot be made, as a page holds them."""
    chunk: list[Parsed[RowType]] = []
    for index, row in enumerate(rows):
        if isinstance(row, RowError):
            error = RowError(index, row.code, row.detail, row.pointer)
            chunk.append(Parsed(index, error=error))
        else:
            chunk.append(Parsed(index, row=row))
        if len(chunk) == CHUNK_ROWS:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def made(row_type: type[RowType], **values: Any) -> RowType | RowError:
    """A row of these values, or what is wrong with them."""
    try:
        return msgspec.convert(values, row_type)
    except msgspec.ValidationError as error:
        return row_error(0, error)


@runtime_checkable
class PeopleSource(Protocol):
    """A system that knows staff, or when they are away."""

    def people(self, cursor: Cursor) -> AsyncIterator[Page[PersonRow] | Page[AbsenceRow]]:
        """What has changed since the cursor; everything where it is empty."""
        ...


@runtime_checkable
class TimeSource(Protocol):
    """A system that knows what people were doing."""

    def time(self, cursor: Cursor) -> AsyncIterator[Page[SampleRow]]:
        """What has changed since the cursor; everything where it is empty."""
        ...


@runtime_checkable
class UsageSource(Protocol):
    """A system that knows who used what."""

    def usage(self, cursor: Cursor) -> AsyncIterator[Page[ActivityRow]]:
        """What has changed since the cursor; everything where it is empty."""
        ...


Source = PeopleSource | TimeSource | UsageSource
AnyPage = Page[Any]

# In this order: samples of people who are new need the people first.
_PARTS: tuple[tuple[str, type[Any]], ...] = (
    ("people", PeopleSource),
    ("time", TimeSource),
    ("usage", UsageSource),
)


async def pages(source: Source, cursors: Cursor) -> AsyncGenerator[tuple[Cursor, AnyPage], None]:
    """All pages of a source, each with the cursors of all its parts that hold once it is written."""
    held = dict(cursors)
    for name, interface in _PARTS:
        if isinstance(source, interface):
            async for page in getattr(source, name)(held.get(name, {})):
                held = {**held, name: dict(page.cursor)}
                yield held, page
