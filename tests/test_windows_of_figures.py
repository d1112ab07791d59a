"""Which days and weeks a figure counts: each in one window, whatever window is asked for."""

import json
from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from app.scheduler import tick
from app.time_use.daily import repository as daily
from app.time_use.daily import service as facts
from app.time_use.samples.models import TimeUseDayMark
from tests.council import Council, good, pilot
from tests.feedback import answer, feedback_pilot, lead_of, take
from tests.time_use import SOCIAL, member_of, pilot_of, read, record, recorded

W = ("2024-04-01", "2024-04-08")


async def _two(council: Council) -> tuple[str, httpx.AsyncClient]:
    admin, path = await pilot_of(council, [member_of(n) for n in (1, 2)])
    rows = [
        recorded(n, day, category, 60)
        for n in (1, 2)
        for day in ("2024-02-06", "2024-02-13", "2024-03-05")
        for category in ("visit", "forms")
    ]
    await record(admin, path, rows)
    return path, await lead_of(council, path)


async def test_an_answer_counts_in_one_of_two_adjacent_windows(council: Council) -> None:
    """A week counts on its fourth day (metrics.md, Conventions)."""
    client = await council.admin()
    staff = [f"E{n}" for n in range(1, 7)]
    path = await feedback_pilot(client, *staff)
    await take(client, path, *[answer(n, W[1], satisfaction=4) for n in staff])
    lead = await lead_of(council, path)
    queries = (
        "starts_on=2024-04-01&ends_on=2024-04-10",
        "starts_on=2024-04-10&ends_on=2024-04-22",
    )
    found = [good(await lead.get(f"{path}/metrics/feedback?{query}")) for query in queries]
    counts = [each["figures"]["satisfaction_mean"]["denominator"] for each in found]
    assert sum(counts) == 6, counts


async def test_one_answer_is_not_both_before_and_after(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(
        client, "E1", "E2", baseline_ends_on="2024-04-03", starts_on="2024-04-03"
    )
    await take(client, path, *[answer(n, W[0], morale=2) for n in ("E1", "E2")])
    lead = await lead_of(council, path)
    change = good(await lead.get(f"{path}/metrics/feedback"))["figures"]["morale_change"]
    assert change["people"] in (0, None), change


@pytest.mark.parametrize(
    "query",
    ["?starts_on=2024-02-05&ends_on=2024-02-07", "?starts_on=2024-01-01&ends_on=2024-01-08"],
)
async def test_baseline_does_not_depend_on_the_window(council: Council, query: str) -> None:
    path, lead = await _two(council)
    whole = (await read(lead, path))["baseline"]["admin_share"]["denominator"]
    part = (await read(lead, path, query))["baseline"]["admin_share"]["denominator"]
    assert (whole, part) == (480, 480)


async def test_as_of_bounds_the_baseline(council: Council) -> None:
    path, lead = await _two(council)
    found = (await read(lead, path, "?as_of=2024-02-07"))["baseline"]["admin_share"]
    assert found["as_of"] == "2024-02-07"
    assert found["denominator"] == 240  # only 6 February


async def test_zone_change_without_baseline(council: Council) -> None:
    admin, path = await pilot_of(
        council, [member_of(1)], baseline_starts_on=None, baseline_ends_on=None
    )
    lead = await lead_of(council, path)
    late = {**recorded(1, "2024-03-05", "visit", 60), "started_at": "2024-03-05T22:30:00Z"}
    await record(admin, path, [late])
    await tick(council.database)
    was = await admin.get("/organisation")
    headers = {"If-Match": was.headers["etag"]} if "etag" in was.headers else {}
    good(await admin.patch("/organisation", json={"zone": "Europe/Helsinki"}, headers=headers))
    q = "?starts_on=2024-03-06&ends_on=2024-03-07"
    assert (await read(lead, path, q))["pilot"]["admin_share"]["denominator"] == 60


async def test_a_team_called_not_recorded(council: Council) -> None:
    admin = await council.admin()
    items = [
        {
            "external_id": f"E{n}",
            "display_name": "x",
            **({"team": "(not recorded)"} if n > 6 else {}),
        }
        for n in range(1, 13)
    ]
    taken = good(await admin.post("/people/bulk", json={"items": items}))
    assert taken["rejected"] == 0, taken
    path = f"/pilots/{await pilot(admin, *[member_of(k) for k in range(1, 13)], **SOCIAL)}"
    await record(
        admin,
        path,
        [recorded(k, "2024-03-04", c, 10 + k) for k in range(1, 13) for c in ("visit", "forms")],
    )
    lead = await lead_of(council, path)
    found = await read(lead, path, "?group_by=team")
    assert sum(g["pilot"]["admin_share"]["people"] for g in found["groups"]) == 12


async def test_a_share_that_is_all_but_one_persons_is_degenerate(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(n) for n in range(1, 9)])
    minutes = [79.5, 126.9, 32.7, 190.3, 114.7, 217.9, 196.5, 129.9]
    # Only the last has direct time: without them the share is exactly 1.
    rows = [recorded(n, "2024-03-04", "forms", m) for n, m in enumerate(minutes, 1)]
    await record(admin, path, [*rows, recorded(8, "2024-03-04", "visit", 86.9)])
    lead = await lead_of(council, path)
    share = (await read(lead, path))["pilot"]["admin_share"]
    assert share["interval"] is None, share["interval"]
    assert "degenerate" in [f["code"] for f in share["flags"]]


