"""What an interval is."""

from dataclasses import dataclass

LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval and how it was made; `high` None: the data set no upper bound."""

    low: float
    high: float | None
    level: float
    method: str
