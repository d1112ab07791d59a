"""The application: everything put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response, status
from fastapi.openapi.utils import get_openapi
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute

from app import __version__
from app.access.identity.outgoing import Outgoing
from app.access.identity.providers import Identity, check_roles
from app.access.sign_in.routes import router as sign_in
from app.api import PREFIX, include_api
from app.audit_log.seals.figures import figures as seal_figures
from app.core import probes, problems
from app.core.bulk.descriptions import row_components
from app.core.database import Database
from app.core.http import HttpMetrics, RequestContext
from app.core.logging import configure_logging
from app.core.schema import Schema
from app.core.settings import Settings
from app.dashboard import trouble
from app.dashboard.navigation import HOME
from app.dashboard.routes import include_dashboard
from app.integrations.webhooks.figures import figures as webhook_figures
from app.jobs.figures import figures as job_figures
from app.scheduler import scheduled

DESCRIPTION = (
    "Pilot tracking for AI trials in the public sector. Every figure comes with its definition version, "
    "window, numerator, denominator, number of people, interval, evidence tier and suppression state."
)

_PROBLEM_ANSWER: dict[int | str, dict[str, Any]] = {
    "default": {
        "description": "A problem (RFC 9457); `code` is stable.",
        "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}


class ServiceOut(BaseModel):
    """What answers here."""

    service: str
    version: str
    api: str
    openapi: str
    simulated: bool


def create_app(settings: Settings, *, with_scheduler: bool = False) -> FastAPI:
    """The ASGI application.

    Args:
        settings: how it runs.
        with_scheduler: run the jobs in this process as well.

    Raises:
        ConfigurationError: the settings are not fit to serve with.
    """
    settings.require_secrets()
    settings.require_safe_sign_in()
    check_roles(settings)
    configure_logging(settings)
    metrics = HttpMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.database = Database(settings)
        app.state.settings = settings
        app.state.schema = Schema()
        app.state.identity = Identity(settings, Outgoing())
        try:
            if with_scheduler:
                async with scheduled(app.state.database):
                    yield
            else:
                yield
        finally:
            await app.state.identity.close()
            await app.state.database.close()

    app = FastAPI(
        title="Pilotlight",
        version=__version__,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # both load scripts from a foreign host
        redoc_url=None,
        openapi_url=f"{PREFIX}/openapi.json",
        redirect_slashes=False,
        responses=_PROBLEM_ANSWER,
        generate_unique_id_function=_operation_id,
    )
    problems.install(app, trouble.shown)
    app.include_router(_front_page(settings))
    app.include_router(metrics.router(job_figures, webhook_figures, seal_figures))
    app.router.routes.extend(_routes())
    app.add_middleware(RequestContext, metrics=metrics)
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # the documented way to extend it
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """What does not depend on settings: made once a process, for FastAPI takes a quarter of a second over it."""
    served = FastAPI(
        openapi_url=None, responses=_PROBLEM_ANSWER, generate_unique_id_function=_operation_id
    )
    served.include_router(probes.router)
    served.include_router(sign_in)
    include_api(served)
    include_dashboard(served)
    return tuple(served.routes)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _front_page(settings: Settings) -> APIRouter:
    router = APIRouter()

    @router.get("/", include_in_schema=False, response_model=ServiceOut)
    async def front_page(request: Request, response: Response) -> ServiceOut | Response:
        if trouble.is_read_by_people(request):
            return RedirectResponse(HOME, status.HTTP_303_SEE_OTHER, {"Vary": "Accept"})
        response.headers["Vary"] = "Accept"
        return ServiceOut(
            service="Pilotlight",
            version=__version__,
            api=PREFIX,
            openapi=f"{PREFIX}/openapi.json",
            simulated=settings.environment == "demo",
        )

    return router


def _openapi(app: FastAPI) -> dict[str, Any]:
    """The specification, with the shape of problems in it."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        )
        for path in schema["paths"].values():
            for operation in path.values():
                for parameter in operation.get("parameters", ()):
                    parameter["schema"] = _without_null(parameter["schema"])
        problem = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        definitions = problem.pop("$defs", {})
        # An enum that rows and other bodies share is described once, as pydantic has it.
        known = schema["components"]["schemas"]
        known |= {"Problem": problem, **definitions}
        schema["components"]["schemas"] = dict(sorted((row_components() | known).items()))
        app.openapi_schema = schema
    return app.openapi_schema


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter is text or left out, never null, whatever its type in Python says."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**kinds[0], **{name: value for name, value in schema.items() if name != "anyOf"}}
