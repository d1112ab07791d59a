"""Rules about connections: what they may say, who has which secrets, and asking for a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import SecretStr, ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.encryption import SecretsUnreadable, Vault
from app.core.errors import NotFound, existing
from app.core.etags import check_if_match, etag_of
from app.core.fields import Input
from app.core.models import new_id
from app.core.pagination import PageQuery, page_of
from app.core.problems import invalid_input
from app.core.settings import Settings
from app.imports.mappings import service as mappings
from app.integrations.connections import errors, repository
from app.integrations.connections.catalogue import KINDS
from app.integrations.connections.kinds import Kind, Opening
from app.integrations.connections.models import Connection, ConnectionFile, ConnectionRun
from app.integrations.connections.schemas import ConnectionChange, ConnectionIn
from app.integrations.connections.sources import RemoteFile
from app.jobs import service as jobs
from app.pilots import service as pilots

MAX_CONNECTIONS = 100
JOB = "sync_connections"


@dataclass(frozen=True, slots=True)
class Known:
    """A connection, the names of its secrets, and its newest run."""

    connection: Connection
    secret_names: list[str]
    last_run: ConnectionRun | None = None

    @property
    def etag(self) -> str:
        return etag_of(self.connection.id, self.connection.revision)


async def create(
    session: AsyncSession, principal: Principal, vault: Vault, wanted: ConnectionIn
) -> Known:
    """Set a connection up.

    Raises:
        Invalid: there is no such kind, or it cannot work so.
        NotFound: there is no such pilot.
        Conflict: the name is taken, or there are too many.
    """
    kind = _kind(wanted.kind)
    settings = settings_of(kind, wanted.settings)
    await _check(session, principal, kind, settings, wanted.pilot_id)
    secrets = _checked_secrets(kind, wanted.secrets)
    names = await repository.names(session, principal)
    if wanted.name in names:
        raise errors.taken()
    if len(names) >= MAX_CONNECTIONS:
        raise errors.too_many(MAX_CONNECTIONS)
    connection = Connection(
        id=new_id(),
        organisation_id=principal.organisation_id,
        name=wanted.name,
        kind=kind.name,
        pilot_id=wanted.pilot_id,
        settings=settings.model_dump(mode="json"),
        every_minutes=wanted.every_minutes,
        is_enabled=wanted.is_enabled,
        next_at=clock.now() if wanted.every_minutes is not None else None,
    )
    connection.secrets = vault.lock(connection.id, secrets) if secrets else None
    session.add(connection)
    await session.flush()
    await _record(session, principal, "created", connection)
    return Known(connection, sorted(secrets))


async def page(
    session: AsyncSession, principal: Principal, vault: Vault, query: PageQuery
) -> tuple[list[Known], str | None]:
    """The organisation's connections, oldest first."""
    rows, cursor = await repository.page(session, principal, query)
    runs = await repository.last_runs(session, principal, [row.id for row in rows])
    return [Known(row, _names(vault, row), runs.get(row.id)) for row in rows], cursor


async def get(
    session: AsyncSession, principal: Principal, vault: Vault, connection_id: UUID
) -> Known:
    """One connection.

    Raises:
        NotFound: there is none within reach.
    """
    connection = await find(session, principal, connection_id)
    runs = await repository.last_runs(session, principal, [connection.id])
    return Known(connection, _names(vault, connection), runs.get(connection.id))


async def find(
    session: AsyncSession, principal: Principal, connection_id: UUID, *, for_update: bool = False
) -> Connection:
    """The row of a connection.

    Raises:
        NotFound: there is none within reach.
    """
    found = await repository.find(session, principal, connection_id, for_update=for_update)
    if found is None:
        raise errors.missing()
    return found


async def named(session: AsyncSession, principal: Principal, name: str) -> Connection:
    """The connection of a name.

    Raises:
        NotFound: there is none.
    """
    found = await repository.named(session, principal, name)
    if found is None:
        raise NotFound(f"There is no connection called {name}.")
    return found


