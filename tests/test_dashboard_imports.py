"""Files taken in by a form: looked at, carried out once, mended, taken back."""

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.access.permissions import Role
from app.core.errors import Invalid
from app.dashboard.multipart import bytes_of, fields_of
from tests import pages
from tests.council import Council, good, people, pilot
from tests.identity import PUBLIC_URL, Browser
from tests.licences import on
from tests.pages import Page

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
NEW = "/dashboard/imports/new"
SAMPLES = (
    "person_external_id,category,started_at,minutes,source,source_ref,method\r\n"
    "E1,visit,08/04/2024 09:00,30,diary,1,diary\r\n"
    "=E2,visit,08/04/2024 10:00,30,diary,2,diary\r\n"
    "E1,visit,08/04/2024 11:00,-5,diary,3,diary\r\n"
)


async def send(browser: Browser, page: Page, text: str, **fields: str) -> httpx.Response:
    sent = {"csrf_token": page.fields["csrf_token"], **fields}
    files = {"file": ("diary.csv", text.encode(), "text/csv")}
    headers = {"Origin": PUBLIC_URL}
    return await browser.http.post(NEW, data=sent, files=files, headers=headers)


async def again(browser: Browser, page: Page, step: str) -> httpx.Response:
    """What the browser sends of the preview's form for a step: no file, what the page carries of it."""
    sent = {name: (None, value) for name, value in page.fields.items() if name != "batch_id"}
    sent["step"] = (None, step)
    if step == "rejected":
        sent.pop("idempotency_key", None)
    return await browser.http.post(NEW, files=sent, headers={"Origin": PUBLIC_URL})


@ONE
async def test_a_file_is_checked_imported_once_mended_and_taken_back(
    app: FastAPI, council: Council
) -> None:
    with on("2024-05-08"):
        admin = await council.admin()
        await people(admin, "E1", "E2")
        path = f"/pilots/{await pilot(admin, {'person_external_id': 'E1'})}"
        browser = await pages.reader(app, council, Role.ADMIN)
        page = pages.read(await browser.get(NEW))
        said = {"kind": "time-samples", "pilot": path.rpartition("/")[2], "date_order": "dmy"}
        seen = pages.read(await send(browser, page, SAMPLES, **said))
        assert "Nothing is written yet. Time samples of a pilot: 1 new" in seen.text
        assert "2 rejected" in seen.text
        assert good(await admin.get("/import-batches"))["items"][0]["kind"] != "time_samples"
        # Nothing is said of a zone: it is the organisation's, whose clocks went forward over this.
        skipped = SAMPLES.replace("08/04/2024 11:00,-5", "31/03/2024 01:30,5")
        told = pages.read(await send(browser, page, skipped, **said)).text
        assert "this local time does not exist" in told

        done = pages.read(await again(browser, seen, "carry_out"))
        assert "diary.csv is imported." in done.text
        second = pages.read(await again(browser, seen, "carry_out"))
        assert second.title == "Done already – Pilotlight"
        batches = good(await admin.get("/import-batches?kind=time_samples"))["items"]
        assert [(each["accepted"], each["rejected"]) for each in batches] == [(1, 2)]

        rejected = await again(browser, done, "rejected")
        assert rejected.headers["content-disposition"] == 'attachment; filename="rejected.csv"'
        lines = rejected.content.decode("utf-8-sig").splitlines()
        assert lines[0].startswith("_row,_field,_code,_problem,person_external_id")
        assert lines[1].startswith("2,")
        assert ",'=E2,visit," in lines[1]
        assert lines[2].startswith("3,minutes,")
        mended = rejected.text.replace("'=E2", "E2").replace(",-5,", ",5,")
        seen = pages.read(await send(browser, page, mended, **said))
        assert "2 new, 0 changed, 0 the same as before, 0 rejected." in seen.text

        listed = pages.read(await browser.get("/dashboard/imports"))
        form = {name: listed.fields[name] for name in ("csrf_token", "idempotency_key")}
        headers = {"Origin": PUBLIC_URL}
        undone = await browser.http.post(
            "/dashboard/imports/undo",
            data={**form, "batch_id": batches[0]["batch_id"]},
            headers=headers,
        )
        assert undone.headers["location"] == "/dashboard/imports?undone=1"
        told = pages.read(await browser.get("/dashboard/imports", undone="1")).text
        assert "Taken back: 1 row." in told
        twice = await browser.http.post(
            "/dashboard/imports/undo",
            data={**form, "idempotency_key": "k", "batch_id": batches[0]["batch_id"]},
            headers=headers,
        )
        assert twice.status_code == 409
        pages.read(twice)
        await browser.close()


