"""Webhooks: signed, at least once, in order by subject, whatever becomes of receivers and dispatchers."""

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from sqlalchemy import text
from standardwebhooks import Webhook, WebhookVerificationError

from app.access.permissions import Role
from app.core.encryption import Vault
from app.core.settings import Settings
from app.integrations.webhooks import retrying
from app.integrations.webhooks import service as webhooks
from app.integrations.webhooks.dispatching import HELD_FOR, Dispatcher
from tests.council import Council, good, pilot, problem
from tests.databases import settings_for
from tests.receivers import Got, dispatch, down, endpoint, move, receiver, welcome
from tests.server import environment_for

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
ROOT = Path(__file__).resolve().parent.parent
_STEPS = ("planned", "running", "completed", "decided")


@pytest.fixture
def settings(database_url: str) -> Settings:
    permitted = {"allow_private_addresses": True, "webhook_seconds": 30.0}
    return settings_for(database_url).model_copy(update=permitted)


async def pilots(client: Any, count: int) -> list[str]:
    return [await pilot(client, code=f"P-{n}") for n in range(count)]


async def of(client: Any, made: dict[str, Any], what: str, **params: Any) -> list[dict[str, Any]]:
    """Deliveries or attempts of an endpoint, the oldest first."""
    path = f"/webhook-endpoints/{made['endpoint_id']}/{what}"
    items: list[dict[str, Any]] = good(await client.get(path, params=params))["items"]
    return items[::-1]


async def standing(client: Any, made: dict[str, Any]) -> dict[str, Any]:
    return good(await client.get(f"/webhook-endpoints/{made['endpoint_id']}"))


async def test_what_is_sent_is_signed_as_the_reference_library_verifies(council: Council) -> None:
    client = await council.admin()
    async with receiver() as there:
        made = await endpoint(client, there.url)
        pilot_id = await pilot(client)
        await move(client, pilot_id, "planned")
        await dispatch(council)
        (got,) = there.taken
        reference = Webhook(made["secret"])
        event = reference.verify(got.body, dict(got.headers))
        assert event == good(await client.get("/events"))["items"][0]
        assert got.headers["webhook-id"] == event["id"]
        assert event["data"] == {"pilot_id": pilot_id, "from": "draft", "to": "planned"}
        for changed in (got.body.replace(b"planned", b"running"), got.body + b" "):
            with pytest.raises(WebhookVerificationError):
                reference.verify(changed, dict(got.headers))
        another = Webhook("whsec_" + base64.b64encode(bytes(32)).decode())
        with pytest.raises(WebhookVerificationError):
            another.verify(got.body, dict(got.headers))
        with (
            time_machine.travel(datetime.now(UTC) + timedelta(minutes=6)),
            pytest.raises(WebhookVerificationError),
        ):
            reference.verify(got.body, dict(got.headers))
    (delivery,) = await of(client, made, "deliveries")
    assert (delivery["state"], delivery["attempts"]) == ("delivered", 1)
    (attempt,) = await of(client, made, "attempts")
    assert (attempt["status"], attempt["code"], attempt["excerpt"]) == (204, "delivered", None)


async def test_an_hour_down_and_everything_arrives_in_order_by_subject(council: Council) -> None:
    client = await council.admin()
    ids = await pilots(client, 3)
    async with receiver(down) as there:
        made = await endpoint(client, there.url)
        with time_machine.travel(NOON, tick=False) as traveller:
            for step in _STEPS:
                for pilot_id in ids:
                    await move(client, pilot_id, step)
                for _ in range(5):
                    await dispatch(council)
                    traveller.shift(timedelta(minutes=3))
            assert there.taken == []
            assert (await standing(client, made))["failing_since"] is not None
            there.answering = welcome
            # What had failed less often would now come first, if it did not wait for what was before it.
            for _ in range(30):
                await dispatch(council)
                traveller.shift(timedelta(minutes=3))
        wanted = good(await client.get("/events"))["items"]
        assert {event["id"] for event in there.events} == {event["id"] for event in wanted}
        assert len(there.events) == len(wanted) == 12
        for pilot_id in ids:
            own = [e for e in there.events if e["subject"] == f"pilots/{pilot_id}"]
            assert [event["data"]["to"] for event in own] == list(_STEPS)
        # What was tried while it was down came again under the same id.
        assert len({got.headers["webhook-id"] for got in there.got}) == 12 < len(there.got)
        assert (await standing(client, made))["failing_since"] is None
        assert {d["state"] for d in await of(client, made, "deliveries")} == {"delivered"}


