"""What a kind of connection says of itself."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.fields import PRINTABLE_PATTERN, Input
from app.core.outward.client import Traffic
from app.core.settings import Settings
from app.imports.mappings.service import Using
from app.imports.models import ImportKind
from app.integrations.connections.sources import RemoteFile, Source


@dataclass(frozen=True, slots=True)
class Opening:
    """What a source is opened with.

    Args:
        name: the connection's; the `source` of its samples.
        wanted: its settings, of the kind's own schema.
        secrets: its secrets, by name.
        zone: the organisation's, as Europe/London.
        service: the settings of the process, for the one way out.
        traffic: where requests are counted.
        using: how files are to be read, where the kind names a mapping.
        files: the files that have been seen, by digest.
    """

    name: str
    wanted: Any
    secrets: Mapping[str, str]
    zone: str
    service: Settings
    traffic: Traffic = field(default_factory=Traffic)
    using: Using | None = None
    files: Mapping[str, RemoteFile] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of connection.

    Args:
        name: its code.
        title: what the other system is called.
        what: what it brings, in a sentence.
        settings: the schema of its settings.
        secrets: the secrets that it logs in with, each by what it is; empty where their names are free, as of
            accounts, which `accounts` explains.
        open: opens a source for as long as a block runs; raises OutwardError.
        needs_pilot: whether it brings time samples, which belong to a pilot; by its settings.
        accounts: what the free names of secrets are.
        mapping: the saved mapping that its settings name, and of what kind the rows are.
    """

    name: str
    title: str
    what: str
    settings: type[Input]
    open: Callable[[Opening], AbstractAsyncContextManager[Source]]
    secrets: Mapping[str, str] = field(default_factory=dict)
    accounts: str | None = None
    needs_pilot: Callable[[Any], bool] = lambda _: False
    mapping: Callable[[Any], tuple[ImportKind, str | None] | None] = lambda _: None


def _is_address(value: str) -> str:
    scheme, _, rest = value.partition("://")
    host = rest.partition("/")[0]
    if scheme not in ("https", "http") or not host or any(c in value for c in "@?#\\ "):
        raise PydanticCustomError(
            "address",
            "must be an address as https://time.example.org/path, without a name or a query",
        )
    return value


HttpAddress = Annotated[
    str,
    StringConstraints(min_length=8, max_length=500, pattern=PRINTABLE_PATTERN),
    AfterValidator(_is_address),
]
