"""A chart as a page shows it: its picture beside its table, and where its figures are to be had."""

from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from app.dashboard.charts import bundle, drawing
from app.dashboard.charts.catalogue import SOURCE_OF
from app.dashboard.charts.contents import Chart

# What a page takes whose charts can be pointed at.
SCRIPTED: Final[dict[str, Any]] = {"script": "charts.js", "bundle": bundle.ADDRESS}


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, and the addresses of its rows, of the answer that it is made from, and of its specification.

    `picture` is empty where there is nothing to be drawn. Those addresses answer as of today: a chart of
    another day is not `is_of_today`.
    """

    chart: Chart
    picture: Markup
    rows: str
    answer: str
    specification: str
    is_of_today: bool = True


async def drawn(chart: Chart, owner: str, *, is_of_today: bool = True) -> Drawn:
    """A chart for a page.

    Args:
        chart: what it shows.
        owner: the API's path of the pilot or pool that it is about, `/api/v1/pilots/…`.
        is_of_today: whether its figures are those that the API answers to who names no day.
    """
    path = f"{owner}/charts/{chart.slug}"
    picture = "" if chart.is_empty else await drawing.picture(chart)
    return Drawn(
        chart=chart,
        picture=Markup(picture),  # noqa: S704 - our own drawing, its texts escaped
        rows=f"{path}/rows",
        answer=f"{owner}/{SOURCE_OF[chart.slug].path}",
        specification=path,
        is_of_today=is_of_today,
    )
