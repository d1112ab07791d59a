"""Structured logs, one line an event, each with the request that it belongs to.

Nothing that a client submitted is logged: no bodies, no query strings, no paths with ids, no secrets.
"""

import logging
import sys
from contextvars import ContextVar
from typing import Any

import asyncpg
import sqlalchemy.exc
import structlog

from app.core.settings import Settings

# Below a warning these tell of every step, some with the values of statements and addresses.
_TALKATIVE = ("aiosqlite", "alembic", "apscheduler", "asyncio", "httpcore", "httpx", "sqlalchemy")

# Without the values of local variables, among which are keys and what people sent.
_transform = structlog.tracebacks.ExceptionDictTransformer(show_locals=False, max_frames=30)


def _trace(exc_info: structlog.typing.ExcInfo) -> list[dict[str, Any]]:
    """A trace without what a database says of a row: it quotes it."""
    trace = _transform(exc_info)
    for step in trace:
        kind = step["exc_type"]
        if hasattr(sqlalchemy.exc, kind) or hasattr(asyncpg.exceptions, kind):
            step["exc_value"] = "(left out)"
    return trace


_TRACES = structlog.processors.ExceptionRenderer(_trace)

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def configure_logging(settings: Settings) -> None:
    """Send our logs and those of the libraries through one renderer, to standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [_TRACES, structlog.processors.JSONRenderer()]
        if settings.log_format == "json"
        else [
            structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.log_level.upper())
    for name in ("uvicorn", "uvicorn.error", "apscheduler"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True
    # Our own line per request names the route, never the path with its ids.
    logging.getLogger("uvicorn.access").disabled = True
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
