"""A release as the organisation reads it: its own copy, and where it stands itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.benchmarking.releases import repository
from app.benchmarking.releases.models import BenchmarkRelease
from app.core.pagination import PageQuery

Own = Mapping[str, Mapping[str, list[float | None]]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A release, and the organisation's own part of each release by the release's id."""

    release: BenchmarkRelease
    own: Mapping[str, Own]

    def own_answer(self, cell: Mapping[str, Any]) -> list[float | None] | None:
        """What the organisation answered in a cell; None where it is not in it."""
        of_question = self.own.get(cell["release_id"], {}).get(cell["question"], {})
        return of_question.get(f"{cell['family']}:{cell['group']}")


async def page(
    session: AsyncSession, principal: Principal, query: PageQuery
) -> tuple[list[BenchmarkRelease], str | None]:
    """The releases that the organisation's returns went into, newest first."""
    return await repository.page(session, principal, query)


async def comparison(
    session: AsyncSession, principal: Principal, year: int | None, release_id: UUID | None
) -> Comparison | None:
    """A release: by default the newest of the newest year; None where there is none."""
    release = await repository.newest(session, principal, year, release_id)
    if release is None:
        return None
    every = await repository.every(session, principal)
    return Comparison(release, {str(each.release_id): each.own for each in every})


def quarter_of(value: float, lower: float, median: float, upper: float) -> int | None:
    """In which quarter of a cell a value lies, the lowest values first; None where most are alike."""
    if lower == upper == value:
        return None
    return 1 + sum(value > each for each in (lower, median, upper))
