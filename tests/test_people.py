"""People, as a client of the API sees them."""

import codecs

import pytest

from tests.council import Council, good, problem


async def test_a_person_is_recorded_read_and_changed(council: Council) -> None:
    client = await council.admin()
    created = await client.post(
        "/people", json={"external_id": "E1", "department": "Housing", "fte": 0.8}
    )
    person = good(created, 201)
    assert created.headers["location"] == f"/api/v1/people/{person['person_id']}"
    read = await client.get(f"/people/{person['person_id']}")
    assert good(read) == person
    etag = read.headers["etag"]
    changed = await client.patch(
        f"/people/{person['person_id']}", json={"team": "Lettings"}, headers={"If-Match": etag}
    )
    assert good(changed)["team"] == "Lettings"
    assert good(changed)["department"] == "Housing"
    assert changed.headers["etag"] != etag
    late = await client.patch(
        f"/people/{person['person_id']}", json={"team": "Other"}, headers={"If-Match": etag}
    )
    problem(late, 412, "precondition_failed")


async def test_two_people_cannot_have_one_number(council: Council) -> None:
    client = await council.admin()
    good(await client.post("/people", json={"external_id": "E1"}), 201)
    again = problem(await client.post("/people", json={"external_id": "E1"}), 409, "person_exists")
    assert again["errors"][0]["pointer"] == "/external_id"


async def test_bulk_upserts_by_number_and_a_second_run_changes_nothing(council: Council) -> None:
    client = await council.admin()
    items = [{"external_id": f"E{n}", "department": "Housing"} for n in range(250)]
    first = good(await client.post("/people/bulk", json={"items": items}))
    assert (first["accepted"], first["duplicates"]) == (250, 0)
    second = good(await client.post("/people/bulk", json={"items": items}))
    assert (second["accepted"], second["updated"], second["duplicates"]) == (0, 0, 250)
    items[7]["department"] = "Place"
    third = good(await client.post("/people/bulk?rows=true", json={"items": items}))
    assert (third["updated"], third["duplicates"]) == (1, 249)
    assert third["rows"][7] == "updated"


async def test_bulk_leaves_alone_what_a_row_leaves_out_and_null_empties(council: Council) -> None:
    client = await council.admin()
    await client.post("/people", json={"external_id": "E1", "team": "A", "department": "B"})
    rows = {"items": [{"external_id": "E1", "team": None}, {"external_id": "E2", "team": "C"}]}
    good(await client.post("/people/bulk", json=rows))
    people = good(await client.get("/people"))["items"]
    assert [(p["team"], p["department"]) for p in people] == [(None, "B"), ("C", None)]


async def test_a_number_that_comes_twice_in_one_request_is_taken_in_order(council: Council) -> None:
    client = await council.admin()
    items = [{"external_id": "E1", "team": team} for team in ("A", "A", "B")]
    result = good(await client.post("/people/bulk?rows=true", json={"items": items}))
    assert result["rows"] == ["accepted", "duplicate", "updated"]
    assert good(await client.get("/people"))["items"][0]["team"] == "B"


@pytest.mark.parametrize(
    ("item", "code", "pointer"),
    [
        ({"external_id": "E1", "colour": "red"}, "unknown_field", "/colour"),
        ({"team": "A"}, "missing_field", "/external_id"),
        ({"external_id": 7}, "wrong_type", "/external_id"),
        ({"external_id": "E1", "fte": 9}, "out_of_range", "/fte"),
        ({"external_id": "E1", "started_on": "01/02/2024"}, "wrong_format", "/started_on"),
        ({"external_id": "E1", "started_on": "1066-01-01"}, "date_out_of_range", "/started_on"),
        (
            {"external_id": "E1", "started_on": "2024-02-01", "left_on": "2024-01-01"},
            "dates_out_of_order",
            "/left_on",
        ),
        ({"external_id": "a\u0000b"}, "wrong_format", "/external_id"),
        ({"external_id": "  "}, "wrong_format", "/external_id"),
        ({"external_id": "E1 "}, "wrong_format", "/external_id"),
    ],
)
async def test_a_bad_row_is_named_and_the_good_ones_are_written(
    council: Council, item: dict[str, object], code: str, pointer: str
) -> None:
    client = await council.admin()
    body = {"items": [{"external_id": "good"}, item]}
    result = good(await client.post("/people/bulk", json=body))
    assert (result["accepted"], result["rejected"]) == (1, 1)
    assert result["errors"][0]["index"] == 1
    assert (result["errors"][0]["code"], result["errors"][0]["pointer"]) == (code, pointer)
    atomic = await client.post(
        "/people/bulk?mode=atomic", json={"items": [{"external_id": "other"}, item]}
    )
    refused = problem(atomic, 422, "rows_rejected")
    assert refused["errors"][0]["code"] == code
    assert len(good(await client.get("/people"))["items"]) == 1


