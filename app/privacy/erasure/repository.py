"""All SQL of an erasure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    String,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped, scoped_columns
from app.core import clock
from app.core.idempotency import IdempotencyKey
from app.core.models import metadata
from app.core.pagination import PageQuery, paginate
from app.integrations.scim.users.models import DirectoryUser
from app.people.models import Person
from app.pilots.models import Pilot, PilotMember
from app.privacy.erasure.models import Erasure
from app.privacy.erasure.naming import ERASED, as_answered
from app.privacy.register.holdings import Holding, Treatment
from app.privacy.register.repository import Subject, ours, rows_of, table_of

_GONE: Final = b'{"type":"urn:pilotlight:problem:answer_erased","title":"Gone","status":410,"detail":"The answer was erased with the person that it told of.","code":"answer_erased","errors":[]}'
_GONE_HEADERS: Final = {"content-type": "application/problem+json"}
GROUPS: Final = ("department", "team", "job_family")


async def directory_user(
    session: AsyncSession, principal: Principal, person_id: UUID
) -> DirectoryUser | None:
    statement = scoped(principal, DirectoryUser).where(col(DirectoryUser.person_id) == person_id)
    return (await session.exec(statement)).one_or_none()


async def memberships(
    session: AsyncSession, principal: Principal, person_id: UUID
) -> list[tuple[PilotMember, Pilot]]:
    """In which pilots somebody takes part."""
    m = PilotMember
    joined = and_(
        col(Pilot.organisation_id) == col(m.organisation_id), col(Pilot.id) == col(m.pilot_id)
    )
    statement = scoped_columns(principal, m, m, Pilot).join(Pilot, joined)
    rows = await session.exec(statement.where(col(m.person_id) == person_id))
    return [(row[0], row[1]) for row in rows]


async def others_in(
    session: AsyncSession, principal: Principal, person_id: UUID, group: Mapping[str, str]
) -> int:
    """How many others share all of these attributes."""
    statement = scoped_columns(principal, Person, func.count()).where(
        col(Person.id) != person_id,
        *(getattr(Person, name) == value for name, value in group.items()),
    )
    return int((await session.exec(statement)).one()[0])


async def treat(
    session: AsyncSession,
    principal: Principal,
    holding: Holding,
    subject: Subject,
    pseudonym: UUID,
) -> None:
    """Do to somebody's rows of a table what the register says."""
    table = table_of(holding)
    where = rows_of(principal, holding, subject)
    connection = await session.connection()
    if holding.erased is Treatment.DELETED:
        await connection.execute(delete(table).where(where))
        return
    values: dict[str, Any] = {
        name: None if table.c[name].nullable else ERASED for name in holding.empties
    }
    values |= {name: _random(connection.dialect.name) for name in holding.renames}
    if holding.erased is Treatment.PSEUDONYMISED and holding.link is not None:
        values[holding.link.column] = pseudonym
    if holding.table == "account":
        values["is_blocked"] = True
    if holding.table == "api_key":
        values["revoked_at"] = func.coalesce(
            table.c.revoked_at, literal(clock.now(), table.c.revoked_at.type)
        )
    await connection.execute(update(table).where(where).values(values))


def _random(dialect: str) -> ColumnElement[str]:
    """32 random digits, others for every row."""
    if dialect == "sqlite":
        return func.lower(func.hex(func.randomblob(16)))
    return func.replace(cast(func.gen_random_uuid(), String), "-", "")


async def forget_prompts_ahead(
    session: AsyncSession, principal: Principal, person_id: UUID
) -> None:
    """Nobody asks a pseudonym what it is doing."""
    table = metadata.tables["time_prompt"]
    later = and_(table.c.person_id == person_id, table.c.prompt_at > clock.now())
    await (await session.connection()).execute(delete(table).where(ours(principal, table), later))


async def add(session: AsyncSession, table: str, values: Mapping[str, Any]) -> None:
    await (await session.connection()).execute(insert(metadata.tables[table]).values(**values))


async def remove_person(session: AsyncSession, principal: Principal, person_id: UUID) -> None:
    table = metadata.tables["person"]
    where = (ours(principal, table), table.c.id == person_id)
    await (await session.connection()).execute(delete(table).where(*where))


async def rewrite(
    session: AsyncSession,
    principal: Principal,
    holding: Holding,
    row: Mapping[str, Any],
    texts: Mapping[str, Any],
) -> None:
    """Put other texts into one row's prose."""
    table = table_of(holding)
    same = [key == row[key.name] for key in table.primary_key]
    statement = update(table).where(ours(principal, table), *same).values(**texts)
    await (await session.connection()).execute(statement)


def _answers(session: AsyncSession, principal: Principal, values: Collection[str]) -> Any:
    """Which stored answers hold one of these values."""
    table = metadata.tables["idempotency_key"]
    spelt = sorted(as_answered(values))
    if session.get_bind().dialect.name == "sqlite":
        inside = [func.instr(table.c.body, each) > 0 for each in spelt]
    else:
        inside = [func.position(literal(each).op("IN")(table.c.body)) > 0 for each in spelt]
    headers = cast(table.c.headers, String)
    told = [headers.contains(value, autoescape=True) for value in values]
    return and_(ours(principal, table), or_(*inside, *told))


async def count_answers(
    session: AsyncSession, principal: Principal, values: Collection[str]
) -> int:
    """How many stored answers to requests hold one of these values."""
    where = _answers(session, principal, values)
    statement = select(func.count()).select_from(metadata.tables["idempotency_key"]).where(where)
    return int((await (await session.connection()).execute(statement)).scalar_one())


async def forget_answers(
    session: AsyncSession, principal: Principal, values: Collection[str]
) -> int:
    """Replace stored answers that hold one of these values: their keys stay, so that no request is done twice."""
    table = metadata.tables[str(IdempotencyKey.__tablename__)]
    gone = {"body": _GONE, "headers": _GONE_HEADERS, "status_code": 410}
    statement = update(table).where(_answers(session, principal, values)).values(gone)
    return (await (await session.connection()).execute(statement)).rowcount


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[Sequence[Erasure], str | None]:
    return await paginate(
        session, scoped(principal, Erasure), col(Erasure.id), query, newest_first=True
    )


async def find(
    session: AsyncSession, principal: Principal, erasure_id: UUID, *, for_update: bool = False
) -> Erasure | None:
    statement = scoped(principal, Erasure).where(col(Erasure.id) == erasure_id)
    if for_update:
        statement = statement.with_for_update()
    return (await session.exec(statement)).one_or_none()
