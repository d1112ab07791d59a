"""Charts: one set of figures as a picture, a table, CSV and Vega-Lite."""

import csv
import io
import json
import re

import pytest

from app.dashboard.charts import contents, drawing
from tests.council import Council, good
from tests.snapshots import observed

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
CHARTS = ("ratio", "admin-share-by-week", "hours-by-week", "use-by-week", "answers-by-week")


@ONE
async def test_a_chart_is_the_figures_of_its_answer_in_every_form(council: Council) -> None:
    client = await council.admin()
    path = await observed(client)
    spent = good(await client.get(f"{path}/metrics/time-use"))
    weeks = [week["admin_share"] for week in spent["weekly"]]
    spec = good(await client.get(f"{path}/charts/admin-share-by-week"))
    assert spec["$schema"].startswith("https://vega.github.io/schema/vega-lite/")
    assert [row["value"] for row in spec["data"]["values"]] == [week["value"] for week in weeks]
    answer = await client.get(f"{path}/charts/admin-share-by-week/rows")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["key"] for row in rows] == [week["starts_on"] for week in spent["weekly"]]
    for row, figure in zip(rows, weeks, strict=True):
        assert row["value"] == ("" if figure["value"] is None else json.dumps(figure["value"]))
        assert row["people"] == ("" if figure["people"] is None else str(figure["people"]))
        assert row["flags"].split() == [flag["code"] for flag in figure["flags"]]
    for slug in CHARTS:
        assert good(await client.get(f"{path}/charts/{slug}"))["description"]


def marks_in(picture: str, kind: str) -> int:
    """How many marks of a kind are drawn: `symbol` for points, `rect` for bars."""
    found = re.findall(rf'<g class="mark-{kind} role-mark[^>]*>(.*?)</g>', picture)
    return sum(group.count("<path") for group in found)


@ONE
async def test_a_picture_has_a_mark_for_every_figure_and_none_for_what_is_withheld(
    council: Council,
) -> None:
    client = await council.admin()
    path = await observed(client)
    used = good(await client.get(f"{path}/metrics/adoption"))
    weeks = used["weekly"]
    assert sum(week["weekly_active_rate"]["value"] is not None for week in weeks) == len(weeks) > 2
    assert marks_in(await drawing.picture(contents.use_by_week(used)), "symbol") == len(weeks)
    weeks[1]["weekly_active_rate"] |= {"value": None, "interval": None, "suppressed": True}
    chart = contents.use_by_week(used)
    assert marks_in(await drawing.picture(chart), "symbol") == len(weeks) - 1
    assert f"withheld in 1 of {len(weeks)} weeks" in chart.sentence
    spent = good(await client.get(f"{path}/metrics/time-use"))
    both = contents.ratio(spent)
    picture = await drawing.picture(both)
    assert marks_in(picture, "rect") == 4
    assert await drawing.picture(both) is picture
    assert " id=" not in picture or f' id="{drawing.fingerprint(both)[:12]}' in picture
