"""Importing a Viva Insights person query: every figure of every week equals another calculation."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.integrations.microsoft import service as microsoft
from app.integrations.microsoft.viva import PersonQuery
from tests.council import PILOT, Council, good
from tests.viva import FILE, PRODUCT, SEGMENTS, WINDOW, Oracle, needs_the_file, read, thinned, write

pytestmark = needs_the_file


async def imported(council: Council, path: Path, **options: Any) -> microsoft.VivaImport:
    query = PersonQuery(path, **options)
    found = query.check()
    async with council.database.transaction() as session:
        return await microsoft.import_person_query(
            session,
            council.system,
            query,
            found,
            product=PRODUCT,
            pilot_code="VIVA",
        )


async def viva_pilot(council: Council) -> tuple[Any, str]:
    client = await council.admin()
    created = await client.post("/pilots", json={**PILOT, **WINDOW, "code": "VIVA"})
    return client, good(created, 201)["pilot_id"]


@pytest.mark.parametrize(
    ("database_kind", "thin"),
    [("postgresql", False), ("sqlite", True)],
    ids=["as shipped", "thinned"],
    indirect=["database_kind"],
)
async def test_every_figure_of_every_week_equals_an_independent_calculation(
    council: Council, thin: bool, tmp_path: Path
) -> None:
    rows = thinned(read()) if thin else read()
    path = write(tmp_path / "query.csv", rows) if thin else FILE
    client, pilot_id = await viva_pilot(council)
    first = await imported(council, path)
    assert first.person_weeks == 6000
    assert first.members is not None
    assert (first.people.accepted, first.members.accepted) == (300, 300)
    assert first.activity.accepted == 6000 * 9
    answer = good(await client.get(f"/pilots/{pilot_id}/metrics/adoption"))
    oracle = Oracle(rows)
    oracle.check(answer)
    if thin:
        last = oracle.segments(19, 12, 9)
        assert all(last[segment] for segment in SEGMENTS), "every segment must be tried"
        return
    second = await imported(council, path)
    for result in (second.people, second.members, second.activity):
        assert result is not None
        assert (result.accepted, result.updated, result.rejected) == (0, 0, 0)
    assert second.activity.duplicates == 6000 * 9
    again = good(await client.get(f"/pilots/{pilot_id}/metrics/adoption"))
    assert again == answer


async def test_people_get_their_newest_department_and_join_in_their_first_week(
    council: Council, tmp_path: Path
) -> None:
    client, pilot_id = await viva_pilot(council)
    rows = [row for row in read() if row["PersonId"][-1] in "37"]
    newest = {row["PersonId"]: row for row in rows}
    # Nobody moves in the file as it is shipped: here everybody has come from elsewhere.
    before = [
        {**row, "Organization": "Elsewhere"} for row in rows if row is not newest[row["PersonId"]]
    ]
    assert len(newest) < len(before)
    await imported(council, write(tmp_path / "query.csv", [*before, *newest.values()]))
    listed: list[dict[str, Any]] = []
    cursor: str | None = None
    while cursor is not None or not listed:
        params = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        page = good(await client.get("/people", params=params))
        listed, cursor = listed + page["items"], page["next_cursor"]
    assert {p["external_id"]: (p["department"], p["job_family"]) for p in listed} == {
        person: (row["Organization"], row["FunctionType"]) for person, row in newest.items()
    }
    members = good(await client.get(f"/pilots/{pilot_id}/members"))["items"]
    assert {(m["arm"], m["joined_on"], m["left_on"]) for m in members} == {
        ("pilot", "2024-04-01", None)
    }


async def test_what_hr_recorded_and_the_file_does_not_hold_stays(
    council: Council, tmp_path: Path
) -> None:
    client, _ = await viva_pilot(council)
    person = read()[0]["PersonId"]
    body = {"external_id": person, "display_name": "Margaret", "team": "Lettings"}
    good(await client.post("/people", json=body), 201)
    await imported(council, write(tmp_path / "query.csv", read()[:300]))
    found = good(await client.get("/people", params={"external_id": person}))["items"][0]
    assert (found["display_name"], found["team"]) == ("Margaret", "Lettings")
    assert found["department"]


async def test_a_week_with_other_values_is_updated_and_said_so(
    council: Council, tmp_path: Path
) -> None:
    await viva_pilot(council)
    rows = read()[:600]
    await imported(council, write(tmp_path / "query.csv", rows))
    rows[0]["Copilot_actions_taken_in_Word"] = "9"
    result = await imported(council, write(tmp_path / "query.csv", rows))
    # The app's row, and the total over apps.
    assert (result.activity.accepted, result.activity.updated) == (0, 2)


async def test_a_column_declared_missing_is_neither_asked_for_nor_taken_for_zero(
    council: Council, tmp_path: Path
) -> None:
    await viva_pilot(council)
    rows = [{k: v for k, v in row.items() if "Word" not in k} for row in read()[:50]]
    without = frozenset({"Copilot_actions_taken_in_Word", "Days_of_active_Copilot_usage_in_Word"})
    path = write(tmp_path / "query.csv", rows)
    result = await imported(council, path, without=without)
    assert result.activity.accepted == 50 * 8


async def test_a_sum_with_an_unknown_part_is_unknown_and_leaves_what_was_known(
    council: Council, tmp_path: Path
) -> None:
    client, pilot_id = await viva_pilot(council)
    rows = [{**row, "Organization": "Housing"} for row in read()[:300]]
    await imported(council, write(tmp_path / "query.csv", rows))
    path = f"/pilots/{pilot_id}/metrics/adoption?ends_on=2024-04-08"
    before = good(await client.get(path))["figures"]["usage_segments"]
    column = "Copilot_actions_taken_in_Teams"
    fewer = [{k: v for k, v in row.items() if k != column} | {"Organization": ""} for row in rows]
    again = await imported(
        council, write(tmp_path / "query.csv", fewer), without=frozenset({column})
    )
    assert (again.people.updated, again.activity.updated) == (0, 0)
    assert good(await client.get(path))["figures"]["usage_segments"] == before
    assert before["basis"] == "actions"


async def test_headings_with_blanks_and_dates_in_a_declared_order_are_read(
    council: Council, tmp_path: Path
) -> None:
    await viva_pilot(council)
    rows = [
        {name.replace("_", " "): value for name, value in row.items()}
        | {"MetricDate": date.fromisoformat(row["MetricDate"]).strftime("%d/%m/%Y")}
        for row in read()[:30]
    ]
    result = await imported(
        council, write(tmp_path / "query.csv.gz", rows, zipped=True), date_format="%d/%m/%Y"
    )
    assert result.activity.accepted == 30 * 9
