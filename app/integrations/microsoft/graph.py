"""Microsoft Graph: who last used Microsoft 365 Copilot when, and how many licences there are.

Shapes as in its reference. A report tells of each user the last active day alone, app by app: it is read as a
snapshot, and the days that are new since the last one are taken. What lies between two snapshots is not told, so
what is known of use is a lower bound.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final, TypeVar

import msgspec
from pydantic import Field, StringConstraints, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from app.core.bulk.results import RowError
from app.core.fields import BareCode, Input
from app.core.outward import errors
from app.core.outward.client import Answer, Outward, outward
from app.core.outward.errors import OutwardError
from app.core.periods import DAY, Window
from app.integrations.connections.kinds import HttpAddress, Kind, Opening
from app.integrations.connections.sources import (
    Cursor,
    LicenceCount,
    Note,
    Page,
    Snapshot,
    chunked,
    made,
)
from app.integrations.microsoft.credentials import Credentials
from app.integrations.microsoft.reports import Entry, entries_of_csv, entries_of_json
from app.licences.activity.schemas import ActivityRow

COPILOT_PRODUCT: Final = "Microsoft_365_Copilot"
COPILOT_SKU: Final = "639dec6b-bb19-468b-871c-c5c441c4b0cb"
USERS_AT_A_TIME = 1_000

# The longest period that a report looks back on. What it tells of earlier days is left out: nobody could say how
# much of it is missing.
_LOOKS_BACK = timedelta(days=180)
# Activity is reported up to 72 hours late.
_LATE = timedelta(days=3)
_DENIED = 401
_DETAIL = "getMicrosoft365CopilotUsageUserDetail"

Read = TypeVar("Read")


class Report(StrEnum):
    """From where the report is asked for."""

    V1 = "v1.0"  # CSV
    BETA = "beta"  # JSON, page by page
    OLDER = "older"  # CSV, by a redirect to an address that needs no token


class Version(StrEnum):
    """Which version of the report."""

    V1 = "v1"
    V2 = "v2"


_PERIODS: Final = {
    Version.V1: ("D7", "D30", "D90", "D180", "ALL"),
    Version.V2: ("D7", "D28", "D90", "D180", "ALL"),
}


class GraphSettings(Input):
    """Which tenant is read, as which application, and what of it."""

    tenant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,100}$")] = Field(
        description="The directory (tenant), by id or by domain."
    )
    application: Annotated[
        str, StringConstraints(pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$")
    ] = Field(description="The application (client) id.")
    product: BareCode = Field(
        default=COPILOT_PRODUCT, description="What Copilot is called in the licence pools."
    )
    report: Report = Field(
        default=Report.V1,
        description="`v1.0` answers CSV, `beta` JSON, `older` CSV from the address before these.",
    )
    version: Version = Field(default=Version.V1, description="`older` knows `v1` alone.")
    period: str = Field(
        default="D7",
        description="v1: D7, D30, D90, D180 or ALL; v2: D7, D28, D90, D180 or ALL.",
        max_length=10,
    )
    licences: Annotated[bool, Field(strict=True)] = Field(
        default=True, description="Read how many licences there are as well (subscribedSkus)."
    )
    whole_every_days: Annotated[int, Field(strict=True, ge=1, le=180)] = Field(
        default=7,
        description="How often older days are taken as well, for people who were recorded late.",
    )
    address: HttpAddress = "https://graph.microsoft.com"
    sign_in_address: HttpAddress = "https://login.microsoftonline.com"

    @field_validator("version")
    @classmethod
    def _is_known_there(cls, version: Version, info: ValidationInfo) -> Version:
        if info.data.get("report") is Report.OLDER and version is not Version.V1:
            raise PydanticCustomError("wrong_version", "the older address knows v1 alone")
        return version

    @field_validator("period")
    @classmethod
    def _fits_the_version(cls, period: str, info: ValidationInfo) -> str:
        version = info.data.get("version")
        if version is not None and period not in _PERIODS[version]:
            known = ", ".join(_PERIODS[version])
            raise PydanticCustomError(
                "wrong_period",
                "of {version} must be one of {known}",
                {"version": version, "known": known},
            )
        return period

    @property
    def path(self) -> str:
        """Where the report is."""
        if self.report is Report.OLDER:
            return f"beta/reports/{_DETAIL}(period='{self.period}')?$format=text/csv"
        function = f"{_DETAIL}(period='{self.period}',version='{self.version}')"
        return f"{self.report}/copilot/reports/{function}"


class _Users(msgspec.Struct):
    value: list[dict[str, Any]]
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)


class _Units(msgspec.Struct):
    enabled: int = 0
    warning: int = 0
    suspended: int = 0
    locked_out: int = msgspec.field(name="lockedOut", default=0)


class _Sku(msgspec.Struct):
    sku_id: str = msgspec.field(name="skuId")
    part_number: str = msgspec.field(name="skuPartNumber")
    consumed: int = msgspec.field(name="consumedUnits")
    prepaid: _Units = msgspec.field(name="prepaidUnits")


class _Skus(msgspec.Struct):
    value: list[_Sku]


class Graph:
    """One tenant; see `UsageSource`."""

    def __init__(self, opening: Opening, client: Outward, credentials: Credentials) -> None:
        self._name = opening.name
        self._wanted: GraphSettings = opening.wanted
        self._client = client
        self._credentials = credentials

    async def usage(self, cursor: Cursor) -> AsyncIterator[Page[ActivityRow]]:
        """Pages of the report's users, then the licences; the cursor moves with the last of the users."""
        held, since = cursor, None
        refreshed_on: date | None = None
        is_whole = True
        async for entries, is_last in self._listed():
            if refreshed_on is None and entries:
                is_whole = self._is_whole(cursor, entries[0].refreshed_on)
                if not is_whole:
                    since = date.fromisoformat(cursor["refreshed_on"]) - _LATE
            refreshed_on = max((each.refreshed_on for each in entries), default=refreshed_on)
            if is_last and refreshed_on is not None:
                whole_on = refreshed_on.isoformat() if is_whole else cursor["whole_on"]
                held = {"refreshed_on": refreshed_on.isoformat(), "whole_on": whole_on}
            yield self._page(entries, refreshed_on, since, held)
        if self._wanted.licences:
            counts = await self._licences()
            yield Page(cursor=held, row_type=ActivityRow, read=len(counts), licences=counts)

    def _is_whole(self, cursor: Cursor, refreshed_on: date) -> bool:
        """Whether every day is taken, and not only what is new: at first, at times, after an older report."""
        if "refreshed_on" not in cursor or refreshed_on < date.fromisoformat(
            cursor["refreshed_on"]
        ):
            return True
        age = refreshed_on - date.fromisoformat(cursor["whole_on"])
        return age >= timedelta(days=self._wanted.whole_every_days)

    # --- what is asked ---

    async def _listed(self) -> AsyncIterator[tuple[Sequence[Entry], bool]]:
        """The users of the report, some at a time, and whether these are the last."""
        if self._wanted.report is not Report.BETA:
            entries = await self._get(
                self._wanted.path, lambda told: entries_of_csv(told.body), follow=True
            )
            for start in range(0, len(entries), USERS_AT_A_TIME):
                end = start + USERS_AT_A_TIME
                yield entries[start:end], end >= len(entries)
            return
        link: str | None = self._wanted.path
        seen: set[str] = set()
        while link is not None:
            seen.add(link)
            entries, link = await self._get(link, lambda told: _page_of(told, seen))
            yield entries, link is None

    async def _licences(self) -> list[LicenceCount]:
        found = await self._get("v1.0/subscribedSkus", lambda told: told.read_as(_Skus))
        return [self._count(sku) for sku in found.value]

    async def _get(
        self, path: str, read: Callable[[Answer], Read], *, follow: bool = False
    ) -> Read:
        """Ask, signed; once more with a new token where the one that we have is not taken any more."""
        self._client.sign(await self._credentials.header())
        try:
            return await self._client.get(path, read=read, follow=follow)
        except OutwardError as error:
            if error.status != _DENIED:
                raise
        self._credentials.forget()
        self._client.sign(await self._credentials.header())
        return await self._client.get(path, read=read, follow=follow)

    # --- what it means ---

    def _page(
        self, entries: Sequence[Entry], refreshed_on: date | None, since: date | None, held: Cursor
    ) -> Page[ActivityRow]:
        named = [each for each in entries if each.is_named]
        first = refreshed_on - _LOOKS_BACK if refreshed_on is not None else date.min
        since = max(since or first, first)
        days = dict.fromkeys(
            (each.user_name, app, day)
            for each in named
            for app, day in each.last_active.items()
            if day >= since.isoformat()
        )
        concealed = len(entries) - len(named)
        snapshot = None
        if refreshed_on is not None:
            looked_at = Window(first, refreshed_on + DAY)
            snapshot = Snapshot(self._wanted.product, looked_at, is_named=not concealed)
        return Page(
            cursor=held,
            row_type=ActivityRow,
            chunks=chunked(self._row(*each) for each in days),
            read=len(entries),
            skipped=concealed,
            notes=[_concealed()] if concealed else [],
            by_sign_in_name=True,
            snapshot=snapshot,
        )

    def _row(self, user_name: str, app: str, day: str) -> ActivityRow | RowError:
        return made(
            ActivityRow,
            product=self._wanted.product,
            person_external_id=user_name,
            period_starts_on=day,
            app=app,
            source=self._name,
        )

    def _count(self, sku: _Sku) -> LicenceCount:
        is_copilot = sku.sku_id.lower() == COPILOT_SKU or sku.part_number == COPILOT_PRODUCT
        return LicenceCount(
            product=self._wanted.product if is_copilot else sku.part_number,
            purchased=sku.prepaid.enabled,
            assigned=sku.consumed,
            warning=sku.prepaid.warning,
            suspended=sku.prepaid.suspended,
            locked_out=sku.prepaid.locked_out,
        )


