"""All SQL that goes by the register: the rows of a person, whatever table they are in."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Text, and_, cast, func, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.models import metadata
from app.privacy.register.holdings import Holding, Link
from app.privacy.register.service import HOLDINGS


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody, as every table may know them."""

    person_id: UUID
    numbers: frozenset[str]


def table_of(holding: Holding) -> Table:
    return metadata.tables[holding.table]


def ours(principal: Principal, table: Table) -> ColumnElement[bool]:
    """The tenancy of every statement here: no principal of a part of an organisation comes this far."""
    return table.c.organisation_id == principal.organisation_id


def rows_of(principal: Principal, holding: Holding, subject: Subject) -> ColumnElement[bool]:
    """Which rows of a table are somebody's."""
    table, link = table_of(holding), _link(holding)
    column = table.c[link.column]
    if link.through is not None:
        leads = HOLDINGS[link.through]
        between = table_of(leads)
        ids = select(between.c[link.key]).where(rows_of(principal, leads, subject))
        return and_(ours(principal, table), column.in_(ids))
    if link.by == "external_id":
        return and_(ours(principal, table), column.in_(subject.numbers))
    return and_(ours(principal, table), column == subject.person_id)


def _link(holding: Holding) -> Link:
    if holding.link is None:
        raise LookupError(f"{holding.table} holds nobody")
    return holding.link


async def count(
    session: AsyncSession, principal: Principal, holding: Holding, subject: Subject
) -> int:
    """How many rows of a table are somebody's."""
    statement = select(func.count()).select_from(table_of(holding))
    found = await (await session.connection()).execute(
        statement.where(rows_of(principal, holding, subject))
    )
    return int(found.scalar_one())


async def rows(
    session: AsyncSession, principal: Principal, holding: Holding, subject: Subject
) -> Sequence[dict[str, Any]]:
    """The rows of a table that are somebody's, in the order of its key."""
    table = table_of(holding)
    statement = select(table).where(rows_of(principal, holding, subject))
    found = await (await session.connection()).execute(statement.order_by(*table.primary_key))
    return [dict(row) for row in found.mappings()]


async def mentioning(
    session: AsyncSession, principal: Principal, holding: Holding, values: Sequence[str]
) -> Sequence[dict[str, Any]]:
    """Key, prose and seal of the rows in whose prose, JSON too, one of these values may stand, in capitals or not."""
    if not values:
        return []
    table = table_of(holding)
    also = (holding.sealed_since,) if holding.sealed_since is not None else ()
    columns = [*table.primary_key, *(table.c[name] for name in (*holding.prose, *also))]
    told = [
        cast(table.c[name], Text).icontains(spelt, autoescape=True)
        for name in holding.prose
        for value in values
        for spelt in {value, json.dumps(value)[1:-1]}
    ]
    statement = select(*columns).where(ours(principal, table), or_(*told))
    found = await (await session.connection()).execute(statement)
    return [dict(row) for row in found.mappings()]
