"""Charts as pictures: Vega-Lite by Altair, SVG by vl-convert, here and without a browser.

A picture is drawn once for the same figures and then kept, by the digest of what it shows.
"""

import asyncio
import hashlib
import html
import json
import re
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from threading import Lock
from typing import Any, Final

from app.dashboard.charts.contents import Chart, Form
from app.dashboard.wording import METRICS

# Of another look: what was drawn before is drawn again.
_STYLE: Final = 3
VEGA_LITE: Final = "6.4"
# What Deneb calls the rows that Power BI gives it.
_DATA: Final = "dataset"
_KEPT: Final = 512
_WIDTH: Final = 560
# Two bars are seen whole on a telephone, where the rest of a longer course is scrolled to.
_WIDTH_OF_PARTS: Final = 380
_FONT: Final = "Arial, Helvetica, sans-serif"
_INK: Final = "#1b1f24"
# Told apart by the colour-blind as well, and by their dashes in print.
COLOURS: Final = ("#12436d", "#a8400c", "#1f8a70")
_DASHES: Final = ([1, 0], [6, 3], [2, 2])
PALE: Final = "#f2c9a5"

_MOST_GRID: Final = 20
_LABELS: Final = {"labelOverlap": "greedy", "labelSeparation": 10, "labelFlush": False}

_pictures: OrderedDict[str, str] = OrderedDict()
_lock = Lock()


def fingerprint(chart: Chart) -> str:
    """A digest of everything that is to be seen on a chart."""
    seen = [_STYLE, chart.slug, chart.title, chart.form, list(chart.rows())]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


async def picture(chart: Chart) -> str:
    """A chart as SVG, with names that occur once on a page."""
    return await drawn_once(
        fingerprint(chart), lambda: specification(chart, titled=False), chart.sentence
    )


async def drawn_once(digest: str, specified: Callable[[], dict[str, Any]], sentence: str) -> str:
    """A specification as SVG that a page can hold, drawn where nothing of this digest is kept."""
    with _lock:
        kept = _pictures.get(digest)
        if kept is not None:
            _pictures.move_to_end(digest)
            return kept
    drawn = await asyncio.to_thread(_draw, specified, sentence, digest)
    with _lock:
        _pictures[digest] = drawn
        while len(_pictures) > _KEPT:
            _pictures.popitem(last=False)
    return drawn


def _draw(specified: Callable[[], dict[str, Any]], sentence: str, digest: str) -> str:
    import vl_convert  # noqa: PLC0415 - starts an engine, which no command but `serve` needs

    drawn: str = vl_convert.vegalite_to_svg(specified(), vl_version=VEGA_LITE, allowed_base_urls=[])
    return _as_part_of_a_page(drawn, sentence, digest[:12])


_NAMED = re.compile(r'(\bid="|\burl\(#|href="#)')
_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_SIZE = re.compile(r'^<svg ([^>]*?)width="\d+" height="\d+"')


def _as_part_of_a_page(svg: str, sentence: str, prefix: str) -> str:
    """The picture as one image that its sentence describes, its names single, without a size of its own."""
    plain = _NAMED.sub(rf"\g<1>{prefix}-", _ROLES.sub("", svg))
    opening = f'<svg role="img" aria-label="{html.escape(sentence)}" '
    return _SIZE.sub(lambda found: opening + found[1], plain, count=1)


def specification(chart: Chart, *, titled: bool = True) -> dict[str, Any]:
    """A chart in Vega-Lite, its figures within."""
    import altair  # noqa: PLC0415 - half a second that no command but `serve` needs to spend

    draw = {Form.COURSE: _course, Form.PARTS: _parts, Form.LEVELS: _levels}[chart.form]
    layers = draw(altair, chart)
    drawn = altair.layer(*layers, data=altair.NamedData(name=_DATA))
    return styled(
        drawn,
        list(chart.rows()),
        chart.sentence,
        chart.title if titled else None,
        width=_WIDTH_OF_PARTS if chart.form is Form.PARTS else _WIDTH,
    )


def styled(
    drawn: Any,
    rows: list[dict[str, Any]],
    sentence: str,
    title: str | None,
    width: int = _WIDTH,
) -> dict[str, Any]:
    """What Altair has laid out, in the look of all our charts, with its rows within."""
    named = {"title": title} if title is not None else {}
    spec: dict[str, Any] = (
        drawn.properties(width=width, description=sentence, **named)
        .configure(font=_FONT, background="#ffffff")
        .configure_axis(
            labelFontSize=14, titleFontSize=14, labelColor=_INK, titleColor=_INK, grid=True
        )
        .configure_title(fontSize=16, anchor="start", color=_INK)
        .configure_legend(
            orient="bottom",
            direction="vertical",
            labelFontSize=14,
            labelLimit=500,
            symbolSize=200,
            title=None,
        )
        .configure_view(stroke=None)
        .to_dict(validate=False)
    )
    spec["data"] = {"name": _DATA, "values": rows}
    return spec


def _axis(alt: Any, chart: Chart) -> Any:
    unit = METRICS[chart.slugs[0]].unit
    if unit == "proportion":
        return alt.Axis(format=".0%", title=None, tickCount=5)
    return alt.Axis(title=unit if chart.form is Form.COURSE else None, tickCount=5)


def _scale(alt: Any, chart: Chart) -> Any:
    unit = METRICS[chart.slugs[0]].unit
    if unit == "proportion":
        return alt.Scale(domain=[0, 1])
    if unit == "points of 1 to 5":
        return alt.Scale(domain=[1, 5])
    return alt.Scale(zero=True, nice=True)


