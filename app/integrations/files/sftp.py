"""CSV files over SFTP: each taken once by its checksum, from a server whose key is known."""

import asyncio
import fnmatch
import hashlib
import stat
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from tempfile import SpooledTemporaryFile
from typing import IO, Annotated, Any

import asyncssh
import msgspec
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.bulk.formats import CSV, read_rows
from app.core.fields import PRINTABLE_PATTERN, Code, Input
from app.core.outward import client as patience
from app.core.outward import errors
from app.core.outward.addresses import resolved
from app.core.outward.errors import OutwardError
from app.imports.models import ImportKind
from app.integrations.connections.kinds import Kind, Opening
from app.integrations.connections.sources import Cursor, Note, Page, RemoteFile, Source
from app.licences.activity.schemas import ActivityRow
from app.people.absences.schemas import AbsenceRow
from app.people.schemas import PersonRow
from app.time_use.samples.schemas import SampleRow
from app.time_use.samples.service import Notation

_ATTEMPTS = 3
_IN_MEMORY = 1024 * 1024
_PIECE = 65_536
_MOST_FILES = 10_000


class Holds(StrEnum):
    """What the rows of files are."""

    PEOPLE = "people"
    ABSENCES = "absences"
    TIME_SAMPLES = "time_samples"
    LICENCE_ACTIVITY = "licence_activity"


_ROWS: Mapping[Holds, type[msgspec.Struct]] = {
    Holds.PEOPLE: PersonRow,
    Holds.ABSENCES: AbsenceRow,
    Holds.TIME_SAMPLES: SampleRow,
    Holds.LICENCE_ACTIVITY: ActivityRow,
}


def _is_key(text: str) -> str:
    try:
        asyncssh.import_public_key(text)
    except (asyncssh.KeyImportError, ValueError):
        raise PydanticCustomError(
            "host_key", "must be a public key as `ssh-keyscan` shows it: ssh-ed25519 AAAA…"
        ) from None
    return text


_Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=PRINTABLE_PATTERN)]
HostKey = Annotated[
    str,
    StringConstraints(min_length=20, max_length=4_000, pattern=PRINTABLE_PATTERN),
    AfterValidator(_is_key),
]


class SftpSettings(Input):
    """Where the files are, and what they hold."""

    host: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
    port: Annotated[int, Field(strict=True, ge=1, le=65_535)] = 22
    user: _Text
    host_key: HostKey = Field(description="The server's public key: ssh-ed25519 AAAA….")
    folder: _Text = "."
    pattern: _Text = Field(default="*.csv", description="Which files of the folder.")
    holds: Holds
    mapping: Code | None = Field(
        default=None, description="Saved mapping by which their columns become ours."
    )


@dataclass(slots=True)
class _Files:
    """The files of a folder that have not been seen."""

    opening: Opening
    sftp: asyncssh.SFTPClient

    async def pages(self) -> AsyncIterator[Page[Any]]:
        """A page a file, the oldest first."""
        wanted: SftpSettings = self.opening.wanted
        known = {(each.name, each.size, each.modified_at) for each in self.opening.files.values()}
        seen = set(self.opening.files)
        for file in await self._listed():
            if (file.name, file.size, file.modified_at) in known:
                continue
            if file.size > self.opening.service.max_bulk_bytes:
                yield Page(cursor={}, row_type=_ROWS[wanted.holds], file=_too_large(file))
                continue
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as content:
                taken = await self._content(file, content)
                if taken is not None and taken.digest not in seen:
                    seen.add(taken.digest)
                    yield self._page(taken, content)

    def _page(self, file: RemoteFile, content: IO[bytes]) -> Page[Any]:
        using, row_type = self.opening.using, _ROWS[self.opening.wanted.holds]
        if using is None:
            raise ValueError("files are opened with how they are to be read")
        content.seek(0)
        return Page(
            cursor={},
            row_type=row_type,
            chunks=read_rows(content, CSV, row_type, using.rewrite),
            read=1,
            restate=using.restated,
            notation=Notation(using.order, using.zone),
            file=file,
        )

    async def _listed(self) -> list[RemoteFile]:
        wanted: SftpSettings = self.opening.wanted
        found: list[RemoteFile] = []
        async for entry in self.sftp.scandir(wanted.folder):
            name = str(entry.filename)
            regular = stat.S_ISREG(entry.attrs.permissions or stat.S_IFREG)
            if regular and fnmatch.fnmatchcase(name, wanted.pattern) and len(name) <= 255:
                found.append(_file("", name, entry.attrs))
            if len(found) > _MOST_FILES:
                raise OutwardError(
                    "too_many_files", f"The folder has more than {_MOST_FILES} files."
                )
        return sorted(
            found,
            key=lambda each: (each.modified_at or datetime.min.replace(tzinfo=UTC), each.name),
        )

    async def _content(self, file: RemoteFile, content: IO[bytes]) -> RemoteFile | None:
        """What is in a file; None where it is still being written, or has gone."""
        path = f"{self.opening.wanted.folder.rstrip('/')}/{file.name}"
        digest = hashlib.sha256()
        size = 0
        try:
            async with self.sftp.open(path, "rb") as opened:
                remote: Any = opened  # typed as if it were text
                while piece := await remote.read(_PIECE):
                    size += len(piece)
                    if size > self.opening.service.max_bulk_bytes:
                        return None
                    digest.update(piece)
                    content.write(piece)
            after = await self.sftp.stat(path)
        except asyncssh.SFTPNoSuchFile:
            return None
        settled = _file("", file.name, after)
        if (settled.size, settled.modified_at) != (
            file.size,
            file.modified_at,
        ) or size != file.size:
            return None  # the next run takes it
        return _file(digest.hexdigest(), file.name, after)


