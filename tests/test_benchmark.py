"""The yearly return, and what councils see of one another: journeys by HTTP and command."""

import csv
import io
import statistics
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from app.access.permissions import Role, Scope
from app.benchmarking.releases import publication
from app.benchmarking.releases.models import BenchmarkRelease
from app.core.errors import Conflict
from tests import pages
from tests.command import Run
from tests.council import Council, found, good, pilot, problem
from tests.identity import PUBLIC_URL
from tests.licences import on, pool

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
YEAR = 2023
NEEDED = {"staff_in_post": 5000.0, "digital_staff": 150.0, "ict_spend": 18_000_000.0}


def _answers(**values: float) -> dict[str, Any]:
    return {"answers": {name: {"value": value} for name, value in {**NEEDED, **values}.items()}}


async def _submit(
    client: httpx.AsyncClient, kind: str = "unitary", *, sharing: bool = True, **values: float
) -> str:
    """Submit a return, and share it; returns its path."""
    said = {"kind": kind, "population": 200_000, "is_sharing": sharing}
    good(await client.put("/benchmark-participation", json=said))
    sent = {"year": YEAR, "reason": "A figure was wrong."}
    made = good(await client.post("/benchmark-returns", json=sent), 201)
    path = f"/benchmark-returns/{made['return_id']}"
    good(await client.patch(path, json=_answers(**values)))
    for step in ("checked", "submitted"):
        good(await client.post(f"{path}/steps", json={"to": step}))
    return path


async def _release(council: Council) -> publication.Published:
    async with council.database.transaction() as session:
        return await publication.publish(session, YEAR)


