"""Policies, gates, the register and training, as pages for whoever answers for governance."""

from typing import get_args

import httpx
import pytest
from fastapi import FastAPI

from app.access.permissions import Role
from app.assurance.governance.register.contents import Content
from app.assurance.governance.register.headings import Heading
from app.assurance.governance.register.models import ItemKind
from app.dashboard.register.kinds import ASKED, as_typed, content_in, field_of, value_of
from tests import pages
from tests.council import Council, good, people, pilot
from tests.identity import PUBLIC_URL, Browser
from tests.writes import ITEM, POLICY

ONE = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
GOVERNANCE = "/dashboard/governance"
GATED = "/dashboard/governance/gates"


async def send(browser: Browser, page: str, to: str = "", **fields: object) -> httpx.Response:
    """What a browser sends of a form on a page, these fields of it filled in."""
    seen = pages.read(await browser.get(page)).fields
    hidden = {
        name: seen[name] for name in ("csrf_token", "idempotency_key", "etag") if name in seen
    }
    form = {**hidden, **fields}
    return await browser.http.post(to or page, data=form, headers={"Origin": PUBLIC_URL})


def wrong(answer: httpx.Response) -> set[str]:
    """The fields to which the errors of a page lead."""
    assert answer.status_code in (409, 412, 422), answer.text
    page = pages.read(answer)
    assert page.title.startswith("Error: ")
    return {href[1:] for href, _ in page.links if href.startswith("#")} - {"main"}


