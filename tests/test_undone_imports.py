"""Imports taken back: whatever was loaded in whatever order, and at once, each batch leaves as if it had not come."""

import asyncio
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.core.models import metadata
from app.people.absences import service as absences
from tests.council import Council, activity, good, people, problem
from tests.forms import as_json
from tests.time_use import sample, social_pilot

# What tells when and how often something was written, and under which id; not what was written.
_OF_WRITING = {"id", "created_at", "updated_at", "replaced_at", "revision"}


@dataclass(frozen=True)
class Kind:
    """Imports of a kind: where they are sent, what of somebody in the n-th of them, and where that is kept.

    `says` is what differs from import to import, by the same name in the row and in the first of the tables.
    """

    path: str
    row: Callable[[str, int], dict[str, Any]]
    says: str
    tables: tuple[str, ...]
    versions: str


def _away(number: str, n: int) -> dict[str, Any]:
    days = {"starts_on": "2024-05-01", "ends_on": f"2024-05-{10 + n}"}
    return {"person_external_id": number, **days, "kind": f"reason-{n}"}


ABSENCES = Kind("/absences/bulk", _away, "kind", ("absence",), "absence_version")
ACTIVITY = Kind(
    "/licence-activity/bulk",
    lambda number, n: activity(number, "2024-05-01", actions=n, source=f"source-{n}"),
    "actions",
    ("licence_activity", "licence_activity_year"),
    "licence_activity_version",
)
PEOPLE = Kind(
    "/people/bulk",
    lambda number, n: {
        "external_id": f"new {number}",
        "display_name": f"Name {n}",
        "fte": 1 - n / 20,
    },
    "display_name",
    ("person",),
    "person_version",
)
EVERY_KIND = pytest.mark.parametrize(
    "kind", [ABSENCES, ACTIVITY, PEOPLE], ids=lambda kind: kind.tables[0]
)
NUMBERS = ("E1", "E2", "E3", "E4")


async def stored(council: Council, tables: Collection[str]) -> list[tuple[Any, ...]]:
    """Everything that some tables say."""
    found: list[tuple[Any, ...]] = []
    async with council.database.engine.connect() as connection:
        for name in tables:
            table = metadata.tables[name]
            rows = await connection.execute(
                table.select().where(table.c.organisation_id.is_not(None))
            )
            said = (
                {c: v for c, v in row.items() if c not in _OF_WRITING} for row in rows.mappings()
            )
            found += sorted((name, *map(str, row.values())) for row in said)
    return found


async def load(client: httpx.AsyncClient, kind: Kind, n: int, *numbers: str) -> dict[str, Any]:
    """The n-th import of a kind, of these people."""
    result = good(await client.post(kind.path, **as_json([kind.row(each, n) for each in numbers])))
    assert result["rejected"] == 0, result
    return result


async def undo(client: httpx.AsyncClient, batch: dict[str, Any]) -> dict[str, Any]:
    return good(await client.post(f"/import-batches/{batch['batch_id']}/undo"))


@EVERY_KIND
async def test_an_import_that_is_taken_back_was_never_there(council: Council, kind: Kind) -> None:
    client = await council.admin()
    await people(client, "E1", "E2", "E3")
    nothing = await stored(council, kind.tables)
    first = await load(client, kind, 1, "E1", "E2")
    before = await stored(council, kind.tables)
    second = await load(client, kind, 2, "E1", "E2", "E3", "E3")
    assert await stored(council, kind.tables) != before
    path = f"/import-batches/{second['batch_id']}/undo"
    keyed = {"Idempotency-Key": "once"}
    undone = good(await client.post(path, headers=keyed))
    assert (undone["removed"], undone["restored"], undone["can_be_undone"]) == (1, 2, False)
    assert await stored(council, kind.tables) == before
    assert good(await client.post(path, headers=keyed)) == undone
    problem(await client.post(path), 409, "already_undone")
    # Sent once more it is as new; and so is what was there first, once that is taken back too.
    third = await load(client, kind, 2, "E1", "E2", "E3")
    assert (third["accepted"], third["updated"]) == (1, 2)
    await undo(client, third)
    await undo(client, first)
    assert await stored(council, (*kind.tables, kind.versions)) == nothing
    assert (await load(client, kind, 1, "E1", "E2"))["accepted"] == 2


@EVERY_KIND
async def test_in_whatever_order_imports_are_taken_back_what_the_others_say_stays(
    council: Council, kind: Kind
) -> None:
    client = await council.admin()
    await people(client, *NUMBERS)
    nothing = await stored(council, kind.tables)
    for order in ((1, 2, 0), (2, 0, 1)):
        # Each leaves somebody else out, and says of the first person something else before.
        whose = [[each for place, each in enumerate(NUMBERS) if place != n + 1] for n in range(3)]
        batches = []
        for n in range(3):
            rows = [kind.row(NUMBERS[0], n + 10), *(kind.row(each, n) for each in whose[n])]
            batches.append(good(await client.post(kind.path, **as_json(rows))))
        left = {0, 1, 2}
        for n in order:
            await undo(client, batches[n])
            left.remove(n)
            newest = {
                each: max((m for m in left if each in whose[m]), default=None) for each in NUMBERS
            }
            assert await said(council, kind) == {
                each: kind.row(each, m)[kind.says] for each, m in newest.items() if m is not None
            }, (order, n)
        assert await stored(council, (*kind.tables, kind.versions)) == nothing, order


