"""What is sent and received about connections."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field, JsonValue, SecretStr, StringConstraints, WithJsonSchema

from app.core.fields import Change, Code, Input, Output
from app.integrations.connections.models import FileState, LicenceFlag, SyncStatus

MAX_SETTINGS = 50
MAX_SECRETS = 1_000
MAX_SECRET = 20_000

EveryMinutes = Annotated[int, Field(strict=True, ge=15, le=10_080)]
Settings = Annotated[
    dict[str, JsonValue],
    Field(
        max_length=MAX_SETTINGS,
        description="As the kind describes them: GET /connection-kinds.",
    ),
]
Secret = Annotated[SecretStr, Field(min_length=1, max_length=MAX_SECRET)]
SecretName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9@._ /-]{1,100}$")]
# Written out: of names, what is derived would allow others with any value.
Secrets = Annotated[
    dict[SecretName, Secret],
    Field(max_length=MAX_SECRETS),
    WithJsonSchema(
        {
            "type": "object",
            "description": "What it logs in with, by name. It is kept encrypted, and never sent back.",
            "maxProperties": MAX_SECRETS,
            "propertyNames": {"pattern": "^[A-Za-z0-9@._ /-]{1,100}$"},
            "additionalProperties": {
                "type": "string",
                "format": "password",
                "writeOnly": True,
                "minLength": 1,
                "maxLength": MAX_SECRET,
            },
        }
    ),
]


class ConnectionIn(Input):
    """A connection to set up."""

    name: Code = Field(description="The `source` of time samples that it brings.")
    kind: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    pilot_id: UUID | None = Field(default=None, description="Whose time samples it brings.")
    settings: Settings = Field(default_factory=dict)
    secrets: Secrets = Field(default_factory=dict)
    every_minutes: EveryMinutes | None = Field(
        default=None, description="How often it is read; null: when it is asked for."
    )
    is_enabled: Annotated[bool, Field(strict=True)] = True


class ConnectionChange(Change):
    """What may be changed; settings and secrets are replaced as a whole."""

    settings: Settings | None = None
    secrets: Secrets | None = None
    every_minutes: EveryMinutes | None = None
    is_enabled: Annotated[bool, Field(strict=True)] | None = None


class SyncCounts(BaseModel):
    """What became of what a run read."""

    read: int = Field(default=0, description="Records of the other system.")
    accepted: int = Field(default=0, description="Rows that are new.")
    updated: int = Field(default=0, description="Rows that replaced earlier values.")
    duplicate: int = Field(default=0, description="Rows that were there already, unchanged.")
    rejected: int = Field(default=0, description="Rows that were not written; `errors` says why.")
    deleted: int = Field(default=0, description="Rows that are gone at their source, taken back.")
    skipped: int = Field(default=0, description="Records that are not for us, or not yet.")
    pages: int = Field(default=0, description="Transactions that wrote.")
    retries: int = Field(default=0, description="Requests that were sent again.")


class TroubleOut(BaseModel):
    """Something that went wrong, or that an administrator should know."""

    code: str
    detail: str
    count: int


class SyncErrorOut(BaseModel):
    """Why a row was rejected."""

    page: int = Field(description="Of the run, from 1.")
    index: int = Field(description="The row's place in its page, from 0.")
    code: str
    detail: str
    pointer: str


class LicenceCountOut(BaseModel):
    """How many licences of a product the other system says there are; null: it does not say."""

    product: str
    purchased: int | None = Field(description="Those that may be assigned.")
    assigned: int
    warning: int | None = Field(description="Run out, and still in use for a while.")
    suspended: int | None
    locked_out: int | None
    leaving: int | None = Field(description="Assigned, and cancelled from a day on.")


class ConnectionRunOut(Output):
    """A run of a connection, and how far it has come."""

    connection_run_id: UUID = Field(validation_alias="id")
    connection_id: UUID
    status: SyncStatus
    requested_by: UUID | None = Field(description="Who asked for it; null: the schedule.")
    is_full: bool = Field(description="Everything was read again, and not only what has changed.")
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    counts: SyncCounts
    error: str | None = Field(description="Why it failed: the code of one of its troubles.")
    troubles: list[TroubleOut]
    errors: list[SyncErrorOut] = Field(description="Of the first rows that were rejected.")
    licences: list[LicenceCountOut] | None = Field(
        description="Licences as the other system told them; null: it did not."
    )


class LicencesHeld(Output):
    """Seats of a product in the ledger, over all its pools."""

    purchased: int
    assigned: int
    pools: int = Field(description="How many pools of the product are in their term.")


class ReconciledOut(Output):
    """A product as the other system tells it and as the ledger holds it."""

    product: str
    there: LicenceCountOut
    here: LicencesHeld
    flags: list[LicenceFlag]


class ReconciliationOut(BaseModel):
    """Where another system and the seat ledger differ. Nothing follows by itself."""

    as_of: date = Field(description="The day of the ledger: today.")
    connection_run_id: UUID | None = Field(description="The run in which it was told; null: none.")
    told_at: datetime | None = Field(description="When that run ended, or moved last.")
    products: list[ReconciledOut]


class ConnectionOut(Output):
    """A connection, without its secrets."""

    connection_id: UUID
    name: str
    kind: str
    pilot_id: UUID | None
    settings: dict[str, Any]
    secret_names: list[str]
    every_minutes: int | None
    is_enabled: bool
    next_at: datetime | None = Field(description="When it is read next by itself.")
    failures: int = Field(description="How often it has failed since it last succeeded.")
    last_run: ConnectionRunOut | None
    created_at: datetime
    updated_at: datetime
    revision: int


class DryRunOut(BaseModel):
    """What a run would do; nothing was written."""

    reached: bool = Field(description="Whether the other system answered as it should.")
    complete: bool = Field(description="Whether that was all; the first pages otherwise.")
    counts: SyncCounts
    error: str | None
    troubles: list[TroubleOut]
    errors: list[SyncErrorOut]


class ConnectionFileOut(Output):
    """A file of a connection."""

    digest: str = Field(description="SHA-256 of its content, in hexadecimal digits.")
    name: str
    size: int
    modified_at: datetime | None
    state: FileState
    code: str | None = Field(description="Why it is in quarantine.")
    detail: str | None
    created_at: datetime = Field(description="When it was first seen.")


class ConnectionKindOut(BaseModel):
    """A kind of connection, and what it needs."""

    kind: str
    title: str
    what: str
    settings_schema: dict[str, Any] = Field(description="JSON Schema of its settings.")
    secrets: dict[str, str] = Field(description="Its secrets, each by what it is.")
    accounts: str | None = Field(description="Where secrets are named freely: what names them.")


class ConnectionKindList(BaseModel):
    """Every kind there is."""

    items: list[ConnectionKindOut]