class FilesOfPeople(_Files):
    """See `PeopleSource`."""

    def people(self, _cursor: Cursor) -> AsyncIterator[Page[Any]]:
        return self.pages()


class FilesOfTime(_Files):
    """See `TimeSource`."""

    def time(self, _cursor: Cursor) -> AsyncIterator[Page[Any]]:
        return self.pages()


class FilesOfUsage(_Files):
    """See `UsageSource`."""

    def usage(self, _cursor: Cursor) -> AsyncIterator[Page[Any]]:
        return self.pages()


_SOURCES: Mapping[Holds, type[_Files]] = {
    Holds.PEOPLE: FilesOfPeople,
    Holds.ABSENCES: FilesOfPeople,
    Holds.TIME_SAMPLES: FilesOfTime,
    Holds.LICENCE_ACTIVITY: FilesOfUsage,
}


def _file(digest: str, name: str, attrs: asyncssh.SFTPAttrs) -> RemoteFile:
    modified_at = datetime.fromtimestamp(attrs.mtime, UTC) if attrs.mtime is not None else None
    return RemoteFile(digest, name, attrs.size or 0, modified_at)


def _too_large(file: RemoteFile) -> RemoteFile:
    # Its content is not read: what is known of it stands for it.
    named = f"{file.name}\0{file.size}\0{file.modified_at}"
    digest = hashlib.sha256(named.encode()).hexdigest()
    why = Note("file_too_large", "The file is larger than PILOTLIGHT_MAX_BULK_BYTES allows.")
    return RemoteFile(digest, file.name, file.size, file.modified_at, why)


async def _connect(opening: Opening) -> asyncssh.SSHClientConnection:
    """A connection to the one server whose key is known.

    Raises:
        OutwardError: it cannot be reached, shows another key, or does not take our credentials.
    """
    wanted: SftpSettings = opening.wanted
    allowed = opening.service.allow_private_addresses
    addresses = await resolved(wanted.host, wanted.port, private_allowed=allowed)
    private = opening.secrets.get("private_key")
    try:
        return await asyncssh.connect(
            addresses[0],
            wanted.port,
            username=wanted.user,
            password=opening.secrets.get("password"),
            client_keys=[asyncssh.import_private_key(private)] if private is not None else None,
            known_hosts=([asyncssh.import_public_key(wanted.host_key)], [], []),
            config=None,
            agent_path=None,
            connect_timeout=opening.service.outward_seconds,
            login_timeout=opening.service.outward_seconds,
        )
    except asyncssh.HostKeyNotVerifiable:
        detail = "The server shows another key than the one that is known. Nothing was sent to it."
        raise OutwardError("host_key_mismatch", detail) from None
    except asyncssh.PermissionDenied:
        raise errors.denied(403) from None
    except asyncssh.KeyImportError:
        raise OutwardError("private_key_unreadable", "The private key cannot be read.") from None
    except TimeoutError:
        raise errors.timed_out() from None
    except (OSError, asyncssh.Error):
        raise errors.unreachable() from None


async def _patiently(opening: Opening) -> asyncssh.SSHClientConnection:
    for attempt in range(1, _ATTEMPTS + 1):
        opening.traffic.requests += 1
        try:
            return await _connect(opening)
        except OutwardError as error:
            if error.code not in ("unreachable", "timed_out") or attempt == _ATTEMPTS:
                raise
            opening.traffic.retries += 1
            opening.traffic.troubles[error.code] += 1
            await patience.pause(2.0**attempt)
    raise AssertionError("the last attempt returns or raises")


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[Source]:
    connection = await _patiently(opening)
    try:
        async with connection.start_sftp_client() as sftp:
            source: Any = _SOURCES[opening.wanted.holds](opening, sftp)
            yield source
    except (asyncssh.SFTPNoSuchFile, asyncssh.SFTPPermissionDenied):
        raise OutwardError(
            "folder_unreadable", "The folder is not there, or may not be read."
        ) from None
    except (asyncssh.Error, ConnectionError, asyncio.IncompleteReadError):
        raise errors.unreachable() from None
    finally:
        connection.close()


def _mapping(wanted: SftpSettings) -> tuple[ImportKind, str | None]:
    return ImportKind(wanted.holds.value), wanted.mapping


KIND = Kind(
    name="sftp_csv",
    title="CSV over SFTP",
    what="People, absences, time samples or licence activity from the CSV files of a folder.",
    settings=SftpSettings,
    open=_open,
    secrets={"password": "of the user", "private_key": "of the user, in OpenSSH's format"},
    either=True,
    needs_pilot=lambda wanted: wanted.holds is Holds.TIME_SAMPLES,
    mapping=_mapping,
)
