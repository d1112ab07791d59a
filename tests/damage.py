"""What becomes of bytes that are cut, mixed up, encoded otherwise, or packed badly."""

import gzip
import re
from collections.abc import Callable, Mapping
from random import Random

# Of the application that is tested: what unfolds into more is a bomb.
MAX_BYTES = 2_000_000


# --- bytes ---------------------------------------------------------------------------------------


def _somewhere(rng: Random, content: bytes, put: bytes) -> bytes:
    at = rng.randint(0, len(content))
    return content[:at] + put + content[at:]


def _again_in(encoding: str) -> Callable[[Random, bytes], bytes]:
    return lambda _rng, content: content.decode(errors="replace").encode(encoding, errors="replace")


def _slice(rng: Random, content: bytes) -> tuple[int, int]:
    start = rng.randint(0, len(content))
    return start, min(len(content), start + rng.randint(1, 40))


def _without_a_slice(rng: Random, content: bytes) -> bytes:
    start, end = _slice(rng, content)
    return content[:start] + content[end:]


def _slice_twice(rng: Random, content: bytes) -> bytes:
    start, end = _slice(rng, content)
    return content[:end] + content[start:end] + content[end:]


def _bit_flipped(rng: Random, content: bytes) -> bytes:
    if not content:
        return content
    at = rng.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :]


def _other_line_ends(rng: Random, content: bytes) -> bytes:
    ends = [
        b"\n",
        b"\r",
        b"\r\n",
        b"",
        b"\n\r",
        b"\n\n",
        b"\x0b",
        b"\x0c",
        b"\xe2\x80\xa8",
        b"\x85",
    ]
    parts = re.split(rb"\r\n|\n|\r", content)
    only = rng.choice(ends) if rng.random() < 0.5 else None
    return b"".join(part + (rng.choice(ends) if only is None else only) for part in parts)


BYTES: Mapping[str, Callable[[Random, bytes], bytes]] = {
    "cut": lambda rng, content: content[: rng.randint(0, len(content))],
    "beginning cut": lambda rng, content: content[rng.randint(0, len(content)) :],
    "utf-16": _again_in("utf-16"),
    "utf-16-be": _again_in("utf-16-be"),
    "utf-32": _again_in("utf-32"),
    "latin-1": lambda rng, content: _somewhere(rng, content, "Zoë".encode("latin-1")),
    "utf-7": lambda rng, content: _somewhere(rng, content, b"+AGEAYg-"),
    "broken utf-8": lambda rng, content: _somewhere(
        rng,
        content,
        rng.choice(
            [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf8\x88", b"\xc3", b"\xf4\x90\x80\x80"]
        ),
    ),
    "control": lambda rng, content: _somewhere(rng, content, bytes([rng.randrange(32)])),
    "escape": lambda rng, content: _somewhere(
        rng, content, rng.choice([b"\\ud800", b"\\u0000", b"\\", b"\\x", b"\\u12"])
    ),
    "bom": lambda rng, content: _somewhere(rng, content, b"\xef\xbb\xbf"),
    "bom before": lambda rng, content: b"\xef\xbb\xbf" * rng.randint(1, 2) + content,
    "quote": lambda rng, content: _somewhere(rng, content, b'"'),
    "blank": lambda rng, content: _somewhere(rng, content, rng.choice([b" ", b"\t", b"\xc2\xa0"])),
    "separators": lambda rng, content: content.replace(
        b",", rng.choice([b";", b"\t", b"|", b",,"])
    ),
    "line ends": _other_line_ends,
    "slice gone": _without_a_slice,
    "slice twice": _slice_twice,
    "all twice": lambda _rng, content: content + content,
    "bit": _bit_flipped,
    "after": lambda rng, content: (
        content
        + rng.choice([b"null", b"{}", b"]", b"}", b"\n\n\n", b"Zq7", b"\x1a", b"\x00", b",", b'"'])
    ),
    "before": lambda rng, content: (
        rng.choice([b"\n", b"sep=,\n", b"\x00", b"#", b",", b" "]) + content
    ),
    "long line": lambda rng, content: _somewhere(
        rng, content, b"x" * rng.choice([70_000, 140_000])
    ),
    "many lines": lambda rng, content: content + rng.choice([b"\n", b"{}\n", b",\n"]) * 6_000,
    "nothing": lambda _rng, _content: b"",
}


# --- on its way ----------------------------------------------------------------------------------


def _zipped(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


_BOMB = _zipped(b" " * (MAX_BYTES * 5))
_Zipped = tuple[bytes, bytes | None]


def _two_members(rng: Random, content: bytes) -> _Zipped:
    at = rng.randint(0, len(content))
    return _zipped(content[:at]) + _zipped(content[at:]), content


GZIP: Mapping[str, Callable[[Random, bytes], _Zipped]] = {
    "gzip": lambda _rng, content: (_zipped(content), content),
    "gzip cut": lambda rng, content: (
        (whole := _zipped(content))[: rng.randrange(len(whole))],
        None,
    ),
    "gzip in members": _two_members,
    "gzip twice": lambda _rng, content: (_zipped(_zipped(content)), None),
    "gzip and rubbish": lambda _rng, content: (_zipped(content) + b"rubbish", None),
    "gzip and zeros": lambda _rng, content: (_zipped(content) + bytes(512), None),
    "gzip bit": lambda rng, content: (_bit_flipped(rng, _zipped(content)), None),
    "gzip not": lambda _rng, content: (content, None),
    "gzip bomb": lambda _rng, content: (_zipped(content) + _BOMB, None),
    "gzip of nothing": lambda _rng, content: (
        _zipped(content) + _zipped(b"") * 3_000,
        content,
    ),
}
