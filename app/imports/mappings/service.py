"""Rules about saved mappings: what they may say, who may change them, and using one on a file."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access import service as access
from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.bulk.formats import Rewrite
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import RowError
from app.core.errors import FieldError, Invalid, NotFound, existing
from app.core.etags import check_if_match, etag_of
from app.core.instants import DateOrder, zone_of
from app.core.pagination import PageQuery, page_of
from app.imports.mappings import errors, repository
from app.imports.mappings.built_in import BUILT_IN
from app.imports.mappings.columns import MINUTES, STARTED_AT, ColumnMap, Source, pointer_to
from app.imports.mappings.models import ImportMapping
from app.imports.mappings.schemas import ImportMappingIn, ImportMappingRules
from app.imports.models import SCOPE_OF_KIND, ImportKind

MAX_MAPPINGS = 100

_PERSON = ("person_external_id", "person_id")
_ROWS: dict[ImportKind, type[msgspec.Struct]] = {}


def applies_to(kind: ImportKind, row_type: type[msgspec.Struct]) -> None:
    """Declare that files of a kind can be mapped, to rows of this type."""
    _ROWS[kind] = row_type


@dataclass(frozen=True, slots=True)
class Mapping:
    """A mapping; `row` None for one that comes with Pilotlight."""

    wanted: ImportMappingIn
    row: ImportMapping | None = None

    @property
    def etag(self) -> str | None:
        return etag_of(self.row.id, self.row.revision) if self.row is not None else None

    @property
    def updated_at(self) -> datetime | None:
        return self.row.updated_at if self.row is not None else None


def _mapping(row: ImportMapping) -> Mapping:
    return Mapping(
        ImportMappingIn.model_validate({**row.rules, "name": row.name, "kind": row.kind}), row
    )


async def create(session: AsyncSession, principal: Principal, wanted: ImportMappingIn) -> Mapping:
    """Save a mapping.

    Raises:
        Forbidden: the caller may not write what it is for.
        Invalid: it could not be used.
        Conflict: the name is taken, or there are too many.
    """
    access.authorise(principal, SCOPE_OF_KIND[wanted.kind])
    check(wanted, wanted.kind)
    known = {row.name for row in await repository.saved(session, principal)}
    if wanted.name in known or wanted.name in BUILT_IN:
        raise errors.taken()
    if len(known) >= MAX_MAPPINGS:
        raise errors.too_many(MAX_MAPPINGS)
    row = ImportMapping(
        organisation_id=principal.organisation_id,
        name=wanted.name,
        kind=wanted.kind.value,
        rules=_rules(wanted),
    )
    session.add(row)
    await session.flush()
    await _record(session, principal, "created", row)
    return Mapping(wanted, row)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[Mapping], str | None]:
    """Those that come with Pilotlight, then the organisation's own, oldest first."""
    own = [_mapping(row) for row in await repository.saved(session, principal)]
    return page_of([*map(Mapping, BUILT_IN.values()), *own], query)


async def get(session: AsyncSession, principal: Principal, name: str) -> Mapping:
    """One mapping.

    Raises:
        NotFound: there is none of this name.
    """
    if name in BUILT_IN:
        return Mapping(BUILT_IN[name])
    row = existing(await repository.find(session, principal, name), "mapping")
    return _mapping(row)


async def change(
    session: AsyncSession,
    principal: Principal,
    name: str,
    wanted: ImportMappingRules,
    if_match: str | None,
) -> Mapping:
    """Replace the rules of a mapping; its name and kind stay.

    Raises:
        NotFound, Conflict, Forbidden, PreconditionFailed: as for `_to_write`.
        Invalid: it could not be used.
    """
    row = await _to_write(session, principal, name, if_match)
    check(wanted, ImportKind(row.kind))
    row.rules = _rules(wanted)
    row.touch()
    await _record(session, principal, "changed", row)
    return _mapping(row)


async def delete(
    session: AsyncSession, principal: Principal, name: str, if_match: str | None
) -> None:
    """Forget a mapping; what was imported with it stays.

    Raises:
        NotFound, Conflict, Forbidden, PreconditionFailed: as for `_to_write`.
    """
    row = await _to_write(session, principal, name, if_match)
    await session.delete(row)
    await _record(session, principal, "deleted", row)


async def _to_write(
    session: AsyncSession, principal: Principal, name: str, if_match: str | None
) -> ImportMapping:
    """A mapping of the organisation's own, held until the transaction ends.

    Raises:
        NotFound: there is none of this name.
        Conflict: it comes with Pilotlight.
        Forbidden: the caller may not write what it is for.
        PreconditionFailed: it has changed since the caller looked.
    """
    if name in BUILT_IN:
        raise errors.built_in()
    row = existing(await repository.find(session, principal, name, for_update=True), "mapping")
    access.authorise(principal, SCOPE_OF_KIND[ImportKind(row.kind)])
    check_if_match(if_match, etag_of(row.id, row.revision))
    return row


def _rules(wanted: ImportMappingRules) -> dict[str, Any]:
    return wanted.model_dump(mode="json", include=set(ImportMappingRules.model_fields))


async def _record(
    session: AsyncSession, principal: Principal, verb: str, row: ImportMapping
) -> None:
    details = {"name": row.name, "kind": row.kind}
    await audit_log.record(session, principal, f"import_mapping.{verb}", row.id, details=details)