async def test_one_subject_that_is_refused_holds_up_no_other(council: Council) -> None:
    client = await council.admin()
    bad, fine = await pilots(client, 2)

    async def refuse_one(got: Got) -> tuple[int, bytes]:
        return (500, b"<b>no</b>") if got.event["subject"].endswith(bad) else (200, b"")

    async with receiver(refuse_one) as there:
        made = await endpoint(client, there.url)
        for pilot_id in (bad, fine):
            await move(client, pilot_id, "planned", "running")
        await dispatch(council)
        assert [event["data"]["to"] for event in there.events] == ["planned", "running"]
        (tried,) = (got.event for got in there.got if got not in there.taken)
        assert tried["data"]["to"] == "planned"  # the next of its subject waits for it
        failed = (await of(client, made, "attempts", event_id=tried["id"]))[0]
        assert (failed["status"], failed["code"]) == (500, "unexpected_status")
        assert failed["excerpt"] == "<b>no</b>"


async def test_a_slow_receiver_holds_up_no_other(council: Council) -> None:
    client = await council.admin()
    go_on = asyncio.Event()

    async def slow(_got: Got) -> tuple[int, bytes]:
        await go_on.wait()
        return 200, b""

    async with receiver(slow) as sluggish, receiver() as quick:
        await endpoint(client, sluggish.url)
        await endpoint(client, quick.url)
        pilot_id = await pilot(client)
        dispatcher = Dispatcher(council.database)
        for step in _STEPS[:3]:
            await move(client, pilot_id, step)
            arrival = asyncio.ensure_future(quick.arrival())
            while not arrival.done():
                await dispatcher.tick()  # waits for none; what is not noted yet is left to the next
                await asyncio.wait({arrival}, timeout=0.05)
            await arrival
            assert quick.events[-1]["data"]["to"] == step
        assert len(sluggish.got) == 1
        assert sluggish.taken == []
        go_on.set()
        await dispatcher.settle()
        await dispatch(council)
        assert [e["data"]["to"] for e in sluggish.events] == list(_STEPS[:3])


async def test_a_receiver_that_never_answers_is_given_up_in_time(council: Council) -> None:
    client = await council.admin()

    async def never(_got: Got) -> tuple[int, bytes]:
        await asyncio.Event().wait()
        raise AssertionError

    council.database.settings.webhook_seconds = 0.2
    async with receiver(never) as there:
        made = await endpoint(client, there.url)
        await move(client, await pilot(client), "planned")
        await dispatch(council)
    (attempt,) = await of(client, made, "attempts")
    assert (attempt["code"], attempt["status"]) == ("timed_out", None)


async def test_several_dispatchers_send_each_event_once(council: Council) -> None:
    client = await council.admin()
    ids = await pilots(client, 6)
    async with receiver() as there:
        await endpoint(client, there.url)
        for step in _STEPS:
            for pilot_id in ids:
                await move(client, pilot_id, step)
            dispatchers = [Dispatcher(council.database) for _ in range(4)]
            await asyncio.gather(*(each.tick() for each in dispatchers))
            await asyncio.gather(*(each.settle() for each in dispatchers))
        await dispatch(council)
        assert len(there.got) == len({got.headers["webhook-id"] for got in there.got}) == 24
        for pilot_id in ids:
            own = [e for e in there.events if e["subject"] == f"pilots/{pilot_id}"]
            assert [event["data"]["to"] for event in own] == list(_STEPS)


