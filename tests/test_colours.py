"""Colours of charts as the colour-blind see them: told apart, and seen on the page. Never by colour alone."""

import asyncio
import itertools
import json
from typing import Any, Final

import numpy as np
import pytest
from numpy.typing import NDArray

from app.dashboard.charts import contents, drawing
from app.dashboard.charts.contents import Chart, Form, Line

Colour = NDArray[np.float64]

# Machado, Oliveira and Fernandes 2009, of severity 1: linear red, green and blue as they are seen.
SEEN_WITH: Final = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
# A difference of 2 is just seen by who looks closely at areas; lines are thin.
LEAST_DIFFERENCE: Final = 20
# WCAG 2.2, 1.4.11, for what a graphic is understood by.
LEAST_CONTRAST: Final = 3
WHITE: Final = "#ffffff"


def linear(colour: str) -> Colour:
    """A colour of a stylesheet in linear light, from 0 to 1."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def seen(colour: str, by: str) -> Colour:
    return np.clip(np.array(SEEN_WITH[by]) @ linear(colour), 0, 1)


def lab(colour: Colour) -> Colour:
    """CIE L*a*b* of linear light, under D65."""
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = (to_xyz @ colour) / np.array([0.95047, 1.0, 1.08883])
    f = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def difference(one: str, other: str, by: str) -> float:
    """How far apart two colours are seen: CIE 1976."""
    return float(np.linalg.norm(lab(seen(one, by)) - lab(seen(other, by))))


def contrast(one: str, other: str, by: str) -> float:
    """The contrast of WCAG between what is seen of two colours."""
    lights = sorted(float(seen(each, by) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("by", SEEN_WITH)
def test_lines_of_a_chart_are_told_apart_and_seen_on_white(by: str) -> None:
    for one, other in itertools.combinations(drawing.COLOURS, 2):
        assert difference(one, other, by) >= LEAST_DIFFERENCE, (one, other)
    for each in drawing.COLOURS:
        assert contrast(each, WHITE, by) >= LEAST_CONTRAST, each
    # The two parts of the bar touch one another.
    assert contrast(drawing.COLOURS[0], drawing.PALE, by) >= LEAST_CONTRAST


def test_the_simulation_finds_what_is_known_to_be_alike() -> None:
    """Red and green of the same lightness: apart to most, alike to who lacks the cones for it."""
    red, green = "#b35900", "#6e7a00"
    assert difference(red, green, "all cones") > LEAST_DIFFERENCE
    assert difference(red, green, "deuteranopia") < LEAST_DIFFERENCE


def _figure(slug: str, value: float) -> dict[str, Any]:
    return {
        "slug": slug, "value": value, "interval": None, "numerator": None, "denominator": None,
        "people": 12, "evidence_tier": 1, "definition_version": 1, "suppressed": False,
        "reason": None, "money": None, "flags": [],
    }  # fmt: skip


@pytest.mark.parametrize("form", [Form.COURSE, Form.LEVELS])
def test_no_line_is_told_by_its_colour_alone(form: Form) -> None:
    """Each has dashes of its own, seen in the legend too."""
    slugs = ("satisfaction_mean", "morale_mean")
    lines = tuple(
        Line(day, day, None, {slug: _figure(slug, 3.0) for slug in slugs})
        for day in ("2026-03-02", "2026-03-09")
    )
    chart = Chart("x", "X", "What it shows.", form, "Week", slugs, lines)
    encodings = [layer["encoding"] for layer in drawing.specification(chart)["layer"]]
    (dashes,) = (each["strokeDash"] for each in encodings if "strokeDash" in each)
    ranges = [json.dumps(dash) for dash in dashes["scale"]["range"]]
    assert len(set(ranges)) == len(slugs)
    picture = asyncio.run(drawing.picture(chart))
    # A line that is not broken has none, or one without gaps.
    assert picture[picture.index("role-legend") :].count("stroke-dasharray") == len(slugs)


def test_the_parts_of_a_bar_have_their_names_on_them() -> None:
    shares = {phase: {"admin_share": _figure("admin_share", 0.6)} for phase in contents.PHASES}
    bar = drawing.specification(contents.ratio(shares))
    texts = [layer["encoding"].get("text", {}).get("value") for layer in bar["layer"]]
    assert {"Admin", "Direct"} <= set(texts)
