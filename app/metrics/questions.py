"""What a reader asks for: a window, the last day that counts, groups of people."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import Depends, Query

from app.core.fields import CalendarDate
from app.core.periods import DAY, Window
from app.metrics.groups import GroupBy
from app.metrics.windows import check_window


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: by default the usual window (a pilot's own, a pool's term), up to today."""

    starts_on: date | None = None
    ends_on: date | None = None
    as_of: date | None = None
    group_by: GroupBy | None = None

    def window(self, usual: Window) -> Window:
        """The days asked for; the usual ones where nothing is said.

        Raises:
            Invalid: they are none, or too many.
        """
        return check_window(
            Window(self.starts_on or usual.starts_on, self.ends_on or usual.ends_on)
        )

    def last_day(self, window: Window, today: date) -> date:
        """The last day that is taken into account: none outside the window, or that has not come yet."""
        last = window.ends_on - DAY
        return min(self.as_of or last, last, today)


async def _asked(
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    as_of: Annotated[
        CalendarDate | None, Query(description="The last day that is taken into account.")
    ] = None,
    group_by: GroupBy | None = None,
) -> Question:
    return Question(starts_on, ends_on, as_of, group_by)


Asked = Annotated[Question, Depends(_asked)]