async def test_a_dry_run_says_what_would_happen_and_writes_nothing(council: Council) -> None:
    client = await council.admin()
    body = {"items": [{"external_id": "E1"}, {"external_id": 2}]}
    result = good(await client.post("/people/bulk?dry_run=true", json=body))
    assert (result["accepted"], result["rejected"], result["batch_id"]) == (1, 1, None)
    assert good(await client.get("/people"))["items"] == []
    assert good(await client.get("/import-batches"))["items"] == []


async def test_lists_are_paged_in_a_stable_order(council: Council) -> None:
    client = await council.admin()
    items = [{"external_id": f"E{n:03}"} for n in range(120)]
    good(await client.post("/people/bulk", json={"items": items}))
    seen, cursor = [], None
    while True:
        params = {"limit": 50} | ({"cursor": cursor} if cursor else {})
        page = good(await client.get("/people", params=params))
        seen += [person["external_id"] for person in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        good(await client.post("/people", json={"external_id": f"new{len(seen)}"}), 201)
    assert seen[:120] == [f"E{n:03}" for n in range(120)]
    assert len(seen) == len(set(seen))
    problem(await client.get("/people", params={"cursor": "nonsense"}), 422, "invalid_cursor")
    problem(await client.get("/people", params={"limit": 201}), 422, "invalid_input")


async def test_filters_are_typed_and_a_misspelt_one_is_refused(council: Council) -> None:
    client = await council.admin()
    rows = [
        {"external_id": "E1", "department": "Housing", "left_on": "2024-05-01"},
        {"external_id": "E2", "department": "Place"},
    ]
    good(await client.post("/people/bulk", json={"items": rows}))

    async def numbers(**params: str) -> list[str]:
        page = good(await client.get("/people", params=params))
        return [person["external_id"] for person in page["items"]]

    assert await numbers(department="Housing") == ["E1"]
    assert await numbers(employed_on="2024-04-30") == ["E1", "E2"]
    assert await numbers(employed_on="2024-05-01") == ["E2"]
    problem(await client.get("/people?departement=Housing"), 422, "unknown_parameter")


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        # A line end that got lost, and a quote that was never closed: data where a header should be.
        (b"external_id,display_nameE-4711,Margaret Smith\r\n", "text/csv"),
        (b'external_id,"display_name\r\nE-4711,Margaret Smith\r\nE-4712,x",team\r\n', "text/csv"),
        (b'{"external_id": "E1", "Margaret Smith": "x"}\n', "application/x-ndjson"),
    ],
)
async def test_data_where_a_name_should_be_is_not_repeated(
    council: Council, content: bytes, media_type: str
) -> None:
    client = await council.admin()
    headers = {"Content-Type": media_type}
    answer = await client.post("/people/bulk", content=content, headers=headers)
    assert "Margaret" not in answer.text
    assert "E-4711" not in answer.text
    codes = {error["code"] for error in answer.json()["errors"]}
    assert codes & {"unknown_column", "unknown_field"}


async def test_a_csv_without_line_ends_does_not_fill_the_memory(council: Council) -> None:
    client = await council.admin()
    content = b"external_id\r\n" + b"x" * 100_000
    headers = {"Content-Type": "text/csv"}
    problem(
        await client.post("/people/bulk", content=content, headers=headers), 422, "row_too_long"
    )


@pytest.mark.parametrize("before", [b"", codecs.BOM_UTF8])
async def test_a_line_that_is_too_long_is_one_row_wherever_it_stands(
    council: Council, before: bytes
) -> None:
    client = await council.admin()
    # Two characters too long: as many as are read at once, were it not for the mark before.
    long = b'{"external_id": "E1", "display_name": "'.ljust(65_538, b"x")
    content = before + long + b'"}\n' + b'{"external_id": "E2"}\n'
    headers = {"Content-Type": "application/x-ndjson"}
    answer = good(await client.post("/people/bulk", content=content, headers=headers))
    assert [(e["index"], e["code"]) for e in answer["errors"]] == [(0, "row_too_long")]
    assert (answer["accepted"], answer["rejected"]) == (1, 1)
