"""The worked example of licences, loaded as a client loads it: every figure that it expects, to six decimals."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.adoption import record
from tests.council import Council, good, people, pilot

FILE = Path(__file__).resolve().parents[2] / "shared" / "examples" / "licences.json"
pytestmark = pytest.mark.skipif(
    not FILE.exists(), reason="the worked example is not beside this checkout (shared/examples)"
)

STAFF = [f"E{number:03}" for number in (*range(1, 31), 32)]
PENNY = Decimal("0.01")
SEATS = {"active": "seats_active_28d", "dormant": "dormant_seats", "never_used": "never_used_seats"}


@pytest.fixture(scope="module")
def example() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


async def load(client: httpx.AsyncClient, example: dict[str, Any]) -> tuple[str, str]:
    """Everything in the example, for a pilot whose pool it is; returns the paths of both."""
    await people(client, *STAFF)
    pilot_id = await pilot(client, **example["window"])
    first, *later = example["capacity_changes"]
    wanted = {**example["pool"], "seats": first["seats"], "pilot_id": pilot_id}
    created = good(await client.post("/licence-pools", json=wanted), 201)
    path = f"/licence-pools/{created['pool_id']}"
    for change in later:
        good(await client.post(f"{path}/capacity-changes", json=change), 201)
    allocated = await client.post(
        f"{path}/allocations/bulk", json={"items": example["allocations"]}
    )
    assert good(allocated)["accepted"] == len(example["allocations"]), allocated.text
    await record(client, *example["activity"])
    return path, f"/pilots/{pilot_id}/metrics"


def six(number: float | None) -> float | None:
    return None if number is None else round(number, 6)


def check(answer: dict[str, Any], example: dict[str, Any]) -> None:
    """Hold an answer about the whole term against the figures that the example expects."""
    expected, figures = example["expected"], answer["figures"]
    plain = [slug for slug, value in expected.items() if slug in figures]
    assert len(plain) == 8, plain
    assert {slug: six(figures[slug]["value"]) for slug in plain} == {
        slug: expected[slug] for slug in plain
    }
    for slug in ("committed_cost", "idle_cost"):
        exact = Decimal(str(expected[slug]))
        money = figures[slug]["money"]
        assert money == {"amount": str(exact.quantize(PENNY)), "currency": "GBP"}, slug
    assert {name: figures[slug]["value"] for name, slug in SEATS.items()} == expected["seats"]
    seats = sum(expected["seats"].values())
    assert [figures[slug]["denominator"] for slug in SEATS.values()] == [seats] * 3
    assert figures["unassigned_seats"]["value"] == 0
    assert {figure["as_of"] for figure in figures.values()} == {expected["as_of"]}
    assert {figure["suppressed"] for figure in figures.values()} == {False}
    assert answer["as_of"] == expected["as_of"]
    assert answer["window"] == example["window"]
    assert answer["basis"] == figures["licence_utilisation"]["basis"] == "calendar_days"
    without_seat = answer["quality"]["activity_rows_without_seat"]
    assert without_seat == expected["activity_rows_without_seat"]


async def test_pool_and_pilot_give_the_figures_of_the_example(
    council: Council, example: dict[str, Any]
) -> None:
    client = await council.admin()
    path, metrics = await load(client, example)
    answer = good(await client.get(f"{path}/utilisation", params=example["window"]))
    check(answer, example)
    days = answer["daily"]
    assert (days[0]["starts_on"], days[-1]["starts_on"]) == ("2024-01-08", "2024-03-31")
    for slug in ("purchased_seat_days", "allocated_seat_days", "active_user_days"):
        assert sum(day[slug]["value"] for day in days) == example["expected"][slug], slug
    # By default the window is the term, and so is the pool's line on the page of all pools.
    assert good(await client.get(f"{path}/utilisation")) == answer
    (line,) = good(await client.get("/licence-utilisation", params=example["window"]))["items"]
    check(line, example)
    assert line["figures"] == answer["figures"]
    assert good(await client.get(f"{metrics}/licence-utilisation")) == answer


async def test_adoption_goes_by_the_seats_of_the_pilots_pool(
    council: Council, example: dict[str, Any]
) -> None:
    client = await council.admin()
    _, metrics = await load(client, example)
    figures = good(await client.get(f"{metrics}/adoption"))["figures"]
    expected = example["expected"]
    rate, wanted = figures["adoption_rate"], expected["adoption_rate"]
    assert (rate["numerator"], rate["denominator"], six(rate["value"])) == (
        wanted["numerator"],
        wanted["denominator"],
        wanted["value"],
    )
    interval = rate["interval"]
    assert (six(interval["low"]), six(interval["high"])) == (wanted["low"], wanted["high"])
    assert interval["method"] == "wilson"
    activation = figures["activation_rate"]
    assert (activation["numerator"], activation["denominator"]) == (27, 30)
    assert six(activation["value"]) == expected["activation_rate"]
    median = figures["median_days_to_first_use"]
    assert median["value"] == expected["median_days_to_first_use"]
    assert (median["numerator"], median["denominator"]) == (27, 30)
