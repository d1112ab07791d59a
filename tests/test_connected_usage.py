"""Usage from Microsoft Graph and GitHub: snapshots add up in spite of faults, and nobody is matched by chance."""

import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
import time_machine
from sqlalchemy import text

from app.core.settings import Settings
from app.integrations.connections import running
from app.integrations.microsoft import graph
from tests.council import Council, good, people, problem
from tests.databases import settings_for
from tests.other_system import Asked, OtherSystem, Reply, Waits, other_system, without_waiting
from tests.usage_systems import SECRET, GitHub, Graph, UsageSystem

USERS = [f"worker{n}@council.example.org" for n in range(1, 8)]
APPS = ("word", "teams", "powerpoint", "copilot_chat", "edge")
SYSTEMS = {
    "csv": lambda: Graph(report="v1.0"),
    "json": lambda: Graph(report="beta"),
    "older": lambda: Graph(report="older"),
    "github": GitHub,
}
BROKEN = Reply({"error": "x"}, 500)
BUSY = Reply("later", 429, {"Retry-After": "7"})


@pytest.fixture
def patience() -> float:
    """Seconds; a busy machine is no fault of the other system."""
    return 20.0


@pytest.fixture
def settings(database_url: str, patience: float) -> Settings:
    permitted = {"allow_private_addresses": True, "outward_seconds": patience}
    return settings_for(database_url).model_copy(update=permitted)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Waits:
    monkeypatch.setattr(graph, "USERS_AT_A_TIME", 4)
    return without_waiting(monkeypatch)


@dataclass
class Peer:
    """A system, the connection that reads it, and the council of whose people it tells."""

    council: Council
    told: Any
    server: OtherSystem
    client: httpx.AsyncClient
    path: str

    async def read(self, *, full: bool = False) -> dict[str, Any]:
        """Read on, and return the run as HTTP tells it."""
        connection_id = UUID(self.path.rpartition("/")[2])
        council = self.council
        run = await running.sync(council.database, council.system, connection_id, is_full=full)
        assert run is not None
        return good(await self.client.get(f"{self.path}/runs/{run.id}"))

    async def here(self) -> set[tuple[str, str, str]]:
        """What stands here: sign-in name, app and day."""
        statement = text(
            "SELECT p.user_name, a.app, a.period_starts_on FROM licence_activity a"
            " JOIN person p ON p.organisation_id = a.organisation_id AND p.id = a.person_id"
            " WHERE a.organisation_id IS NOT NULL AND a.active_days IS NULL AND a.period = 'day'"
        )
        async with self.council.database.engine.connect() as connection:
            rows = (await connection.execute(statement)).all()
        return {(row[0], row[1], str(row[2])) for row in rows}


def codes(run: dict[str, Any]) -> list[str]:
    return [each["code"] for each in run["troubles"]]


@pytest.fixture
def system() -> str:
    return "csv"


@pytest.fixture
async def peer(system: str, council: Council, waits: Waits) -> AsyncIterator[Peer]:
    assert waits is not None
    told: UsageSystem = SYSTEMS[system]()
    async with other_system(told) as server, other_system(lambda _: stored(told)) as store:
        told.address = server.address
        if isinstance(told, Graph):
            told.elsewhere = store.address
        client = await council.admin()
        staff = [{"external_id": f"E{n}", "user_name": user} for n, user in enumerate(USERS, 1)]
        good(await client.post("/people/bulk", json={"items": staff}))
        wanted = {
            "name": "usage",
            "kind": told.kind,
            "settings": told.settings(server),
            "secrets": told.secrets(),
        }
        made = good(await client.post("/connections", json=wanted), 201)
        found = Peer(council, told, server, client, f"/connections/{made['connection_id']}")
        server.store = store  # type: ignore[attr-defined]  # where the older address leads
        yield found


def stored(told: UsageSystem) -> Reply:
    assert isinstance(told, Graph)
    return Reply(told.csv(), headers={"Content-Type": "application/octet-stream"})