async def _compared(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """What is said of all organisations, by question."""
    answer = good(await client.get("/benchmark-comparison"))
    return {each["question"]: each["groups"][0] for each in answer["questions"]}


async def test_twelve_councils_are_compared_and_none_is_told_of(app: FastAPI) -> None:
    """Four show nothing; twelve quartiles; one that dominates is withheld; one more or less changes nothing."""
    councils = [await found(app, f"Council {number}") for number in range(12)]
    clients = [await each.admin() for each in councils]
    shares = [0.03 * n for n in range(12)]

    async def join(place: int) -> None:
        spent = 90_000_000.0 if place == 11 else 7_000_000.0 + place
        await _submit(clients[place], ai_trained_share=shares[place], ict_spend=spent)

    for place in range(4):
        await join(place)
    assert (await _release(councils[0])).shown == 0
    nothing = await _compared(clients[0])
    assert all(each["suppressed"] and each["median"] is None for each in nothing.values())
    for place in range(4, 12):
        await join(place)
    made = await _release(councils[0])
    assert made.organisations == 12
    seen = await _compared(clients[2])
    trained = seen["ai_trained_share"]
    names = ("lower_quartile", "median", "upper_quartile")
    quartiles = statistics.quantiles(shares, n=4, method="inclusive")
    assert [trained[name] for name in names] == pytest.approx(quartiles, abs=0.005)
    assert (trained["organisations"], trained["own"]["value"]) == (12, 0.06)
    assert (trained["quarter"], trained["better_quarter"]) == (1, 4)
    # The last council spends more than all others together.
    assert seen["ict_spend"]["suppressed"]
    assert not seen["staff_in_post"]["suppressed"]

    # One joins, one amends, one withdraws: what is seen stays, to the last digit.
    def of_others(answer: dict[str, Any]) -> dict[str, Any]:
        return {name: {**each, "own": None} for name, each in answer.items()}

    thirteenth = await found(app, "Council 12")
    newcomer = await thirteenth.admin()
    await _submit(newcomer, ai_trained_share=0.99, ict_spend=7_000_000.0)
    await _submit(clients[1], ai_trained_share=0.5, ict_spend=7_000_000.0)
    out = {"kind": "unitary", "population": 200_000, "is_sharing": False}
    good(await clients[0].put("/benchmark-participation", json=out))
    again = await _release(councils[0])
    assert again.shown == again.kept == made.shown
    assert await _compared(clients[2]) == seen
    assert of_others(await _compared(newcomer))["ai_trained_share"]["median"] == trained["median"]
    assert (await _compared(newcomer))["ai_trained_share"]["own"] is None
    # Whoever withdrew has what was released before, and no more.
    releases = good(await clients[0].get("/benchmark-releases"))["items"]
    assert str(made.release_id) == releases[0]["release_id"]
    await _release(councils[0])
    with pytest.raises(Conflict):
        await _release(councils[0])
    await _held(councils)
    for each in (*councils, thirteenth):
        await each.close()


async def _held(councils: Sequence[Council]) -> None:
    """Neither a release nor what was submitted can be changed, and no copy names another council."""
    council = councils[2]
    everybody = " WHERE organisation_id IS NOT NULL"
    for statement in (
        "UPDATE benchmark_release SET year = 1",
        "DELETE FROM benchmark_release",
        "UPDATE benchmark_return SET answers = '{}'",
        "UPDATE benchmark_return SET status = 'draft'",
        "DELETE FROM benchmark_return",
    ):
        with pytest.raises(DBAPIError, match="never changed"):
            async with council.database.engine.begin() as connection:
                await connection.exec_driver_sql(statement + everybody)
    async with council.database.engine.connect() as connection:
        of_council = col(BenchmarkRelease.organisation_id) == council.organisation.organisation_id
        copies = select(BenchmarkRelease.cells, BenchmarkRelease.own).where(of_council)
        told = str((await connection.execute(copies)).all())
    ids = [each.organisation.organisation_id for each in councils]
    assert "ai_trained_share" in told
    assert not [each for each in ids if each.hex in told or str(each) in told]


@ONE
async def test_a_return_is_filled_in_from_what_is_recorded_entered_and_checked(
    council: Council,
) -> None:
    client = await council.admin()
    with on("2024-06-03"):
        path = await pool(client, seats=50, seat_price="120.00")
        number = await pilot(client)
        for step in ("planned", "running"):
            good(await client.post(f"/pilots/{number}/transitions", json={"to": step}), 201)
        problem(await client.post("/benchmark-returns", json={"year": 2025}), 422, "in_the_future")
        made = good(await client.post("/benchmark-returns", json={"year": 2024}), 201)
    here = f"/benchmark-returns/{made['return_id']}"
    # What a term costs is known when it is over.
    assert set(made["answers"]) == {"ai_pilots_begun", "ai_licences"}
    made = good(await client.post(f"{here}/fill-in"))
    assert {name: each["value"] for name, each in made["answers"].items()} == {
        "ai_pilots_begun": 1,
        "ai_licences": 50,
        "ai_licence_spend": 6000,
    }
    spend = made["answers"]["ai_licence_spend"]
    assert spend["origin"] == "tracked"
    assert spend["provenance"]["figures"] == {"committed_cost": 1}
    assert spend["provenance"]["about"] == [path.rpartition("/")[2]]
    assert spend["provenance"]["ends_on"] == "2025-04-01"

    wrong = _answers(ai_licence_spend=19e6, overdue_policy_share=1.5)
    wrong["answers"]["staff_in_post"] = None
    good(await client.patch(here, json=wrong))
    refused = problem(
        await client.post(f"{here}/steps", json={"to": "checked"}), 422, "return_wrong"
    )
    assert {(e["pointer"], e["code"]) for e in refused["errors"]} == {
        ("/answers/staff_in_post/value", "answer_missing"),
        ("/answers/overdue_policy_share/value", "answer_out_of_range"),
        ("/answers/ai_licence_spend/value", "answers_at_odds"),
    }
    unknown = {"answers": {"shoe_size": {"value": 43}}}
    problem(await client.patch(here, json=unknown), 422, "unknown_question")
    right = _answers(ai_licence_spend=5000, overdue_policy_share=0.5)
    good(await client.patch(here, json=right))
    # Taken anew, what was entered stays; what was taken away comes again.
    good(await client.patch(here, json={"answers": {"ai_licences": None}}))
    filled = good(await client.post(f"{here}/fill-in"))["answers"]
    assert (filled["ai_licence_spend"]["value"], filled["ai_licence_spend"]["origin"]) == (
        5000,
        "entered",
    )
    assert filled["ai_licences"]["value"] == 50


@ONE
async def test_a_checked_return_is_submitted_when_its_year_is_over_and_amended_by_another(
    council: Council,
) -> None:
    client = await council.admin()
    with on("2024-06-03"):
        made = good(await client.post("/benchmark-returns", json={"year": 2024}), 201)
    here, right = f"/benchmark-returns/{made['return_id']}", _answers(ai_licences=50)
    good(await client.patch(here, json=right))
    problem(await client.post(f"{here}/steps", json={"to": "submitted"}), 409, "return_not_checked")
    good(await client.post(f"{here}/steps", json={"to": "checked"}))
    with on("2025-03-31"):
        early = await client.post(f"{here}/steps", json={"to": "submitted"})
    problem(early, 409, "year_not_over")
    submitted = good(await client.post(f"{here}/steps", json={"to": "submitted"}))
    problem(await client.patch(here, json=right), 409, "return_submitted")
    problem(await client.post("/benchmark-returns", json={"year": 2024}), 422, "reason_missing")
    sent = {"year": 2024, "reason": "Licences were counted twice."}
    amending = good(await client.post("/benchmark-returns", json=sent), 201)
    problem(await client.post("/benchmark-returns", json=sent), 409, "return_open")
    assert (amending["version"], amending["answers"]) == (2, submitted["answers"])
    next_one = f"/benchmark-returns/{amending['return_id']}"
    good(await client.patch(next_one, json={"answers": {"ai_licences": {"value": 25}}}))
    for step in ("checked", "submitted"):
        good(await client.post(f"{next_one}/steps", json={"to": step}))
    before = good(await client.get(here))
    assert (before["status"], before["answers"]) == ("amended", submitted["answers"])
    listed = good(await client.get("/benchmark-returns?year=2024"))["items"]
    assert [(each["version"], each["status"]) for each in listed] == [
        (2, "submitted"),
        (1, "amended"),
    ]
    rows = list(csv.DictReader(io.StringIO((await client.get(f"{next_one}/rows")).text)))
    licences = next(row for row in rows if row["question"] == "ai_licences")
    assert (licences["value"], licences["origin"], licences["source"]) == ("25.0", "entered", "")
    assert len(rows) == len(good(await client.get("/benchmark-catalogue"))["questions"])


@ONE
async def test_whoever_does_not_share_is_shown_nothing_and_may_write_only_with_the_scope(
    council: Council,
) -> None:
    client = await council.admin()
    assert good(await client.get("/benchmark-participation"))["is_sharing"] is False
    await _submit(client, sharing=False)
    with pytest.raises(Conflict):
        await _release(council)
    assert good(await client.get("/benchmark-comparison")) == {"release": None, "questions": []}
    reader = council.client(await council.key(None, scopes=[Scope.BENCHMARK_READ]))
    good(await reader.get("/benchmark-returns"))
    problem(await reader.post("/benchmark-returns", json={"year": 2022}), 403, "scope_missing")
    analyst = await council.as_role(Role.ANALYST)
    problem(await analyst.get("/benchmark-comparison"), 403, "scope_missing")


@ONE
def test_the_command_says_what_it_released_or_why_not(database_url: str, run: Run) -> None:
    run(database_url, "organisation", "create", "Coventry")
    refused = run(database_url, "benchmark", "release", "--year", "2023")
    assert refused.status == 1
    assert "Nobody shares a return for 2023." in refused.err


@ONE
async def test_the_return_and_the_comparison_have_pages(app: FastAPI, council: Council) -> None:
    client = await council.admin()
    others = [await found(app, f"Council {number}") for number in range(5)]
    for number, each in enumerate(others):
        await _submit(await each.admin(), ai_trained_share=0.2 + 0.1 * number)
    await _submit(client, ai_trained_share=0.9)
    await _release(council)
    browser = await pages.reader(app, council, Role.ADMIN)
    front = pages.read(await browser.get("/dashboard/benchmark"))
    assert "Best quarter" in front.text
    assert "Withheld" in front.text
    form = {name: front.fields[name] for name in ("csrf_token", "idempotency_key")}
    headers = {"Origin": PUBLIC_URL}
    begun = await browser.http.post(
        "/dashboard/benchmark/returns", data={**form, "year": "2022"}, headers=headers
    )
    here = begun.headers["location"]
    page = pages.read(await browser.get(here))
    sent = {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}
    sent |= {f"answers-{name}-value": f"{value:g}" for name, value in NEEDED.items()}
    sent |= {"answers-ict_spend-value": "a lot"}
    refused = await browser.http.post(here, data=sent, headers=headers)
    assert refused.status_code == 422
    assert "#answers-ict_spend-value" in {href for href, _ in pages.read(refused).links}
    sent["answers-ict_spend-value"] = "18000000"
    assert (await browser.http.post(here, data=sent, headers=headers)).status_code == 303
    for step in ("checked", "submitted"):
        taken = {"csrf_token": sent["csrf_token"], "to": step}
        done = await browser.http.post(f"{here}/steps", data=taken, headers=headers)
        assert done.status_code == 303
    shown = pages.read(await browser.get(here)).text
    assert "Entered by hand." in shown
    assert "Submitted" in shown
    await browser.close()
    for each in others:
        await each.close()
