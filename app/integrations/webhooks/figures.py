"""Figures about webhooks for Prometheus, over all organisations."""

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import generate_latest as render
from sqlalchemy.exc import DBAPIError

from app.core import clock
from app.core.database import Database
from app.core.errors import ProblemError
from app.events import service as events
from app.integrations.webhooks import service


async def figures(database: Database) -> bytes:
    """The figures as Prometheus reads them; none while the database cannot be asked."""
    try:
        async with database.transaction(read_only=True) as session:
            waiting = await events.waiting_count(session)
            pending, oldest, failures = await service.standing(session)
    except (ProblemError, DBAPIError):
        return b""
    registry = CollectorRegistry()

    def show(name: str, text: str, value: float) -> None:
        Gauge(f"pilotlight_{name}", text, registry=registry).set(value)

    age = (clock.now() - oldest).total_seconds() if oldest is not None else 0.0
    show("events_unnumbered", "Events that the dispatcher has not met yet.", waiting)
    show("webhook_pending", "Deliveries to enabled endpoints that are to be made.", pending)
    show("webhook_oldest_pending_seconds", "For how long the oldest of them has waited.", age)
    show("webhook_failures", "Attempts that failed, over the endpoints there are.", failures)
    return render(registry)
