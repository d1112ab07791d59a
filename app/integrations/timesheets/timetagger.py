"""TimeTagger: records of accounts, told anew since an instant of its own clock."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated

import msgspec
from pydantic import Field

from app.core.bulk.results import RowError
from app.core.fields import BareCode, Input
from app.core.outward import errors
from app.core.outward.client import Answer, Outward, outward
from app.integrations.connections.kinds import HttpAddress, Kind, Opening
from app.integrations.connections.sources import Cursor, Page, chunked, made
from app.time_use.samples.models import SampleMethod
from app.time_use.samples.schemas import SampleRow

UNTAGGED = "untagged"
HIDDEN = "HIDDEN"

# What was put while the answer was made is asked for again.
_OVERLAP_SECONDS = 60.0
_TAG = re.compile(r"#([A-Za-z0-9][A-Za-z0-9_./-]{0,63})")


class TimeTaggerSettings(Input):
    """Where TimeTagger is, and which of its tags are categories."""

    address: HttpAddress = Field(description="As https://time.example.org/timetagger.")
    tags: Annotated[list[BareCode], Field(max_length=200)] = Field(
        default_factory=list,
        description="Tags that are categories: the first of a record counts. Empty: the first of any.",
    )


class Record(msgspec.Struct):
    """A record; `t1` = `t2` while its clock runs. Its text is read for tags and kept nowhere."""

    key: str
    t1: float
    t2: float
    st: float
    ds: str = ""

    @property
    def is_hidden(self) -> bool:
        return self.ds.startswith(HIDDEN)

    @property
    def is_running(self) -> bool:
        return self.t1 == self.t2


class Updates(msgspec.Struct):
    """What has been put since; everything there is, where it was reset."""

    server_time: float
    records: list[Record]
    reset: bool | int = False

    def newest(self) -> list[Record]:
        """Each record once, as it was put last."""
        by_key: dict[str, Record] = {}
        for record in self.records:
            if record.key not in by_key or by_key[record.key].st <= record.st:
                by_key[record.key] = record
        return list(by_key.values())


def _updates(answer: Answer) -> Updates:
    try:
        return msgspec.convert(answer.json(), Updates)
    except msgspec.ValidationError:
        raise errors.malformed() from None


class TimeTagger:
    """The accounts of one server; see `TimeSource`."""

    def __init__(self, opening: Opening, client: Outward) -> None:
        self._opening = opening
        self._client = client
        self._tags = [tag.casefold() for tag in opening.wanted.tags]

    async def time(self, cursor: Cursor) -> AsyncIterator[Page[SampleRow]]:
        """A page an account. Where one was reset, all are read whole, and what is not there is gone."""
        since: dict[str, float] = dict(cursor.get("since", {}))
        is_full = not since
        told = await self._ask_all(since)
        if not is_full and any(
            updates.reset or updates.server_time < since.get(account, 0.0)
            for account, updates in told.items()
        ):
            is_full, told = True, await self._ask_all({})
        census = {
            record.key
            for updates in told.values()
            for record in updates.newest()
            if not record.is_hidden and not record.is_running
        }
        for place, (account, updates) in enumerate(told.items(), start=1):
            since[account] = updates.server_time - _OVERLAP_SECONDS
            is_last = place == len(told)
            if updates.records or is_last:
                # A whole reading is told apart from its parts: until it has ended the cursor stays.
                held = cursor if is_full and not is_last else {"since": dict(since)}
                yield self._page(account, updates, held, census if is_full and is_last else None)

    async def _ask_all(self, since: dict[str, float]) -> dict[str, Updates]:
        return {
            account: await self._client.get(
                "api/v2/updates",
                params={"since": repr(since.get(account, 0.0))},
                headers={"authtoken": token},
                read=_updates,
            )
            for account, token in sorted(self._opening.secrets.items())
        }

    def _page(
        self, account: str, updates: Updates, cursor: Cursor, census: set[str] | None
    ) -> Page[SampleRow]:
        records = updates.newest()
        # One whose clock was started again counts when it has stopped.
        gone = [each for each in records if each.is_hidden or each.is_running]
        kept = [each for each in records if not each.is_hidden and not each.is_running]
        return Page(
            cursor=cursor,
            row_type=SampleRow,
            chunks=chunked(self._row(account, each) for each in kept),
            read=len(updates.records),
            skipped=sum(each.is_running and not each.is_hidden for each in records),
            gone=[each.key for each in gone],
            census=census,
        )

    def _row(self, account: str, record: Record) -> SampleRow | RowError:
        try:
            began = datetime.fromtimestamp(record.t1, UTC)
        except (OverflowError, OSError, ValueError):
            return RowError(0, "wrong_format", "t1 is no instant", "/started_at")
        return made(
            SampleRow,
            person_external_id=account,
            category=self._category(record.ds),
            started_at=began.isoformat(),
            minutes=(record.t2 - record.t1) / 60,
            method=SampleMethod.TIMESHEET.value,
            source=self._opening.name,
            source_ref=record.key,
        )

    def _category(self, text: str) -> str:
        found = [
            tag for tag in _TAG.findall(text) if not self._tags or tag.casefold() in self._tags
        ]
        return found[0] if found else UNTAGGED


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[TimeTagger]:
    address = opening.wanted.address
    async with outward(opening.service, address, traffic=opening.traffic) as client:
        yield TimeTagger(opening, client)


KIND = Kind(
    name="timetagger",
    title="TimeTagger",
    what="Time samples from the records of TimeTagger accounts, by their tags.",
    settings=TimeTaggerSettings,
    open=_open,
    accounts="the person's HR number; each is that account's API token",
    needs_pilot=lambda _: True,
)
