"""The one table of routers: prefix, tag, router. What each route demands stands beside the route."""

from fastapi import APIRouter

from app.access.routes import router as api_keys
from app.audit_log.routes import router as audit_events
from app.imports.routes import router as import_batches
from app.licences.activity.routes import bulk_router as licence_activity_bulk
from app.metrics.adoption.routes import router as adoption
from app.metrics.routes import router as metrics
from app.organisations.routes import router as organisation
from app.people.routes import bulk_router as people_bulk
from app.people.routes import router as people
from app.pilots.routes import bulk_router as pilots_bulk
from app.pilots.routes import router as pilots

PREFIX = "/api/v1"

ROUTERS: tuple[tuple[str, str, APIRouter], ...] = (
    ("/organisation", "organisation", organisation),
    ("/people", "people", people_bulk),
    ("/people", "people", people),
    ("/pilots", "pilots", pilots_bulk),
    ("/pilots", "pilots", pilots),
    ("/licence-activity", "licences", licence_activity_bulk),
    ("/pilots", "figures", adoption),
    ("/metrics", "figures", metrics),
    ("/import-batches", "imports", import_batches),
    ("/api-keys", "access", api_keys),
    ("/audit-events", "audit", audit_events),
)


def api_router() -> APIRouter:
    """Everything below the prefix."""
    api = APIRouter(prefix=PREFIX)
    for prefix, tag, router in ROUTERS:
        api.include_router(router, prefix=prefix, tags=[tag])
    return api
