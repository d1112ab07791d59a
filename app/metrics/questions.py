"""What a reader asks for: a window, the last day that counts, groups of people."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Annotated, Self

from fastapi import Depends, Query

from app.core import sentences
from app.core.errors import Invalid
from app.core.fields import CalendarDate
from app.core.periods import DAY, Window
from app.metrics.course import told_until
from app.metrics.groups import GroupBy
from app.metrics.windows import check_fixed, check_window


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

    def restricted(self, windows: Sequence[Window], today: date) -> Self:
        """The same, as somebody may ask it who may not see the people behind the figures.

        Of two windows that overlap, or two days that follow each other, the difference could be taken: so
        there is one window, told up to the end of a week, and broken down when it is over.

        Args:
            windows: those that count, the one that is shown first.
            today: a day that has not ended yet is not told of.

        Raises:
            Invalid: another window is asked for, or groups before it is over.
        """
        own = windows[0]
        check_fixed(self.starts_on, self.ends_on, own)
        yesterday = today - DAY
        as_of = told_until(windows, min(self.as_of or yesterday, yesterday))
        if self.group_by is not None and as_of < own.ends_on - DAY:
            raise Invalid.field(
                "/group_by",
                "window_open",
                "Readers who may not see the people behind the figures are shown groups when the window is "
                f"over, on {sentences.day(own.ends_on)}. Leave group_by out until then.",
            )
        return replace(self, as_of=as_of)


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
