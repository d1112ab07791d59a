"""What surrounds every request: an id, one log line, figures for Prometheus, and safe headers."""

import re
import time
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.routing import iter_route_contexts
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Histogram
from prometheus_client import generate_latest as render_metrics
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core import problems
from app.core.database import Database
from app.core.logging import request_id
from app.core.models import new_id

REQUEST_ID_HEADER = "X-Request-ID"
SIMULATED_HEADER = "Pilotlight-Simulated"
_REQUEST_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")

# Answers hold figures and personal data: no cache may keep them, no page may frame or sniff them.
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    # Under no-referrer browsers send our own forms with `Origin: null`.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}

_log = structlog.get_logger("pilotlight.request")


class HttpMetrics:
    """Request figures of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "pilotlight_http_requests_total",
            "Requests by method, route and status.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self.seconds = Histogram(
            "pilotlight_http_request_seconds",
            "Time to answer, by method and route.",
            ("method", "route"),
            registry=self.registry,
        )

    def router(self, *more: Callable[[Database], Awaitable[bytes]]) -> APIRouter:
        """`/internal/metrics`, for the collector on the private network; `more` of it from the database."""
        router = APIRouter()

        @router.get("/internal/metrics", include_in_schema=False)
        async def prometheus_metrics(request: Request) -> Response:
            database: Database = request.app.state.database
            shown = render_metrics(self.registry)
            for figures in more:
                shown += await figures(database)
            return Response(shown, media_type=CONTENT_TYPE_LATEST)

        return router


class RequestContext:
    """ASGI middleware; the outermost, so that every answer has an id, a log line and its headers."""

    def __init__(self, app: ASGIApp, metrics: HttpMetrics) -> None:
        self._app = app
        self._metrics = metrics
        self._routes: dict[Any, str] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Request(scope).headers.get(REQUEST_ID_HEADER, "")
        identity = given if _REQUEST_ID.match(given) else str(new_id())
        token = request_id.set(identity)
        structlog.contextvars.bind_contextvars(request_id=identity)
        status, answering = 500, False
        started = time.perf_counter()

        async def send_with_headers(message: Message) -> None:
            nonlocal status, answering
            if message["type"] == "http.response.start":
                status, answering = message["status"], True
                headers = MutableHeaders(scope=message)
                headers[REQUEST_ID_HEADER] = identity
                if scope.get("state", {}).get("simulated"):
                    headers[SIMULATED_HEADER] = "true"
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if answering:
                raise
            await problems.of_defect(error)(scope, receive, send_with_headers)
        finally:
            self._finish(scope, status, time.perf_counter() - started)
            structlog.contextvars.unbind_contextvars("request_id")
            request_id.reset(token)

    def _finish(self, scope: Scope, status: int, seconds: float) -> None:
        if self._routes is None and "app" in scope:
            self._routes = _templates(scope["app"])
        # The template, so that ids neither reach the log nor multiply the series.
        route = (self._routes or {}).get(scope.get("endpoint"), "none")
        method = scope["method"] if route != "none" else "ANY"
        self._metrics.requests.labels(method, route, str(status)).inc()
        self._metrics.seconds.labels(method, route).observe(seconds)
        _log.info(
            "request",
            method=method,
            route=route,
            status=status,
            milliseconds=round(seconds * 1000, 1),
        )


def _templates(app: Any) -> dict[Any, str]:
    """The address of each endpoint, as it is declared."""
    return {
        context.endpoint: context.path_format or "/"
        for context in iter_route_contexts(app.routes)
        if context.endpoint is not None
    }
