"""Where events are sent, as pages: made, watched, switched off."""

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from app.core.settings import Settings
from tests import pages
from tests.council import Council, good, pilot
from tests.databases import settings_for
from tests.identity import PUBLIC_URL
from tests.receivers import dispatch, move, receiver

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
ORIGIN = {"Origin": PUBLIC_URL}
WEBHOOKS = "/dashboard/settings/webhooks"


@pytest.fixture
def settings(database_url: str) -> Settings:
    return settings_for(database_url).model_copy(update={"allow_private_addresses": True})


def hidden(page: pages.Page) -> dict[str, str]:
    return {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}


@ONE
async def test_an_endpoint_is_made_watched_and_switched_off(app: FastAPI, council: Council) -> None:
    browser = await pages.reader(app, council, Role.ADMIN)
    page = pages.read(await browser.get(WEBHOOKS))
    assert page.title == "Webhook endpoints – Settings – Pilotlight"
    async with receiver() as there:
        form = {**hidden(page), "url": "nowhere", "event_types": "pilot.transitioned"}
        refused = await browser.http.post(WEBHOOKS, data=form, headers=ORIGIN)
        assert refused.status_code == 422
        again = pages.read(refused)
        assert "#url" in {href for href, _ in again.links}
        form = {**form, **hidden(again), "url": there.url}
        made = pages.read(await browser.http.post(WEBHOOKS, data=form, headers=ORIGIN))
        assert "whsec_" in made.text
        assert (
            "whsec_"
            not in pages.read(await browser.http.post(WEBHOOKS, data=form, headers=ORIGIN)).text
        )
        (endpoint,) = good(await browser.get("/api/v1/webhook-endpoints"))["items"]
        assert endpoint["event_types"] == ["pilot.transitioned"]
        address = f"{WEBHOOKS}/{endpoint['endpoint_id']}"
        assert "No event has been for it yet." in pages.read(await browser.get(address)).text
        admin = await council.admin()
        number = await pilot(admin)
        await move(admin, number, "planned")
        await dispatch(council)
        page = pages.read(await browser.get(address))
        assert f"pilots/{number} Delivered 1 None" in page.text
        for enabled, state in ((False, "State Off"), (True, "State On")):
            form = {**hidden(page), "is_enabled": page.fields["is_enabled"]}
            done = await browser.http.post(f"{address}/state", data=form, headers=ORIGIN)
            assert done.headers["location"] == address, done.text
            (endpoint,) = good(await browser.get("/api/v1/webhook-endpoints"))["items"]
            assert endpoint["is_enabled"] is enabled
            page = pages.read(await browser.get(address))
            assert state in page.text
    await browser.close()