async def change(
    session: AsyncSession,
    principal: Principal,
    vault: Vault,
    connection_id: UUID,
    changes: ConnectionChange,
    if_match: str | None,
) -> Known:
    """Change a connection. With other settings everything is read again: it changes nothing that is the same.

    Raises:
        NotFound, PreconditionFailed, Invalid: as for the others.
    """
    connection = await find(session, principal, connection_id, for_update=True)
    check_if_match(if_match, etag_of(connection.id, connection.revision))
    kind = _kind(connection.kind)
    stated = changes.model_fields_set
    if changes.settings is not None:
        settings = settings_of(kind, changes.settings)
        await _check(session, principal, kind, settings, connection.pilot_id)
        connection.settings = settings.model_dump(mode="json")
        await read_anew(session, principal, connection)
    if changes.secrets is not None:
        secrets = _checked_secrets(kind, changes.secrets)
        connection.secrets = vault.lock(connection.id, secrets) if secrets else None
    if "every_minutes" in stated:
        connection.every_minutes = changes.every_minutes
        connection.next_at = clock.now() if changes.every_minutes is not None else None
    if changes.is_enabled is not None:
        connection.is_enabled = changes.is_enabled
    connection.touch()
    await _record(session, principal, "changed", connection, fields=sorted(stated))
    return await get(session, principal, vault, connection.id)


async def read_anew(session: AsyncSession, principal: Principal, connection: Connection) -> None:
    """Let the next run read everything; files that were put aside are tried again, the others are known."""
    connection.cursor = {}
    connection.place += 1
    await repository.forget_quarantined(session, principal, connection.id)


async def delete(
    session: AsyncSession, principal: Principal, connection_id: UUID, if_match: str | None
) -> None:
    """Forget a connection, its secrets and its runs; what it brought stays.

    Raises:
        NotFound: there is none within reach.
        PreconditionFailed: it has changed since the caller looked.
    """
    connection = await find(session, principal, connection_id, for_update=True)
    check_if_match(if_match, etag_of(connection.id, connection.revision))
    await _record(session, principal, "deleted", connection)
    await repository.delete_connection(session, principal, connection)


async def rekey(session: AsyncSession, principal: Principal, vault: Vault) -> int:
    """Encrypt the secrets of every connection with the newest key; returns how many had an older one.

    Raises:
        SecretsUnreadable: no listed key decrypts those of one.
    """
    done = 0
    for connection in await repository.every(session, principal):
        done += renewed(vault, connection)
    await audit_log.record(session, principal, "connections.rekeyed", details={"rekeyed": done})
    return done


def renewed(vault: Vault, connection: Connection) -> bool:
    """Encrypt the secrets of a connection with the newest key, unless they are.

    Raises:
        SecretsUnreadable: no listed key decrypts them.
    """
    if connection.secrets is None or vault.is_newest(connection.secrets):
        return False
    secrets = vault.unlock(connection.id, connection.secrets)
    connection.secrets = vault.lock(connection.id, secrets)
    return True


async def opening_of(
    session: AsyncSession, principal: Principal, settings: Settings, connection: Connection
) -> Opening:
    """What a connection's source is opened with; secrets of an older key are encrypted anew.

    Raises:
        SecretsUnreadable: no key decrypts them.
        Invalid: its settings, or the mapping that they name, are not what they were.
    """
    kind = KINDS[connection.kind]
    vault = Vault.of(settings)
    secrets: Mapping[str, str] = {}
    if connection.secrets is not None:
        secrets = vault.unlock(connection.id, connection.secrets)
        renewed(vault, connection)
    wanted = settings_of(kind, connection.settings)
    mapped = kind.mapping(wanted)
    using = await mappings.using(session, principal, *mapped) if mapped is not None else None
    known = await repository.files(session, principal, connection.id)
    return Opening(
        name=connection.name,
        wanted=wanted,
        secrets=secrets,
        zone=principal.organisation.zone,
        service=settings,
        using=using,
        files={
            file.digest: RemoteFile(file.digest, file.name, file.size, file.modified_at)
            for file in known
        },
    )


