"""Taxonomies: what kinds of work there are, and what a source's codes mean."""

from typing import Any

import pytest

from tests.council import Council, good, people, pilot, problem
from tests.time_use import example, needs_the_file

TAXONOMY: dict[str, Any] = {
    "version": "council-1",
    "name": "Ours",
    "categories": [
        {"code": "notes", "name": "Notes", "class": "admin", "is_recording": True},
        {"code": "post", "name": "Post", "class": "admin"},
        {"code": "visit", "name": "Visit", "class": "direct"},
    ],
    "mappings": [
        {"source": "itrent", "pattern": "N*", "category": "notes"},
        {"source": "itrent", "pattern": "N9", "category": "post"},
        {"source": "*", "pattern": "v?", "category": "visit"},
        {"source": "*", "pattern": "*note*", "category": "notes"},
        {"source": "itrent", "pattern": "visit", "category": "post"},
    ],
}


@needs_the_file
async def test_what_comes_with_pilotlight_has_the_worked_examples_classes(council: Council) -> None:
    client = await council.admin()
    listed = good(await client.get("/time-use-taxonomies"))["items"]
    assert [(each["version"], each["is_built_in"]) for each in listed] == [
        ("social-care-1", True),
        ("office-1", True),
    ]
    classes = {each["code"]: each["class"] for each in listed[0]["categories"]}
    assert example()["classes"].items() <= classes.items()


async def test_codes_are_looked_up_before_a_version_is_used(council: Council) -> None:
    client = await council.admin()
    made = good(await client.post("/time-use-taxonomies", json=TAXONOMY), 201)
    assert made["categories"][1]["is_recording"] is False
    assert good(await client.get("/time-use-taxonomies/council-1")) == made
    codes = ["n1", "N9", "NOTES", "a note b", "visit", "v?", "vx", "zzz"]
    for source, meant in (
        ("iTrent", ["notes", "post", "notes", "notes", "post", "visit", None, None]),
        ("other", [None, None, "notes", "notes", "visit", "visit", None, None]),
    ):
        answer = good(
            await client.get(
                "/time-use-taxonomies/council-1/preview", params={"source": source, "code": codes}
            )
        )
        assert [item["category"] for item in answer["items"]] == meant
        assert answer["unmapped"] == meant.count(None)


async def test_a_pilot_reads_its_samples_with_the_version_of_its_kind_or_another(
    council: Council,
) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, {"person_external_id": "E1", "arm": "pilot"})
    path = f"/pilots/{pilot_id}/time-use-taxonomy"
    assert good(await client.get(path))["version"] == "office-1"
    good(await client.post("/time-use-taxonomies", json=TAXONOMY), 201)
    for version in ("council-1", "social-care-1", "social-care-1"):
        assert good(await client.put(path, json={"version": version}))["version"] == version
        assert good(await client.get(path))["version"] == version
    problem(await client.put(path, json={"version": "no-such"}), 422, "unknown_taxonomy")
    stale = {"If-Match": '"0-0"'}
    answer = await client.put(path, json={"version": "office-1"}, headers=stale)
    problem(answer, 412, "precondition_failed")
    current = {"If-Match": (await client.get(path)).headers["etag"]}
    good(await client.put(path, json={"version": "social-care-1"}, headers=current))
    events = good(await client.get("/audit-events?action=pilot.taxonomy_chosen"))["items"]
    assert [event["details"] for event in events] == [
        {"from": "social-care-1", "to": "social-care-1"},
        {"from": "social-care-1", "to": "social-care-1"},
        {"from": "council-1", "to": "social-care-1"},
        {"from": "office-1", "to": "council-1"},
    ]


@pytest.mark.parametrize("version", ["council-1", "social-care-1"])
async def test_a_version_cannot_be_recorded_twice(council: Council, version: str) -> None:
    client = await council.admin()
    good(await client.post("/time-use-taxonomies", json=TAXONOMY), 201)
    answer = await client.post("/time-use-taxonomies", json={**TAXONOMY, "version": version})
    problem(answer, 409, "taxonomy_exists")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"mappings": [{"source": "a", "pattern": "b", "category": "none"}]}, "unknown_category"),
        ({"mappings": [TAXONOMY["mappings"][0]] * 2}, "mapping_repeated"),
        ({"categories": [TAXONOMY["categories"][0]] * 2, "mappings": []}, "category_repeated"),
        (
            {
                "categories": [{"code": "v", "name": "V", "class": "direct", "is_recording": True}],
                "mappings": [],
            },
            "not_admin",
        ),
        ({"categories": []}, "too_short"),
    ],
)
async def test_a_version_that_does_not_fit_together_is_refused(
    council: Council, wrong: dict[str, Any], code: str
) -> None:
    client = await council.admin()
    answer = problem(
        await client.post("/time-use-taxonomies", json={**TAXONOMY, **wrong}), 422, "invalid_input"
    )
    assert code in [error["code"] for error in answer["errors"]]
    problem(await client.get("/time-use-taxonomies/council-1"), 404, "not_found")


async def test_a_pattern_of_many_stars_is_looked_up_at_once(council: Council) -> None:
    client = await council.admin()
    mapping = {"source": "*", "pattern": "*a" * 31, "category": "visit"}
    good(await client.post("/time-use-taxonomies", json={**TAXONOMY, "mappings": [mapping]}), 201)
    wanted = {"source": "s", "code": ["a" * 30, "a" * 63 + "b", "a" * 31]}
    answer = good(await client.get("/time-use-taxonomies/council-1/preview", params=wanted))
    assert [item["category"] for item in answer["items"]] == [None, None, "visit"]