@pytest.mark.parametrize(
    ("database_kind", "system"),
    [("sqlite", "csv"), ("sqlite", "json"), ("postgresql", "older"), ("postgresql", "github")],
    indirect=["database_kind"],
)
async def test_snapshots_add_up_whatever_breaks_in_between(system: str, peer: Peer) -> None:
    """Days of random work and faults: what stands here is what any snapshot showed, each once."""
    chance = random.Random(system)  # noqa: S311 - the same work each time
    told, server = peer.told, peer.server
    previous: list[Reply] = []
    right = server.answering

    def remembering(asked: Asked) -> Reply:
        previous.append(right(asked))
        return previous[-1]

    server.answering = remembering
    shown: set[tuple[str, str, str]] = set()
    failed = 0
    for day in range(5):
        told.today += timedelta(days=1)
        for _ in range(chance.randint(2, 6)):
            told.use(chance.choice(USERS), chance.choice(APPS))
        shown |= told.standing()
        kinds: list[Any] = [None, None, BROKEN, BUSY, "truncated", "dropped"]
        kinds += [
            each for each in previous[-2:] if each.status == 200 and told.kind == "github_copilot"
        ]
        broken = [chance.choice(kinds) for _ in range(chance.randint(0, 12))]
        server.faults = [None, *[BROKEN] * 5, *broken] if day == 2 else broken  # type: ignore[list-item]  # None: none
        while (await peer.read())["status"] != "succeeded":
            failed += 1
        server.faults = []
    assert failed > 0
    assert await peer.here() == shown
    run = await peer.read(full=True)
    counts = run["counts"]
    assert (counts["accepted"], counts["updated"], counts["rejected"]) == (0, 0, 0), run
    assert counts["duplicate"] == len(told.standing())
    assert await peer.here() == shown
    assert SECRET not in str(run)


@pytest.mark.parametrize("system", ["csv", "json", "github"])
@pytest.mark.parametrize("patience", [1.5])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_fault_is_waited_out_and_logged_and_five_are_too_many(
    peer: Peer, waits: Waits
) -> None:
    told, server = peer.told, peer.server
    for user in USERS[:2]:
        told.use(user, "word")
    faults = {
        "other_system_failing": BROKEN,
        "other_system_busy": BUSY,
        "unreachable": "truncated",
        "timed_out": "slow",
        "malformed_answer": Reply(b'{"value": ['),
    }
    for code, fault in faults.items():
        waits.seconds.clear()
        server.faults = [fault]
        run = await peer.read()
        assert (run["status"], run["counts"]["retries"], codes(run)) == ("succeeded", 1, [code])
        assert waits.seconds == [7.0 if fault is BUSY else 1.0]
    server.faults = [BROKEN] * 5
    run = await peer.read()
    assert (run["status"], run["error"]) == ("failed", "other_system_failing")
    assert await peer.here() == told.standing()


