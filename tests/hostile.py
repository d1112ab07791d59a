"""Hostile bodies for bulk routes: right rows, damaged in values, in syntax, in bytes and on their way.

Body `n` is the same whenever it is made: `python -c "from tests.hostile import body; print(body(7))"`.
"""

import csv
import io
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.council import activity
from tests.damage import BYTES, GZIP
from tests.feedback import answer
from tests.time_use import sample

# In every personal value that is sent; no answer may hold it.
SECRET = "Zq7"
PEOPLE = tuple(f"{SECRET}-{n}" for n in range(6))
# Of the application that is tested: what unfolds into more is a bomb.
MAXBYTES = 2_000_000

JSON, NDJSON, CSV = "application/json", "application/x-ndjson", "text/csv"
Row = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """What a bulk route takes: a right row, and parameters of its own that may be there."""

    row: Callable[[Random], Row]
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Body:
    """A request, and what was done to it."""

    number: int
    route: str
    content: bytes
    headers: dict[str, str]
    params: dict[str, str]
    # Sizes of the parts it comes in; none where it comes in one with its length before it.
    chunks: tuple[int, ...]
    damage: tuple[str, ...]
    # What the service decodes where it accepts the encoding; None where that is not known here.
    plain: bytes | None

    def sent(self) -> bytes | AsyncIterator[bytes]:
        return self._parts() if self.chunks else self.content

    async def _parts(self) -> AsyncIterator[bytes]:
        at = 0
        for size in self.chunks:
            yield self.content[at : at + size]
            at += size
        yield self.content[at:]

    def __str__(self) -> str:
        return (
            f"body {self.number} to {self.route} {self.params} {self.headers} {self.damage}: "
            f"{self.content[:1500]!r}"
        )


def _who(rng: Random) -> Row:
    return {"person_external_id": rng.choice(PEOPLE)}


def _day(rng: Random) -> str:
    return f"2024-05-{rng.randint(1, 28):02}"


_REMARK = f"because of {SECRET}"

KINDS: Mapping[str, Kind] = {
    "POST /people/bulk": Kind(
        lambda rng: {
            "external_id": f"{SECRET}-{rng.randint(0, 40)}",
            "display_name": f"{SECRET} Margaret",
            "department": f"{SECRET} Housing",
            "fte": rng.choice([0.5, 1]),
            "started_on": _day(rng),
        }
    ),
    "POST /pilots/{pilot_id}/members/bulk": Kind(
        lambda rng: {
            **_who(rng),
            "arm": rng.choice(["pilot", "comparison"]),
            "joined_on": _day(rng),
            "left_on": None,
        }
    ),
    "POST /absences/bulk": Kind(
        lambda rng: {
            **_who(rng),
            "starts_on": _day(rng),
            "ends_on": "2024-06-01",
            "kind": f"{SECRET} leave",
        }
    ),
    "POST /licence-activity/bulk": Kind(
        lambda rng: activity(
            rng.choice(PEOPLE), _day(rng), actions=rng.randint(0, 9), active_days=1, app="Word"
        )
    ),
    "POST /licence-pools/{pool_id}/allocations/bulk": Kind(
        lambda rng: {**_who(rng), "allocated_on": _day(rng), "reason": _REMARK, "priority": 3},
        {"queue": ("true", "false")},
    ),
    "POST /pilots/{pilot_id}/time-samples/bulk": Kind(
        lambda rng: sample(
            f"{SECRET} {rng.randint(0, 40)}",
            **_who(rng),
            category=f"{SECRET} visit",
            minutes=rng.choice([5, 7.5]),
        ),
        {"zone": ("Europe/London",), "date_order": ("ymd", "dmy", "mdy")},
    ),
    "POST /pilots/{pilot_id}/feedback/bulk": Kind(
        lambda rng: answer(
            rng.choice([*PEOPLE, None]),
            rng.choice(["2024-04-08", "2024-05-13"]),
            satisfaction=rng.randint(1, 5),
            liked=_REMARK,
            themes=f"{SECRET};speed" if rng.random() < 0.3 else None,
            source="test",
            source_ref=f"{SECRET} {rng.randint(0, 40)}",
        )
    ),
    "POST /pilots/{pilot_id}/output-audit-plans/{plan_id}/outputs/bulk": Kind(
        lambda rng: {
            "output_ref": f"{SECRET}-{rng.randint(0, 40)}",
            "produced_on": _day(rng),
            "team": SECRET,
        }
    ),
    "POST /pilots/{pilot_id}/training/bulk": Kind(
        lambda rng: {**_who(rng), "course": f"{SECRET}-1", "completed_on": _day(rng)}
    ),
}


# --- values --------------------------------------------------------------------------------------