def _page_of(told: Answer, seen: set[str]) -> tuple[list[Entry], str | None]:
    found = told.read_as(_Users)
    if found.next_link in seen:
        raise errors.malformed()  # a page that we have had, in the place of the next
    return entries_of_json(found.value), found.next_link


def _concealed() -> Note:
    return Note(
        "names_concealed",
        "The report conceals names: what these users did is recorded of nobody. An administrator of the tenant "
        "turns that off under Settings, Org settings, Reports.",
    )


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[Graph]:
    wanted: GraphSettings = opening.wanted
    service, traffic = opening.service, opening.traffic
    async with (
        outward(service, wanted.sign_in_address, traffic=traffic) as sign_in,
        outward(service, wanted.address, traffic=traffic) as client,
    ):
        secret = opening.secrets["client_secret"]
        scope = f"{wanted.address.rstrip('/')}/.default"
        credentials = Credentials(sign_in, wanted.tenant, wanted.application, secret, scope)
        yield Graph(opening, client, credentials)


KIND = Kind(
    name="microsoft_graph",
    title="Microsoft 365 Copilot (Microsoft Graph)",
    what="The last active day of every user of Copilot, app by app, and counts of licences.",
    settings=GraphSettings,
    open=_open,
    secrets={"client_secret": "of the application that may read reports and licences"},
)
