"""`/benchmark-catalogue`: what the yearly return asks."""

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import ApiRoute, requires
from app.benchmarking.catalogue.schemas import CatalogueOut, QuestionOut, catalogue_out
from app.benchmarking.returns.tracked import SOURCES
from app.core.bulk.sheets import CsvResponse, sheet

router = APIRouter(route_class=ApiRoute)

_TRACKED = frozenset(SOURCES)


@router.get("", dependencies=[requires(Scope.BENCHMARK_READ)])
async def get_benchmark_catalogue() -> CatalogueOut:
    """Every question, with its definition, and whether it can be filled in from what is recorded."""
    return catalogue_out(_TRACKED)


@router.get("/rows", response_class=CsvResponse, dependencies=[requires(Scope.BENCHMARK_READ)])
async def get_benchmark_catalogue_rows() -> Response:
    """The same as CSV, a question a row."""
    questions = catalogue_out(_TRACKED).model_dump(mode="json")["questions"]
    return sheet("benchmark-catalogue", tuple(QuestionOut.model_fields), questions)
