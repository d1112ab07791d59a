"""The windows that figures may be asked for."""

from datetime import timedelta

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
