"""Rules about licence activity."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.bulk.formats import Parsed
from app.core.bulk.requests import BulkOptions
from app.core.bulk.results import BulkResult, Outcome, RowError
from app.core.fields import LATEST
from app.core.periods import Window
from app.core.rows import date_problem
from app.imports import service as imports
from app.imports.mappings import service as mappings
from app.imports.models import ImportBatch, ImportKind
from app.imports.service import Intake, TakenBack, intake
from app.licences.activity import repository, years
from app.licences.activity.caveats import Caveat, noted
from app.licences.activity.models import LicenceActivityCaveat, Period
from app.licences.activity.schemas import ActivityRow
from app.people import service as people

# Of what an import brought, when the years are derived anew after it is taken back.
_ROWS_AT_A_TIME = 10_000


async def upsert_many(
    session: AsyncSession,
    principal: Principal,
    chunks: Iterable[list[Parsed[ActivityRow]]],
    options: BulkOptions,
    *,
    origin: str = "api",
) -> BulkResult:
    """Record activity; a later value for the same person, period and app replaces the earlier one."""
    kind = ImportKind.LICENCE_ACTIVITY
    async with intake(session, principal, kind, options, origin=origin) as batch:
        for chunk in chunks:
            await _upsert_chunk(session, principal, chunk, batch)
    return batch.answer


async def _upsert_chunk(
    session: AsyncSession, principal: Principal, chunk: list[Parsed[ActivityRow]], batch: Intake
) -> None:
    references = {(p.row.person_id, p.row.person_external_id) for p in chunk if p.row is not None}
    person_of = await people.resolve(session, principal, references)
    now = clock.now()
    # The day may have begun in the organisation's zone before it has in UTC.
    latest = clock.today(principal.organisation.zone)
    problems: list[RowError | None] = []
    rows: list[dict[str, Any]] = []
    for parsed in chunk:
        row = parsed.row
        if row is None:
            problems.append(parsed.error)
            continue
        person_id = person_of.get((row.person_id, row.person_external_id))
        problem = _problem(parsed.index, row, person_id, latest)
        problems.append(problem)
        if problem is None:
            rows.append(
                {
                    "organisation_id": principal.organisation_id,
                    "person_id": person_id,
                    "product": row.product,
                    "period": row.period,
                    "period_starts_on": row.period_starts_on,
                    "app": row.app.lower(),
                    **_counts(row),
                    "source": row.source,
                    "batch_id": batch.batch_id,
                    "created_at": now,
                    "updated_at": now,
                }
            )
    await years.hold(session, principal, rows)
    outcomes = await repository.upsert_activity(session, rows)
    changed = [r for r, o in zip(rows, outcomes, strict=True) if o is not Outcome.DUPLICATE]
    await years.renew(session, principal, changed)
    batch.tally.note_chunk(problems, outcomes)


def _counts(row: ActivityRow) -> dict[str, int | None]:
    """The counts that the row states."""
    stated = {"active_days": row.active_days, "actions": row.actions}
    return {name: count for name, count in stated.items() if count is not UNSET}


def _problem(index: int, row: ActivityRow, person_id: UUID | None, latest: date) -> RowError | None:
    if person_id is None:
        return people.nobody(index)
    outside = date_problem(index, period_starts_on=row.period_starts_on)
    if outside is not None:
        return outside
    if row.period_starts_on > latest:
        detail = "This period has not begun yet. Were day and month swapped?"
        return RowError(index, "in_the_future", detail, "/period_starts_on")
    if row.period is Period.DAY and (_counts(row).get("active_days") or 0) > 1:
        detail = "A day has at most one active day; a week has period week."
        return RowError(index, "out_of_range", detail, "/active_days")
    return None


async def note_snapshot(
    session: AsyncSession, principal: Principal, product: str, days: Window, *, is_named: bool
) -> bool:
    """Note what a snapshot of a product leaves out, for figures to say so.

    Args:
        session: the transaction that takes its rows.
        principal: who takes them.
        product: of which product.
        days: those that it looks back on: of each person the last active one of them is known.
        is_named: whether it says who everybody is; otherwise nobody's activity of its last day is known.

    Returns:
        Whether names are concealed since the last one, or shown again.
    """
    known = await repository.caveats(session, principal, [product], for_update=True)
    found = noted(known, days, is_named=is_named)
    for row in known:
        if (row.kind, row.starts_on) in found.drop:
            await session.delete(row)
        elif (row.kind, row.starts_on) in found.keep:
            row.ends_on = found.keep[row.kind, row.starts_on]
    there = {(row.kind, row.starts_on) for row in known}
    for (kind, starts_on), ends_on in found.keep.items():
        if (kind, starts_on) not in there:
            session.add(
                LicenceActivityCaveat(
                    organisation_id=principal.organisation_id,
                    product=product,
                    kind=kind,
                    starts_on=starts_on,
                    ends_on=ends_on,
                )
            )
    await session.flush()
    if found.is_break:
        details = {"product": product, "names": "shown" if is_named else "concealed"}
        await audit_log.record(
            session, principal, "licence_activity.identity_break", details=details
        )
    return found.is_break


async def caveats(
    session: AsyncSession, principal: Principal, products: Collection[str]
) -> list[Caveat]:
    """Why the activity with these products is not known in full, and on which days."""
    return [
        Caveat(row.kind, Window(row.starts_on, row.ends_on or LATEST))
        for row in await repository.caveats(session, principal, products)
    ]


async def _undo(session: AsyncSession, principal: Principal, batch: ImportBatch) -> TakenBack:
    rows = await repository.brought(session, principal, batch.id)
    await years.hold(session, principal, rows)
    removed, restored = await repository.undo(session, principal, batch.id, clock.now())
    for start in range(0, len(rows), _ROWS_AT_A_TIME):
        await years.renew(session, principal, rows[start : start + _ROWS_AT_A_TIME])
    await years.forget_empty(session, principal, rows)
    return TakenBack(removed, restored)


imports.undone_by(ImportKind.LICENCE_ACTIVITY, _undo)
mappings.applies_to(ImportKind.LICENCE_ACTIVITY, ActivityRow)
