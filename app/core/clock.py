"""The one place that asks what time it is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


def now() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)


def today(zone: str) -> date:
    """The current local date in `zone` (an IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()
