"""Names that other systems give their kinds of work, as codes that a taxonomy can map. Pure."""

import re

NAMELESS = "untitled"
_OTHERS = re.compile(r"[^A-Za-z0-9 _.()/-]+")
_FIRST = re.compile(r"^[^A-Za-z0-9]+")
_MOST = 64


def as_code(name: str | None) -> str:
    """A name with what a code cannot hold made a hyphen, at most 64 characters of it."""
    text = _FIRST.sub("", _OTHERS.sub("-", (name or "").strip()))
    return text[:_MOST].strip() or NAMELESS
