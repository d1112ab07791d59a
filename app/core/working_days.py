"""Working days: Monday to Friday less the bank holidays of England and Wales."""

from datetime import date
from functools import lru_cache

import holidays
import numpy as np
from numpy.typing import NDArray

from app.core.periods import DAY, Window


@lru_cache(maxsize=400)
def _bank_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("GB", subdiv="ENG", years=year))


def is_bank_holiday(day: date) -> bool:
    return day in _bank_holidays(day.year)


def is_working_day(day: date) -> bool:
    return day.weekday() < 5 and not is_bank_holiday(day)


def working_days(days: Window) -> NDArray[np.bool_]:
    """Shape (days,): whether each of them is a working day."""
    return np.array(
        [is_working_day(days.starts_on + n * DAY) for n in range(days.days)], dtype=np.bool_
    )
