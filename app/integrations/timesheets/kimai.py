"""Kimai: timesheets of all users, page by page, those that were modified since; all of them once a day.

Kimai does not tell what was deleted: a reading of all of them does. Shapes as in its API documentation.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from app.core.bulk.results import RowError
from app.core.errors import Invalid
from app.core.fields import Input
from app.core.instants import DateOrder, InstantProblem, reader_of, zone_of
from app.core.outward import errors
from app.core.outward.client import Answer, Outward, outward
from app.core.outward.errors import OutwardError
from app.integrations.connections.kinds import HttpAddress, Kind, Opening
from app.integrations.connections.sources import Cursor, Page, chunked, made
from app.integrations.timesheets.codes import as_code
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.schemas import SampleRow

RECORDS_AT_A_TIME = 500
_OVERLAP = timedelta(minutes=10)


def _is_zone(name: str) -> str:
    try:
        zone_of(name)
    except Invalid:
        raise PydanticCustomError("unknown_zone", "must be one of the IANA time zones") from None
    return name


Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_is_zone)]


class PersonFrom(StrEnum):
    """What of a user is the number that HR knows them by."""

    ACCOUNT_NUMBER = "account_number"
    USERNAME = "username"


class CategoryFrom(StrEnum):
    """What of a record is the code of its category."""

    ACTIVITY = "activity"
    TAG = "tag"


class KimaiSettings(Input):
    """Where Kimai is, and what of it is read."""

    address: HttpAddress
    person_from: PersonFrom = PersonFrom.ACCOUNT_NUMBER
    category_from: CategoryFrom = CategoryFrom.ACTIVITY
    zone: Zone | None = Field(
        default=None,
        description="Zone of the user whose token it is: Kimai reads times in it. By default the organisation's.",
    )
    whole_every_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = Field(
        default=24, description="How often all records are read, to find those that were deleted."
    )


class _User(msgspec.Struct):
    id: int
    username: str
    account_number: str | None = msgspec.field(name="accountNumber", default=None)


class _Activity(msgspec.Struct):
    id: int
    name: str


class _Record(msgspec.Struct):
    """A record; without an end while its clock runs."""

    id: int
    begin: str
    user: int
    activity: int
    end: str | None = None
    duration: float | None = None
    tags: list[str] = msgspec.field(default_factory=list)

    @property
    def is_stopped(self) -> bool:
        return self.end is not None and (self.duration or 0) > 0


@dataclass(frozen=True, slots=True)
class _Listed:
    """A page of a list, and how many records and pages there are."""

    records: list[_Record]
    total: int
    pages: int
    answered_at: datetime | None


class Kimai:
    """One server; see `TimeSource`."""

    def __init__(self, opening: Opening, client: Outward) -> None:
        self._opening = opening
        self._wanted: KimaiSettings = opening.wanted
        self._client = client
        self._zone = ZoneInfo(self._wanted.zone or opening.zone)
        self._read = reader_of(DateOrder.YEAR_FIRST, None)

    async def time(self, cursor: Cursor) -> AsyncIterator[Page[SampleRow]]:
        """Pages of what was modified, or of all; the cursor moves with the last, as page numbers shift."""
        people = {user.id: self._number_of(user) for user in await self._users()}
        codes = {each.id: as_code(each.name) for each in await self._activities()}
        is_whole = "since" not in cursor
        listed = await self._page(1, None if is_whole else cursor["since"], set())
        now = listed.answered_at
        if not is_whole and now is not None and self._is_old(cursor, now):
            is_whole, listed = True, await self._page(1, None, set())
        since = None if is_whole else cursor["since"]
        seen: set[int] = set()
        standing: set[str] = set()
        place = 1
        while True:
            seen.update(record.id for record in listed.records)
            standing.update(str(each.id) for each in listed.records if each.is_stopped)
            is_last = place >= listed.pages
            if is_last and len(seen) != listed.total:
                raise OutwardError(
                    "pages_incomplete",
                    "Kimai's pages do not add up to what it says there is. The next run reads them again.",
                )
            held = self._cursor_after(cursor, now, is_whole=is_whole) if is_last else cursor
            yield self._as_page(
                listed, held, people, codes, standing if is_last and is_whole else None
            )
            if is_last:
                return
            place += 1
            listed = await self._page(place, since, seen)

    def _cursor_after(self, cursor: Cursor, now: datetime | None, *, is_whole: bool) -> Cursor:
        if now is None:
            return {}  # a server that tells no time is read whole each time
        since = (now - _OVERLAP).isoformat()
        return {"since": since, "whole_at": now.isoformat() if is_whole else cursor["whole_at"]}

    def _is_old(self, cursor: Cursor, now: datetime) -> bool:
        """Whether all records are to be read again, by Kimai's clock; one that was set back tells nothing."""
        back = now < datetime.fromisoformat(cursor["since"])
        hours = timedelta(hours=self._wanted.whole_every_hours)
        return back or now - datetime.fromisoformat(cursor["whole_at"]) >= hours

    # --- what is asked ---

    async def _users(self) -> list[_User]:
        return await self._client.get(
            "api/users", params={"visible": 3}, read=lambda answer: answer.read_as(list[_User])
        )

    async def _activities(self) -> list[_Activity]:
        return await self._client.get(
            "api/activities",
            params={"visible": 3},
            read=lambda answer: answer.read_as(list[_Activity]),
        )

    async def _page(self, number: int, since: str | None, seen: set[int]) -> _Listed:
        params: dict[str, str | int] = {
            "user": "all",
            "size": RECORDS_AT_A_TIME,
            "page": number,
            "orderBy": "id",
            "order": "ASC",
        }
        if since is not None:
            local = datetime.fromisoformat(since).astimezone(self._zone)
            params["modified_after"] = local.strftime("%Y-%m-%dT%H:%M:%S")

        def read(answer: Answer) -> _Listed:
            records: list[_Record] = answer.read_as(list[_Record])
            try:
                told = {
                    n: int(answer.headers[f"x-{n}"]) for n in ("page", "total-count", "total-pages")
                }
            except (KeyError, ValueError):
                raise errors.malformed() from None
            # Another page than was asked for, or one that we have had.
            repeated = bool(records) and seen.issuperset(record.id for record in records)
            if told["page"] != number or repeated:
                raise errors.malformed()
            return _Listed(records, told["total-count"], told["total-pages"], answer.answered_at)

        return await self._client.get("api/timesheets", params=params, read=read)

    # --- what it means ---

    def _number_of(self, user: _User) -> str | None:
        if self._wanted.person_from is PersonFrom.USERNAME:
            return user.username
        return user.account_number

    def _as_page(
        self,
        listed: _Listed,
        cursor: Cursor,
        people: Mapping[int, str | None],
        codes: Mapping[int, str],
        census: set[str] | None,
    ) -> Page[SampleRow]:
        stopped = [each for each in listed.records if each.is_stopped]
        return Page(
            cursor=cursor,
            row_type=SampleRow,
            chunks=chunked(self._row(each, people, codes) for each in stopped),
            read=len(listed.records),
            skipped=len(listed.records) - len(stopped),
            gone=[str(each.id) for each in listed.records if not each.is_stopped],
            census=census,
        )

    def _row(
        self, record: _Record, people: Mapping[int, str | None], codes: Mapping[int, str]
    ) -> SampleRow | RowError:
        try:
            began = self._read(record.begin)
        except InstantProblem as problem:
            return RowError(0, problem.code, problem.detail, "/started_at")
        tag = record.tags[0] if record.tags else None
        by_tag = self._wanted.category_from is CategoryFrom.TAG
        return made(
            SampleRow,
            person_external_id=people.get(record.user),
            category=as_code(tag) if by_tag else codes.get(record.activity, as_code(None)),
            started_at=began.isoformat(),
            minutes=(record.duration or 0) / 60,
            method=SampleMethod.TIMESHEET.value,
            source=self._opening.name,
            source_ref=str(record.id),
        )


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[Kimai]:
    headers = {"Authorization": f"Bearer {opening.secrets['token']}"}
    address = opening.wanted.address
    async with outward(
        opening.service, address, headers=headers, traffic=opening.traffic
    ) as client:
        yield Kimai(opening, client)


KIND = Kind(
    name="kimai",
    title="Kimai",
    what="Time samples from Kimai's timesheets, by activity or tag.",
    settings=KimaiSettings,
    open=_open,
    secrets={"token": "an API token of a Kimai user who may see the timesheets of all"},
    needs_pilot=lambda _: True,
)
