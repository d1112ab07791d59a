"""Tryton: lines of timesheets and employees, over JSON-RPC.

Lines are read in the order of their ids, those that were written since an instant of Tryton's own clock; then
the ids that there are tell which are gone.
"""

import base64
import hashlib
import itertools
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field

from app.core.bulk.results import RowError
from app.core.fields import CalendarDate, Code, Input
from app.core.local_days import begins
from app.core.outward import errors
from app.core.outward.client import Answer, Outward, outward
from app.core.outward.errors import OutwardError
from app.integrations.connections.kinds import HttpAddress, Kind, Opening
from app.integrations.connections.sources import Cursor, Page, chunked, made
from app.integrations.timesheets.codes import as_code
from app.people.schemas import PersonRow
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.schemas import SampleRow

Shape = TypeVar("Shape")

LINES_AT_A_TIME = 1_000
_IDS_AT_A_TIME = 50_000
# What was written in a transaction that ended late bears an earlier time.
_OVERLAP = timedelta(minutes=10)
_DAY = timedelta(days=1)

_FIELDS = ("employee", "work", "date", "duration", "write_date", "create_date")
_PEOPLE_FIELDS = ("party.code", "party.name", "start_date", "end_date")
_EVERYBODY = {"active_test": False}


class PersonFrom(StrEnum):
    """What of an employee is the number that HR knows them by."""

    PARTY_CODE = "party_code"
    EMPLOYEE_ID = "employee_id"


class CategoryFrom(StrEnum):
    """What of a work is the code of its category."""

    WORK_NAME = "work_name"
    WORK_ID = "work_id"


class TrytonSettings(Input):
    """Where Tryton is, and what of it is read."""

    address: HttpAddress
    database: Code
    user: Code
    person_from: PersonFrom = PersonFrom.PARTY_CODE
    category_from: CategoryFrom = CategoryFrom.WORK_NAME
    starts_on: CalendarDate | None = Field(
        default=None, description="Earlier lines are left alone."
    )
    people: bool = Field(default=False, strict=True, description="Bring employees as well.")


class _Result(msgspec.Struct):
    """An answer of JSON-RPC."""

    id: int
    result: Any = None
    error: Any = None


class _Party(msgspec.Struct):
    code: str | None = None
    name: str | None = None


class _Day(msgspec.Struct):
    year: int
    month: int
    day: int

    @property
    def day_of_calendar(self) -> date:
        return date(self.year, self.month, self.day)


class _Moment(_Day):
    hour: int = 0
    minute: int = 0
    second: int = 0
    microsecond: int = 0

    @property
    def instant(self) -> datetime:
        clock = (self.hour, self.minute, self.second, self.microsecond)
        return datetime(self.year, self.month, self.day, *clock, tzinfo=UTC)


class _Duration(msgspec.Struct):
    seconds: float


class _Employee(msgspec.Struct):
    id: int
    party: _Party = msgspec.field(name="party.")
    start_date: _Day | None = None
    end_date: _Day | None = None


class _Work(msgspec.Struct):
    id: int
    name: str | None = None


class _Line(msgspec.Struct):
    id: int
    employee: int
    work: int
    date: _Day
    duration: _Duration | None
    create_date: _Moment | None = None
    write_date: _Moment | None = None

    @property
    def is_timed(self) -> bool:
        return self.duration is not None and self.duration.seconds > 0


class _Written(msgspec.Struct):
    create_date: _Moment | None = None
    write_date: _Moment | None = None


