"""`/metrics`: what every figure means."""

from fastapi import APIRouter

from app.access.routing import ApiRoute, authenticated
from app.core.pagination import Page, PageRequest, page_of
from app.metrics.registry import REGISTRY
from app.metrics.schemas import MetricOut

router = APIRouter(route_class=ApiRoute)


@router.get("", dependencies=[authenticated()])
async def list_metrics(page: PageRequest) -> Page[MetricOut]:
    """The definition of every figure."""
    metrics, cursor = page_of(REGISTRY, page)
    items = [MetricOut.model_validate(metric) for metric in metrics]
    return Page(items=items, next_cursor=cursor)
