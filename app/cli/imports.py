"""`pilotlight import KIND FILE`: the same services as the bulk endpoints, in one transaction.

Another kind is one more line of `KINDS`.
"""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import msgspec
import typer
from sqlmodel.ext.asyncio.session import AsyncSession

from app import terminal
from app.access.principals import Principal
from app.cli import databases
from app.cli.files import RowFile
from app.cli.rejected import rejected_rows
from app.cli.viva import import_viva
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkMode, BulkOptions
from app.core.bulk.results import BulkRejected, BulkResult, RowError
from app.core.database import Database
from app.core.instants import DateOrder, zone_of
from app.core.settings import Settings, get_settings
from app.feedback.responses import service as feedback
from app.feedback.responses.rows import named_by_place
from app.feedback.responses.schemas import FeedbackBulkResult, FeedbackRow
from app.imports import service as imports
from app.imports.mappings import service as mappings
from app.imports.models import ImportKind
from app.licences.activity import service as activity
from app.licences.activity.schemas import ActivityRow
from app.organisations.models import Organisation
from app.people import service as people
from app.people.absences import service as absences
from app.people.absences.schemas import AbsenceRow
from app.people.schemas import PersonRow
from app.pilots import membership
from app.pilots import service as pilots
from app.pilots.schemas import MemberRow
from app.time_use.samples import service as time_samples
from app.time_use.samples.schemas import SampleBulkResult, SampleRow
from app.time_use.samples.service import Notation

NOTHING_WRITTEN: Final = 1
WRITTEN_IN_PART: Final = 3