def _told(alt: Any, chart: Chart) -> list[Any]:
    """What a chart says of a value that somebody points at: as its table does."""
    form = ".1%" if METRICS[chart.slugs[0]].unit == "proportion" else ",.2~f"
    rows = list(chart.rows())
    numbers = {"value": "Value", "low": "Interval from", "high": "Interval to"}
    return [
        alt.Tooltip("label:N", title=chart.heading),
        alt.Tooltip("title:N", title="Figure"),
        *(
            alt.Tooltip(f"{name}:Q", title=title, format=form)
            for name, title in numbers.items()
            if any(row[name] is not None for row in rows)
        ),
        *(
            [alt.Tooltip("people:Q", title="People")]
            if any(row["people"] is not None for row in rows)
            else []
        ),
    ]


def _over_time(alt: Any, chart: Chart) -> dict[str, Any]:
    titles = [METRICS[slug].title for slug in chart.slugs]
    several = len(titles) > 1
    legend = alt.Legend() if several else None
    scale = {"domain": titles, "range": list(COLOURS[: len(titles)])}
    dashes = {"domain": titles, "range": [list(dash) for dash in _DASHES[: len(titles)]]}
    days = [date.fromisoformat(line.key) for line in chart.lines]
    marks = [{"year": d.year, "month": d.month, "date": d.day, "utc": True} for d in days]
    # Where lines stand close, they would be all that is seen.
    axis = alt.Axis(
        format="%-d %b", title=None, values=marks, grid=len(days) <= _MOST_GRID, **_LABELS
    )
    return {
        # A day is a day, whatever zone the drawing machine is in.
        "x": alt.X("key:T", timeUnit="utcyearmonthdate", axis=axis),
        "color": alt.Color("title:N", scale=alt.Scale(**scale), legend=legend),
        "strokeDash": alt.StrokeDash("title:N", scale=alt.Scale(**dashes), legend=legend),
    }


def _unnamed(alt: Any, color: Any) -> Any:
    """The same colours without a legend of their own."""
    return alt.Color(**{**color.to_dict(), "legend": None})


def _course(alt: Any, chart: Chart) -> list[Any]:
    """Figures week by week, their intervals as a band behind the points."""
    over = _over_time(alt, chart)
    y = alt.Y("value:Q", axis=_axis(alt, chart), scale=_scale(alt, chart))
    phases = any(line.phase for line in chart.lines)
    # Nothing is drawn from the baseline to the pilot: nobody looked in between.
    detail = {"detail": "phase:N"} if phases else {}
    base = alt.Chart()
    # The legend is that of the lines, with their dashes: points in it would show colours alone.
    without_dash = {"x": over["x"], "color": _unnamed(alt, over["color"])}
    bars = base.mark_rule(strokeWidth=5, opacity=0.3).encode(
        **without_dash, y=alt.Y("low:Q", axis=_axis(alt, chart)), y2="high:Q"
    )
    lines = base.mark_line(strokeWidth=2.5).encode(**over, y=y, **detail)
    points = base.mark_point(filled=True, size=60, opacity=1).encode(
        **without_dash, y=y, tooltip=_told(alt, chart)
    )
    # The legend is what the first says of it.
    return [each.properties(height=260) for each in (lines, bars, points)]


def _levels(alt: Any, chart: Chart) -> list[Any]:
    """Counts that hold from one day to the next."""
    over = _over_time(alt, chart)
    y = alt.Y("value:Q", axis=_axis(alt, chart), scale=_scale(alt, chart))
    base = alt.Chart()
    lines = base.mark_line(interpolate="step-after", strokeWidth=2.5).encode(**over, y=y)
    # Nothing is seen of what can be pointed at: a line alone would tell of its first day only.
    there = base.mark_point(filled=True, size=150, opacity=0).encode(
        x=over["x"], color=_unnamed(alt, over["color"]), y=y, tooltip=_told(alt, chart)
    )
    return [each.properties(height=260) for each in (lines, there)]


def _parts(alt: Any, chart: Chart) -> list[Any]:
    """A share and the rest of the whole, a bar a line, with the interval where they meet."""
    labels = [line.label for line in chart.lines]
    y = alt.Y("label:N", sort=labels, axis=alt.Axis(title=None, labelFontWeight="bold"))
    scale = alt.Scale(domain=[0, 1])
    axis = alt.Axis(format=".0%", title=None, tickCount=5)
    told = _told(alt, chart)
    there = alt.Chart().transform_filter("isValid(datum.value)")
    admin = there.mark_bar(color=COLOURS[0], height=44).encode(
        y=y, x=alt.X("value:Q", scale=scale, axis=axis), tooltip=told
    )
    direct = (
        there.transform_calculate(all="1")
        .mark_bar(color=PALE, height=44)
        .encode(y=y, x=alt.X("value:Q"), x2=alt.X2(datum=1), tooltip=told)
    )
    # White beneath black: to be seen on both parts of the bar.
    under = there.mark_rule(color="#ffffff", strokeWidth=8).encode(y=y, x="low:Q", x2="high:Q")
    interval = there.mark_rule(color="#000000", strokeWidth=4).encode(y=y, x="low:Q", x2="high:Q")
    admin_text = there.mark_text(
        align="left", dx=8, fontSize=16, fontWeight="bold", color="#ffffff"
    ).encode(y=y, x=alt.X(datum=0), text=alt.value("Admin"))
    direct_text = there.mark_text(
        align="right", dx=-8, fontSize=16, fontWeight="bold", color=_INK
    ).encode(y=y, x=alt.X(datum=1), text=alt.value("Direct"))
    layers = (admin, direct, under, interval, admin_text, direct_text)
    return [each.properties(height=150) for each in layers]
