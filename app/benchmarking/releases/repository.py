"""All SQL about releases: they are added and read, and nothing else."""

from typing import Any
from uuid import UUID

from sqlalchemy.orm import load_only
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.access.scoping import scoped
from app.benchmarking.releases.models import BenchmarkRelease
from app.core.pagination import PageQuery, paginate

_R = BenchmarkRelease
_HEAD: Any = (
    *(_R.organisation_id, _R.id, _R.release_id, _R.year, _R.made_at, _R.rule_version),
    *(_R.catalogue_version, _R.return_id, _R.kind, _R.size),
)


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[BenchmarkRelease], str | None]:
    """The organisation's releases, newest first, without what they hold."""
    statement = scoped(principal, _R).options(load_only(*_HEAD, raiseload=True))
    return await paginate(session, statement, col(_R.id), query, newest_first=True)


async def newest(
    session: AsyncSession, principal: Principal, year: int | None, release_id: UUID | None
) -> BenchmarkRelease | None:
    """The newest of the newest year, of a year, or the one of an id."""
    statement = scoped(principal, _R).order_by(col(_R.year).desc(), col(_R.id).desc()).limit(1)
    if year is not None:
        statement = statement.where(col(_R.year) == year)
    if release_id is not None:
        statement = statement.where(col(_R.release_id) == release_id)
    return (await session.exec(statement)).one_or_none()


async def every(session: AsyncSession, principal: Principal) -> list[BenchmarkRelease]:
    """All of the organisation's releases, oldest first."""
    statement = scoped(principal, _R).order_by(col(_R.id))
    return list((await session.exec(statement)).all())
