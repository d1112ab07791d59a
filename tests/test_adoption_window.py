"""What is asked: the window, the day as of which, the groups, the product; and whose data they are."""

from typing import Any

import httpx
import pytest
import time_machine
from fastapi import FastAPI

from app.access.permissions import Role
from tests.adoption import Figures, ask, days, flags, member, of_group, record, share, week
from tests.council import Council, found, good, people, pilot, problem

MONTH = {"starts_on": "2024-04-01", "ends_on": "2024-05-01"}


async def april(council: Council) -> tuple[httpx.AsyncClient, str]:
    """Two people in a pilot of April; E1 was active on the 2nd, the 10th and the 24th."""
    client = await council.admin()
    await people(client, "E1", "E2")
    pilot_id = await pilot(client, member("E1"), member("E2"), **MONTH)
    await record(client, *days("E1", "2024-04-02", "2024-04-10", "2024-04-24"))
    return client, pilot_id


async def test_the_window_is_the_pilots_unless_another_is_asked_for(council: Council) -> None:
    client, pilot_id = await april(council)
    answer = await ask(client, pilot_id)
    assert (answer["pilot_id"], answer["window"]) == (pilot_id, MONTH)
    assert answer["as_of"] == "2024-04-30"
    assert len(answer["weekly"]) == 5
    later = await ask(client, pilot_id, starts_on="2024-04-11")
    assert later["window"] == {"starts_on": "2024-04-11", "ends_on": "2024-05-01"}
    earlier = await ask(client, pilot_id, ends_on="2024-04-10")
    assert earlier["window"] == {"starts_on": "2024-04-01", "ends_on": "2024-04-10"}
    days_of = [
        share(a["figures"]["active_days_per_active_user_week"]) for a in (answer, later, earlier)
    ]
    assert days_of == [(3, 3), (1, 1), (1, 1)]
    wider = await ask(client, pilot_id, starts_on="2024-01-01", ends_on="2025-01-01")
    assert share(wider["figures"]["adoption_rate"]) == (1, 2)
    assert len(wider["weekly"]) == 53


async def test_what_came_later_is_not_taken_into_account(council: Council) -> None:
    client, pilot_id = await april(council)
    answer = await ask(client, pilot_id, as_of="2024-04-09")
    assert (answer["window"], answer["as_of"]) == (MONTH, "2024-04-09")
    assert [entry["starts_on"] for entry in answer["weekly"]] == ["2024-04-01", "2024-04-08"]
    figures = answer["figures"]
    assert share(figures["active_days_per_active_user_week"]) == (1, 1)
    assert figures["adoption_rate"]["window"] == {
        "starts_on": "2024-04-01",
        "ends_on": "2024-04-10",
    }
    assert share(figures["weekly_active_rate"]) == (1, 2)
    assert answer["quality"]["latest_activity_on"] == "2024-04-02"
    for figure in figures.values():
        assert figure["as_of"] == "2024-04-09"
        assert "window_open" in flags(figure)
    assert share(
        (await ask(client, pilot_id, as_of="2024-04-10"))["weekly"][1]["weekly_active_rate"]
    ) == (1, 2)
    closed = await ask(client, pilot_id, as_of="2024-04-30")
    assert closed == await ask(client, pilot_id)
    assert not any("window_open" in flags(figure) for figure in closed["figures"].values())


async def test_no_day_after_the_window_or_after_today_is_taken_into_account(
    council: Council,
) -> None:
    client, pilot_id = await april(council)
    assert await ask(client, pilot_id, as_of="2199-12-31") == await ask(client, pilot_id)
    with time_machine.travel("2024-04-12T12:00:00Z", tick=False):
        answer = await ask(client, pilot_id, as_of="2024-04-30")
        assert answer["as_of"] == "2024-04-12"
        assert "window_open" in flags(answer["figures"]["adoption_rate"])
        assert answer == await ask(client, pilot_id)


async def test_before_the_window_there_is_nothing_yet(council: Council) -> None:
    client, pilot_id = await april(council)
    for as_of in ("2024-03-31", "2024-03-27", "1900-01-01"):
        answer = await ask(client, pilot_id, as_of=as_of)
        assert answer["weekly"] == []
        assert answer["as_of"] == as_of
        rate = answer["figures"]["adoption_rate"]
        assert (rate["value"], rate["reason"]) == (None, "nobody_had_access")
        assert "window_open" in flags(rate)


