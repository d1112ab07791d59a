"""A tornado: the net result of a claim with each assumption at either end, the widest bar first.

Its rows are those of the API's answer about the claim's sensitivity.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from markupsafe import Markup

from app.core.sentences import sign
from app.dashboard.charts.drawing import drawn_once, styled
from app.dashboard.wording import worth

Answer = Mapping[str, Any]

COLUMNS: Final = (
    *("assumption", "unit", "low", "central", "high"),
    *("result_at_low", "result_at_high", "of", "benefit_class", "budget_line"),
)
_COLOURS: Final = ("#a8400c", "#12436d")


@dataclass(frozen=True, slots=True)
class DrawnTornado:
    """A tornado for a page: its picture (empty without assumptions), and where its rows are."""

    sentence: str
    picture: Markup
    rows: str
    answer: str
    specification: str


def rows(answer: Answer) -> list[dict[str, Any]]:
    """Each assumption as a flat row; cash never without its budget line."""
    about = {name: answer[name] for name in ("of", "benefit_class", "budget_line")}
    return [{**swing, **about} for swing in answer["swings"]]


def sentence(answer: Answer) -> str:
    """What it shows."""
    if not answer["swings"]:
        return "No assumption is named: nothing is known of what the result hangs on."
    widest = answer["swings"][0]
    low, high, net = (
        worth(amount, answer["of"])
        for amount in (widest["result_at_low"], widest["result_at_high"], answer["net"])
    )
    return f"The result hangs most on {widest['assumption']}: {low} to {high}, and {net} with all as assumed."


def specification(answer: Answer, *, titled: bool = True) -> dict[str, Any]:
    """A tornado in Vega-Lite, its figures within."""
    import altair as alt  # noqa: PLC0415 - half a second that no command but `serve` needs to spend

    values = [
        {
            **row,
            **{f"at_{end}": float(row[f"result_at_{end}"]) for end in ("low", "high")},
            "net": float(answer["net"]),
        }
        for row in rows(answer)
    ]
    names = [row["assumption"] for row in values]
    axis = alt.Axis(title=sign(answer["of"]), tickCount=5)
    y = alt.Y("assumption:N", sort=names, axis=alt.Axis(title=None, labelLimit=240))
    base = alt.Chart()
    bars = [
        base.mark_bar(color=colour, height=22).encode(
            y=y, x=alt.X(f"at_{end}:Q", axis=axis, scale=alt.Scale(zero=False)), x2="net:Q"
        )
        for end, colour in zip(("low", "high"), _COLOURS, strict=True)
    ]
    middle = base.mark_tick(color="#000000", thickness=3, height=30).encode(y=y, x="net:Q")
    layers = [each.properties(height=40 * max(1, len(names))) for each in (*bars, middle)]
    return styled(
        alt.layer(*layers, data=alt.NamedData(name="dataset")),
        values,
        sentence(answer),
        f"What becomes of “{answer['title']}”" if titled else None,
    )


async def drawn(answer: Answer, owner: str) -> DrawnTornado:
    """A tornado for a page; `owner` is the API's path of the claim."""
    picture = ""
    if answer["swings"]:
        seen = [sentence(answer), answer["net"], rows(answer)]
        digest = hashlib.sha256(json.dumps(seen).encode()).hexdigest()
        picture = await drawn_once(
            digest, lambda: specification(answer, titled=False), sentence(answer)
        )
    return DrawnTornado(
        sentence=sentence(answer),
        picture=Markup(picture),  # noqa: S704 - our own drawing, its texts escaped
        rows=f"{owner}/charts/sensitivity/rows",
        answer=f"{owner}/sensitivity",
        specification=f"{owner}/charts/sensitivity",
    )
