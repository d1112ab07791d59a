"""Where a council stands among others, as one picture: for each question a box of quartiles and a point.

Each line has a scale of its own: questions have different units, and the table beneath has the numbers.
"""

import html
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from markupsafe import Markup

_WIDTH: Final = 560
_LINE: Final = 56
_EDGE: Final = 12
_INK: Final = "#1b1f24"
_BOX: Final = "#b9cbe0"
_POINT: Final = "#a8400c"


def picture(lines: Sequence[tuple[str, Mapping[str, Any]]], sentence: str) -> Markup:
    """The picture as SVG; empty where there is nothing to be drawn.

    Args:
        lines: titles of questions, each with a group of the comparison that is shown.
        sentence: what is to be seen, for those who do not see it.
    """
    if not lines:
        return Markup("")
    drawn = "".join(
        part for place, line in enumerate(lines) for part in _line(place * _LINE, *line)
    )
    opening = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{html.escape(sentence)}" '
        f'viewBox="0 0 {_WIDTH} {len(lines) * _LINE}" font-family="Arial, Helvetica, sans-serif">'
    )
    return Markup(f"{opening}{drawn}</svg>")  # noqa: S704 - our own drawing, its texts escaped


def _line(top: int, title: str, group: Mapping[str, Any]) -> Iterator[str]:
    lower, upper = group["lower_quartile"], group["upper_quartile"]
    own = group["own"]["value"] if group["own"] else group["median"]
    least, most = float(min(lower, own)), float(max(upper, own))
    reach = (most - least) or 1.0

    def across(value: float) -> float:
        return round(_EDGE + (value - least) / reach * (_WIDTH - 2 * _EDGE), 1)

    middle = top + 36
    yield f'<text x="0" y="{top + 16}" font-size="14" fill="{_INK}">{html.escape(title)}</text>'
    yield (
        f'<line x1="{_EDGE}" x2="{_WIDTH - _EDGE}" y1="{middle}" y2="{middle}" '
        f'stroke="{_INK}" stroke-width="1"/>'
    )
    width = max(3.0, round(across(upper) - across(lower), 1))
    yield (
        f'<rect x="{across(lower)}" y="{middle - 10}" width="{width}" height="20" '
        f'fill="{_BOX}" stroke="{_INK}"/>'
    )
    median = across(group["median"])
    yield (
        f'<line x1="{median}" x2="{median}" y1="{middle - 10}" y2="{middle + 10}" '
        f'stroke="{_INK}" stroke-width="3"/>'
    )
    if group["own"]:
        yield (
            f'<circle cx="{across(own)}" cy="{middle}" r="7" fill="{_POINT}" stroke="#ffffff" '
            'stroke-width="2"/>'
        )