@pytest.mark.parametrize(
    ("zone", "moments"),
    [
        (
            "Europe/London",
            {
                # Into summer time, at 01:00 UTC on 31 March: that day ends an hour early.
                "2024-03-30T23:59:59Z": "2024-03-30",
                "2024-03-31T00:00:00Z": "2024-03-31",
                "2024-03-31T22:59:59Z": "2024-03-31",
                "2024-03-31T23:00:00Z": "2024-04-01",
                # Out of it, at 01:00 UTC on 27 October: that day has 25 hours.
                "2024-10-26T22:59:59Z": "2024-10-26",
                "2024-10-26T23:00:00Z": "2024-10-27",
                "2024-10-27T23:59:59Z": "2024-10-27",
                "2024-10-28T00:00:00Z": "2024-10-28",
            },
        ),
        (
            "Pacific/Auckland",
            {"2024-06-30T11:59:59Z": "2024-06-30", "2024-06-30T12:00:00Z": "2024-07-01"},
        ),
    ],
)
async def test_today_is_the_organisations_own(
    council: Council, zone: str, moments: dict[str, str]
) -> None:
    client = await council.admin()
    etag = (await client.get("/organisation")).headers["etag"]
    good(await client.patch("/organisation", json={"zone": zone}, headers={"If-Match": etag}))
    pilot_id = await pilot(client, starts_on="2024-03-25", ends_on="2024-11-04")
    for moment, today in moments.items():
        with time_machine.travel(moment, tick=False):
            answer = await ask(client, pilot_id)
        assert answer["as_of"] == today, moment
        assert "window_open" in flags(answer["figures"]["adoption_rate"])
    assert (await ask(client, pilot_id))["as_of"] == "2024-11-03"


REFUSED: tuple[tuple[dict[str, str], str, str | None], ...] = (
    ({"starts_on": "2024-04-10", "ends_on": "2024-04-10"}, "empty_window", "/ends_on"),
    ({"starts_on": "2024-04-10", "ends_on": "2024-04-09"}, "empty_window", "/ends_on"),
    ({"starts_on": "2024-05-01"}, "empty_window", "/ends_on"),
    ({"ends_on": "2024-04-01"}, "empty_window", "/ends_on"),
    ({"starts_on": "2019-01-01", "ends_on": "2024-01-06"}, "window_too_long", "/ends_on"),
    ({"starts_on": "1900-01-01", "ends_on": "2199-12-31"}, "window_too_long", "/ends_on"),
    ({"starts_on": "01/04/2024"}, "invalid_input", "/starts_on"),
    ({"ends_on": "2024-02-30"}, "invalid_input", "/ends_on"),
    ({"as_of": "1700000000"}, "invalid_input", "/as_of"),
    ({"as_of": "2024-04-10T00:00:00"}, "invalid_input", "/as_of"),
    ({"group_by": "external_id"}, "invalid_input", "/group_by"),
    ({"grop_by": "team"}, "unknown_parameter", None),
)


async def test_a_question_that_makes_no_sense_is_refused(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client, **MONTH)
    for params, code, pointer in REFUSED:
        answer = await client.get(f"/pilots/{pilot_id}/metrics/adoption", params=params)
        refused = problem(answer, 422, code)
        if pointer is not None:
            assert refused["errors"][0]["pointer"].endswith(pointer), params


async def test_the_longest_and_the_shortest_window(council: Council) -> None:
    client, pilot_id = await april(council)
    longest = await ask(client, pilot_id, starts_on="2019-01-01", ends_on="2024-01-05")
    assert len(longest["weekly"]) == 262
    shortest = await ask(client, pilot_id, starts_on="2024-04-10", ends_on="2024-04-11")
    assert share(shortest["figures"]["adoption_rate"]) == (1, 2)
    for starts_on, ends_on in (("1900-01-01", "1900-01-02"), ("2199-12-30", "2199-12-31")):
        edge = await ask(client, pilot_id, starts_on=starts_on, ends_on=ends_on)
        assert edge["figures"]["adoption_rate"]["value"] in (None, 0)


