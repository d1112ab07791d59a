"""Toggl Track: time entries of accounts (API v9), told anew since an instant of its own clock.

Shapes as in its API documentation. What was modified longer ago than about three months it does not tell:
then all entries are read by their days.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Annotated, TypeVar

import msgspec
from pydantic import Field

from app.core.bulk.results import RowError
from app.core.fields import CalendarDate, Input
from app.core.instants import DateOrder, InstantProblem, reader_of
from app.core.outward import errors
from app.core.outward.client import Answer, Outward, basic, outward
from app.integrations.connections.kinds import HttpAddress, Kind, Opening
from app.integrations.connections.sources import Cursor, Page, chunked, made
from app.integrations.timesheets.codes import as_code
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.schemas import SampleRow

Each = TypeVar("Each", bound=msgspec.Struct)

_OVERLAP = timedelta(minutes=10)
_LONGEST_SINCE = timedelta(days=80)
_DAYS_AT_A_TIME = timedelta(days=28)
_DAY = timedelta(days=1)


class CategoryFrom(StrEnum):
    """What of an entry is the code of its category."""

    PROJECT = "project"
    TAG = "tag"


class TogglSettings(Input):
    """Which entries are read, and what their categories are."""

    starts_on: CalendarDate = Field(description="Entries of earlier days are not read at first.")
    category_from: CategoryFrom = CategoryFrom.PROJECT
    workspace_id: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        default=None, description="Entries of other workspaces are left alone."
    )
    address: HttpAddress = "https://api.track.toggl.com"


class _Project(msgspec.Struct):
    id: int
    name: str


class _Entry(msgspec.Struct):
    """An entry; its duration is negative while its clock runs."""

    id: int
    workspace_id: int
    start: str
    duration: float
    at: str = ""
    project_id: int | None = None
    tags: list[str] | None = None
    server_deleted_at: str | None = None

    @property
    def stands(self) -> bool:
        return self.server_deleted_at is None and self.duration > 0


@dataclass(frozen=True, slots=True)
class _Told:
    """What an account has told, at an instant of Toggl's clock."""

    entries: list[_Entry]
    projects: Mapping[int, str]
    now: datetime

    def newest(self) -> list[_Entry]:
        """Each entry once, as it was told to be last."""
        by_id: dict[int, _Entry] = {}
        for entry in self.entries:
            if entry.id not in by_id or by_id[entry.id].at <= entry.at:
                by_id[entry.id] = entry
        return list(by_id.values())


class Toggl:
    """Some accounts; see `TimeSource`."""

    def __init__(self, opening: Opening, client: Outward) -> None:
        self._opening = opening
        self._wanted: TogglSettings = opening.wanted
        self._client = client
        self._read = reader_of(DateOrder.YEAR_FIRST, None)

    async def time(self, cursor: Cursor) -> AsyncIterator[Page[SampleRow]]:
        """A page an account; where all had to be read whole, what is not there is gone."""
        since: dict[str, str] = dict(cursor.get("since", {}))
        told: dict[str, _Told] = {}
        is_whole = not since
        for account, token in sorted(self._opening.secrets.items()):
            answered, is_long_ago = await self._ask(token, since.get(account))
            if is_long_ago and account in since:
                is_whole = True
            told[account] = answered
        if is_whole and since:
            told = {
                a: (await self._ask(t, None))[0] for a, t in sorted(self._opening.secrets.items())
            }
        census = {str(e.id) for each in told.values() for e in each.newest() if e.stands}
        for place, (account, answered) in enumerate(told.items(), start=1):
            since[account] = (answered.now - _OVERLAP).isoformat()
            is_last = place == len(told)
            if answered.entries or is_last:
                held = cursor if is_whole and not is_last else {"since": dict(since)}
                yield self._page(account, answered, held, census if is_whole and is_last else None)

    async def _ask(self, token: str, since: str | None) -> tuple[_Told, bool]:
        """What an account tells since an instant, or all; and whether it had to be all."""
        headers = basic(token, "api_token")
        now = await self._client.get("api/v9/me", headers=headers, read=_answered_at)
        found = await self._client.get(
            "api/v9/me/projects", headers=headers, read=_listed(_Project)
        )
        projects = {project.id: project.name for project in found}
        if (
            since is not None
            and timedelta(0) <= now - datetime.fromisoformat(since) < _LONGEST_SINCE
        ):
            stamp = int(datetime.fromisoformat(since).timestamp())
            entries = await self._entries(headers, {"since": stamp})
            return _Told(entries, projects, now), False
        entries = []
        first: date = self._wanted.starts_on
        while first <= now.date() + _DAY:
            after = first + _DAYS_AT_A_TIME
            window = {"start_date": first.isoformat(), "end_date": after.isoformat()}
            entries += await self._entries(headers, window)
            first = after
        return _Told(entries, projects, now), True

    async def _entries(
        self, headers: Mapping[str, str], params: Mapping[str, str | int]
    ) -> list[_Entry]:
        entries = await self._client.get(
            "api/v9/me/time_entries",
            params=params,
            headers=headers,
            read=_listed(_Entry),
        )
        return [each for each in entries if self._wanted.workspace_id in (None, each.workspace_id)]

    def _page(
        self, account: str, told: _Told, cursor: Cursor, census: set[str] | None
    ) -> Page[SampleRow]:
        entries = told.newest()
        kept = [each for each in entries if each.stands]
        return Page(
            cursor=cursor,
            row_type=SampleRow,
            chunks=chunked(self._row(account, each, told.projects) for each in kept),
            read=len(told.entries),
            skipped=sum(not each.stands and each.server_deleted_at is None for each in entries),
            gone=[str(each.id) for each in entries if not each.stands],
            census=census,
        )

    def _row(
        self, account: str, entry: _Entry, projects: Mapping[int, str]
    ) -> SampleRow | RowError:
        try:
            began = self._read(entry.start)
        except InstantProblem as problem:
            return RowError(0, problem.code, problem.detail, "/started_at")
        tag = entry.tags[0] if entry.tags else None
        by_tag = self._wanted.category_from is CategoryFrom.TAG
        project = projects.get(entry.project_id) if entry.project_id is not None else None
        return made(
            SampleRow,
            person_external_id=account,
            category=as_code(tag if by_tag else project),
            started_at=began.isoformat(),
            minutes=entry.duration / 60,
            method=SampleMethod.TIMESHEET.value,
            source=self._opening.name,
            source_ref=str(entry.id),
        )


def _listed(kind: type[Each]) -> Callable[[Answer], list[Each]]:
    """Reads a list, which is null where it is empty."""

    def read(answer: Answer) -> list[Each]:
        return answer.read_as(list[kind]) if answer.body.strip() != b"null" else []  # type: ignore[valid-type]  # a type made as it runs

    return read


def _answered_at(answer: Answer) -> datetime:
    if answer.answered_at is None:
        raise errors.malformed()
    return answer.answered_at


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[Toggl]:
    address = opening.wanted.address
    async with outward(opening.service, address, traffic=opening.traffic) as client:
        yield Toggl(opening, client)


KIND = Kind(
    name="toggl",
    title="Toggl Track",
    what="Time samples from the entries of Toggl Track accounts, by project or tag.",
    settings=TogglSettings,
    open=_open,
    accounts="the person's HR number; each is that account's API token",
    needs_pilot=lambda _: True,
)