_STATUSES: Final = (
    "Exit status: 0 every row was taken or is there already; 1 the file as a whole is wrong, or a row "
    "with --atomic, and nothing was written; 2 the command line is wrong; 3 some rows were rejected "
    "and the others written."
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that can be imported from a file.

    Args:
        name: what the command calls it.
        holds: what its batches hold.
        row_type: what each row is.
        take: the service, as the bulk endpoint calls it: (session, principal, [pilot_id], chunks, options,
            [notation], origin=).
        help: one sentence.
        of_pilot: its rows belong to a pilot, whose id `take` is given.
        timed: its rows hold instants, whose notation `take` is given.
        settle: what names rows that have no name of their own by the digest of their file, so that it may
            come twice.
    """

    name: str
    holds: ImportKind
    row_type: type[msgspec.Struct]
    take: Callable[..., Awaitable[BulkResult]]
    help: str
    of_pilot: bool = False
    timed: bool = False
    settle: Callable[[Iterator[list[Parsed[Any]]], str], Iterator[list[Parsed[Any]]]] | None = None


KINDS: Final = (
    Kind(
        "people",
        ImportKind.PEOPLE,
        PersonRow,
        people.upsert_many,
        "Import staff by external_id (the HR number).",
    ),
    Kind(
        "members",
        ImportKind.PILOT_MEMBERS,
        MemberRow,
        membership.upsert_many,
        "Import who takes part in a pilot.",
        of_pilot=True,
    ),
    Kind(
        "absences",
        ImportKind.ABSENCES,
        AbsenceRow,
        absences.upsert_many,
        "Import when staff are away.",
    ),
    Kind(
        "licence-activity",
        ImportKind.LICENCE_ACTIVITY,
        ActivityRow,
        activity.upsert_many,
        "Import who used what, by day or week.",
    ),
    Kind(
        "time-samples",
        ImportKind.TIME_SAMPLES,
        SampleRow,
        time_samples.upsert_many,
        "Import what people were doing, for how long.",
        of_pilot=True,
        timed=True,
    ),
    Kind(
        "feedback",
        ImportKind.FEEDBACK,
        FeedbackRow,
        feedback.upsert_many,
        "Import what staff answered, week by week.",
        of_pilot=True,
        settle=named_by_place,
    ),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the command line says."""

    file: Path
    organisation: str | None
    mapping: str | None
    dry_run: bool
    atomic: bool
    rejected: Path | None
    pilot: str | None = None
    order: DateOrder | None = None
    zone: ZoneInfo | None = None

    @property
    def options(self) -> BulkOptions:
        mode = BulkMode.ATOMIC if self.atomic else BulkMode.PARTIAL
        return BulkOptions(mode, self.dry_run)


File = Annotated[
    Path, typer.Argument(help="Its name ends in .csv, .ndjson, .jsonl or .json, also with .gz.")
]
Pilot = Annotated[str, typer.Option("--pilot", help="Code of the pilot that the rows belong to.")]
MappingOption = Annotated[
    str | None,
    typer.Option("--mapping", help="Saved mapping by which the columns of a CSV become ours."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check everything and write nothing.")]
Atomic = Annotated[bool, typer.Option("--atomic", help="Write every row or none.")]
Rejected = Annotated[
    Path | None,
    typer.Option("--rejected", help="Write the rejected rows here, to be mended and fed again."),
]
Order = Annotated[
    DateOrder | None,
    typer.Option("--date-format", help="Order of dates, ymd (ISO 8601) where nothing says so."),
]
Zone = Annotated[
    str | None, typer.Option("--zone", help="Zone of times without an offset, as Europe/London.")
]

app = typer.Typer(help="Import a file.", no_args_is_help=True)
app.command("viva")(import_viva)


def _command_for(kind: Kind) -> Callable[..., None]:
    """The command that imports a kind, with the options that it takes."""

    def rows(
        file: File,
        organisation: databases.OrganisationOption = None,
        mapping: MappingOption = None,
        dry_run: DryRun = False,
        atomic: Atomic = False,
        rejected: Rejected = None,
    ) -> None:
        _import(kind, Wanted(file, organisation, mapping, dry_run, atomic, rejected))

    def rows_of_pilot(
        file: File,
        pilot: Pilot,
        organisation: databases.OrganisationOption = None,
        mapping: MappingOption = None,
        dry_run: DryRun = False,
        atomic: Atomic = False,
        rejected: Rejected = None,
    ) -> None:
        _import(kind, Wanted(file, organisation, mapping, dry_run, atomic, rejected, pilot))

    def timed_rows_of_pilot(
        file: File,
        pilot: Pilot,
        organisation: databases.OrganisationOption = None,
        mapping: MappingOption = None,
        date_format: Order = None,
        zone: Zone = None,
        dry_run: DryRun = False,
        atomic: Atomic = False,
        rejected: Rejected = None,
    ) -> None:
        wanted = Wanted(file, organisation, mapping, dry_run, atomic, rejected, pilot)
        _import(kind, replace(wanted, order=date_format, zone=zone_of(zone)))

    if kind.timed:
        return timed_rows_of_pilot
    return rows_of_pilot if kind.of_pilot else rows


for _kind in KINDS:
    app.command(_kind.name, help=f"{_kind.help}\n\n{_STATUSES}")(_command_for(_kind))


def _import(kind: Kind, wanted: Wanted) -> None:
    settings = get_settings()
    source = RowFile.at(wanted.file)

    async def work(database: Database) -> BulkResult:
        await databases.check_migrated(database)
        owner = await databases.organisation_named(database, wanted.organisation)
        size = terminal.size_of(wanted.file)
        with terminal.bar(terminal.err, f"Importing {wanted.file.name}", size) as advance:
            return await _take(database, owner, kind, wanted, source, settings, advance)

    try:
        result = databases.run(databases.with_database(settings, work))
    except BulkRejected as refused:
        result = refused.result
    _print(kind, wanted, result)
    if result.rejected:
        raise typer.Exit(NOTHING_WRITTEN if wanted.atomic else WRITTEN_IN_PART)


async def _take(
    database: Database,
    owner: Organisation,
    kind: Kind,
    wanted: Wanted,
    source: RowFile,
    settings: Settings,
    advance: Callable[[int], None],
) -> BulkResult:
    """Everything in one transaction; the rejected rows stand in their file before it is committed."""
    principal = Principal.system(owner)
    async with database.transaction() as session:
        using = await mappings.using(
            session, principal, kind.holds, wanted.mapping, order=wanted.order, zone=wanted.zone
        )
        pilot_id = await _pilot_id(session, principal, wanted.pilot)
        notation = (Notation(using.order, using.zone),) if kind.timed else ()
        chunks = source.chunks(kind.row_type, using.rewrite, settings.max_bulk_json_bytes, advance)
        if kind.settle is not None:
            chunks = kind.settle(chunks, source.digest())
        with rejected_rows(source, wanted.rejected) as note:

            def restate(error: RowError) -> RowError:
                told = using.restated(error)
                note(told)
                return told

            return await kind.take(
                session,
                principal,
                *pilot_id,
                chunks,
                replace(wanted.options, restate=restate),
                *notation,
                origin=wanted.file.name,
            )


async def _pilot_id(
    session: AsyncSession, principal: Principal, code: str | None
) -> tuple[Any, ...]:
    if code is None:
        return ()
    return ((await pilots.get_by_code(session, principal, code)).id,)


def _print(kind: Kind, wanted: Wanted, result: BulkResult) -> None:
    fate = ""
    if wanted.dry_run:
        fate = " (dry run: nothing was written)"
    elif wanted.atomic and result.rejected:
        fate = " (nothing was written)"
    title = wanted.file.name + fate
    terminal.out.print(terminal.results_table(title, [(kind.name, result)]))
    if isinstance(result, SampleBulkResult | FeedbackBulkResult):
        counts = result.uncounted.model_dump()
        terminal.out.print(terminal.uncounted_table(counts))
    if result.batch_id is not None:
        undo = f"; POST /api/v1/import-batches/{result.batch_id}/undo takes it back"
        told = undo if imports.can_be_undone(kind.holds) else ""
        terminal.out.print(
            f"Import batch {result.batch_id}{told}.", highlight=False, soft_wrap=True
        )
    if result.rejected:
        terminal.print_rejected(terminal.err, result, wanted.rejected)