async def said(council: Council, kind: Kind) -> dict[str, Any]:
    """What is said of whom."""
    person, table = metadata.tables["person"], metadata.tables[kind.tables[0]]
    statement = select(person.c.external_id, table.c[kind.says])
    if table is person:
        statement = statement.where(person.c.external_id.startswith("new "))
    else:
        statement = statement.join_from(person, table, table.c.person_id == person.c.id)
    async with council.database.engine.connect() as connection:
        rows = await connection.execute(statement.where(table.c.organisation_id.is_not(None)))
        return {row[0].removeprefix("new "): row[1] for row in rows}


@EVERY_KIND
async def test_of_imports_at_once_each_can_be_taken_back(council: Council, kind: Kind) -> None:
    """They bring the same new rows, so that what one of them changes another has added just before."""
    client = await council.admin()
    await people(client, *NUMBERS)
    nothing = await stored(council, kind.tables)
    batches = await asyncio.gather(*(load(client, kind, n, *NUMBERS) for n in range(6)))
    assert sum(each["accepted"] for each in batches) == len(NUMBERS)
    kept = await stored(council, [kind.versions])
    assert len(kept) == 5 * len(NUMBERS)
    # Two more come while three are taken back.
    loads = [load(client, kind, n, *NUMBERS) for n in (6, 7)]
    *more, _, _, _ = await asyncio.gather(*loads, *(undo(client, each) for each in batches[:3]))
    assert set((await said(council, kind)).values()) <= {kind.row("", n)[kind.says] for n in (6, 7)}
    await asyncio.gather(*(undo(client, each) for each in (*batches[3:], *more)))
    assert await stored(council, (*kind.tables, kind.versions)) == nothing


async def test_what_its_source_withdrew_comes_back_as_something_new(council: Council) -> None:
    """What it had been before goes with it: an import taken back later does not bring it back."""
    client = await council.admin()
    await people(client, "E1")
    await load(client, ABSENCES, 1, "E1")
    await load(client, ABSENCES, 2, "E1")
    async with council.database.transaction() as session:
        gone = {("E1", date(2024, 5, 1))}
        assert await absences.take_back(session, council.system, gone) == 1
    await undo(client, await load(client, ABSENCES, 3, "E1"))
    assert await stored(council, ("absence", "absence_version")) == []


async def staff(client: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    return {each["external_id"]: each for each in good(await client.get("/people"))["items"]}


async def brings(client: httpx.AsyncClient, department: str, *numbers: str) -> dict[str, Any]:
    rows = [{"external_id": each, "department": department} for each in numbers]
    return good(await client.post("/people/bulk", **as_json(rows)))


async def test_whoever_was_changed_since_or_is_in_use_stays_and_is_named(council: Council) -> None:
    client = await council.admin()
    path = await social_pilot(client)
    right = await brings(client, "Right", "N1", "N2")
    wrong = await brings(client, "Wrong", "N1", "N2", "N3", "N4", "N5")
    found = await staff(client)
    ids = {number: each["person_id"] for number, each in found.items()}
    good(await client.patch(f"/people/{ids['N2']}", json={"display_name": "By Hand"}))
    member = {"items": [{"person_external_id": "N3", "arm": "pilot"}]}
    good(await client.post(path.replace("time-samples", "members/bulk"), json=member))
    # A sample holds on to nobody by itself: it has no foreign key.
    good(await client.post(path, json=sample("a", person_external_id="N4")), 201)
    undone = await undo(client, wrong)
    assert (undone["removed"], undone["restored"]) == (1, 1)
    assert {each["person_id"]: each["code"] for each in undone["stayed"]} == {
        ids["N2"]: "changed_since",
        ids["N3"]: "in_use",
        ids["N4"]: "in_use",
    }
    (event,) = good(await client.get("/audit-events?action=import_batch.undone"))["items"]
    counts = {"removed": 1, "restored": 1, "stayed": 3}
    assert event["details"] == {"kind": "people", **counts}
    departments = {number: each["department"] for number, each in (await staff(client)).items()}
    left = {number: departments.get(number) for number in ("N1", "N2", "N3", "N4", "N5")}
    assert left == {"N1": "Right", "N2": "Wrong", "N3": "Wrong", "N4": "Wrong", "N5": None}
    before = await undo(client, right)
    assert (before["removed"], before["restored"]) == (1, 0)
    assert [each["person_id"] for each in before["stayed"]] == [ids["N2"]]
    # What another import makes of them now is taken back to what was left.
    await undo(client, await brings(client, "Other", "N2", "N3"))
    assert (await staff(client))["N2"]["department"] == "Wrong"
    assert (await staff(client))["N2"]["display_name"] == "By Hand"


async def test_whoever_was_erased_does_not_come_back(council: Council) -> None:
    client = await council.admin()
    batches = [await brings(client, name, "N1") for name in ("One", "Two")]
    person_id = (await staff(client))["N1"]["person_id"]
    assert await stored(council, ["person_version"]) != []
    good(await client.post("/erasures", json={"person_id": person_id}), 201)
    assert await stored(council, ["person_version"]) == []
    pseudonym = await stored(council, ["person"])
    for batch in batches:
        undone = await undo(client, batch)
        assert (undone["removed"], undone["restored"], undone["stayed"]) == (0, 0, [])
    assert await stored(council, ["person"]) == pseudonym


def test_whatever_points_at_people_is_found_by_the_name_of_its_column() -> None:
    """As whoever is in use is told from who is not."""
    person = metadata.tables["person"]
    columns = [
        each.parent
        for table in metadata.sorted_tables
        for each in table.foreign_keys
        if each.column is person.c.id and table.name != "person_version"
    ]
    assert [str(column) for column in columns if not column.name.endswith("person_id")] == []
