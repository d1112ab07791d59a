"""GitHub Copilot: the seats of an organisation, and when each was last used.

Shapes as in its REST reference. Each reading is a snapshot of all seats: of a seat the last use alone is told, so
what is known of use is a lower bound.
"""

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field, StringConstraints

from app.core import clock
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
from app.licences.activity.models import ANY_APP
from app.licences.activity.schemas import ActivityRow

SEATS_AT_A_TIME = 100

# For so long GitHub keeps when a seat was last used.
_LOOKS_BACK = timedelta(days=90)
_API_VERSION: Final = "2022-11-28"
_NOT_IN_A_CODE: Final = re.compile(r"[^a-z0-9_.-]+")

Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class CopilotSeatsSettings(Input):
    """Which organisation of GitHub, and whose its accounts are."""

    organisation: Login = Field(description="Its name in addresses, as in github.com/NAME.")
    product: BareCode = Field(
        default="GitHub_Copilot", description="What Copilot is called in the licence pools."
    )
    people: Annotated[dict[Login, Name], Field(max_length=2_000)] = Field(
        default_factory=dict,
        description="HR numbers or sign-in names by account; of others the e-mail address is taken.",
    )
    address: HttpAddress = "https://api.github.com"


class _Account(msgspec.Struct):
    login: str
    email: str | None = None


class _Seat(msgspec.Struct):
    """A seat; without an account where that is gone."""

    created_at: str
    assignee: _Account | None = None
    last_activity_at: datetime | None = None
    last_activity_editor: str | None = None
    pending_cancellation_date: date | None = None

    @property
    def key(self) -> tuple[str | None, str]:
        return (self.assignee.login if self.assignee is not None else None, self.created_at)


class _Seats(msgspec.Struct):
    total_seats: int
    seats: list[_Seat]


@dataclass(frozen=True, slots=True)
class _Listed:
    """A page of seats, how many there are in all, and whether more come."""

    seats: Sequence[_Seat]
    total: int
    has_more: bool
    answered_at: datetime


class CopilotSeats:
    """One organisation of GitHub; see `UsageSource`."""

    def __init__(self, opening: Opening, client: Outward) -> None:
        self._name = opening.name
        self._wanted: CopilotSeatsSettings = opening.wanted
        self._client = client
        self._zone = ZoneInfo(opening.zone)
        self._people = {login.lower(): name for login, name in self._wanted.people.items()}

    async def usage(self, cursor: Cursor) -> AsyncIterator[Page[ActivityRow]]:
        """Pages of all seats, and with the last how many there are; every reading is of all of them."""
        seen: set[tuple[str | None, str]] = set()
        number, leaving = 0, 0
        has_more = True
        while has_more:
            number += 1
            listed = await self._page(number, seen)
            seen.update(seat.key for seat in listed.seats)
            leaving += sum(seat.pending_cancellation_date is not None for seat in listed.seats)
            has_more = listed.has_more
            is_whole = not has_more and len(seen) == listed.total
            count = LicenceCount(self._wanted.product, None, listed.total, leaving=leaving)
            yield self._as_page(listed, cursor, [count] if is_whole else None)
            if not has_more and not is_whole:
                raise OutwardError(
                    "pages_incomplete",
                    "GitHub's pages do not add up to the seats that it says there are. The next run reads them "
                    "again.",
                )

    async def _page(self, number: int, seen: set[tuple[str | None, str]]) -> _Listed:
        def read(answer: Answer) -> _Listed:
            told = answer.read_as(_Seats)
            # A page that we have had, in the place of this one.
            if told.seats and seen.issuperset(seat.key for seat in told.seats):
                raise errors.malformed()
            has_more = 'rel="next"' in answer.headers.get("link", "")
            answered_at = answer.answered_at or clock.now()
            return _Listed(told.seats, told.total_seats, has_more, answered_at)

        path = f"orgs/{self._wanted.organisation}/copilot/billing/seats"
        params: dict[str, str | int] = {"page": number, "per_page": SEATS_AT_A_TIME}
        return await self._client.get(path, params=params, read=read)

    def _as_page(
        self, listed: _Listed, cursor: Cursor, counts: Sequence[LicenceCount] | None
    ) -> Page[ActivityRow]:
        today = listed.answered_at.astimezone(self._zone).date()
        looked_at = Window(today - _LOOKS_BACK, today + DAY)
        used = [
            (self._name_of(seat), seat, day)
            for seat in listed.seats
            if (day := self._day_of(seat)) is not None and day >= looked_at.starts_on
        ]
        known = [(name, seat, day) for name, seat, day in used if name is not None]
        return Page(
            cursor=cursor,
            row_type=ActivityRow,
            chunks=chunked(
                self._row(name, app, day)
                for name, seat, day in known
                for app in dict.fromkeys((ANY_APP, _editor(seat)))
            ),
            read=len(listed.seats),
            skipped=len(listed.seats) - len(known),
            notes=[_unknown_accounts()] if len(known) < len(used) else [],
            by_sign_in_name=True,
            snapshot=Snapshot(self._wanted.product, looked_at, is_named=True),
            licences=counts,
        )

    def _name_of(self, seat: _Seat) -> str | None:
        """Whose it is: as the settings say, else by e-mail address; an account's own name is nobody's here."""
        if seat.assignee is None:
            return None
        return self._people.get(seat.assignee.login.lower()) or seat.assignee.email

    def _day_of(self, seat: _Seat) -> date | None:
        """The council's day on which it was last used."""
        at = seat.last_activity_at
        if at is None:
            return None
        at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return at.astimezone(self._zone).date()

    def _row(self, name: str, app: str, day: date) -> ActivityRow | RowError:
        return made(
            ActivityRow,
            product=self._wanted.product,
            person_external_id=name,
            period_starts_on=day.isoformat(),
            app=app,
            source=self._name,
        )


def _editor(seat: _Seat) -> str:
    """`vscode` of `vscode/1.77.3/copilot/1.86.82`; any where none is told."""
    told = (seat.last_activity_editor or "").partition("/")[0].strip().lower()
    return _NOT_IN_A_CODE.sub("-", told).strip("-_.")[:64] or ANY_APP


def _unknown_accounts() -> Note:
    return Note(
        "unknown_accounts",
        "GitHub tells no e-mail address of some accounts that were active: say whose they are in `people`.",
    )


@asynccontextmanager
async def _open(opening: Opening) -> AsyncIterator[CopilotSeats]:
    headers = {
        "Authorization": f"Bearer {opening.secrets['token']}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": _API_VERSION,
    }
    address = opening.wanted.address
    async with outward(
        opening.service, address, headers=headers, traffic=opening.traffic
    ) as client:
        yield CopilotSeats(opening, client)


KIND = Kind(
    name="github_copilot",
    title="GitHub Copilot",
    what="The last active day of every seat of an organisation of GitHub, and how many seats there are.",
    settings=CopilotSeatsSettings,
    open=_open,
    secrets={"token": "that may read the organisation's Copilot seats (manage_billing:copilot)"},
)
