"""Staff, keys, events and settings, as pages."""

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good, people
from tests.identity import PUBLIC_URL, Issuer, provider, trust

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ORIGIN = {"Origin": PUBLIC_URL}
SETTINGS, KEYS = "/dashboard/settings", "/dashboard/settings/keys"


def hidden(page: pages.Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}


@ONE
async def test_a_key_is_shown_once_and_revoked(app: FastAPI, council: Council) -> None:
    browser = await pages.reader(app, council, Role.ADMIN)
    page = pages.read(await browser.get(KEYS))
    assert page.title == "API keys – Settings – Pilotlight"
    bad = {**hidden(page), "name": "Sync", "role": "integrator", "expires_on": "soon"}
    refused = await browser.http.post(KEYS, data=bad, headers=ORIGIN)
    assert refused.status_code == 422
    assert "#expires_on" in {href for href, _ in pages.read(refused).links}
    form = {**hidden(page), "name": "Sync", "role": "integrator", "expires_on": "2199-01-01"}
    made = await browser.http.post(KEYS, data=form, headers=ORIGIN)
    assert "plk_" in pages.read(made).text
    again = await browser.http.post(KEYS, data=form, headers=ORIGIN)
    assert "plk_" not in pages.read(again).text
    (key,) = [
        k for k in good(await browser.get("/api/v1/api-keys"))["items"] if k["name"] == "Sync"
    ]
    form = {"csrf_token": page.fields["csrf_token"], "key_id": key["key_id"]}
    ended = await browser.http.post(f"{KEYS}/revoke", data=form, headers=ORIGIN)
    assert ended.headers["location"] == KEYS
    assert "Revoked" in pages.read(await browser.get(KEYS)).text
    await browser.close()


@ONE
async def test_staff_events_and_settings_are_shown_to_whom_they_may_be(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    await people(admin, "E1", display_name="Ann Ash", department="Housing")
    browser = await pages.reader(app, council, Role.ADMIN)
    found = pages.read(await browser.get("/dashboard/people", name="ASH"))
    (link,) = [href for href, text in found.links if text == "E1"]
    assert pages.read(await browser.get(link)).title == "Ann Ash (E1) – People – Pilotlight"
    assert "Nobody is found." in pages.read(await browser.get("/dashboard/people", name="x")).text
    page = pages.read(await browser.get(SETTINGS))
    form = {name: page.fields[name] for name in ("csrf_token", "etag", "name", "zone", "currency")}
    form |= {"minimum_group_size": "7", "working_hours_per_week": "36.5"}
    saved = await browser.http.post(SETTINGS, data=form, headers=ORIGIN)
    assert saved.status_code == 303, saved.text
    assert good(await browser.get("/api/v1/organisation"))["minimum_group_size"] == 7
    late = await browser.http.post(SETTINGS, data=form, headers=ORIGIN)
    assert late.status_code == 412
    pages.read(late)
    events = pages.read(await browser.get("/dashboard/audit", action="organisation.changed"))
    assert "organisation.changed" in events.text
    assert "people." not in events.text
    assert (await browser.get("/dashboard/audit", resource_id="abc")).status_code == 422
    await browser.close()
    other = await pages.reader(app, council, Role.ANALYST)
    for address in ("/dashboard/people", SETTINGS, KEYS, "/dashboard/audit"):
        assert (await other.get(address)).status_code == 403
    await other.close()


@ONE
async def test_an_account_is_blocked_and_let_in_again(app: FastAPI, council: Council) -> None:
    issuer = Issuer()
    await trust(app, provider(council), issuer=issuer)
    theirs = pages.browser(app)
    assert (await theirs.sign_in(issuer, "analyst")).status_code == 303
    assert (await theirs.get("/dashboard")).status_code == 200
    browser = await pages.reader(app, council, Role.ADMIN)
    for may, button in (("yes", "Block"), ("no", "Let in again")):
        page = pages.read(await browser.get(SETTINGS))
        assert button in page.text
        form = hidden(page) | {name: page.fields[name] for name in ("account_id", "is_blocked")}
        assert form["is_blocked"] == may
        # Nobody shuts themselves out by a slip.
        assert page.text.count("Block ") + page.text.count("Let in again ") == 1
        done = await browser.http.post(f"{SETTINGS}/accounts", data=form, headers=ORIGIN)
        assert done.headers["location"] == f"{SETTINGS}#accounts", done.text
        accounts = good(await browser.get("/api/v1/accounts"))["items"]
        (account,) = [a for a in accounts if a["account_id"] == form["account_id"]]
        assert account["is_blocked"] is (may == "yes")
        # Its session has ended; who is let in again signs in again.
        assert (await theirs.get("/dashboard")).status_code == 303
    bad = {"csrf_token": page.fields["csrf_token"], "account_id": "x", "is_blocked": "yes"}
    refused = await browser.http.post(f"{SETTINGS}/accounts", data=bad, headers=ORIGIN)
    assert "#account_id" in {href for href, _ in pages.read(refused).links}
    await browser.close()
    await theirs.close()


@ONE
async def test_absences_are_shown_without_their_reason_and_the_look_is_recorded(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    await people(admin, "E1", display_name="Ann Ash")
    away = {"person_external_id": "E1", "starts_on": "2024-05-01", "kind": "sickness"}
    good(await admin.post("/absences/bulk", json={"items": [away]}))
    person = good(await admin.get("/people"))["items"][0]["person_id"]
    browser = await pages.reader(app, council, Role.ICT_MANAGER)
    page = pages.read(await browser.get(f"/dashboard/people/{person}/absences"))
    assert page.title == "Absences – Ann Ash (E1) – People – Pilotlight"
    assert "1 May 2024 Not known" in page.text
    assert "sick" not in page.text.lower()
    (event,) = good(await admin.get("/audit-events?action=absences.read"))["items"]
    assert (event["resource_id"], event["details"]) == (person, {"rows": 1})
    await browser.close()