# --- runs and files --------------------------------------------------------------------------------


async def request_run(
    session: AsyncSession, principal: Principal, connection_id: UUID, *, is_full: bool
) -> ConnectionRun:
    """Ask for a run; the scheduler's next tick begins it. One that has not ended is not asked for twice.

    Raises:
        NotFound: there is no such connection.
    """
    connection = await find(session, principal, connection_id, for_update=True)
    run = await repository.open_run(session, principal, connection.id)
    if run is None:
        run = ConnectionRun(
            organisation_id=principal.organisation_id,
            connection_id=connection.id,
            requested_by=principal.id,
            is_full=is_full,
        )
        session.add(run)
        await session.flush()
        await jobs.wake(session, principal, JOB)
    details = {"name": connection.name, "is_full": is_full}
    await audit_log.record(
        session, principal, "connection.run_requested", connection.id, details=details
    )
    return run


async def run_page(
    session: AsyncSession, principal: Principal, connection_id: UUID, query: PageQuery
) -> tuple[list[ConnectionRun], str | None]:
    """Runs of a connection, newest first.

    Raises:
        NotFound: there is no such connection.
    """
    connection = await find(session, principal, connection_id)
    return await repository.run_page(session, principal, connection.id, query)


async def get_run(
    session: AsyncSession, principal: Principal, connection_id: UUID, run_id: UUID
) -> ConnectionRun:
    """One run.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find_run(session, principal, connection_id, run_id), "run")


async def file_page(
    session: AsyncSession, principal: Principal, connection_id: UUID, query: PageQuery
) -> tuple[list[ConnectionFile], str | None]:
    """Files that a connection has taken or put aside, oldest first.

    Raises:
        NotFound: there is no such connection.
    """
    connection = await find(session, principal, connection_id)
    return page_of(await repository.files(session, principal, connection.id), query)


# --- what a connection may say ---------------------------------------------------------------------


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise errors.unknown_kind(sorted(KINDS))
    return KINDS[name]


def settings_of(kind: Kind, settings: Mapping[str, Any]) -> Input:
    """Settings as the kind describes them.

    Raises:
        Invalid: they are not so; values are not repeated.
    """
    try:
        return kind.settings.model_validate(settings)
    except ValidationError as error:
        found = [{**each, "loc": ("settings", *each["loc"])} for each in error.errors()]
        raise errors.wrong_settings(kind.name, invalid_input(found).errors) from None


async def _check(
    session: AsyncSession,
    principal: Principal,
    kind: Kind,
    settings: Input,
    pilot_id: UUID | None,
) -> None:
    if kind.needs_pilot(settings) and pilot_id is None:
        raise errors.pilot_needed()
    if pilot_id is not None:
        if not kind.needs_pilot(settings):
            raise errors.no_pilot_needed()
        try:
            await pilots.get(session, principal, pilot_id)
        except NotFound:
            raise errors.unknown_pilot() from None
    mapped = kind.mapping(settings)
    if mapped is not None:
        await mappings.using(session, principal, *mapped)


def _checked_secrets(kind: Kind, given: Mapping[str, SecretStr]) -> dict[str, str]:
    if kind.accounts is not None:
        if not given:
            raise errors.no_accounts(kind.accounts)
    elif kind.either and given and set(given) <= set(kind.secrets):
        pass
    elif set(given) != set(kind.secrets):
        raise errors.wrong_secrets(sorted(kind.secrets), either=kind.either)
    return {name: secret.get_secret_value() for name, secret in given.items()}


def _names(vault: Vault, connection: Connection) -> list[str]:
    """Names of secrets; none where they cannot be read any more."""
    if connection.secrets is None:
        return []
    try:
        return sorted(vault.unlock(connection.id, connection.secrets))
    except SecretsUnreadable:
        return []


async def _record(
    session: AsyncSession, principal: Principal, verb: str, connection: Connection, **more: Any
) -> None:
    details = {"name": connection.name, "kind": connection.kind, **more}
    await audit_log.record(session, principal, f"connection.{verb}", connection.id, details=details)
