"""A chart as a page shows it: its picture beside its table, and where its figures are to be had."""

from dataclasses import dataclass

from markupsafe import Markup

from app.dashboard.charts import drawing
from app.dashboard.charts.catalogue import SOURCE_OF
from app.dashboard.charts.contents import Chart


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart, and the addresses of its rows, of the answer that it is made from, and of its specification.

    `picture` is empty where there is nothing to be drawn.
    """

    chart: Chart
    picture: Markup
    rows: str
    answer: str
    specification: str


async def drawn(chart: Chart, owner: str) -> Drawn:
    """A chart for a page.

    Args:
        chart: what it shows.
        owner: the API's path of the pilot or pool that it is about, `/api/v1/pilots/…`.
    """
    path = f"{owner}/charts/{chart.slug}"
    picture = "" if chart.is_empty else await drawing.picture(chart)
    return Drawn(
        chart=chart,
        picture=Markup(picture),  # noqa: S704 - our own drawing, its texts escaped
        rows=f"{path}/rows",
        answer=f"{owner}/{SOURCE_OF[chart.slug].path}",
        specification=path,
    )
