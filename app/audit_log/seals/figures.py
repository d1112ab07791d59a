"""Figures about sealing for Prometheus, over all organisations."""

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client import generate_latest as render
from sqlalchemy.exc import DBAPIError

from app.audit_log.seals import repository
from app.audit_log.seals.service import made_at
from app.core import clock
from app.core.database import Database
from app.core.errors import ProblemError


async def figures(database: Database) -> bytes:
    """The figures as Prometheus reads them; none while the database cannot be asked."""
    try:
        async with database.transaction(read_only=True) as session:
            unsealed, first = await repository.tail(session)
            unwritten = await repository.unwritten_count(session)
    except (ProblemError, DBAPIError):
        return b""
    registry = CollectorRegistry()

    def show(name: str, text: str, value: float) -> None:
        Gauge(f"pilotlight_audit_{name}", text, registry=registry).set(value)

    age = (clock.now() - made_at(first)).total_seconds() if first is not None else 0.0
    show("unsealed", "Events of the audit log that are not sealed yet.", unsealed)
    show("oldest_unsealed_seconds", "For how long the oldest of them has waited.", max(age, 0.0))
    if database.settings.checkpoint_file is not None:
        show("checkpoints_unwritten", "Checkpoints that the file does not have yet.", unwritten)
    return render(registry)