async def test_two_documents_in_a_line_are_treated_alike(council: Council) -> None:
    client = await council.admin()
    path = await feedback_pilot(client, "E1", "E2")
    a, b = json.dumps(answer("E1")), json.dumps(answer("E2"))
    head = {"content-type": "application/x-ndjson"}
    one = good(
        await client.post(
            f"{path}/feedback/bulk?dry_run=true", content=f"{a} {b}\n".encode(), headers=head
        )
    )
    two = good(
        await client.post(
            f"{path}/feedback/bulk?dry_run=true", content=f"{a} {b}\n\n".encode(), headers=head
        )
    )
    assert one["rejected"] == two["rejected"], (one, two)


async def test_a_mark_that_came_after_the_look_stays(
    council: Council, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples that are committed while facts are made are counted, now and after the next run."""
    admin, path = await pilot_of(council, [member_of(1)])
    await record(admin, path, [recorded(1, "2024-03-05", "visit", 60)])
    pilot_id = UUID(path.rsplit("/", 1)[1])
    sums, late = daily.sums, UUID(int=7)

    async def and_a_mark(session: Any, principal: Any, *rest: Any) -> Any:
        found = await sums(session, principal, *rest)
        day = {"pilot_id": pilot_id, "local_day": date(2024, 3, 5), "mark_id": late}
        session.add(TimeUseDayMark(organisation_id=principal.organisation_id, **day))
        await session.flush()
        return found

    monkeypatch.setattr(daily, "sums", and_a_mark)
    async with council.database.transaction() as session:
        assert await facts.recompute(session, council.system, pilot_id) == 1
    async with council.database.transaction(read_only=True) as session:
        left = await daily.marks(session, council.system, [pilot_id])
    assert [(each.day, each.mark_id) for each in left] == [(date(2024, 3, 5), late)]


async def test_a_sunday_and_the_monday_after_are_of_two_weeks(council: Council) -> None:
    admin, path = await pilot_of(council, [member_of(1)])
    days = ("2024-03-03", "2024-03-04", "2024-03-08")
    await record(admin, path, [recorded(1, day, "visit", 60) for day in days])
    found = await read(await lead_of(council, path), path)
    assert found["pilot"]["direct_hours_per_worker_week"]["denominator"] == 2
    assert found["quality"]["pilot"]["weekdays_covered"] == ["monday", "friday", "sunday"]
