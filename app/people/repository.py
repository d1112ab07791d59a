"""All SQL about people."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, exists, func, or_, update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns, within
from app.core.bulk import undo
from app.core.bulk.results import Outcome
from app.core.bulk.versions import WithHistory
from app.core.bulk.writer import UpsertTarget, upsert
from app.core.lookup import find_each
from app.core.models import in_parts, metadata
from app.core.pagination import PageQuery, paginate
from app.people.models import Person, PersonVersion
from app.people.schemas import Employment, PersonFilter

_KEPT = WithHistory(metadata.tables["person"], metadata.tables["person_version"])
_UPSERT = UpsertTarget(
    table=_KEPT.table,
    key=("organisation_id", "external_id"),
    compared=(
        "user_name",
        "display_name",
        "department",
        "team",
        "job_family",
        "fte",
        "started_on",
        "left_on",
    ),
    carried=("updated_at", "batch_id"),
    on_insert=("id", "created_at"),
    history=_KEPT.history,
)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery, wanted: PersonFilter
) -> tuple[list[Person], str | None]:
    statement = scoped(principal, Person)
    for name in ("external_id", "department", "team", "job_family"):
        value = getattr(wanted, name)
        if value is not None:
            statement = statement.where(getattr(Person, name) == value)
    if wanted.employed_on is not None:
        day = wanted.employed_on
        statement = statement.where(
            or_(col(Person.started_on).is_(None), col(Person.started_on) <= day),
            or_(col(Person.left_on).is_(None), col(Person.left_on) > day),
        )
    if wanted.name is not None:
        called = (Person.display_name, Person.user_name, Person.external_id)
        statement = statement.where(
            or_(*(col(each).icontains(wanted.name, autoescape=True) for each in called))
        )
    return await paginate(session, statement, col(Person.id), query)


async def find(
    session: AsyncSession, principal: Principal, person_id: UUID, *, for_update: bool = False
) -> Person | None:
    statement = scoped(principal, Person).where(col(Person.id) == person_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()


async def lock_each(
    session: AsyncSession, principal: Principal, person_ids: Collection[UUID]
) -> list[Person]:
    """These people, held in one order, so that two writers never wait for each other crosswise."""
    found: list[Person] = []
    for part in in_parts(sorted(person_ids)):
        statement = scoped(principal, Person).where(col(Person.id).in_(part))
        held = statement.order_by(col(Person.id)).with_for_update(key_share=True)
        found += (await session.exec(held)).all()
    return found


async def known_as(session: AsyncSession, principal: Principal, user_name: str) -> Sequence[Person]:
    statement = scoped(principal, Person).where(
        func.lower(Person.user_name) == func.lower(user_name)
    )
    return (await session.exec(statement.order_by(col(Person.id)).limit(2))).all()


async def named(
    session: AsyncSession, principal: Principal, names: Mapping[str, str]
) -> list[tuple[UUID, str, str | None]]:
    """Id, number and sign-in name of people who have one of these as number, or in lower case as sign-in name."""
    p = Person
    statement = scoped_columns(principal, p, col(p.id), col(p.external_id), col(p.user_name))
    found: list[tuple[UUID, str, str | None]] = []
    for part in in_parts(names):
        lower = [names[name] for name in part]
        meant = or_(func.lower(p.user_name).in_(lower), col(p.external_id).in_(part))
        found += [tuple(row) for row in await session.exec(statement.where(meant))]
    return found


_EMPLOYMENT = (col(Person.id), col(Person.started_on), col(Person.left_on))


async def by_external_id(
    session: AsyncSession, principal: Principal, external_ids: Collection[str]
) -> dict[str, Employment]:
    return await _employment(session, principal, col(Person.external_id), external_ids)


async def by_id(
    session: AsyncSession, principal: Principal, person_ids: Collection[UUID]
) -> dict[UUID, Employment]:
    return await _employment(session, principal, col(Person.id), person_ids)


async def _employment(
    session: AsyncSession, principal: Principal, column: Any, values: Collection[Any]
) -> dict[Any, Employment]:
    statement = scoped_columns(principal, Person, column.label("named"), *_EMPLOYMENT)
    rows = await find_each(session, statement, [column], [(value,) for value in values])
    return {row[0]: Employment(*row[1:]) for row in rows}


async def upsert_people(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> list[Outcome]:
    return await upsert(session, _UPSERT, rows)


def keep(session: AsyncSession, person: Person) -> None:
    """Keep what an import brought of a person who is about to be changed otherwise: it is not its any more."""
    if person.batch_id is None:
        return
    names = (*_KEPT.put_back, "organisation_id", "id", "revision")
    session.add(PersonVersion(**{name: getattr(person, name) for name in names}))
    person.batch_id = None


async def hold_brought(session: AsyncSession, principal: Principal, batch_id: UUID) -> None:
    """Hold whom a batch was the last to bring, in one order."""
    statement = scoped_columns(principal, Person, col(Person.id)).where(
        col(Person.batch_id) == batch_id
    )
    await session.exec(statement.order_by(col(Person.id)).with_for_update())


async def changed_since(session: AsyncSession, principal: Principal, batch_id: UUID) -> list[UUID]:
    """Whom a batch brought and something else has changed since; from then on it is nobody's earlier state."""
    p, v = Person, PersonVersion
    holds_still = scoped_columns(principal, p, col(p.id)).where(
        col(p.id) == col(v.id), col(p.batch_id) == batch_id
    )
    statement = scoped_columns(principal, v, col(v.id)).where(
        col(v.batch_id) == batch_id, ~exists(holds_still.correlate(v))
    )
    rows = await session.exec(statement.distinct().order_by(col(v.id)))
    found = [row[0] for row in rows]
    await undo.forget_replaced(session, _KEPT, (principal.organisation_id, batch_id))
    return found


async def keep_those_in_use(
    session: AsyncSession, principal: Principal, batch_id: UUID
) -> list[UUID]:
    """Take from a batch whom it added and of whom there is something else by now; returns who they are."""
    p, v = Person, PersonVersion
    before = scoped_columns(principal, v, col(v.id)).where(col(v.id) == col(p.id)).correlate(p)
    added = scoped_columns(principal, p, col(p.id)).where(
        col(p.batch_id) == batch_id, ~exists(before)
    )
    used: set[UUID] = set()
    for column in _naming_people():
        ours = column.table.c.organisation_id == principal.organisation_id
        rows = await session.exec(select(column).where(ours, column.in_(added)).distinct())
        used |= set(rows)
    for part in in_parts(used):
        statement = update(p).where(*within(principal, p), col(p.id).in_(part))
        await session.exec(statement.values(batch_id=None))
    return sorted(used)


def _naming_people() -> list[Column[Any]]:
    """The columns of other tables that hold people."""
    own = {_KEPT.table.name, _KEPT.history.name}
    tables = [table for table in metadata.sorted_tables if table.name not in own]
    return [column for table in tables for column in table.c if column.name.endswith("person_id")]


async def take_back(
    session: AsyncSession, principal: Principal, batch_id: UUID, now: datetime
) -> tuple[int, int]:
    """Make people what they were without a batch; returns how many were removed and restored."""
    return await undo.take_back(session, _KEPT, (principal.organisation_id, batch_id), now)
