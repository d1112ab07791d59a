"""SAP SuccessFactors: absences, from the entity EmployeeTime (OData version 2).

Shapes as in its API reference. Those that were modified since are read, and all of them once a day: what was
deleted is not told.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Annotated

import msgspec
from pydantic import Field

from app.core.bulk.results import RowError
from app.core.fields import CalendarDate, Input, Label
from app.core.outward import errors
from app.core.outward.client import Answer, Outward, basic, outward
from app.integrations.connections.kinds import HttpAddress, Kind, Opening
from app.integrations.connections.sources import Cursor, Page, chunked, made
from app.integrations.timesheets.codes import as_code
from app.people.absences.schemas import AbsenceRow

APPROVED = "APPROVED"
WITHDRAWN = frozenset({"CANCELLED", "REJECTED", "CANCELED"})
_OVERLAP = timedelta(minutes=10)
_DAY = timedelta(days=1)
_END_OF_TIME = date(9999, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATE = re.compile(r"/Date\((-?\d{1,17})(?:([+-])(\d{4}))?\)/")
_FIELDS = (
    *("externalCode", "userId", "startDate", "endDate", "timeType", "approvalStatus"),
    *("quantityInDays", "lastModifiedDateTime"),
)


class SuccessFactorsSettings(Input):
    """Where SuccessFactors is, and which absences are read."""

    address: HttpAddress = Field(description="As https://api4.successfactors.com.")
    user: Label = Field(description="As user@company.")
    time_types: Annotated[list[Label], Field(max_length=200)] = Field(
        default_factory=list, description="Codes of time types that are absences. Empty: all."
    )
    starts_on: CalendarDate | None = Field(
        default=None, description="Absences that ended earlier are left alone."
    )
    whole_every_hours: Annotated[int, Field(strict=True, ge=1, le=720)] = Field(
        default=24, description="How often all are read, to find those that were deleted."
    )


class _Absence(msgspec.Struct):
    """An absence as it is told: texts, and dates in the notation of OData."""

    external_code: str = msgspec.field(name="externalCode")
    user_id: str = msgspec.field(name="userId")
    start: str = msgspec.field(name="startDate")
    end: str | None = msgspec.field(name="endDate", default=None)
    time_type: str | None = msgspec.field(name="timeType", default=None)
    status: str | None = msgspec.field(name="approvalStatus", default=None)
    days: str | float | None = msgspec.field(name="quantityInDays", default=None)


class _Results(msgspec.Struct):
    results: list[_Absence]
    next_link: str | None = msgspec.field(name="__next", default=None)


class _Envelope(msgspec.Struct):
    d: _Results


def day_of(text: str) -> date:
    """The day of `/Date(1709251200000)/`, or of `/Date(1709251200000+0000)/`: milliseconds, and minutes of offset.

    Raises:
        ValueError: it is not written so.
    """
    found = _DATE.fullmatch(text)
    if found is None:
        raise ValueError("not a date of OData")
    milliseconds, sign, offset = found.groups()
    minutes = int(offset or 0) * (-1 if sign == "-" else 1)
    try:
        return (_EPOCH + timedelta(milliseconds=int(milliseconds), minutes=minutes)).date()
    except OverflowError:
        raise ValueError("out of range") from None


class SuccessFactors:
    """One company; see `PeopleSource`."""

    def __init__(self, opening: Opening, client: Outward) -> None:
        self._wanted: SuccessFactorsSettings = opening.wanted
        self._client = client

    async def people(self, cursor: Cursor) -> AsyncIterator[Page[AbsenceRow]]:
        """Pages of absences; the cursor moves with the last."""
        is_whole = "since" not in cursor
        answer, now = await self._first(None if is_whole else cursor["since"])
        if not is_whole and now is not None and self._is_old(cursor, now):
            is_whole = True
            answer, now = await self._first(None)
        seen: set[str] = set()
        census: set[str] = set()
        while True:
            census.update(each.external_code for each in answer.results if self._stands(each))
            link = answer.next_link
            held = cursor
            if link is None:
                whole_at = now.isoformat() if is_whole and now else cursor.get("whole_at")
                held = {"since": (now - _OVERLAP).isoformat(), "whole_at": whole_at} if now else {}
            yield self._page(answer.results, held, census if is_whole and link is None else None)
            if link is None:
                return
            seen.add(link)
            answer = await self._client.get(link, read=lambda told: _unseen(told, seen))

    async def _first(self, since: str | None) -> tuple[_Results, datetime | None]:
        conditions = []
        if since is not None:
            stamp = datetime.fromisoformat(since).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            conditions.append(f"lastModifiedDateTime ge datetimeoffset'{stamp}'")
        if self._wanted.starts_on is not None:
            conditions.append(f"endDate ge datetime'{self._wanted.starts_on.isoformat()}T00:00:00'")
        params: dict[str, str | int] = {
            "$format": "json",
            "$select": ",".join(_FIELDS),
            "$orderby": "externalCode",
        }
        if conditions:
            params["$filter"] = " and ".join(conditions)
        return await self._client.get(
            "odata/v2/EmployeeTime",
            params=params,
            read=lambda told: (told.read_as(_Envelope).d, told.answered_at),
        )

    def _is_old(self, cursor: Cursor, now: datetime) -> bool:
        whole_at = cursor.get("whole_at")
        back = now < datetime.fromisoformat(cursor["since"])
        if whole_at is None or back:
            return True
        hours = timedelta(hours=self._wanted.whole_every_hours)
        return now - datetime.fromisoformat(whole_at) >= hours

    def _page(
        self, found: list[_Absence], cursor: Cursor, census: set[str] | None
    ) -> Page[AbsenceRow]:
        rows = [(each, self._row(each)) for each in found if self._stands(each)]
        records: dict[str, tuple[str, date] | None] = {
            each.external_code: None for each in found if not self._stands(each)
        }
        records |= {
            each.external_code: (each.user_id, row.starts_on)
            for each, row in rows
            if isinstance(row, AbsenceRow)
        }
        return Page(
            cursor=cursor,
            row_type=AbsenceRow,
            chunks=chunked(row for _, row in rows),
            read=len(found),
            skipped=sum(not self._stands(each) and each.status not in WITHDRAWN for each in found),
            census=census,
            records=records,
        )

    def _stands(self, absence: _Absence) -> bool:
        """Whether it is an absence of ours: approved, of a type that counts, of a day at least."""
        if absence.status not in (None, APPROVED):
            return False
        if self._wanted.time_types and absence.time_type not in self._wanted.time_types:
            return False
        try:
            return absence.days is None or Decimal(str(absence.days)) >= 1
        except InvalidOperation:
            return True

    @staticmethod
    def _row(absence: _Absence) -> AbsenceRow | RowError:
        try:
            starts_on = day_of(absence.start)
            last = day_of(absence.end) if absence.end is not None else None
        except ValueError:
            return RowError(0, "wrong_format", "This is no date of OData.", "/starts_on")
        is_open = last is None or last >= _END_OF_TIME
        return made(
            AbsenceRow,
            person_external_id=absence.user_id,
            starts_on=starts_on.isoformat(),
            ends_on=None if is_open or last is None else (last + _DAY).isoformat(),
            kind=as_code(absence.time_type) if absence.time_type else None,
        )


def _unseen(told: Answer, seen: set[str]) -> _Results:
    found = told.read_as(_Envelope).d
    if found.next_link in seen:
        raise errors.malformed()  # a page that we have had, in the place of the next
    return found


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[SuccessFactors]:
    wanted: SuccessFactorsSettings = opening.wanted
    headers = basic(wanted.user, opening.secrets["password"])
    async with outward(
        opening.service, wanted.address, headers=headers, traffic=opening.traffic
    ) as client:
        yield SuccessFactors(opening, client)


KIND = Kind(
    name="successfactors",
    title="SAP SuccessFactors",
    what="Absences from EmployeeTime.",
    settings=SuccessFactorsSettings,
    open=_open,
    secrets={"password": "of an API user who may read EmployeeTime"},
)
