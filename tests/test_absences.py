"""Absences: when staff are away, as HR sends it."""

from typing import Any

import pytest
from sqlalchemy import text

from app.access.permissions import Role, Scope
from tests.council import Council, good, people, problem
from tests.forms import as_csv, as_json

BULK = "/absences/bulk"
Form = Any


def absence(name: str, starts_on: str, ends_on: str | None, **fields: Any) -> dict[str, Any]:
    return {"person_external_id": name, "starts_on": starts_on, "ends_on": ends_on, **fields}


async def stored(council: Council) -> list[tuple[Any, ...]]:
    """Everything recorded, as it stands in the table."""
    async with council.database.engine.connect() as connection:
        result = await connection.execute(
            text(
                "SELECT external_id, CAST(starts_on AS VARCHAR), CAST(ends_on AS VARCHAR), kind"
                " FROM absence a JOIN person p ON p.organisation_id = a.organisation_id"
                " AND p.id = a.person_id ORDER BY 1, 2"
            )
        )
        return [tuple(row) for row in result]


@pytest.mark.parametrize("form", [as_json, as_csv])
async def test_absences_are_upserted_by_person_and_first_day(council: Council, form: Form) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    rows = [
        absence("E1", "2024-05-01", "2024-05-10", kind="leave"),
        absence("E1", "2024-06-01", "2024-06-02", kind="leave"),
        absence("E2", "2024-05-01", "2024-09-01", kind="leave"),
    ]
    first = good(await client.post(BULK, **form(rows)))
    assert (first["accepted"], first["updated"], first["duplicates"]) == (3, 0, 0)
    state = [
        ("E1", "2024-05-01", "2024-05-10", "leave"),
        ("E1", "2024-06-01", "2024-06-02", "leave"),
        ("E2", "2024-05-01", "2024-09-01", "leave"),
    ]
    assert await stored(council) == state
    rows[0]["ends_on"] = "2024-05-12"
    params = {"rows": "true"}
    second = good(await client.post(BULK, **form(rows), params=params))
    assert second["rows"] == ["updated", "duplicate", "duplicate"]
    assert await stored(council) == [("E1", "2024-05-01", "2024-05-12", "leave"), *state[1:]]
    batches = good(await client.get("/import-batches"))["items"]
    assert [(b["kind"], b["accepted"], b["updated"], b["duplicates"]) for b in batches] == [
        ("absences", 0, 1, 2),
        ("absences", 3, 0, 0),
        ("people", 2, 0, 0),
    ]


async def test_what_is_left_out_stays_and_null_means_until_further_notice(council: Council) -> None:
    client = await council.admin()
    await people(client, "E1")
    for row, expected in (
        (absence("E1", "2024-05-01", "2024-05-10", kind="leave"), ("2024-05-10", "leave")),
        ({"person_external_id": "E1", "starts_on": "2024-05-01"}, ("2024-05-10", "leave")),
        (absence("E1", "2024-05-01", None), (None, "leave")),
        (absence("E1", "2024-05-01", "2024-05-20", kind=None), ("2024-05-20", None)),
    ):
        assert good(await client.post(BULK, **as_json([row])))["rejected"] == 0
        assert [each[2:] for each in await stored(council)] == [expected]


@pytest.mark.parametrize("form", [as_json, as_csv])
async def test_a_bad_row_is_named_and_nothing_of_it_is_written(
    council: Council, form: Form
) -> None:
    client = await council.admin()
    await people(client, "E1")
    rows = [
        absence("E1", "2024-05-01", "2024-05-02"),
        absence("E1", "2024-05-03", "2024-05-03"),
        absence("E1", "2024-05-04", "2024-05-01"),
        absence("E1", "1024-05-05", "2024-05-06"),
        absence("E1", "2024-05-06", "2924-05-07"),
        absence("NOBODY", "2024-05-07", "2024-05-08"),
        absence("E1", "08/05/2024", "2024-05-09"),
        absence("E1", "2024-05-09", "2024-05-10", kind="\u0007"),
    ]
    answer = await client.post(BULK, **form(rows))
    result = good(answer)
    assert (result["accepted"], result["rejected"]) == (1, 7)
    assert [(e["index"], e["code"], e["pointer"]) for e in result["errors"]] == [
        (1, "dates_out_of_order", "/ends_on"),
        (2, "dates_out_of_order", "/ends_on"),
        (3, "date_out_of_range", "/starts_on"),
        (4, "date_out_of_range", "/ends_on"),
        (5, "unknown_person", "/person_external_id"),
        (6, "wrong_format", "/starts_on"),
        (7, "wrong_format", "/kind"),
    ]
    assert "NOBODY" not in answer.text
    assert await stored(council) == [("E1", "2024-05-01", "2024-05-02", None)]
    atomic = problem(await client.post(BULK + "?mode=atomic", **form(rows)), 422, "rows_rejected")
    assert atomic["errors"][0]["index"] == 1
    dry = good(await client.post(BULK + "?dry_run=true", **form([{**rows[0], "kind": "other"}])))
    assert (dry["updated"], dry["batch_id"]) == (1, None)
    assert await stored(council) == [("E1", "2024-05-01", "2024-05-02", None)]


async def test_absences_need_the_right_to_write_people(
    council: Council, other_council: Council
) -> None:
    client = await council.admin()
    await people(client, "E1")
    body = as_json([absence("E1", "2024-05-01", "2024-05-02")])
    reader = council.client(
        await council.key(None, scopes=[Scope.PEOPLE_READ, Scope.LICENCES_WRITE])
    )
    problem(await reader.post(BULK, **body), 403, "scope_missing")
    # Who works for one council is nobody in the other.
    theirs = await other_council.admin()
    assert good(await theirs.post(BULK, **body))["errors"][0]["code"] == "unknown_person"
    assert await stored(council) == []
    integrator = await council.as_role(Role.INTEGRATOR)
    assert good(await integrator.post(BULK, **body))["accepted"] == 1


async def test_when_somebody_is_away_is_told_page_by_page_and_not_why(
    council: Council, other_council: Council
) -> None:
    client = await council.admin()
    await people(client, "E1", "E2")
    days = ("2024-05-01", "2024-06-01", "2024-07-01")
    rows = [absence("E1", day, None, kind="sickness") for day in days]
    rows.append(absence("E2", "2024-08-01", "2024-08-02"))
    good(await client.post(BULK, **as_json(rows)))
    number = good(await client.get("/people?external_id=E1"))["items"][0]["person_id"]
    path = f"/people/{number}/absences"
    first = good(await client.get(path, params={"limit": 2}))
    assert first["items"] == [{"starts_on": day, "ends_on": None} for day in days[:0:-1]]
    rest = good(await client.get(path, params={"cursor": first["next_cursor"]}))
    assert rest == {"items": [{"starts_on": days[0], "ends_on": None}], "next_cursor": None}
    events = good(await client.get("/audit-events?action=absences.read"))["items"]
    assert [(e["resource_id"], e["details"]) for e in events] == [
        (number, {"rows": 1}),
        (number, {"rows": 2}),
    ]
    problem(await (await other_council.admin()).get(path), 404, "not_found")
    problem(await (await council.as_role(Role.ANALYST)).get(path), 403, "scope_missing")
