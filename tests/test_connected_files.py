"""Files over SFTP, from a real server: each once, bad ones put aside, and never from another host."""

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncssh
import httpx
import pytest

from app.core.settings import Settings
from app.integrations.connections import running
from tests.council import Council, good, people, pilot, problem
from tests.databases import settings_for
from tests.other_system import without_waiting
from tests.time_use import SOCIAL

PASSWORD = "password-of-Margaret-4711"
STAFF = "Staff no,Name,Start\nE7,Margaret Jones,01/02/2024\nE8,Another,29/02/2024\n"
HR: dict[str, Any] = {
    "name": "hr",
    "kind": "people",
    "columns": {
        "external_id": {"columns": ["Staff no"]},
        "display_name": {"columns": ["Name"]},
        "started_on": {"columns": ["Start"]},
    },
    "date_order": "dmy",
}
ITRENT = (
    "EMPLOYEE_REF,ELEMENT_CODE,DATE,INPUT_TIME,COST_CODE,COSTING_RULE,START_TIME,END_TIME\n"
    "E1,VISIT,01/03/2024,8.00,4100,SW,09:00,10:30\n"
)


class _Server(asyncssh.SSHServer):
    def begin_auth(self, _username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == ("pilotlight", PASSWORD)


class Drop:
    """A folder on an SFTP server."""

    def __init__(self, folder: Path, port: int, host_key: str) -> None:
        self.folder, self.port, self.host_key = folder, port, host_key

    def leave(self, name: str, content: str | bytes, *, at: int = 1_709_283_600) -> None:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        os.utime(path, (at, at))


@pytest.fixture
def settings(database_url: str) -> Settings:
    permitted = {"allow_private_addresses": True, "outward_seconds": 30.0}
    return settings_for(database_url).model_copy(update=permitted)


@pytest.fixture
async def drop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Drop]:
    without_waiting(monkeypatch)
    folder = tmp_path / "drop"
    folder.mkdir()
    key = asyncssh.generate_private_key("ssh-ed25519")
    user = asyncssh.generate_private_key("ssh-ed25519")
    (tmp_path / "user").write_text(user.export_private_key().decode())
    (tmp_path / "authorized").write_text(user.export_public_key().decode())

    def rooted(channel: Any) -> asyncssh.SFTPServer:
        return asyncssh.SFTPServer(channel, chroot=str(folder).encode())

    server = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_factory=_Server,
        server_host_keys=[key],
        authorized_client_keys=str(tmp_path / "authorized"),
        sftp_factory=rooted,
    )
    try:
        yield Drop(folder, server.get_port(), key.export_public_key().decode().strip())
    finally:
        server.close()
        await server.wait_closed()


async def connect(client: httpx.AsyncClient, drop: Drop, **fields: Any) -> str:
    """A connection to the folder; returns its id."""
    stated = {"holds": "people", "mapping": "hr", **fields.pop("settings", {})}
    where = {"host": "127.0.0.1", "port": drop.port, "user": "pilotlight", "folder": "/"}
    wanted = {
        "name": "files",
        "kind": "sftp_csv",
        "settings": {**where, "host_key": drop.host_key, **stated},
        "secrets": {"password": PASSWORD},
        **fields,
    }
    made: str = good(await client.post("/connections", json=wanted), 201)["connection_id"]
    return made


async def read(council: Council, client: httpx.AsyncClient, connection_id: str) -> dict[str, Any]:
    run = await running.sync(council.database, council.system, UUID(connection_id))
    assert run is not None
    return good(await client.get(f"/connections/{connection_id}/runs/{run.id}"))


async def files(client: httpx.AsyncClient, connection_id: str) -> dict[str, tuple[str, str | None]]:
    items = good(await client.get(f"/connections/{connection_id}/files"))["items"]
    return {each["name"]: (each["state"], each["code"]) for each in items}


async def test_each_file_is_taken_once_and_a_bad_one_put_aside_by_name(
    council: Council, drop: Drop
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=HR), 201)
    connection = await connect(client, drop)
    drop.leave("staff-1.csv", STAFF)
    drop.leave("staff-2.csv", STAFF.encode("utf-16"), at=1_709_283_700)
    drop.leave("staff-3.csv", "Staff no,Name\nE9,Third\n", at=1_709_283_800)
    drop.leave("staff-4.csv", STAFF, at=1_709_283_900)  # the first again, by another name
    drop.leave("notes.txt", "not for us")
    (drop.folder / "folder.csv").mkdir()
    run = await read(council, client, connection)
    assert run["status"] == "succeeded", run
    assert (run["counts"]["accepted"], run["counts"]["pages"]) == (2, 3)
    told = [each["detail"].partition(":")[0] for each in run["troubles"]]
    assert told == ["staff-2.csv", "staff-3.csv"]
    assert await files(client, connection) == {
        "staff-1.csv": ("taken", None),
        "staff-2.csv": ("quarantined", "not_utf8"),
        "staff-3.csv": ("quarantined", "missing_column"),
    }
    run = await read(council, client, connection)
    assert (run["counts"]["pages"], run["troubles"]) == (0, [])
    # Mended, it is another file.
    drop.leave("staff-3.csv", STAFF.replace("E7", "E9"), at=1_709_290_000)
    run = await read(council, client, connection)
    assert (run["counts"]["accepted"], run["counts"]["duplicate"]) == (1, 1)
    listed = good(await client.get("/people"))["items"]
    assert {each["external_id"]: each["started_on"] for each in listed} == {
        "E7": "2024-02-01",
        "E8": "2024-02-29",
        "E9": "2024-02-01",
    }