# Tokens that `json.dumps` does not write; in a CSV they are cells as they stand.
_TOKENS = (
    *("1e400", "-1e400", "1e-400", "-0", "-0.0", "0x1F", "NaN", "Infinity", "-Infinity", "nan"),
    *("inf", "01", "1.", ".5", "+1", "1e", "1_000", "undefined", "None", "True", "1" + "0" * 400),
    *("9" * 5000, "0." + "1" * 5000, "[" * 300 + "]" * 300, "[" * 100_000, '{"a":' * 50_000),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1.5, 2**31, 2**63, 2**64, 1e308, 5e-324, [], {}, [[]], [None]),
    *(
        {SECRET: SECRET},
        [SECRET] * 60,
        "",
        " ",
        "\t",
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=cmd|' '!A0",
    ),
    *(f"={SECRET}", "\x00", f"{SECRET}\x00", "\x07", "\x1b[31m", "\x7f", "\u202e", "\ufeff"),
    *("\ud800", f"{SECRET}\udfff", "\udfff\ud800", "😀", "e\u0301" * 60, f"{SECRET}\u2028"),
    *(SECRET * 70, SECRET * 2_000, SECRET * 25_000, SECRET * 50_000, '"', '""', '"' + SECRET),
    *("'; DROP TABLE person; --", f"{SECRET}\n{SECRET}", f"{SECRET}\r\n", f"{SECRET}\r", "a,b"),
    *("١٢", "1,5", "true", "null", "0x1F", "2024-02-30", "0000-00-00", "9999-12-31", "10000-01-01"),
    *("2024-05-01T00:00:00", "01/05/2024", "20240501", "2024-W20-1", "0001-01-01T00:00:00+14:00"),
    *("9999-12-31T23:59:59-14:00", "2024-05-01T09:00:00+25:99", "2024-05-01T24:00:00Z"),
    *("2024-05-01T09:00:60Z", "2024-03-31T01:30:00", "00000000-0000-0000-0000-000000000000"),
    *("0" * 32, "{00000000-0000-0000-0000-000000000000}", PEOPLE[0], PEOPLE[1].lower()),
)
_FIELDS = (
    *("external_id", "person_id", "person_external_id", "session_id", "fte", "left_on", "ends_on"),
    *(
        "deleted",
        "minutes_saved_per_day",
        "themes",
        "actions",
        "priority",
        "released_on",
        "source_ref",
        "app",
    ),
    *("surprise", "", "=1+1", "items", "organisation_id", "batch_id", "x" * 5_000, "a/b~c", "\x00"),
)


def _token(value: str) -> str:
    return f"<token {value}>"


_TOKEN = re.compile(r'"<token (.*?)>"', re.DOTALL)


def _hostile(rng: Random) -> Any:
    return _token(rng.choice(_TOKENS)) if rng.random() < 0.3 else rng.choice(_VALUES)


def _damage_rows(rng: Random, rows: list[Any]) -> list[Any]:
    """Rows with other values, fields or shapes; most of them as they were."""
    damaged = list(rows)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        at = rng.randrange(len(damaged))
        row = dict(damaged[at]) if isinstance(damaged[at], dict) else {}
        way = rng.random()
        if way < 0.55:
            row[rng.choice(sorted(row) or ["surprise"])] = _hostile(rng)
        elif way < 0.7:
            row[rng.choice(_FIELDS)] = _hostile(rng)
        elif way < 0.8:
            row.pop(rng.choice(sorted(row)) if row else "", None)
        elif way < 0.9:
            damaged += [row] * rng.choice([1, 2, 60])
        else:
            damaged[at] = _hostile(rng)
            continue
        damaged[at] = row
    return damaged


# --- formats -------------------------------------------------------------------------------------


def _dumped(value: Any) -> str:
    return _TOKEN.sub(lambda found: found.group(1), json.dumps(value))


def _twice(row: str) -> str:
    """The object with its fields a second time."""
    return f"{row[:-1]},{row[1:]}" if row.startswith("{") and len(row) > 2 else row


_ENVELOPES: tuple[Callable[[str], str], ...] = (
    *(lambda items: items, lambda items: f'{{"rows":{items}}}', lambda _: "", lambda _: "null"),
    *(
        lambda items: f'{{"items":{items},"items":[]}}',
        lambda items: f'{{"items":[],"items":{items}}}',
    ),
    *(lambda items: f'{{"items":{items},"more":1}}', lambda _: '{"items":null}', lambda _: "{}"),
    *(lambda _: '{"items":{}}', lambda _: '{"items":"x"}', lambda _: '{"items":[]}', lambda _: "1"),
    *(lambda items: f'{{"items":[{items}]}}', lambda items: f'{{"items":{items}}}' * 2),
    lambda items: '{"items":' + "[" * 100_000 + items,
)