# --- what a mapping may say ------------------------------------------------------------------------


def check(wanted: ImportMappingRules, kind: ImportKind) -> None:
    """Hold a mapping against the rows that it is to make.

    Raises:
        Invalid: files of the kind cannot be mapped, or not so.
    """
    row_type = _ROWS.get(kind)
    if row_type is None:
        detail = "Files of this kind cannot be mapped. Those that can: " + ", ".join(sorted(_ROWS))
        raise Invalid.field("/kind", "kind_not_mapped", detail)
    zone_of(wanted.zone)
    fields = {field.encode_name: field for field in msgspec.structs.fields(row_type)}
    problems = [*_unknown(wanted, fields), *_lacking(wanted, fields), *_contradictory(wanted)]
    if problems:
        raise Invalid(problems[0].detail, code=problems[0].code, errors=problems)


def _unknown(
    wanted: ImportMappingRules, fields: dict[str, msgspec.structs.FieldInfo]
) -> list[FieldError]:
    known = "Known fields: " + ", ".join(fields)
    problems = [
        FieldError(
            f"/{place}{pointer_to(name)}", "no_such_field", f"There is no such field. {known}."
        )
        for place, names in (("columns", wanted.columns), ("constants", wanted.constants))
        for name in names
        if name not in fields
    ]
    for name, value in wanted.constants.items():
        if name in fields:
            try:
                msgspec.convert(value, fields[name].type, strict=False)
            except msgspec.ValidationError:
                detail = f"This is not a value that {name} can have."
                problems.append(FieldError(f"/constants/{name}", "wrong_constant", detail))
    return problems


def _lacking(
    wanted: ImportMappingRules, fields: dict[str, msgspec.structs.FieldInfo]
) -> list[FieldError]:
    told = {*wanted.columns, *wanted.constants}
    missing = [name for name, field in fields.items() if field.required and name not in told]
    if _PERSON[0] in fields and not told.intersection(_PERSON):
        missing.append(_PERSON[0])
    detail = "needs a column or a constant; no row could be taken without"
    return [FieldError("/columns", "field_not_mapped", f"{name} {detail}.") for name in missing]


def _contradictory(wanted: ImportMappingRules) -> list[FieldError]:
    problems = [
        FieldError(
            f"/constants/{name}", "field_twice", f"{name} is read from columns; it is not constant."
        )
        for name in wanted.constants
        if name in wanted.columns
    ]
    if wanted.ends_at is None:
        return problems
    if STARTED_AT not in wanted.columns or wanted.zone is None:
        detail = (
            "ends_at needs a column of started_at, and a zone: minutes are counted between them."
        )
        problems.append(FieldError("/ends_at", "nothing_to_count_from", detail))
    if MINUTES in {*wanted.columns, *wanted.constants}:
        detail = "minutes come from ends_at or from a column, not from both."
        problems.append(FieldError(f"/columns/{MINUTES}", "field_twice", detail))
    return problems


# --- using one -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Using:
    """How a file is to be read: with a mapping, or with columns that are ours already."""

    order: DateOrder
    zone: ZoneInfo | None
    columns: ColumnMap | None = None

    @property
    def rewrite(self) -> Rewrite | None:
        """What the records of the file go through; None where there is no mapping."""
        return self.columns.rewrite if self.columns is not None else None

    def restated(self, error: RowError) -> RowError:
        """An error of a row, about the file's own columns."""
        return self.columns.restated(error) if self.columns is not None else error

    def options(self, options: BulkOptions) -> BulkOptions:
        return replace(options, restate=self.restated) if self.columns is not None else options


async def using(
    session: AsyncSession,
    principal: Principal,
    kind: ImportKind,
    name: str | None,
    *,
    order: DateOrder | None = None,
    zone: ZoneInfo | None = None,
) -> Using:
    """How a file is to be read.

    Args:
        session: the transaction.
        principal: who brings it.
        kind: what its rows are.
        name: the mapping's; None where its columns are ours.
        order: of its dates; goes before what the mapping says.
        zone: of its times without an offset; likewise.

    Raises:
        Invalid: there is no such mapping, or it is for files of another kind.
    """
    if name is None:
        return Using(order or DateOrder.YEAR_FIRST, zone)
    try:
        wanted = (await get(session, principal, name)).wanted
    except NotFound:
        raise errors.unknown() from None
    if wanted.kind is not kind:
        raise errors.of_another_kind(wanted.kind.value)
    columns = ColumnMap(
        sources={
            field: Source(tuple(source.columns), source.separator)
            for field, source in wanted.columns.items()
        },
        constants=wanted.constants,
        dates=_dates_of(_ROWS[kind]),
        unit=wanted.minutes_unit,
        ends_at=wanted.ends_at,
        order=order or wanted.date_order,
        zone=zone or zone_of(wanted.zone),
        ignored=frozenset(wanted.ignored),
    )
    return Using(columns.order, columns.zone, columns)


def _dates_of(row_type: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of a row that hold a date."""
    return frozenset(
        field.encode_name
        for field in msgspec.structs.fields(row_type)
        if field.type is date or date in get_args(field.type)
    )
