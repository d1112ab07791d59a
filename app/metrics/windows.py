"""The windows that figures may be asked for."""

from datetime import date, timedelta

from app.core import sentences
from app.core.errors import Invalid
from app.core.periods import Window

MAX_WINDOW = timedelta(days=5 * 366)


def check_window(window: Window) -> Window:
    """The window, if figures can be had for it.

    Raises:
        Invalid: it has no day, or too many.
    """
    if window.days == 0:
        raise Invalid.field(
            "/ends_on",
            "empty_window",
            f"ends_on ({window.ends_on}) must lie after starts_on ({window.starts_on})",
        )
    if window.ends_on - window.starts_on > MAX_WINDOW:
        raise Invalid.field(
            "/ends_on", "window_too_long", f"a window holds at most {MAX_WINDOW.days} days"
        )
    return window


def check_order(starts_on: date | None, ends_on: date | None) -> None:
    """Hold two days that may each be left out against each other.

    Raises:
        Invalid: both are there, with no day between them.
    """
    if starts_on is not None and ends_on is not None and ends_on <= starts_on:
        raise Invalid.field(
            "/ends_on",
            "empty_window",
            f"ends_on ({ends_on}) must lie after starts_on ({starts_on})",
        )


def check_fixed(starts_on: date | None, ends_on: date | None, own: Window) -> None:
    """Hold what a reader under suppression asks for against the one window that such readers are shown.

    Raises:
        Invalid: it is another one.
    """
    for name, asked, fixed in (
        ("starts_on", starts_on, own.starts_on),
        ("ends_on", ends_on, own.ends_on),
    ):
        if asked not in (None, fixed):
            raise Invalid.field(
                f"/{name}",
                "fixed_window",
                "Readers who may not see the people behind the figures are shown one window, from "
                f"{sentences.day(own.starts_on)} to the day before {sentences.day(own.ends_on)}: two that differ by a day would show that day. Leave "
                "starts_on and ends_on out.",
            )