@pytest.mark.parametrize("system", ["json", "github"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_page_that_comes_again_or_before_its_turn_is_asked_for_again(
    system: str, peer: Peer
) -> None:
    told, server = peer.told, peer.server
    for user in USERS:
        told.use(user, "word")
    right, pages = server.answering, list[Asked]()

    def disordered(asked: Asked) -> Reply:
        if "CopilotUsage" not in asked.path and "seats" not in asked.path:
            return right(asked)
        pages.append(asked)
        if len(pages) == 2:
            return right(pages[0])  # the first page again
        if system == "github" and len(pages) == 3:
            third = {**asked.query, "page": "3"}
            return right(Asked(asked.method, asked.path, third, asked.headers, b""))
        return right(asked)

    server.answering = disordered
    run = await peer.read()
    if system == "github":
        # The third page in the place of the second cannot be told from it; the sum can.
        assert (run["status"], run["error"]) == ("failed", "pages_incomplete")
        server.answering = right
        run = await peer.read()
    else:
        assert codes(run) == ["malformed_answer"]
    assert run["status"] == "succeeded"
    assert await peer.here() == told.standing()


@pytest.mark.parametrize("system", ["older"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_the_token_never_reaches_where_a_redirect_leads(peer: Peer) -> None:
    peer.told.use(USERS[0], "word")
    run = await peer.read()
    assert run["status"] == "succeeded"
    assert await peer.here() == peer.told.standing()
    store: OtherSystem = peer.server.store  # type: ignore[attr-defined]  # set above
    (asked,) = store.asked
    assert asked.query == {"sig": "x"}
    assert "authorization" not in asked.headers
    assert "Margaret" not in str(asked)
    assert any("authorization" in each.headers for each in peer.server.asked)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_token_is_kept_for_its_life_and_one_that_was_refused_is_made_anew(
    peer: Peer, waits: Waits
) -> None:
    told, server = peer.told, peer.server
    told.use(USERS[0], "word")
    run = await peer.read()
    assert (run["status"], len(told.tokens)) == ("succeeded", 1)
    told.lives = 30  # less than what is kept in hand
    await peer.read()
    assert len(told.tokens) == 3
    told.lives = 3599
    right, refused = server.answering, list[str]()

    def refusing(asked: Asked) -> Reply:
        if asked.path.endswith("subscribedSkus") and not refused:
            refused.append(asked.path)
            return Reply("expired", 401)
        return right(asked)

    server.answering = refusing
    assert (await peer.read())["status"] == "succeeded"
    assert len(told.tokens) == 5
    server.answering = right
    good(await peer.client.patch(peer.path, json={"secrets": {"client_secret": "another"}}))
    run = await peer.read()
    assert (run["status"], run["error"]) == ("failed", "credentials_refused")
    assert waits.seconds == []


@pytest.mark.parametrize(
    ("database_kind", "system"),
    [("sqlite", "json"), ("postgresql", "csv")],
    indirect=["database_kind"],
)
async def test_concealed_names_are_matched_with_nobody_and_figures_say_so(
    council: Council, peer: Peer
) -> None:
    told, client = peer.told, peer.client
    pool = {
        "name": "Copilot",
        "product": "Microsoft_365_Copilot",
        "seats": 25,
        "term_starts_on": "2023-06-01",
        "term_ends_on": "2025-04-01",
    }
    pool_id = good(await client.post("/licence-pools", json=pool), 201)["pool_id"]
    # Somebody whose number is the very hash.
    await people(client, USERS[0].encode().hex().upper()[:32])
    for user in USERS:
        told.use(user, "word", date(2024, 5, 19))
    assert codes(await peer.read()) == []

    async def flags(slug: str, starts_on: str, ends_on: str) -> list[str]:
        window = {"starts_on": starts_on, "ends_on": ends_on}
        path = f"/licence-pools/{pool_id}/utilisation"
        answer = good(await client.get(path, params=window))
        return [flag["code"] for flag in answer["figures"][slug]["flags"]]

    before = await peer.here()
    told.today, told.concealed = date(2024, 5, 22), True
    told.use(USERS[0], "teams")
    run = await peer.read()
    assert run["status"] == "succeeded"
    assert codes(run) == ["names_concealed", "identity_break"]
    assert (run["counts"]["skipped"], run["counts"]["accepted"]) == (7, 0)
    assert await peer.here() == before
    assert codes(await peer.read()) == ["names_concealed"]
    may = ("2024-05-01", "2024-06-01")
    assert {"identity_break", "lower_bound"} <= set(await flags("licence_utilisation", *may))
    assert "identity_break" not in await flags("purchased_seat_days", *may)
    assert "identity_break" not in await flags("licence_utilisation", "2024-05-01", "2024-05-22")
    assert "lower_bound" in await flags("licence_utilisation", "2023-12-01", "2024-01-01")
    assert "lower_bound" not in await flags("licence_utilisation", "2023-07-01", "2023-08-01")
    told.today, told.concealed = date(2024, 5, 25), False
    assert codes(await peer.read()) == ["identity_break"]
    assert codes(await peer.read()) == []
    assert "identity_break" in await flags("dormant_seats", "2024-05-24", "2024-06-01")
    assert "identity_break" not in await flags("dormant_seats", "2024-05-25", "2024-06-01")
    # On the figures of a pilot as well.
    fields = {"code": "P", "name": "P", "kind": "copilot_licences"}
    days = {"starts_on": "2024-05-01", "ends_on": "2024-06-01"}
    fields["product"] = "Microsoft_365_Copilot"
    pilot_id = good(await client.post("/pilots", json={**fields, **days}), 201)["pilot_id"]
    answer = good(await client.get(f"/pilots/{pilot_id}/metrics/adoption"))
    rate = {flag["code"] for flag in answer["figures"]["adoption_rate"]["flags"]}
    assert {"identity_break", "lower_bound"} <= rate
    weekly = [{f["code"] for f in w["weekly_active_rate"]["flags"]} for w in answer["weekly"]]
    assert ["identity_break" in each for each in weekly] == [False, False, False, True, False]
    events = good(await client.get("/audit-events"))["items"]
    assert [e["action"] for e in events].count("licence_activity.identity_break") == 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_days_older_than_three_are_taken_once_in_a_while(peer: Peer) -> None:
    """Data come up to 72 hours late; what is older is read again only with everything."""
    told = peer.told
    told.use(USERS[0], "word")
    await peer.read()
    told.today += timedelta(days=1)
    late, older = told.today - timedelta(days=4), told.today - timedelta(days=5)
    told.use(USERS[1], "word", late)
    told.use(USERS[2], "word", older)
    told.use(USERS[3], "word", date(2023, 6, 1))  # of a time that no report looks back on
    run = await peer.read()
    assert (run["counts"]["accepted"], run["counts"]["duplicate"]) == (2, 2)
    assert USERS[2] not in {user for user, _, _ in await peer.here()}
    del told.last[USERS[3]]["word"]
    told.today += timedelta(days=6)
    await peer.read()
    assert await peer.here() == told.standing()
    # A clock that was set back: an older report is read whole.
    told.today -= timedelta(days=3)
    told.use(USERS[4], "word", told.today - timedelta(days=30))
    await peer.read()
    assert await peer.here() == told.standing()


async def test_whoever_is_not_known_is_rejected_and_two_of_a_name_are_nobody(peer: Peer) -> None:
    told, client = peer.told, peer.client
    await people(client, "E8", user_name=USERS[0].upper())
    for user in (*USERS[:2], "guest@elsewhere.example.org"):
        told.use(user, "word")
    run = await peer.read()
    assert (run["counts"]["accepted"], run["counts"]["rejected"]) == (2, 4)
    assert {error["code"] for error in run["errors"]} == {"unknown_person"}
    assert "elsewhere" not in str(run)
    # Whoever has no sign-in name may be known by that as their number.
    await people(client, "GUEST@ELSEWHERE.EXAMPLE.ORG")
    assert (await peer.read())["counts"]["accepted"] == 2


@pytest.mark.parametrize("system", ["github"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_accounts_are_known_by_the_settings_or_their_address_and_never_by_their_name(
    peer: Peer,
) -> None:
    told, client = peer.told, peer.client
    told.emails = False
    await people(client, "worker3")  # a number that is an account of somebody
    for user in USERS[:3]:
        told.use(user, "vscode")
    run = await peer.read()
    assert (codes(run), run["counts"]["skipped"]) == (["unknown_accounts"], 3)
    assert await peer.here() == set()
    settings = {**told.settings(peer.server), "people": {"worker1": "E1", "Worker2": USERS[1]}}
    good(await client.patch(peer.path, json={"settings": settings}))
    assert (await peer.read())["counts"]["accepted"] == 4
    assert {user for user, _, _ in await peer.here()} == set(USERS[:2])


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_period_that_the_version_does_not_know_is_refused_by_name(
    council: Council, peer: Peer
) -> None:
    settings = peer.told.settings(peer.server)
    body = {"name": "other", "kind": "microsoft_graph", "secrets": peer.told.secrets()}

    async def make(**fields: str) -> httpx.Response:
        wanted = {**body, "name": fields["period"], "settings": {**settings, **fields}}
        return await peer.client.post("/connections", json=wanted)

    for version, period in (("v1", "D28"), ("v2", "D30"), ("v1", "D31")):
        found = problem(await make(version=version, period=period), 422, "wrong_settings")
        assert [error["pointer"] for error in found["errors"]] == ["/settings/period"]
    for version, period in (("v1", "D30"), ("v2", "D28"), ("v2", "ALL")):
        good(await make(version=version, period=period), 201)
    found = problem(await make(report="older", version="v2", period="D7"), 422, "wrong_settings")
    assert found["errors"][0]["pointer"] == "/settings/version"


@time_machine.travel("2024-05-21T12:00:00Z", tick=False)
async def test_licences_are_held_against_the_ledger_and_nothing_follows(peer: Peer) -> None:
    told, client = peer.told, peer.client
    path = f"{peer.path}/reconciliation"
    assert good(await client.get(path))["connection_run_id"] is None
    run = await peer.read()
    assert [count["product"] for count in run["licences"]] == ["SPE_E5", "Microsoft_365_Copilot"]
    (found,) = good(await client.get(path))["products"]
    assert found["flags"] == ["not_in_the_ledger", "purchased_differs", "assigned_differs"]
    ids = []
    for name, seats in (("one", 20), ("two", 5)):
        pool = {"name": name, "product": "Microsoft_365_Copilot", "seats": seats}
        pool |= {"term_starts_on": "2024-04-01", "term_ends_on": "2025-04-01"}
        ids.append(good(await client.post("/licence-pools", json=pool), 201)["pool_id"])
    for n in range(1, 4):
        seat = {"person_external_id": f"E{n}", "allocated_on": "2024-05-01"}
        good(await client.post(f"/licence-pools/{ids[n % 2]}/allocations", json=seat), 201)
    answer = good(await client.get(path))
    assert answer["connection_run_id"] == run["connection_run_id"]
    (found,) = answer["products"]
    assert found["here"] == {"purchased": 25, "assigned": 3, "pools": 2}
    assert (found["there"]["purchased"], found["there"]["assigned"]) == (25, 20)
    assert found["flags"] == ["assigned_differs"]
    told.units, told.consumed = {"enabled": 2, "warning": 23}, 3
    assert "negative_headroom" in codes(await peer.read())
    (found,) = good(await client.get(path))["products"]
    assert found["flags"] == ["purchased_differs", "negative_headroom"]
    assert good(await client.get(f"/licence-pools/{ids[0]}"))["purchased"] == 20
    told.consumed = 2
    dry = good(await client.post(f"{peer.path}/dry-run"))
    assert dry["reached"]
    assert good(await client.get(path))["products"][0]["there"]["assigned"] == 3


@pytest.mark.parametrize("system", ["github"])
@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
@time_machine.travel("2024-05-21T12:00:00Z", tick=False)
async def test_seats_of_github_are_counted_with_those_that_leave(peer: Peer) -> None:
    peer.told.leaving = 2
    for user in USERS:
        peer.told.use(user, "vscode")
    await peer.read()
    (found,) = good(await peer.client.get(f"{peer.path}/reconciliation"))["products"]
    there = found["there"]
    assert (there["purchased"], there["assigned"], there["leaving"]) == (None, 7, 2)
    assert found["flags"] == ["not_in_the_ledger", "assigned_differs"]