@pytest.fixture
def process(database_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A dispatcher as a process of its own."""
    permitted = {"allow_private_addresses": "true", "environment": "demo", "secret_key": ""}
    environment = environment_for(database_url, **permitted)
    del environment["PILOTLIGHT_SECRET_KEY"]  # that of the tests' own application
    started = subprocess.Popen(
        [sys.executable, "-m", "tests.dispatcher_process"], env=environment, cwd=ROOT
    )
    yield started
    started.kill()
    started.wait(30)


async def test_a_dispatcher_killed_in_the_middle_is_made_up_for(
    council: Council, process: subprocess.Popen[bytes]
) -> None:
    client = await council.admin()
    arrived = asyncio.Event()

    async def hang(_got: Got) -> tuple[int, bytes]:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with receiver(hang) as there:
        await endpoint(client, there.url)
        pilot_id = await pilot(client)
        await move(client, pilot_id, *_STEPS)
        async with asyncio.timeout(300):
            await arrived.wait()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(30)
        there.answering = welcome
        await dispatch(council)
        assert there.taken == []  # still the dead one's
        with time_machine.travel(datetime.now(UTC) + HELD_FOR, tick=True):
            await dispatch(council)
        assert [event["data"]["to"] for event in there.events] == list(_STEPS)
        assert there.got[0].headers["webhook-id"] == there.taken[0].headers["webhook-id"]


async def test_both_secrets_sign_while_they_overlap(council: Council) -> None:
    client = await council.admin()
    pilot_id = await pilot(client)
    async with receiver() as there:
        with time_machine.travel(NOON, tick=False) as traveller:
            made = await endpoint(client, there.url)
            path = f"/webhook-endpoints/{made['endpoint_id']}"
            rotated = good(await client.post(f"{path}/rotate-secret", json={"overlap_hours": 2}))
            assert rotated["secret"] != made["secret"]
            await move(client, pilot_id, "planned")
            await dispatch(council)
            for secret in (made["secret"], rotated["secret"]):
                Webhook(secret).verify(there.taken[0].body, dict(there.taken[0].headers))
            traveller.shift(timedelta(hours=2))
            await move(client, pilot_id, "running")
            await dispatch(council)
            last = there.taken[-1]
            Webhook(rotated["secret"]).verify(last.body, dict(last.headers))
            with pytest.raises(WebhookVerificationError):
                Webhook(made["secret"]).verify(last.body, dict(last.headers))
            assert (await standing(client, made))["old_secret_until"] is None
            at_once = good(await client.post(f"{path}/rotate-secret", json={"overlap_hours": 0}))
            await move(client, pilot_id, "completed")
            await dispatch(council)
            assert there.taken[-1].headers["webhook-signature"].count("v1,") == 1
            last = there.taken[-1]
            Webhook(at_once["secret"]).verify(last.body, dict(last.headers))


async def test_a_secret_is_shown_once_and_nowhere_else(
    council: Council, capfd: pytest.CaptureFixture[str]
) -> None:
    client = await council.admin()
    headers = {"Idempotency-Key": "once"}
    body = {"url": "https://receiver.example.org/hooks"}
    first = await client.post("/webhook-endpoints", json=body, headers=headers)
    made = good(first, 201)
    assert good(await client.post("/webhook-endpoints", json=body, headers=headers), 201) == {
        **made,
        "secret": None,
    }
    path = f"/webhook-endpoints/{made['endpoint_id']}"
    rotation = {"json": {}, "headers": {"Idempotency-Key": "again"}}
    rotated = good(await client.post(f"{path}/rotate-secret", **rotation))
    assert good(await client.post(f"{path}/rotate-secret", **rotation))["secret"] is None
    answers = [
        await client.get(path),
        await client.get("/webhook-endpoints"),
        await client.get("/audit-events"),
        await client.patch(path, json={"description": "x"}, headers={"If-Match": "*"}),
    ]
    shown = "".join(answer.text for answer in answers) + "".join(capfd.readouterr())
    async with council.database.engine.connect() as connection:
        for table in ("webhook_endpoint", "idempotency_key", "audit_event"):
            rows = await connection.execute(text(f"SELECT *, organisation_id FROM {table}"))  # noqa: S608 - of three names
            shown += str(rows.all())
    for secret in (made["secret"], rotated["secret"]):
        assert secret.startswith("whsec_")
        assert secret.removeprefix("whsec_") not in shown


async def test_a_redirect_is_not_followed_and_little_is_read(council: Council) -> None:
    client = await council.admin()

    async def elsewhere(_got: Got) -> tuple[int, bytes]:
        return 302, b"x" * 1_000_000

    async with receiver() as inside, receiver(elsewhere) as there:
        there.extra = f"Location: {inside.url}\r\n"
        made = await endpoint(client, there.url)
        await move(client, await pilot(client), "planned")
        await dispatch(council)
        assert inside.got == []
    (attempt,) = await of(client, made, "attempts")
    assert (attempt["status"], attempt["code"]) == (302, "redirected")
    assert attempt["excerpt"] == "x" * 500


async def test_an_endpoint_that_is_gone_or_fails_for_days_is_disabled_and_says_why(
    council: Council,
) -> None:
    client = await council.admin()

    async def gone(_got: Got) -> tuple[int, bytes]:
        return 410, b""

    async with receiver(gone) as leaver, receiver(down) as broken:
        left = await endpoint(client, leaver.url)
        ill = await endpoint(client, broken.url)
        ids = await pilots(client, 2)
        with time_machine.travel(NOON, tick=False) as traveller:
            await move(client, ids[0], "planned")
            await dispatch(council)
            known = await standing(client, left)
            assert (known["is_enabled"], known["disabled_reason"]) == (False, "gone")
            for _ in range(20):
                traveller.shift(timedelta(hours=4))
                await dispatch(council)
            known = await standing(client, ill)
            assert (known["is_enabled"], known["disabled_reason"]) == (False, "failing")
            assert known["disabled_at"] >= (NOON + retrying.DISABLED_AFTER).isoformat()[:19]
            tried = len(broken.got)
            traveller.shift(timedelta(days=1))
            await move(client, ids[1], "planned")
            await dispatch(council)
            assert len(broken.got) == tried
            broken.answering = welcome
            path = f"/webhook-endpoints/{ill['endpoint_id']}"
            good(await client.patch(path, json={"is_enabled": True}))
            await dispatch(council)
            # What waited goes on; what happened meanwhile is asked for.
            assert [e["data"]["pilot_id"] for e in broken.events] == [ids[0]]
            since = {"since": NOON.isoformat(), "until": "2024-06-01T00:00:00Z"}
            assert good(await client.post(f"{path}/replay", json=since), 202) == {"queued": 2}
            await dispatch(council)
            assert [e["data"]["pilot_id"] for e in broken.events[1:]] == ids
    audited = good(await client.get("/audit-events?action=webhook_endpoint.disabled"))["items"]
    assert sorted(event["details"]["reason"] for event in audited) == ["failing", "gone"]


async def test_one_event_is_sent_again_under_its_own_id(council: Council) -> None:
    client = await council.admin()
    async with receiver() as there:
        made = await endpoint(client, there.url, "pilot.transitioned")
        await move(client, await pilot(client), "planned", "running")
        await dispatch(council)
        first = there.events[0]
        path = f"/webhook-endpoints/{made['endpoint_id']}/replay"
        body = {"event_id": first["id"]}
        assert good(await client.post(path, json=body), 202) == {"queued": 1}
        assert good(await client.post(path, json=body), 202) == {"queued": 0}  # on its way
        await dispatch(council)
        assert there.events[2] == first
        assert there.taken[0].body == there.taken[2].body
        problem(
            await client.post(path, json={"event_id": made["endpoint_id"]}), 422, "unknown_event"
        )
        for wrong in ({}, {**body, "since": NOON.isoformat()}):
            problem(await client.post(path, json=wrong), 422, "invalid_input")


async def test_an_endpoint_gets_the_types_that_it_chose(council: Council) -> None:
    client = await council.admin()
    async with receiver() as there:
        made = await endpoint(client, there.url, "seat.allocated")
        pilot_id = await pilot(client)
        await move(client, pilot_id, "planned")
        await dispatch(council)
        assert there.got == []
        path = f"/webhook-endpoints/{made['endpoint_id']}"
        good(await client.patch(path, json={"event_types": []}))
        await move(client, pilot_id, "running")
        await dispatch(council)
        assert [event["data"]["to"] for event in there.events] == ["running"]
        wrong = await client.patch(path, json={"event_types": ["seat.stolen"]})
        problem(wrong, 422, "unknown_event_type")


async def test_a_deleted_endpoint_gets_nothing_and_is_gone(council: Council) -> None:
    client = await council.admin()
    async with receiver(down) as there:
        made = await endpoint(client, there.url)
        await move(client, await pilot(client), "planned")
        await dispatch(council)
        path = f"/webhook-endpoints/{made['endpoint_id']}"
        stale = {"If-Match": '"0-1"'}
        problem(await client.delete(path, headers=stale), 412, "precondition_failed")
        assert (await client.delete(path)).status_code == 204
        problem(await client.get(path), 404, "not_found")
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=1)):
            await dispatch(council)
        assert len(there.got) == 1


async def test_endpoints_are_an_administrators(council: Council, other_council: Council) -> None:
    admin, stranger = await council.admin(), await other_council.admin()
    made = await endpoint(admin, "https://receiver.example.org/hooks")
    path = f"/webhook-endpoints/{made['endpoint_id']}"
    problem(await stranger.get(path), 404, "not_found")
    problem(await stranger.post(f"{path}/rotate-secret", json={}), 404, "not_found")
    integrator = await council.as_role(Role.INTEGRATOR)
    problem(await integrator.get("/webhook-endpoints"), 403, "scope_missing")


async def test_prometheus_knows_what_waits_and_what_failed(council: Council) -> None:
    client = await council.admin()

    async def shown() -> dict[str, float]:
        text = (await client.get("http://pilotlight.test/internal/metrics")).text
        lines = [line.split(" ") for line in text.splitlines() if line.startswith("pilotlight_")]
        return {line[0].removeprefix("pilotlight_"): float(line[1]) for line in lines}

    async with receiver(down) as there:
        await endpoint(client, there.url)
        with time_machine.travel(NOON, tick=False) as traveller:
            await move(client, await pilot(client), "planned", "running")
            assert (await shown())["events_unnumbered"] == 2
            await dispatch(council)
            traveller.shift(timedelta(seconds=4))
            found = await shown()
    assert found["events_unnumbered"] == 0
    assert found["webhook_pending"] == 2
    assert found["webhook_oldest_pending_seconds"] == 4
    assert found["webhook_failures"] == 1


@given(chances=st.lists(st.floats(0, 1), min_size=40, max_size=40))
def test_waits_grow_stay_within_bounds_and_end(chances: list[float]) -> None:
    waits = [retrying.wait_after(n, chance) for n, chance in enumerate(chances, start=1)]
    told = [wait for wait in waits if wait is not None]
    assert len(told) == retrying.MOST_ATTEMPTS - 1
    assert waits[: len(told)] == told
    assert all(timedelta(seconds=4) <= wait <= timedelta(hours=4.8) for wait in told)
    assert all(later > earlier for earlier, later in pairwise(told[:7]))
    assert timedelta(days=2) < sum(told, timedelta()) < timedelta(days=4)


async def test_secrets_are_encrypted_anew_with_the_newest_key(council: Council) -> None:
    client = await council.admin()
    settings = council.database.settings
    old, new = "an-older-key-of-the-tests-0123456789", "a-newer-key-of-the-tests-0123456789"
    settings.encryption_keys = SecretStr(old)
    async with receiver() as there:
        made, waits = (
            await endpoint(client, there.url),
            await endpoint(client, there.url, "seat.allocated"),
        )
        settings.encryption_keys = SecretStr(f"{new},{old}")
        await move(client, await pilot(client), "planned")
        await dispatch(council)
        Webhook(made["secret"]).verify(there.taken[0].body, dict(there.taken[0].headers))
        vault = Vault.of(settings)
        async with council.database.transaction() as session:
            assert (
                await webhooks.rekey(session, council.system, vault) == 1
            )  # the other was just used
        settings.encryption_keys = SecretStr(new)
        path = f"/webhook-endpoints/{waits['endpoint_id']}"
        good(await client.patch(path, json={"event_types": []}))
        await move(client, await pilot(client, code="P-2"), "planned")
        await dispatch(council)
        last = [got for got in there.taken if _signed_by(waits["secret"], got)]
        assert len(last) == 1
        # Without any key that decrypts it, a new secret is the way out.
        settings.encryption_keys = SecretStr("a-foreign-key-of-the-tests-0123456789")
        rotated = good(await client.post(f"{path}/rotate-secret", json={}))
        assert rotated["old_secret_until"] is None


def _signed_by(secret: str, got: Got) -> bool:
    try:
        Webhook(secret).verify(got.body, dict(got.headers))
    except WebhookVerificationError:
        return False
    return True