async def test_time_samples_come_by_a_mapping_and_can_be_taken_back(
    council: Council, drop: Drop
) -> None:
    client = await council.admin()
    await people(client, "E1")
    pilot_id = await pilot(client, {"person_external_id": "E1", "arm": "pilot"}, **SOCIAL)
    stated = {"holds": "time_samples", "mapping": "itrent"}
    problem_of = await client.post(
        "/connections", json={"name": "x", "kind": "sftp_csv", "settings": stated}
    )
    problem(problem_of, 422, "wrong_settings")
    connection = await connect(client, drop, settings=stated, pilot_id=pilot_id)
    drop.leave("week.csv", ITRENT + "E404,VISIT,01/03/2024,8.00,4100,SW,09:00,10:30\n")
    tried = good(await client.post(f"/connections/{connection}/dry-run"))
    assert (tried["counts"]["accepted"], tried["counts"]["rejected"]) == (1, 1)
    assert await files(client, connection) == {}
    run = await read(council, client, connection)
    assert (run["counts"]["accepted"], run["counts"]["rejected"]) == (1, 1)
    assert run["errors"][0]["code"] == "unknown_person"
    (batch,) = good(await client.get("/import-batches?kind=time_samples"))["items"]
    assert batch["origin"] == "connection files: week.csv"
    undone = good(await client.post(f"/import-batches/{batch['batch_id']}/undo"))
    assert undone["removed"] == 1


async def test_a_file_that_is_cut_short_waits_for_the_whole_of_it(
    council: Council, drop: Drop
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=HR), 201)
    connection = await connect(client, drop)
    drop.leave("staff.csv", STAFF[:-14])
    run = await read(council, client, connection)
    assert run["counts"]["accepted"] == 0
    assert await files(client, connection) == {"staff.csv": ("quarantined", "file_cut_short")}
    drop.leave("staff.csv", STAFF, at=1_709_290_000)
    assert (await read(council, client, connection))["counts"]["accepted"] == 2


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_another_host_key_is_refused_before_anything_is_sent(
    council: Council, drop: Drop
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=HR), 201)
    drop.leave("staff.csv", STAFF)
    drop.host_key = (
        asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    )
    connection = await connect(client, drop)
    run = await read(council, client, connection)
    assert (run["status"], run["error"]) == ("failed", "host_key_mismatch")
    assert good(await client.get("/people"))["items"] == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_key_signs_in_as_well_and_a_wrong_password_does_not(
    council: Council, drop: Drop, tmp_path: Path
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=HR), 201)
    drop.leave("staff.csv", STAFF)
    connection = await connect(client, drop, secrets={"password": "wrong"})
    run = await read(council, client, connection)
    assert (run["status"], run["error"]) == ("failed", "credentials_refused")
    secrets = {"private_key": (tmp_path / "user").read_text()}
    good(await client.patch(f"/connections/{connection}", json={"secrets": secrets}))
    assert (await read(council, client, connection))["counts"]["accepted"] == 2
    none = await client.patch(f"/connections/{connection}", json={"secrets": {"token": "x"}})
    problem(none, 422, "wrong_secrets")


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_server_that_is_away_and_a_folder_that_is_not_there_are_told(
    council: Council, drop: Drop
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=HR), 201)
    connection = await connect(client, drop, settings={"folder": "/nowhere"})
    run = await read(council, client, connection)
    assert (run["status"], run["error"]) == ("failed", "folder_unreadable")
    drop.port = 9
    connection = await connect(client, drop, name="away")
    run = await read(council, client, connection)
    assert (run["status"], run["error"], run["counts"]["retries"]) == ("failed", "unreachable", 2)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_private_addresses_are_refused_unless_the_setting_permits_them(
    council: Council, drop: Drop, settings: Settings
) -> None:
    client = await council.admin()
    good(await client.post("/import-mappings", json=HR), 201)
    connection = await connect(client, drop)
    strict = settings.model_copy(update={"allow_private_addresses": False})
    council.database.settings = strict
    run = await read(council, client, connection)
    assert (run["status"], run["error"]) == ("failed", "address_refused")
