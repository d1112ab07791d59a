"""`/benchmark-returns`: the yearly return, version by version."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.benchmarking.catalogue.questions import CATALOGUE
from app.benchmarking.returns import service
from app.benchmarking.returns.models import BenchmarkReturn
from app.benchmarking.returns.schemas import (
    AnswersIn,
    ReturnHead,
    ReturnIn,
    ReturnOut,
    StepIn,
    head_out,
    return_out,
)
from app.core.bulk.sheets import CsvResponse, sheet
from app.core.etags import etag_of
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)

_RETURN: Final = "/{return_id}"
_COLUMNS: Final = (
    *("section", "question", "title", "unit", "value", "low", "high", "origin", "note"),
    *("source", "figures", "starts_on", "ends_on", "as_of", "people", "evidence_tier"),
    *("about", "snapshot_id"),
)


def _answer(row: BenchmarkReturn, response: Response) -> ReturnOut:
    response.headers["ETag"] = etag_of(row.id, row.revision)
    return return_out(row)


@router.post(
    "", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.BENCHMARK_WRITE)]
)
async def begin_benchmark_return(
    wanted: ReturnIn, response: Response, session: Session, principal: Caller
) -> ReturnOut:
    """Begin a year's return, filled in from what is recorded.

    Where the year's return was submitted already, this begins its next version with the same answers: an
    amendment. What was submitted stays.
    """
    row = await service.begin(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/benchmark-returns/{row.id}"
    return _answer(row, response)


@router.get("", dependencies=[requires(Scope.BENCHMARK_READ)])
async def list_benchmark_returns(
    session: Session,
    principal: Caller,
    page: PageRequest,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> Page[ReturnHead]:
    """Every version of every return, newest first."""
    rows, cursor = await service.page(session, principal, page, year)
    return Page(items=[head_out(row) for row in rows], next_cursor=cursor)


@router.get(_RETURN, dependencies=[requires(Scope.BENCHMARK_READ)])
async def get_benchmark_return(
    return_id: UUID, response: Response, session: Session, principal: Caller
) -> ReturnOut:
    """A version of a return, each answer with where it is from."""
    return _answer(await service.get(session, principal, return_id), response)


@router.get(
    f"{_RETURN}/rows", response_class=CsvResponse, dependencies=[requires(Scope.BENCHMARK_READ)]
)
async def get_benchmark_return_rows(
    return_id: UUID, session: Session, principal: Caller
) -> Response:
    """The same as CSV, a question a row; what is not answered is blank."""
    row = await service.get(session, principal, return_id)
    answers = return_out(row).model_dump(mode="json")["answers"]
    lines = [_line(question, answers.get(question.id)) for question in CATALOGUE]
    return sheet(f"benchmark-return-{row.year}-{row.version}", _COLUMNS, lines)


def _line(question: Any, answer: dict[str, Any] | None) -> dict[str, Any]:
    named = {"section": question.section.value, "question": question.id}
    named |= {"title": question.title, "unit": question.unit}
    if answer is None:
        return named
    provenance = answer["provenance"] or {}
    figures = " ".join(f"{slug}:{v}" for slug, v in provenance.get("figures", {}).items())
    about = " ".join(provenance.get("about", ()))
    return {**named, **provenance, **answer, "figures": figures, "about": about}


@router.patch(_RETURN, dependencies=[requires(Scope.BENCHMARK_WRITE)])
async def change_benchmark_return(
    return_id: UUID,
    changes: AnswersIn,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> ReturnOut:
    """Enter answers by hand. The version is a draft again, to be checked anew."""
    row = await service.change(session, principal, return_id, changes.answers, if_match)
    return _answer(row, response)


@router.post(f"{_RETURN}/fill-in", dependencies=[requires(Scope.BENCHMARK_WRITE)])
async def fill_in_benchmark_return(
    return_id: UUID, response: Response, session: Session, principal: Caller
) -> ReturnOut:
    """Take answers anew from what is recorded; those that were entered by hand stay."""
    return _answer(await service.fill_in(session, principal, return_id), response)


@router.post(f"{_RETURN}/steps", dependencies=[requires(Scope.BENCHMARK_WRITE)])
async def take_benchmark_return(
    return_id: UUID, wanted: StepIn, response: Response, session: Session, principal: Caller
) -> ReturnOut:
    """Check a version, or submit one that was checked. What is wrong is named answer by answer."""
    return _answer(await service.take(session, principal, return_id, wanted.to), response)
