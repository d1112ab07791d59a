"""Days whose samples have changed are marked, by the transaction that changes them."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.local_days import LocalDays
from tests.council import Council, good
from tests.forms import as_json, as_ndjson
from tests.time_use import marks, sample, social_pilot, take

# Half an hour before midnight in London: in summer that is another day than in UTC.
WINTER, SUMMER = "2024-03-01T23:30:00+00:00", "2024-04-02T23:30:00+00:00"


async def newly_marked(council: Council, before: list[tuple[str, str]]) -> list[str]:
    return sorted(day for day, _ in set(await marks(council)) - set(before))


async def test_a_batch_marks_each_local_day_once(council: Council) -> None:
    path = await social_pilot(client := await council.admin())
    rows = [sample("w", started_at=WINTER), sample("s", started_at=SUMMER), sample("d")]
    batch = await take(client, path, *rows, sample("e"))
    days = ["2024-03-01", "2024-04-03"]
    assert await marks(council) == [(day, batch["batch_id"].replace("-", "")) for day in days]


async def test_a_file_of_several_chunks_marks_a_day_once(council: Council) -> None:
    path = await social_pilot(client := await council.admin())
    rows = [sample(f"s{n}") for n in range(5_001)]
    assert good(await client.post(f"{path}/bulk", **as_ndjson(rows)))["accepted"] == 5_001
    assert [day for day, _ in await marks(council)] == ["2024-03-01"]


async def test_a_sample_that_moves_marks_the_day_it_was_on_and_the_day_it_is_on(
    council: Council,
) -> None:
    path = await social_pilot(client := await council.admin())
    await take(client, path, sample("a"), sample("b"))
    before = await marks(council)
    await take(client, path, sample("a", started_at=SUMMER), sample("b"))
    assert await newly_marked(council, before) == ["2024-03-01", "2024-04-03"]
    before = await marks(council)
    await take(client, path, sample("a", started_at=SUMMER, deleted=True))
    assert await newly_marked(council, before) == ["2024-04-03"]


@pytest.mark.parametrize("query", ["", "?mode=atomic"])
async def test_what_changes_nothing_marks_nothing(council: Council, query: str) -> None:
    path = await social_pilot(client := await council.admin())
    rows = [sample("a"), sample("b", started_at=SUMMER)]
    tried = good(await client.post(f"{path}/bulk?dry_run=true", **as_json(rows)))
    assert tried["accepted"] == 2
    assert await marks(council) == []
    await take(client, path, *rows)
    before = await marks(council)
    await client.post(f"{path}/bulk{query}", **as_json(rows))
    bad = [sample("c", started_at=SUMMER), sample("d", person_external_id="E404")]
    await client.post(f"{path}/bulk?mode=atomic", **as_json(bad))
    good(await client.post(path, json=rows[0]))
    assert await marks(council) == before


async def test_single_samples_mark_their_days(council: Council) -> None:
    path = await social_pilot(client := await council.admin())
    answers = await asyncio.gather(
        *(client.post(path, json=sample(f"s{n}", started_at=SUMMER)) for n in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert {day for day, _ in await marks(council)} == {"2024-04-03"}
    before = await marks(council)
    good(await client.post(path, json=sample("s1")))
    assert await newly_marked(council, before) == ["2024-03-01", "2024-04-03"]


async def test_undo_marks_what_goes_and_what_returns_anew(council: Council) -> None:
    path = await social_pilot(client := await council.admin())
    await take(client, path, sample("a"), sample("b"))
    moved: list[dict[str, Any]] = [
        sample("a", started_at=SUMMER),
        sample("new", started_at="2024-03-05T12:00:00+00:00"),
        sample("b"),
    ]
    batch = await take(client, path, *moved)
    before = await marks(council)
    good(await client.post(f"/import-batches/{batch['batch_id']}/undo"))
    # Under another id than the batch's own marks, which somebody may have seen and be about to delete.
    assert await newly_marked(council, before) == ["2024-03-01", "2024-03-05", "2024-04-03"]


# Half hours, both sides of the date line, a day that was skipped, midnights that were skipped.
ZONES = ("Europe/London", "Asia/Kolkata", "Pacific/Apia", "Pacific/Kiritimati", "America/Havana")


@given(
    st.sampled_from(ZONES),
    st.lists(
        st.datetimes(datetime(1970, 1, 2), datetime(2199, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - hypothesis adds the zone
        min_size=1,
        max_size=30,
    ),
)
def test_an_instant_is_on_the_day_that_the_zone_says(zone: str, instants: list[datetime]) -> None:
    days = LocalDays(ZoneInfo(zone))
    for instant in instants:
        assert days.of(instant) == instant.astimezone(ZoneInfo(zone)).date()


def test_a_day_is_of_the_clock_that_is_on_the_wall_when_the_clocks_change() -> None:
    days = LocalDays(ZoneInfo("Europe/London"))
    for instant, day in (
        ("2024-03-30T23:59:59+00:00", date(2024, 3, 30)),
        ("2024-03-31T22:59:59+00:00", date(2024, 3, 31)),
        ("2024-03-31T23:00:00+00:00", date(2024, 4, 1)),
        ("2024-10-26T22:59:59+00:00", date(2024, 10, 26)),
        ("2024-10-26T23:00:00+00:00", date(2024, 10, 27)),
        ("2024-10-27T23:59:59+00:00", date(2024, 10, 27)),
        ("2024-10-28T00:00:00+00:00", date(2024, 10, 28)),
    ):
        assert days.of(datetime.fromisoformat(instant)) == day
