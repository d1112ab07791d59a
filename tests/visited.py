"""A council whose pages are all furnished, and the way through them: links from the front page on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urldefrag
from uuid import UUID

import httpx
from starlette.routing import BaseRoute, Match, Route

from app.access.permissions import Role
from app.core import clock
from app.dashboard.assets import PREFIX as STATIC
from app.dashboard.navigation import HOME, SIGN_IN
from app.dashboard.routes import ROUTERS
from app.demo import benchmark
from app.main import create_app
from tests.adoption import days, record
from tests.benefits import claimed
from tests.council import found, good, people, pilot
from tests.databases import settings_for
from tests.licences import pool, wait
from tests.pages import Page
from tests.snapshots import observed, published
from tests.writes import AUDIT, ITEM, POLICY, output

NAME: Final = "Simulated Borough Council"
CHILDREN: Final = "Children's services: case recording, six weeks (simulated)"
COPILOT: Final = "Microsoft 365 Copilot, autumn 2026"
RUNNING: Final = "Revenues: letters in plain English (simulated)"
ROLES: Final = (Role.ADMIN, Role.ICT_MANAGER, Role.ANALYST)
# Who leads pilots: their key is theirs alone.
LEAD: Final = "S0018"
# So many pages of a kind are looked at, and the fullest of them tried.
_OF_A_KIND: Final = 3


async def furnish(url: str) -> dict[Role, str]:
    """Fill a migrated database; returns a key of each role."""
    application = create_app(settings_for(url))
    async with application.router.lifespan_context(application):
        council = await found(application, NAME, is_simulated=True)
        admin = await council.admin()
        path = await observed(admin, name=CHILDREN)
        await published(admin, path)
        await _decided(admin, path)
        await _audited(admin, path)
        await _governed(admin, path)
        await _seats(admin)
        await _running(admin)
        async with council.database.transaction() as session:
            await benchmark.load(session, council.system)
        good(await admin.post("/benchmark-returns", json={"year": 2025}), 201)
        hook = {"url": "https://receiver.example.org/hooks", "description": "Case system"}
        good(await admin.post("/webhook-endpoints", json=hook), 201)
        good(await admin.post("/jobs/idempotency_cleanup/runs"), 202)
        lead = good(await admin.get(f"/people?external_id={LEAD}"))["items"][0]["person_id"]
        keys = {role: await council.key(role) for role in ROLES}
        keys[Role.PILOT_LEAD] = await council.key(Role.PILOT_LEAD, person_id=UUID(lead))
        await council.close()
    return keys


async def _audited(client: httpx.AsyncClient, path: str) -> None:
    """An audit plan with outputs that were drawn, one of them marked."""
    plans = f"{path}/output-audit-plans"
    plan_id = good(await client.post(plans, json=AUDIT), 201)["plan_id"]
    listed = {"items": [output(f"note-{number}") for number in range(8)]}
    good(await client.post(f"{plans}/{plan_id}/outputs/bulk", json=listed))
    good(await client.post(f"{plans}/{plan_id}/draws", json={"outputs": 4}), 201)
    sample = good(await client.get(f"{plans}/{plan_id}/sample"))["items"]
    found = {
        "findings": [{"type": "omission", "severity": "major", "reached": "reached_the_record"}]
    }
    marked = f"{plans}/{plan_id}/sample/{sample[0]['sampled_id']}/markings"
    good(await client.post(marked, json=found), 201)


async def _governed(client: httpx.AsyncClient, path: str) -> None:
    """A policy, an item of the register, and gates that bar a pilot."""
    good(await client.post("/policies", json=POLICY), 201)
    good(await client.post(f"{path}/register", json=ITEM), 201)


async def _decided(client: httpx.AsyncClient, path: str) -> None:
    """A claim with assumptions, and a decision."""
    said = [
        {"name": "weeks at work", "low": "40", "central": "44", "high": "46"},
        {"name": "share recaptured", "low": "0.30", "central": "0.50", "high": "0.80"},
    ]
    await claimed(client, path, assumptions=said, training_hours="24.00")
    for step in ("running", "completed"):
        good(await client.post(f"{path}/transitions", json={"to": step}), 201)
    decided = {"outcome": "scale", "reasons": "Admin fell.", "decided_by": "Digital Board"}
    sent = {"pilot_id": path.rpartition("/")[2], **decided}
    good(await client.post("/decisions", json=sent), 201)


def _ago(number: int) -> str:
    return str(clock.now().date() - timedelta(days=number))


async def _seats(client: httpx.AsyncClient) -> None:
    """A pool of today: seats in use, seats idle, and people who wait."""
    staff = [f"S{number:04}" for number in range(1, 28)]
    await people(client, *staff, department="Corporate Services")
    path = await pool(
        client, name=COPILOT, term_starts_on=_ago(200), term_ends_on=_ago(-165), seats=20,
        seat_price="296.40",
    )  # fmt: skip
    seats = [{"person_external_id": name, "allocated_on": _ago(190)} for name in staff[:20]]
    assert good(await client.post(f"{path}/allocations/bulk", json={"items": seats}))["accepted"]
    for name in staff[20:]:
        await wait(client, path, name)
    for name, last in zip(staff, (1, 1, 1, 2, 3, 1, 1, 40, 70, 120), strict=False):
        used = (_ago(back) for back in range(last, 190, 5))
        await record(client, *days(name, *used))


async def _running(client: httpx.AsyncClient) -> None:
    """A pilot that runs, and about which nobody answered."""
    fields = {"code": "LETTERS", "name": RUNNING, "starts_on": _ago(40), "ends_on": _ago(-40)}
    member = {"person_external_id": "S0001", "arm": "pilot"}
    number = await pilot(client, member, **fields)
    for step in ("planned", "running"):
        good(await client.post(f"/pilots/{number}/transitions", json={"to": step}), 201)


@contextmanager
def signed_in(base_url: str, key: str) -> Iterator[httpx.Client]:
    """A client that is signed in, and asks for pages as a browser does."""
    with httpx.Client(base_url=base_url, headers={"Accept": "text/html"}, timeout=120) as client:
        answer = client.post(SIGN_IN, data={"key": key}, headers={"Origin": base_url})
        assert answer.status_code == 303, answer.text
        yield client


def session_of(client: httpx.Client) -> str:
    session: str = client.cookies["pilotlight"]
    return session


# --- the way through ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Visited:
    """Pages by the route that answers them, the fullest of each; and routes to which no link leads."""

    pages: dict[str, str]
    not_led_to: list[str]


# Where a form leads to that was taken, and no link: see test_dashboard_weekly.
_AFTER_A_FORM = "/thanks"


def _pages() -> Iterator[Route]:
    """Every route that shows something: those of the sign-in and of styles are no page of a reader's."""
    for router in ROUTERS:
        for route in router.routes:
            assert isinstance(route, Route)
            is_page = "GET" in (route.methods or ()) and not route.path.endswith(_AFTER_A_FORM)
            if is_page and not route.path.startswith((STATIC, SIGN_IN)):
                yield route


