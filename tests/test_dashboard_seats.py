"""Seats for a pasted list: seen before they are given, and given once."""

from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.access.permissions import Role
from app.dashboard.staff.lines import lines_of, meant, once_each
from tests import pages
from tests.council import Council, good, people
from tests.identity import PUBLIC_URL
from tests.licences import ledger, on, pool, waiting

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@ONE
async def test_a_list_is_seen_and_then_carried_out_once(app: FastAPI, council: Council) -> None:
    with on("2024-05-08"):
        admin = await council.admin()
        await people(admin, "E1", display_name="Ann Ash")
        await people(admin, "E2", "E3", "E4", display_name="Bea Birch")
        await people(admin, "E5", user_name="cy@anytown")
        path = await pool(admin, seats=2)
        good(await admin.post(f"{path}/allocations", json={"person_external_id": "E4"}), 201)
        browser = await pages.reader(app, council, Role.ICT_MANAGER)
        address = f"/dashboard{path.replace('licence-pools', 'licences')}/allocate"

        async def send(page: pages.Page, **fields: str) -> pages.Page:
            sent = {"csrf_token": page.fields["csrf_token"], **fields}
            answer = await browser.http.post(address, data=sent, headers={"Origin": PUBLIC_URL})
            assert answer.status_code == 200, answer.text
            return pages.read(answer)

        page = pages.read(await browser.get(address))
        listed = "ann  ash\r\n\r\nE4\r\nBea Birch\r\nCY@anytown\r\nnobody\r\nE1\r\n"
        seen = await send(page, people=listed, queue="yes")
        assert seen.title.startswith("Give these seats? – ")
        assert "1 would get a seat, 1 would wait, 1 has one or waits already, 3 would get none" in (
            seen.text
        )
        for line in (
            "ann ash Ann Ash (E1) Would get a seat",
            "Bea Birch Not known Several are called so: give a number (E2, E3, E4).",
            "CY@anytown E5 Would be put on the waiting list",
            "nobody Not known Nobody on the list",
            "E1 Not known The same person as in a line above.",
        ):
            assert line in seen.text
        assert len(await ledger(admin, path)) == 1
        again = {name: seen.fields[name] for name in ("people", "queue", "carry_out")}
        key = seen.fields["idempotency_key"]
        done = await send(seen, **again, idempotency_key=key)
        assert "ann ash Ann Ash (E1) Has a seat now" in done.text
        held = await ledger(admin, path)
        assert [number for number, *_ in held] == ["E4", "E1"]
        assert await waiting(admin, path) == ["E5"]
        second = await send(seen, **again, idempotency_key=key)
        assert second.title == "Done already – Pilotlight"
        assert "Ann" not in second.text
        assert await ledger(admin, path) == held
        wrong = await browser.http.post(
            address, data={"csrf_token": page.fields["csrf_token"]}, headers={"Origin": PUBLIC_URL}
        )
        assert wrong.status_code == 422
        assert any(href == "#people" for href, _ in pages.read(wrong).links)
        await browser.close()


@ONE
async def test_people_are_found_by_part_of_a_name_in_capitals_or_not(council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E1", display_name="Ann Ash")
    await people(admin, "E_2", user_name="ashley@anytown")
    for asked, found in (("ASH", ["E1", "E_2"]), ("nn a", ["E1"]), ("_", ["E_2"]), ("%", [])):
        listed = good(await admin.get("/people", params={"name": asked}))["items"]
        assert [each["external_id"] for each in listed] == found


def person(number: str, name: str) -> dict[str, Any]:
    return {"person_id": number, "external_id": number, "display_name": name, "user_name": None}


@given(st.text(max_size=60))
def test_lines_are_what_stands_in_them_once(pasted: str) -> None:
    lines = lines_of(pasted)
    assert len(set(lines)) == len(lines)
    assert all(line.strip() == line != "" for line in lines)
    assert lines_of("\n".join(lines)) == lines


@given(st.lists(st.sampled_from("abc"), max_size=6), st.text(alphabet="abcABC", max_size=2))
def test_a_name_means_somebody_only_where_it_is_theirs_alone(names: list[str], text: str) -> None:
    staff = [person(f"E{n}", name) for n, name in enumerate(names)]
    line = meant(text, staff)
    alike = [each for each in staff if each["display_name"] == text.casefold()]
    assert line.person == (alike[0] if len(alike) == 1 else None)
    assert (line.person is None) == bool(line.why)
    assert [each.person for each in once_each([line, line])] == [line.person, None]
