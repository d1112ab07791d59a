"""All SQL about retention: the schedule, what is due, and its deletion."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, tuple_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core.models import metadata, new_id
from app.pilots.models import Pilot
from app.privacy.legal_holds.models import HoldOn
from app.privacy.retention.models import RetentionSchedule
from app.privacy.retention.rules import OVER, Rule


async def schedule(
    session: AsyncSession, principal: Principal, *, for_update: bool = False
) -> RetentionSchedule | None:
    statement = scoped(principal, RetentionSchedule)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def under_way_since(session: AsyncSession, principal: Principal) -> date | None:
    """The first day that a pilot which is not over goes by; None where all are over."""
    first = func.min(func.coalesce(col(Pilot.baseline_starts_on), col(Pilot.starts_on)))
    statement = scoped_columns(principal, Pilot, first).where(col(Pilot.status).not_in(OVER))
    found: date | str | None = (await session.exec(statement)).one()[0]
    return date.fromisoformat(found) if isinstance(found, str) else found


def _held(principal: Principal, rule: Rule) -> ColumnElement[bool]:
    """Which rows of a table are under a legal hold."""
    table, hold = rule.table, metadata.tables["legal_hold"]
    member = metadata.tables["pilot_member"]
    in_force = and_(
        hold.c.organisation_id == principal.organisation_id, hold.c.released_at.is_(None)
    )
    pilots = select(hold.c.pilot_id).where(in_force, hold.c.hold_on == HoldOn.PILOT)
    people = select(hold.c.person_id).where(in_force, hold.c.hold_on == HoldOn.PERSON)
    everything = select(hold.c.id).where(in_force, hold.c.hold_on == HoldOn.ORGANISATION).exists()
    conditions: list[ColumnElement[bool]] = [everything]
    if "pilot_id" in table.c:
        conditions.append(table.c.pilot_id.in_(pilots))
    who = table.c.id if table.name == "person" else table.c.get("person_id")
    if who is not None:
        members = select(member.c.person_id).where(
            member.c.organisation_id == principal.organisation_id, member.c.pilot_id.in_(pilots)
        )
        # An answer of nobody known is under no person's hold.
        held = or_(who.in_(people), who.in_(members))
        conditions.append(and_(who.is_not(None), held))
    return or_(*conditions)


def _due(principal: Principal, rule: Rule, cut: date, *, held: bool) -> ColumnElement[bool]:
    on_hold = _held(principal, rule)
    ours = rule.table.c.organisation_id == principal.organisation_id
    return and_(ours, rule.due(rule.table, cut), on_hold if held else ~on_hold)


async def count(
    session: AsyncSession, principal: Principal, rule: Rule, cut: date, *, held: bool
) -> int:
    """How many rows of a table are due, free or under a hold."""
    statement = select(func.count()).select_from(rule.table)
    found = await (await session.connection()).execute(
        statement.where(_due(principal, rule, cut, held=held))
    )
    return int(found.scalar_one())


def _oldest(principal: Principal, rule: Rule, cut: date, most: int, *columns: Any) -> Any:
    order = (rule.table.c[rule.oldest], *rule.table.primary_key)
    due = _due(principal, rule, cut, held=False)
    return select(*columns).where(due).order_by(*order).limit(most)


async def delete_oldest(
    session: AsyncSession, principal: Principal, rule: Rule, cut: date, most: int
) -> int:
    """Delete the oldest rows that are due, `most` at most; returns how many."""
    table, key = rule.table, list(rule.table.primary_key)
    chosen = _oldest(principal, rule, cut, most, *key)
    statement = delete(table).where(
        table.c.organisation_id == principal.organisation_id, tuple_(*key).in_(chosen)
    )
    connection = await session.connection()
    if table.name != "time_sample":
        return (await connection.execute(statement)).rowcount
    gone = await connection.execute(statement.returning(table.c.pilot_id, table.c.started_at))
    return await _mark(session, principal, [(row[0], row[1]) for row in gone])


async def _mark(
    session: AsyncSession, principal: Principal, gone: Sequence[tuple[UUID, datetime]]
) -> int:
    """Have the days of these samples added up anew."""
    zone, mark_id = principal.organisation.zone, new_id()
    local = ZoneInfo(zone)
    days = {(pilot_id, began.astimezone(local).date()) for pilot_id, began in gone}
    rows = [
        {
            "organisation_id": principal.organisation_id,
            "pilot_id": pilot_id,
            "local_day": day,
            "mark_id": mark_id,
            "zone": zone,
        }
        for pilot_id, day in sorted(days)
    ]
    if rows:
        marks = insert(metadata.tables["time_use_day_mark"])
        await (await session.connection()).execute(marks, rows)
    return len(gone)


async def oldest_people(
    session: AsyncSession, principal: Principal, rule: Rule, cut: date, most: int
) -> list[UUID]:
    """Whose time has come."""
    statement = _oldest(principal, rule, cut, most, rule.table.c.id)
    return [row[0] for row in await (await session.connection()).execute(statement)]
