"""Jobs are asked for by a form, and watched without a script."""

import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from tests import pages
from tests.council import Council, good
from tests.identity import PUBLIC_URL

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)


@ONE
async def test_a_run_is_asked_for_once_and_watched(app: FastAPI, council: Council) -> None:
    browser = await pages.reader(app, council, Role.ADMIN)
    page = pages.read(await browser.get("/dashboard/jobs"))
    assert page.title == "Jobs – Pilotlight"
    names = [job["name"] for job in good(await browser.get("/api/v1/jobs"))["items"]]
    form = {name: page.fields[name] for name in ("csrf_token", "idempotency_key")}
    headers = {"Origin": PUBLIC_URL}
    for _ in range(2):
        asked = await browser.http.post(
            "/dashboard/jobs", data={**form, "job": names[0]}, headers=headers
        )
        assert asked.status_code == 303, asked.text
    (run,) = good(await browser.get("/api/v1/job-runs"))["items"]
    address = f"/dashboard/jobs/runs/{run['run_id']}"
    assert asked.headers["location"] == f"{address}?follow=true"
    watched = await browser.get(asked.headers["location"])
    assert watched.headers["refresh"] == "5"
    assert "Queued." in pages.read(watched).text
    # Whoever does not want it to come anew stops that, and finds it again.
    assert address in {href for href, _ in pages.read(watched).links}
    assert "refresh" not in (await browser.get(address)).headers
    found = pages.read(await browser.get("/dashboard/jobs"))
    assert address in {href for href, _ in found.links}
    for wrong, field in (({"job": "x"}, "#job"), ({"job": names[0], "as_of": "soon"}, "#as_of")):
        refused = await browser.http.post(
            "/dashboard/jobs",
            data={"csrf_token": form["csrf_token"], **wrong},
            headers=headers,
        )
        assert refused.status_code == 422
        assert field in {href for href, _ in pages.read(refused).links}
        assert "refresh" not in refused.headers
    await browser.close()
    other = await pages.reader(app, council, Role.PILOT_LEAD)
    assert (await other.get("/dashboard/jobs")).status_code == 403
    await other.close()
