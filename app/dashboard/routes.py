"""The one table of pages. What each page shows is what the API answers to the same reader."""

from fastapi import APIRouter, FastAPI

from app.dashboard.assets import router as assets
from app.dashboard.figures.routes import router as figures
from app.dashboard.home.routes import router as home
from app.dashboard.licences.routes import form_router as reclaim_decisions
from app.dashboard.licences.routes import recorded_router as reclaim_candidates
from app.dashboard.licences.routes import router as licences
from app.dashboard.pilots.routes import router as pilots
from app.dashboard.sign_in.routes import router as sign_in

ROUTERS: tuple[APIRouter, ...] = (
    assets,
    sign_in,
    home,
    figures,
    pilots,
    licences,
    reclaim_candidates,
    reclaim_decisions,
)


def include_dashboard(app: FastAPI) -> None:
    """Every page, outside the description of the API."""
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