async def test_groups_are_those_of_the_people_today(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", department="Adults", team="North")
    await people(client, "E3", department="Benefits", team="North")
    await people(client, "E4")
    await people(client, "C1", department="Compared")
    members = [*map(member, ("E1", "E2", "E3", "E4")), member("C1", "comparison")]
    pilot_id = await pilot(client, *members, **MONTH)
    await record(client, *days("E1", "2024-04-02"), *days("E3", "2024-04-03"))
    assert (await ask(client, pilot_id))["groups"] == []

    async def shares(group_by: str) -> dict[str, Any]:
        answer = await ask(client, pilot_id, group_by=group_by)
        assert share(answer["figures"]["adoption_rate"]) == (2, 4)
        found = of_group(answer, "adoption_rate")
        assert list(found) == sorted(found)
        return {group: share(figure) for group, figure in found.items()}

    assert await shares("department") == {
        "(not recorded)": (0, 1),
        "Adults": (1, 2),
        "Benefits": (1, 1),
        "Compared": (0, 0),
    }
    assert await shares("team") == {"(not recorded)": (0, 1), "North": (2, 3)}
    assert await shares("job_family") == {"(not recorded)": (2, 4)}
    await people(client, "E3", department="Adults")
    assert (await shares("department"))["Adults"] == (2, 3)


async def test_too_many_groups_are_refused(council: Council) -> None:
    client = await council.admin()
    items = [{"external_id": f"E{n}", "team": f"T{n}"} for n in range(201)]
    good(await client.post("/people/bulk", json={"items": items}))
    pilot_id = await pilot(client, *(member(f"E{n}") for n in range(201)), **MONTH)
    path = f"/pilots/{pilot_id}/metrics/adoption"
    problem(await client.get(path, params={"group_by": "team"}), 422, "too_many_groups")
    good(await client.get(path, params={"group_by": "department"}))


async def test_a_pilot_of_one_product_counts_no_other(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    members = member("E1"), member("E2")
    ours = await pilot(client, *members, code="ONE", product="Microsoft_365_Copilot", **MONTH)
    every = await pilot(client, *members, code="ALL", **MONTH)
    await record(client, *days("E1", "2024-04-02"), *days("E2", "2024-04-02", product="Other"))
    one, both = await ask(client, ours), await ask(client, every)
    assert share(one["figures"]["adoption_rate"]) == (1, 2)
    assert one["quality"]["products"] == ["Microsoft_365_Copilot"]
    assert share(both["figures"]["adoption_rate"]) == (2, 2)
    assert both["quality"]["products"] == ["Microsoft_365_Copilot", "Other"]


async def test_data_that_stopped_coming_are_stale(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, member("E1"), **MONTH)
    await record(client, *days("E1", "2024-04-10"))

    async def figure(as_of: str) -> Figures:
        answer = await ask(client, pilot_id, as_of=as_of)
        rate: Figures = answer["figures"]["adoption_rate"]
        return rate

    assert "stale_data" not in flags(await figure("2024-04-14"))
    stale = await figure("2024-04-15")
    assert {
        "code": "stale_data",
        "sentence": "The newest activity data are more than 4 days older than the date of this figure.",
    } in stale["flags"]
    await record(client, *days("E1", "2024-04-11", actions=0))
    assert "stale_data" not in flags(await figure("2024-04-15")), "zeros are data"
    await record(client, week("E1", "2024-04-14", actions=0))
    assert "stale_data" not in flags(await figure("2024-04-24")), "the week went on until the 20th"
    assert "stale_data" in flags(await figure("2024-04-25"))


async def test_a_simulated_council_says_so_on_every_figure(app: FastAPI) -> None:
    council = await found(app, "Made Up", is_simulated=True)
    client, pilot_id = await april(council)
    flag = {"code": "simulated", "sentence": "Simulated data: no real council."}
    analyst = await council.as_role(Role.ANALYST)
    for reader in (client, analyst):
        answer = await ask(reader, pilot_id, group_by="team")
        every = [answer["figures"], *answer["weekly"]]
        every += [group["figures"] for group in answer["groups"]]
        assert len(every) == 7
        for figures in every:
            for slug, figure in figures.items():
                if slug != "starts_on":
                    assert flag in figure["flags"], slug
    await council.close()


async def test_another_councils_pilot_does_not_exist(
    council: Council, other_council: Council
) -> None:
    _, pilot_id = await april(council)
    theirs = await other_council.admin()
    problem(await theirs.get(f"/pilots/{pilot_id}/metrics/adoption"), 404, "not_found")
    nobody = await council.as_role(Role.INTEGRATOR)
    problem(await nobody.get(f"/pilots/{pilot_id}/metrics/adoption"), 403, "scope_missing")