@ONE
async def test_a_policy_is_recorded_published_and_followed_by_its_next_version(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    browser = await pages.reader(app, council, Role.INFORMATION_GOVERNANCE)
    new = f"{GOVERNANCE}/policies/new"
    assert (new, "Add a policy") in pages.read(await browser.get(GOVERNANCE)).links
    said = {"code": "AI-USE", "title": "Use of AI", "owner": "Head of ICT"}
    assert wrong(await send(browser, new, **{**said, "code": "AI use"})) == {"code"}
    assert wrong(await send(browser, new, **said, topics="weather")) == {"topics"}
    made = await send(browser, new, **said, topics=["", "purpose", "accuracy"])
    first = made.headers["location"]
    # A step that needs a review date, which is set, and taken back, by the form that changes it.
    for step in ("consulted", "approved"):
        assert (await send(browser, first, f"{first}/steps", status=step)).status_code == 303
    assert wrong(await send(browser, first, f"{first}/steps", status="published")) == {"review_on"}
    settled = pages.read(await browser.get(first))
    assert "title" not in settled.fields
    fields = {"owner": "Head of ICT", "document_ref": "", "review_on": "2027-01-31"}
    stale = settled.fields["etag"]
    assert (await send(browser, first, **fields)).status_code == 303
    changed_since = await send(browser, first, **{**fields, "etag": stale})
    assert changed_since.status_code == 412
    assert (await send(browser, first, f"{first}/steps", status="published")).status_code == 303
    (policy,) = good(await admin.get("/policies"))["items"]
    assert (policy["status"], policy["review_on"]) == ("published", "2027-01-31")
    assert policy["topics"] == ["accuracy", "purpose"]
    # And the next one.
    following = f"{first}/next"
    filled = pages.read(await browser.get(following))
    assert filled.fields["title"] == "Use of AI"
    done = await send(
        browser, following, title="Use of AI", owner="Head of ICT", topics="ethics_and_bias"
    )
    second = pages.read(await browser.get(done.headers["location"]))
    assert second.title.startswith("Use of AI, version 2")
    assert (first, "Version 1") in second.links
    still_open = await send(browser, following, title="Use of AI", owner="Head of ICT")
    assert still_open.status_code == 409
    # All topics unmarked are none.
    none = await send(browser, done.headers["location"], title="Use of AI", owner="x", topics="")
    assert none.status_code == 303
    newest = good(await admin.get("/policies?status=draft"))["items"]
    assert [each["topics"] for each in newest] == [[]]
    await browser.close()


@ONE
async def test_what_must_be_in_order_is_set_by_a_form(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    browser = await pages.reader(app, council, Role.INFORMATION_GOVERNANCE)
    stale = pages.read(await browser.get(GATED)).fields["etag"]
    assert (await send(browser, GATED, gates=["", "dpia", "training"])).status_code == 303
    assert good(await admin.get("/governance/gates"))["gates"] == ["dpia", "training"]
    assert 'value="dpia" checked' in (await browser.get(GATED)).text
    assert (await send(browser, GATED, gates="", etag=stale)).status_code == 412
    assert (await send(browser, GATED, gates="")).status_code == 303
    assert good(await admin.get("/governance/gates"))["gates"] == []
    await browser.close()


@ONE
async def test_an_item_is_put_into_the_register_approved_and_reviewed(
    app: FastAPI, council: Council
) -> None:
    admin = await council.admin()
    path = f"/pilots/{await pilot(admin)}"
    about = f"/dashboard{path}/governance"
    browser = await pages.reader(app, council, Role.INFORMATION_GOVERNANCE)
    there = {href for href, _ in pages.read(await browser.get(about)).links}
    assert {f"{about}/new/{kind}" for kind in ItemKind} <= there
    new = f"{about}/new/equality_impact"
    said = {
        "title": "Equality",
        "owner": "Equalities lead",
        "content-mitigations": "Read\r\nit out.",
    }
    assert wrong(await send(browser, new, **said, review_on="soon")) == {
        "content-outcome",
        "review_on",
    }
    long = f"Deaf people\r\n{'x' * 201}"
    refused = await send(
        browser, new, **said, **{"content-outcome": "adjust", "content-groups": long}
    )
    assert wrong(refused) == {"content-groups"}
    assert "Deaf people" in refused.text
    groups = "Deaf people\r\n\r\nWho read another language"
    made = await send(
        browser, new, **said, **{"content-outcome": "adjust", "content-groups": groups}
    )
    item = made.headers["location"]
    assert f"{about}/new/equality_impact" not in (await browser.get(about)).text
    shown = pages.read(await browser.get(item))
    assert "Groups that it may touch Deaf people, Who read another language" in shown.text
    decide = f"{item}/decision"
    assert wrong(await send(browser, item, decide, status="approved")) == {"approver"}
    done = await send(browser, item, decide, status="approved", approver="SIRO")
    assert done.status_code == 303
    # What is unchanged stays approved; other content goes back into review.
    shown = pages.read(await browser.get(item))
    assert "by SIRO" in shown.text
    about_it = {name: shown.fields[name] for name in ("title", "owner", "opened_on", "review_on")}
    same = {**about_it, **said, "content-outcome": "adjust", "content-groups": groups}
    assert (await send(browser, item, **{**same, "review_on": "2027-03-01"})).status_code == 303
    (held,) = good(await admin.get(f"{path}/register"))["items"]
    assert (held["status"], held["review_on"]) == ("approved", "2027-03-01")
    assert held["content"]["mitigations"] == "Read\nit out."
    other = {**same, "content-outcome": "stop"}
    assert (await send(browser, item, **{**other, "review_on": ""})).status_code == 303
    (held,) = good(await admin.get(f"{path}/register"))["items"]
    assert (held["status"], held["review_on"]) == ("in_review", None)
    assert (await browser.get(f"{about}/new/weather")).status_code == 404
    await browser.close()


@ONE
async def test_training_is_recorded_from_a_pasted_list(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    await people(admin, "E-1", "E-2")
    members = [{"person_external_id": each, "arm": "pilot"} for each in ("E-1", "E-2")]
    path = f"/pilots/{await pilot(admin, *members)}"
    browser = await pages.reader(app, council, Role.INFORMATION_GOVERNANCE)
    address = f"/dashboard{path}/governance/training"
    about = pages.read(await browser.get(f"/dashboard{path}/governance"))
    assert (address, "Record training") in about.links
    said = {"people": "E-1\r\nE-9", "course": "AI-101", "completed_on": "2024-03-28"}
    assert wrong(await send(browser, address, **{**said, "course": " "})) == {"course"}
    looked_at = pages.read(await send(browser, address, **said))
    assert "1 would be recorded" in looked_at.text
    assert good(await admin.get(f"{path}/training"))["trained"] == 0
    form = {name: text for name, text in looked_at.fields.items() if name != "role"}
    for _ in range(2):  # the second click
        done = await browser.http.post(address, data=form, headers={"Origin": PUBLIC_URL})
        assert done.status_code == 200, done.text
    assert good(await admin.get(f"{path}/training"))["trained"] == 1
    assert "1 of 2 people" in pages.read(await browser.get(address)).text
    await browser.close()


@ONE
async def test_who_may_not_write_gets_no_form(app: FastAPI, council: Council) -> None:
    admin = await council.admin()
    about = f"/pilots/{await pilot(admin)}"
    policy = good(await admin.post("/policies", json=POLICY), 201)["policy_id"]
    item = good(await admin.post(f"{about}/register", json=ITEM), 201)["item_id"]
    analyst = await pages.reader(app, council, Role.ANALYST)
    form = {"csrf_token": await analyst.forgery_token(), "etag": "*", "people": "E-1"}
    form |= {"code": "X", "title": "X", "owner": "X", "status": "in_review", "gates": "dpia"}
    form |= {"content-description": "X", "content-likelihood": "1", "content-impact": "1"}
    form |= {"course": "AI-101", "completed_on": "2024-03-28"}
    base, of_policy = f"/dashboard{about}/governance", f"{GOVERNANCE}/policies/{policy}"
    for address, to in (
        (f"{GOVERNANCE}/policies/new", ""),
        (f"{of_policy}/next", ""),
        (of_policy, f"{of_policy}/steps"),
        (GATED, ""),
        (f"{base}/new/risk", ""),
        (f"{base}/register/{item}", f"{base}/register/{item}/decision"),
        (f"{base}/training", ""),
    ):
        assert (await analyst.get(address)).status_code == 403
        sent = await analyst.http.post(to or address, data=form, headers={"Origin": PUBLIC_URL})
        assert sent.status_code == 403, to or address
    await analyst.close()


def test_a_form_asks_for_all_that_an_item_of_a_kind_holds() -> None:
    union, *_ = get_args(Content)
    for model in get_args(union):
        (kind,) = get_args(model.model_fields["kind"].annotation)
        names = set(model.model_fields) - {"kind"}
        if "entries" in names:
            names = {f"entries-{heading}" for heading in Heading}
        assert {asked.name for asked in ASKED[kind]} == names
    assert set(ASKED) == set(ItemKind)


def test_a_form_that_is_sent_as_it_is_shown_changes_nothing() -> None:
    content = {
        "description": "It mixes up siblings.",
        "occurred_on": "2024-05-01",
        "severity": "high",
        "is_breach": True,
        "reported_to": ["Data protection officer", "ICO"],
        "action": None,
    }
    asked = ASKED[ItemKind.INCIDENT]
    form = {each.field: [as_typed(value_of(content, each))] for each in asked}
    told = {name: value for name, value in content.items() if value is not None}
    assert content_in(form, ItemKind.INCIDENT) == {"kind": "incident", **told}
    said = {"entries": {"name": "Drafting", "contact": "ai@anytown.gov.uk"}}
    asked = ASKED[ItemKind.TRANSPARENCY_RECORD]
    form = {each.field: [as_typed(value_of(said, each))] for each in asked}
    record = ItemKind.TRANSPARENCY_RECORD
    assert content_in(form, record) == {"kind": record, **said}
    for pointer, field in (
        ("/content/dpia/residual_risk", "/content/residual_risk"),
        ("/content/equality_impact/groups/3", "/content/groups"),
        ("/content/entries/contact", "/content/entries/contact"),
        ("/content/transparency_record/entries/models", "/content/entries/models"),
        ("/review_on", "/review_on"),
    ):
        assert field_of(pointer) == field
