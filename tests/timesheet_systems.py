"""Timesheet systems as their documentation has them: what is put into one is told in its own shapes.

Each runs on a clock of its own, years away from ours, that stands still until somebody puts something.
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from zoneinfo import ZoneInfo

from tests.other_system import Asked, Reply

TOKEN = "token-of-Margaret-4711"
PEOPLE = {1: "E1", 2: "E2"}
CODES = {1: "visit", 2: "case notes", 3: "travel, by car"}
AS_CODED = {1: "visit", 2: "case notes", 3: "travel- by car"}
BEGINS = datetime(2024, 3, 1, 9, tzinfo=UTC)


@dataclass
class Record:
    """Somebody's time; no minutes while the clock runs."""

    ref: int
    person: int
    code: int
    minutes: int | None
    made_at: datetime
    changed_at: datetime
    deleted: bool = False

    @property
    def began_at(self) -> datetime:
        return BEGINS + timedelta(hours=self.ref % 24, days=self.ref // 24)


@dataclass
class System:
    """What all of them have in common."""

    now: datetime = field(default_factory=lambda: datetime(2031, 5, 6, 7, 8, 9, tzinfo=UTC))
    records: dict[int, Record] = field(default_factory=dict)

    kind = ""
    keeps_deleted = False
    # What one of its pages holds, where tests are to see several.
    page_size = ("", "")

    def put(self, ref: int, minutes: int | None = 60, code: int = 1, person: int = 1) -> None:
        self.now += timedelta(minutes=7)
        made_at = self.records[ref].made_at if ref in self.records else self.now
        self.records[ref] = Record(ref, person, code, minutes, made_at, self.now)

    def delete(self, ref: int) -> None:
        self.now += timedelta(minutes=7)
        if self.keeps_deleted:
            self.records[ref].deleted, self.records[ref].changed_at = True, self.now
        else:
            del self.records[ref]

    def standing(self) -> dict[str, tuple[str, str, float]]:
        """What is to be here: person, category and minutes by reference."""
        return {
            str(r.ref): (PEOPLE[r.person], AS_CODED[r.code], float(r.minutes))
            for r in self.records.values()
            if not r.deleted and r.minutes
        }

    @property
    def told_by(self) -> Mapping[str, str]:
        return {"Date": format_datetime(self.now, usegmt=True)}

    def settings(self, address: str) -> dict[str, Any]:
        return {"address": address}

    def secrets(self) -> dict[str, str]:
        return {"token": TOKEN}

    def __call__(self, asked: Asked) -> Reply:
        raise NotImplementedError


class TimeTagger(System):
    """`GET /api/v2/updates?since=`."""

    kind = "timetagger"
    keeps_deleted = True
    reset_at = -1.0

    def settings(self, address: str) -> dict[str, Any]:
        return {"address": f"{address}/timetagger"}

    def secrets(self) -> dict[str, str]:
        return {number: f"{TOKEN}-{number}" for number in PEOPLE.values()}

    def standing(self) -> dict[str, tuple[str, str, float]]:
        # A tag has no blank and no comma.
        tags = {"case notes": "case", "travel- by car": "travel"}
        found = super().standing()
        return {ref: (who, tags.get(code, code), m) for ref, (who, code, m) in found.items()}

    def reset(self) -> None:
        self.now += timedelta(minutes=7)
        self.reset_at = self.now.timestamp()

    def __call__(self, asked: Asked) -> Reply:
        account = asked.headers.get("authtoken", "").removeprefix(f"{TOKEN}-")
        if account not in PEOPLE.values():
            return Reply("unauthorized", 401)
        since = float(asked.query["since"])
        is_reset = since <= self.reset_at
        records = [
            self._record(r)
            for r in self.records.values()
            if PEOPLE[r.person] == account and (is_reset or r.changed_at.timestamp() >= since)
        ]
        told = {"server_time": self.now.timestamp(), "reset": is_reset, "records": records}
        return Reply({**told, "settings": []})

    def _record(self, r: Record) -> dict[str, Any]:
        start, stamp = int(r.began_at.timestamp()), r.changed_at.timestamp()
        text = f"of somebody #{CODES[r.code]}"
        return {
            "key": str(r.ref),
            "mt": int(stamp),
            "st": stamp,
            "t1": start,
            "t2": start + 60 * (r.minutes or 0),
            "ds": f"HIDDEN {text}" if r.deleted else text,
        }


class Tryton(System):
    """JSON-RPC: sign-in, employees, works, lines."""

    kind = "tryton"
    page_size = ("app.integrations.timesheets.tryton", "LINES_AT_A_TIME")

    def settings(self, address: str) -> dict[str, Any]:
        return {"address": address, "database": "council", "user": "pilotlight"}

    def secrets(self) -> dict[str, str]:
        return {"password": TOKEN}

    def __call__(self, asked: Asked) -> Reply:
        sent = asked.json
        method, params = sent["method"], sent["params"]
        if method == "common.db.login":
            if params != ["pilotlight", {"password": TOKEN}]:
                return Reply("no", 401)
            return self._told(sent, [7, "session", None])
        signed = base64.b64encode(b"pilotlight:7:session").decode()
        if asked.headers.get("authorization") != f"Session {signed}":
            return Reply("no", 401)
        domain, _, limit, order = params[:4]
        if method == "model.company.employee.search_read":
            found = [
                {"id": n, "party.": {"code": number}, "start_date": None, "end_date": None}
                for n, number in PEOPLE.items()
            ]
        elif method == "model.timesheet.work.search_read":
            found = [{"id": n, "name": name} for n, name in CODES.items()]
        elif method == "model.timesheet.line.search":
            return self._told(sent, sorted(r.ref for r in self._found(domain))[:limit])
        else:
            (name, way), *_ = order
            lines = [self._line(r) for r in self._found(domain)]
            lines.sort(key=lambda line: list((line[name] or {"x": 0}).values()) if name != "id" else line["id"], reverse=way == "DESC")  # fmt: skip
            found = lines[:limit]
        return self._told(sent, found)

    def _told(self, sent: Any, result: Any) -> Reply:
        return Reply({"id": sent["id"], "result": result}, headers=self.told_by)

    def _found(self, domain: list[Any]) -> list[Record]:
        return [r for r in self.records.values() if all(self._fits(r, each) for each in domain)]

    def _fits(self, r: Record, clause: list[Any]) -> bool:
        if clause[0] == "OR":
            return any(self._fits(r, each) for each in clause[1:])
        name, operator, value = clause
        if operator == "!=":
            return self._line(r)[name] is not None
        if name == "id":
            return bool(r.ref > value)
        told = self._line(r)[name]
        return told is not None and _moment(told) >= _moment(value)

    def _line(self, r: Record) -> dict[str, Any]:
        seconds = 60.0 * (r.minutes or 0)
        changed = r.changed_at if r.changed_at != r.made_at else None
        return {
            "id": r.ref,
            "employee": r.person,
            "work": r.code,
            "date": _told_moment(r.began_at, "date"),
            "duration": {"__class__": "timedelta", "seconds": seconds},
            "create_date": _told_moment(r.made_at, "datetime"),
            "write_date": _told_moment(changed, "datetime") if changed else None,
        }


def _told_moment(moment: datetime, kind: str) -> dict[str, Any]:
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    used = names[:3] if kind == "date" else names
    return {"__class__": kind, **{name: getattr(moment, name) for name in used}}


def _moment(told: Mapping[str, Any]) -> list[int]:
    return [value for name, value in told.items() if name != "__class__"]


class Kimai(System):
    """`GET /api/timesheets`, page by page, in the zone of the user."""

    kind = "kimai"
    page_size = ("app.integrations.timesheets.kimai", "RECORDS_AT_A_TIME")
    zone = ZoneInfo("Europe/London")

    def __call__(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply({"message": "Invalid credentials"}, 401)
        if asked.path == "/api/users":
            return self._told(
                [{"id": n, "username": f"u{n}", "accountNumber": a} for n, a in PEOPLE.items()]
            )
        if asked.path == "/api/activities":
            return self._told([{"id": n, "name": name} for n, name in CODES.items()])
        since = asked.query.get("modified_after")
        found = sorted(
            (r for r in self.records.values() if since is None or self._local(r) > since),
            key=lambda r: r.ref,
        )
        size, page = int(asked.query["size"]), int(asked.query["page"])
        paging = {
            "X-Page": str(page),
            "X-Total-Count": str(len(found)),
            "X-Total-Pages": str(max(1, -(-len(found) // size))),
            "X-Per-Page": str(size),
        }
        shown = [self._record(r) for r in found[(page - 1) * size : page * size]]
        return Reply(shown, headers={**self.told_by, **paging})

    def _told(self, body: Any) -> Reply:
        return Reply(body, headers=self.told_by)

    def _local(self, r: Record) -> str:
        return r.changed_at.astimezone(self.zone).strftime("%Y-%m-%dT%H:%M:%S")

    def _record(self, r: Record) -> dict[str, Any]:
        began = r.began_at.astimezone(self.zone)
        ended = began + timedelta(minutes=r.minutes) if r.minutes else None
        return {
            "id": r.ref,
            "begin": began.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "end": ended.strftime("%Y-%m-%dT%H:%M:%S%z") if ended else None,
            "duration": 60 * (r.minutes or 0),
            "user": r.person,
            "activity": r.code,
            "project": 1,
            "tags": ["late"],
            "description": "of somebody",
            "exported": False,
        }


class Toggl(System):
    """`GET /api/v9/me/time_entries`, since an instant or between days."""

    kind = "toggl"
    keeps_deleted = True

    def settings(self, address: str) -> dict[str, Any]:
        # Read by days until its own today, years later.
        return {"address": address, "starts_on": "2024-02-01", "workspace_id": 5}

    def secrets(self) -> dict[str, str]:
        return {number: f"{TOKEN}-{number}" for number in PEOPLE.values()}

    def __call__(self, asked: Asked) -> Reply:
        signed = asked.headers.get("authorization", "").removeprefix("Basic ")
        account = base64.b64decode(signed).decode().partition(":")[0].removeprefix(f"{TOKEN}-")
        if account not in PEOPLE.values():
            return Reply(None, 403)
        if asked.path == "/api/v9/me":
            return Reply({"id": 1}, headers=self.told_by)
        if asked.path == "/api/v9/me/projects":
            return Reply([{"id": n, "name": name} for n, name in CODES.items()])
        own = [r for r in self.records.values() if PEOPLE[r.person] == account]
        if "since" in asked.query:
            own = [r for r in own if r.changed_at.timestamp() >= int(asked.query["since"])]
        else:
            days = (asked.query["start_date"], asked.query["end_date"])
            own = [r for r in own if days[0] <= r.began_at.isoformat() < days[1] and not r.deleted]
        return Reply([self._entry(r) for r in own] or None, headers=self.told_by)

    def _entry(self, r: Record) -> dict[str, Any]:
        started = int(r.began_at.timestamp())
        return {
            "id": r.ref,
            "workspace_id": 5,
            "project_id": r.code,
            "start": r.began_at.isoformat(),
            "duration": 60 * r.minutes if r.minutes else -started,
            "description": "of somebody",
            "tags": ["late"],
            "at": r.changed_at.isoformat(),
            "server_deleted_at": r.changed_at.isoformat() if r.deleted else None,
        }


SYSTEMS = (TimeTagger, Tryton, Kimai, Toggl)