class Tryton:
    """One database of a server; see `PeopleSource` and `TimeSource`."""

    def __init__(self, opening: Opening, client: Outward) -> None:
        self._opening = opening
        self._wanted: TrytonSettings = opening.wanted
        self._client = client
        self._numbers = itertools.count(1)
        self._zone = ZoneInfo(opening.zone)
        self._signed_in = False
        self._now: datetime | None = None

    async def people(self, cursor: Cursor) -> AsyncIterator[Page[PersonRow]]:
        """All employees, where they are not as they were."""
        if not self._wanted.people:
            return
        found = await self._employees()
        digest = hashlib.sha256(msgspec.json.encode(found)).hexdigest()
        if digest != cursor.get("digest"):
            yield Page(
                cursor={"digest": digest},
                row_type=PersonRow,
                chunks=chunked(map(self._person, found)),
                read=len(found),
            )

    async def time(self, cursor: Cursor) -> AsyncIterator[Page[SampleRow]]:
        """Lines written since the cursor, by id; then what is gone."""
        numbers = {each.id: self._number_of(each) for each in await self._employees()}
        codes = {each.id: self._code_of(each) for each in await self._works()}
        # By a clock that was set back nothing can be said of what was written since.
        back = self._now is not None and self._now < _at(cursor.get("asked_at"), self._now)
        cursor = {} if back else cursor
        asked_at = self._now.isoformat() if self._now is not None else None
        since = cursor.get("since")
        # Before the lines are read: what is written meanwhile is for the next reading.
        until = cursor.get("until") or await self._newest() or since
        after = int(cursor.get("after", 0))
        is_last = False
        while not is_last:
            lines = await self._lines(since, after)
            after = max([after, *(line.id for line in lines)])
            is_last = len(lines) < LINES_AT_A_TIME
            going_on = {"since": since, "until": until, "after": after}
            timed = [each for each in lines if each.is_timed]
            yield Page(
                cursor={"asked_at": asked_at, **({"since": until} if is_last else going_on)},
                row_type=SampleRow,
                chunks=chunked(self._sample(line, numbers, codes) for line in timed),
                read=len(lines),
                skipped=len(lines) - len(timed),
                gone=[str(each.id) for each in lines if not each.is_timed],
                census=await self._ids() if is_last else None,
            )

    # --- what is asked ---

    async def _employees(self) -> list[_Employee]:
        found = await self._call(
            "model.company.employee.search_read",
            *([], 0, None, [["id", "ASC"]], list(_PEOPLE_FIELDS)),
            context=_EVERYBODY,
        )
        return _as(found, list[_Employee])

    async def _works(self) -> list[_Work]:
        found = await self._call(
            "model.timesheet.work.search_read",
            *([], 0, None, [["id", "ASC"]], ["name"]),
            context=_EVERYBODY,
        )
        return _as(found, list[_Work])

    async def _newest(self) -> str | None:
        """The latest time that a line bears, less what may come late; None where there are no lines."""
        found: list[datetime] = []
        for name in ("write_date", "create_date"):
            domain = [*self._domain(), [name, "!=", None]]
            rows = await self._call(
                "model.timesheet.line.search_read", *(domain, 0, 1, [[name, "DESC"]], [name])
            )
            for row in _as(rows, list[_Written]):
                moment = row.write_date or row.create_date
                if moment is not None:
                    found.append(moment.instant)
        return (max(found) - _OVERLAP).isoformat() if found else None

    async def _lines(self, since: str | None, after: int) -> list[_Line]:
        domain = [*self._domain(), ["id", ">", after]]
        if since is not None:
            moment = _moment(datetime.fromisoformat(since))
            domain.append(["OR", ["write_date", ">=", moment], ["create_date", ">=", moment]])
        rows = await self._call(
            "model.timesheet.line.search_read",
            *(domain, 0, LINES_AT_A_TIME, [["id", "ASC"]], list(_FIELDS)),
        )
        lines = _as(rows, list[_Line])
        if any(line.id <= after for line in lines):
            raise errors.malformed()
        return lines

    async def _ids(self) -> set[str]:
        found: set[str] = set()
        after = 0
        while True:
            domain = [*self._domain(), ["id", ">", after]]
            asked = (domain, 0, _IDS_AT_A_TIME, [["id", "ASC"]])
            ids = _as(await self._call("model.timesheet.line.search", *asked), list[int])
            found.update(map(str, ids))
            if len(ids) < _IDS_AT_A_TIME:
                return found
            after = max(ids)

    def _domain(self) -> list[Any]:
        first = self._wanted.starts_on
        if first is None:
            return []
        day = {"__class__": "date", "year": first.year, "month": first.month, "day": first.day}
        return [["date", ">=", day]]

    async def _call(
        self, method: str, *params: Any, context: Mapping[str, Any] | None = None
    ) -> Any:
        """Call a method; where the session has run out, sign in again, once."""
        if not self._signed_in:
            await self._sign_in()
        try:
            return await self._post(method, [*params, dict(context or {})])
        except OutwardError as error:
            if error.code != "credentials_refused":
                raise
        await self._sign_in()
        return await self._post(method, [*params, dict(context or {})])

    async def _sign_in(self) -> None:
        user = self._wanted.user
        password = {"password": self._opening.secrets["password"]}
        session = _as(await self._post("common.db.login", [user, password]), list[Any])
        if len(session) < 2:
            raise errors.malformed()
        token = base64.b64encode(f"{user}:{session[0]}:{session[1]}".encode()).decode()
        self._client.sign({"Authorization": f"Session {token}"})
        self._signed_in = True

    async def _post(self, method: str, params: list[Any]) -> Any:
        number = next(self._numbers)

        def read(answer: Answer) -> Any:
            told = answer.read_as(_Result)
            self._now = answer.answered_at or self._now
            if told.id != number:
                raise errors.malformed()  # the answer to another question
            if told.error is not None:
                raise OutwardError(
                    "other_system_refused", f"Tryton refuses {method}. May the user read it?"
                )
            return told.result

        body = {"id": number, "method": method, "params": params}
        return await self._client.post(f"{self._wanted.database}/rpc/", json=body, read=read)

    # --- what it means ---

    def _number_of(self, employee: _Employee) -> str | None:
        if self._wanted.person_from is PersonFrom.EMPLOYEE_ID:
            return str(employee.id)
        return employee.party.code

    def _code_of(self, work: _Work) -> str:
        if self._wanted.category_from is CategoryFrom.WORK_ID:
            return str(work.id)
        return as_code(work.name)

    def _person(self, employee: _Employee) -> PersonRow | RowError:
        first, last = employee.start_date, employee.end_date
        return made(
            PersonRow,
            external_id=self._number_of(employee),
            display_name=employee.party.name or None,
            started_on=first.day_of_calendar if first else None,
            left_on=last.day_of_calendar + _DAY if last else None,
        )

    def _sample(
        self, line: _Line, numbers: Mapping[int, str | None], codes: Mapping[int, str]
    ) -> SampleRow | RowError:
        # A line has a day and no time of it.
        began = begins(line.date.day_of_calendar, self._zone)
        return made(
            SampleRow,
            person_external_id=numbers.get(line.employee),
            category=codes.get(line.work, as_code(None)),
            started_at=began.isoformat(),
            minutes=line.duration.seconds / 60 if line.duration else None,
            method=SampleMethod.TIMESHEET.value,
            source=self._opening.name,
            source_ref=str(line.id),
        )


def _as(value: Any, kind: type[Shape]) -> Shape:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise errors.malformed() from None


def _at(text: str | None, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(text) if text is not None else otherwise


def _moment(instant: datetime) -> dict[str, Any]:
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(instant, name) for name in names}}


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[Tryton]:
    address = opening.wanted.address
    async with outward(opening.service, address, traffic=opening.traffic) as client:
        yield Tryton(opening, client)


KIND = Kind(
    name="tryton",
    title="Tryton",
    what="Time samples from the lines of Tryton's timesheets, and employees where wished.",
    settings=TrytonSettings,
    open=_open,
    secrets={"password": "of a Tryton user who may read timesheets, works and employees"},
    needs_pilot=lambda _: True,
)