def _json(rng: Random, rows: list[Any], damage: list[str]) -> str:
    each = [_dumped(row) for row in rows]
    if rng.random() < 0.1:
        damage.append("fields twice")
        each = [_twice(row) for row in each]
    items = "[" + rng.choice([",", ", ", ",\n"]).join(each) + "]"
    if rng.random() < 0.2:
        damage.append("envelope")
        return rng.choice(_ENVELOPES)(items)
    return f'{{"items":{items}}}'


def _ndjson(rng: Random, rows: list[Any], damage: list[str]) -> str:
    each = [_dumped(row) for row in rows]
    if rng.random() < 0.1:
        damage.append("fields twice")
        each = [_twice(row) for row in each]
    end = rng.choice(["\n", "\n", "\r\n", "\n\n", "\r"])
    return end.join(each) + rng.choice([end, ""])


def _csv(rng: Random, rows: list[Any], damage: list[str]) -> str:
    columns = list(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator=rng.choice(["\n", "\r\n", "\r"]))
    header = list(columns)
    if rng.random() < 0.15:
        damage.append("header")
        header = _damage_header(rng, header)
    if rng.random() > 0.03:
        writer.writerow(header)
    for row in rows:
        values = [row.get(name) for name in columns] if isinstance(row, dict) else [row]
        if rng.random() < 0.05:
            damage.append("ragged")
            values = rng.choice([values[:-1], [*values, SECRET], values * 2])
        writer.writerow([_cell(value) for value in values])
    return out.getvalue()


def _cell(value: Any) -> str:
    text = "" if value is None else str(value)
    found = re.fullmatch(r"<token (.*)>", text, re.DOTALL)
    return found.group(1) if found else text


def _damage_header(rng: Random, header: list[str]) -> list[str]:
    at = rng.randrange(len(header) or 1)
    return rng.choice(
        [
            [*header, *header],
            [*header, header[at] if header else ""],
            header[:at] + header[at + 1 :],
            [name.upper() for name in header],
            [f" {name} " for name in header],
            [*header[:at], "surprise", *header[at + 1 :]],
            [*header, ""],
            rng.sample(header, len(header)),
            ["\ufeff" + name for name in header],
        ]
    )


# --- on its way ----------------------------------------------------------------------------------

_ENCODINGS = ("deflate", "gzip, gzip", "x-gzip", "br", "", "GZIP", "identity")
_MEDIA_TYPES = (
    *("", "text/plain", "application/xml", "multipart/form-data; boundary=x", "a/b/c", ";", "*/*"),
    *(
        "APPLICATION/JSON",
        "application/json; charset=utf-16",
        "text/csv; header=absent",
        "text/CSV",
    ),
    *(JSON, NDJSON, CSV, "application/problem+json"),
)


def _headers(rng: Random, media_type: str, damage: list[str]) -> dict[str, str]:
    if rng.random() < 0.07:
        damage.append("media type")
        media_type = rng.choice(_MEDIA_TYPES)
    return {"Content-Type": media_type} if media_type else {}


def _params(rng: Random, kind: Kind) -> dict[str, str]:
    params = {
        "mode": rng.choice(["partial", "atomic"]),
        "dry_run": rng.choice(["false", "false", "true"]),
    }
    if rng.random() < 0.5:
        params["rows"] = "true"
    for name, values in kind.parameters.items():
        if rng.random() < 0.3:
            params[name] = rng.choice(values)
    return params


def body(number: int) -> Body:
    """The hostile body of a number."""
    rng = Random(f"hostile {number}")  # noqa: S311 - to be made again, no secret
    route = rng.choice(sorted(KINDS))
    kind, damage = KINDS[route], list[str]()
    rows = _damage_rows(rng, [kind.row(rng) for _ in range(rng.randint(1, 6))])
    media_type, write = rng.choice([(JSON, _json), (NDJSON, _ndjson), (CSV, _csv)])
    content = write(rng, rows, damage).encode(errors="surrogatepass")
    for _ in range(rng.choice([0, 0, 0, 0, 1, 1, 2])):
        name = rng.choice(sorted(BYTES))
        damage.append(name)
        content = BYTES[name](rng, content)
    headers = _headers(rng, media_type, damage)
    plain: bytes | None = content
    if rng.random() < 0.3:
        name = rng.choice([*GZIP, *["gzip"] * 8])
        damage.append(name)
        content, known = GZIP[name](rng, content)
        headers["Content-Encoding"], plain = "gzip", known
    elif rng.random() < 0.05:
        damage.append("encoding")
        headers["Content-Encoding"] = rng.choice(_ENCODINGS)
    chunks: tuple[int, ...] = ()
    if rng.random() < 0.3:
        chunks = tuple(rng.choice([0, 1, 7, 1_000, 70_000]) for _ in range(rng.randint(1, 30)))
    return Body(number, route, content, headers, _params(rng, kind), chunks, tuple(damage), plain)
