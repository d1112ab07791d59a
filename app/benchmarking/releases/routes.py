"""`/benchmark-releases` and `/benchmark-comparison`: what was released to the organisation."""

from collections.abc import Iterator
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.benchmarking.releases import service
from app.benchmarking.releases.schemas import (
    ComparisonOut,
    ReleaseHead,
    comparison_out,
    head_out,
)
from app.core.bulk.sheets import CsvResponse, sheet
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)
comparison_router = APIRouter(route_class=ApiRoute)

_COLUMNS: Final = (
    *("year", "section", "question", "title", "unit", "family", "group", "is_own", "suppressed"),
    *("organisations", "lower_quartile", "median", "upper_quartile"),
    *("interval_low", "interval_high", "own_value", "own_low", "own_high"),
    *("quarter", "better_quarter", "release_id"),
)

OfYear = Annotated[int | None, Query(ge=2000, le=2100, description="By default the newest.")]
OfRelease = Annotated[UUID | None, Query(description="By default the newest of the year.")]


@router.get("", dependencies=[requires(Scope.BENCHMARK_READ)])
async def list_benchmark_releases(
    session: Session, principal: Caller, page: PageRequest
) -> Page[ReleaseHead]:
    """The releases that the organisation's returns went into, newest first."""
    rows, cursor = await service.page(session, principal, page)
    return Page(items=[head_out(row) for row in rows], next_cursor=cursor)


@comparison_router.get("", dependencies=[requires(Scope.BENCHMARK_READ)])
async def get_benchmark_comparison(
    session: Session, principal: Caller, year: OfYear = None, release_id: OfRelease = None
) -> ComparisonOut:
    """Each question's quartiles by group, and where the organisation's own answer lies.

    A release never changes. It is given to those whose return went into it; before there is one, it is
    null.
    """
    return comparison_out(await service.comparison(session, principal, year, release_id))


@comparison_router.get(
    "/rows", response_class=CsvResponse, dependencies=[requires(Scope.BENCHMARK_READ)]
)
async def get_benchmark_comparison_rows(
    session: Session, principal: Caller, year: OfYear = None, release_id: OfRelease = None
) -> Response:
    """The same as CSV, a question and group a row."""
    found = await service.comparison(session, principal, year, release_id)
    rows = _rows(comparison_out(found).model_dump(mode="json"))
    return sheet("benchmark-comparison", _COLUMNS, rows)


def _rows(comparison: dict[str, Any]) -> Iterator[dict[str, Any]]:
    year = comparison["release"] and comparison["release"]["year"]
    for question in comparison["questions"]:
        for group in question["groups"]:
            own, interval = group["own"] or {}, group["interval"] or {}
            yield {
                **question,
                **group,
                "year": year,
                **{f"own_{name}": value for name, value in own.items()},
                **{f"interval_{name}": value for name, value in interval.items()},
            }
