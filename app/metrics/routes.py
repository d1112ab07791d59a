"""`/metrics`: what every figure means."""

from fastapi import APIRouter

from app.access.routing import ApiRoute, authenticated
from app.core.pagination import MAX_LIMIT, Page
from app.metrics.registry import REGISTRY
from app.metrics.schemas import MetricOut

router = APIRouter(route_class=ApiRoute)


@router.get("", dependencies=[authenticated()])
async def list_metrics() -> Page[MetricOut]:
    """The definition of every figure, in one page."""
    items = [MetricOut.model_validate(metric) for metric in REGISTRY[:MAX_LIMIT]]
    return Page(items=items, next_cursor=None)