def _answered_by(routes: list[Route], address: str) -> Route | None:
    scope: dict[str, Any] = {"type": "http", "method": "GET", "path": address.partition("?")[0]}
    matching: list[BaseRoute] = [r for r in routes if r.matches(scope)[0] is Match.FULL]
    return next((r for r in matching if isinstance(r, Route)), None)


def walk(client: httpx.Client) -> Visited:
    """Follow every link from the front page on, until each kind of page has been seen."""
    routes = list(_pages())
    seen: dict[str, dict[str, int]] = {route.path: {} for route in routes}
    reached, ahead = {HOME}, [HOME]
    while ahead:
        address = ahead.pop(0)
        route = _answered_by(routes, address)
        if route is None or len(seen[route.path]) >= _OF_A_KIND:
            continue
        answer = client.get(address)
        assert answer.status_code == 200, (address, answer.text.partition("</title>")[0])
        shown = answer.headers["content-type"].startswith("text/html")
        seen[route.path][address] = len(answer.content) if shown else 0
        if shown:
            page = Page()
            page.feed(answer.text)
            links = [urldefrag(href)[0] for href, _ in page.links]
            ahead += [href for href in dict.fromkeys(links) if href not in reached]
            reached |= set(links)
    fullest = {
        path: max(of_kind, key=of_kind.__getitem__)
        for path, of_kind in seen.items()
        if any(of_kind.values())
    }
    return Visited(fullest, [path for path, of_kind in seen.items() if not of_kind])