@ONE
async def test_who_stays_of_an_import_that_is_taken_back_is_told(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    await people(admin, "E1", "E2")
    found = good(await admin.get("/people", params={"external_id": "E1"}))["items"][0]
    path = f"/people/{found['person_id']}"
    good(await admin.patch(path, json={"display_name": "By hand"}))
    batch = good(await admin.get("/import-batches"))["items"][0]
    browser = await pages.reader(app, council, Role.ADMIN)
    listed = pages.read(await browser.get("/dashboard/imports"))
    form = {name: listed.fields[name] for name in ("csrf_token", "idempotency_key", "batch_id")}
    assert form["batch_id"] == batch["batch_id"]
    for title in ("Taken back in part", "Done already"):
        done = await browser.http.post(
            "/dashboard/imports/undo", data=form, headers={"Origin": PUBLIC_URL}
        )
        page = pages.read(done)
        assert page.title.startswith(title)
        assert (f"/dashboard{path}" in {href for href, _ in page.links}) == ("part" in title)
    assert "Cannot be" not in pages.read(await browser.get("/dashboard/imports")).text
    await browser.close()


@ONE
async def test_anonymous_answers_of_a_file_that_comes_twice_are_there_once(
    app: FastAPI, council: Council
) -> None:
    """Nothing names them; their place in the file does, and the page says so before anything is sent."""
    with on("2024-05-08"):
        admin = await council.admin()
        path = f"/pilots/{await pilot(admin)}"
        browser = await pages.reader(app, council, Role.ADMIN)
        page = pages.read(await browser.get(NEW))
        said = {"kind": "feedback", "pilot": path.rpartition("/")[2]}
        text = "week_starts_on,satisfaction\r\n2024-04-08,4\r\n2024-04-08,4\r\n"
        seen = pages.read(await send(browser, page, text, **said))
        assert "2 new" in seen.text
        assert "2 new" in pages.read(await again(browser, seen, "carry_out")).text
        seen = pages.read(await send(browser, page, text, **said))
        assert "This file was imported already." in seen.text
        assert "0 new, 0 changed, 2 the same as before" in seen.text
        assert "idempotency_key" not in seen.fields
        other = pages.read(await send(browser, page, text + "2024-04-15,5\r\n", **said))
        assert "This file was imported already." not in other.text
        assert "3 new" in other.text
        await browser.close()


@ONE
async def test_what_is_missing_is_said_at_its_field(app: FastAPI, council: Council) -> None:
    browser = await pages.reader(app, council, Role.ADMIN)
    page = pages.read(await browser.get(NEW))
    for text, said, field in (
        ("", {"kind": "people"}, "#file"),
        (SAMPLES, {"kind": "x"}, "#kind"),
        (SAMPLES, {"kind": "time-samples"}, "#pilot"),
    ):
        answer = await send(browser, page, text, **said)
        assert answer.status_code == 422
        assert field in {href for href, _ in pages.read(answer).links}
    await browser.close()
    for role, status in ((Role.ANALYST, 403), (Role.PILOT_LEAD, 200)):
        other = await pages.reader(app, council, role)
        assert (await other.get(NEW)).status_code == status
        assert (await other.get("/dashboard/imports")).status_code == 403
        await other.close()


@given(st.dictionaries(st.sampled_from("abc"), st.binary(max_size=40), min_size=1))
def test_a_form_with_files_is_read_as_it_was_sent(values: dict[str, bytes]) -> None:
    files = {name: (f"{name}.csv", value) for name, value in values.items()}
    request = httpx.Request("POST", "http://x", files=files)
    found = fields_of(request.read(), request.headers["content-type"], 10)
    assert {name: bytes_of(found[name][0]) for name in values} == values
    assert all(found[f"{name}_name"] == [f"{name}.csv"] for name in values)
    with pytest.raises(Invalid):
        fields_of(request.read()[:-6], request.headers["content-type"], 10)
