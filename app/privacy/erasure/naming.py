"""What somebody is called, and how it is taken out of a text. Pure."""

import html
import json
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

ERASED: Final = "[erased]"
_SHORTEST: Final = 4
_SHORTEST_NUMBER: Final = 6
# Of what a directory says, what says who somebody is; a job title is many people's.
_NAMING: Final = ("displayName", "nickName", "emails", "phoneNumbers")


def names_in(attributes: Mapping[str, Any]) -> set[str]:
    """The names, addresses and telephone numbers that a directory gave of somebody."""
    found = {text for name in _NAMING for text in _texts(attributes.get(name))}
    called = attributes.get("name")
    if isinstance(called, Mapping) and isinstance(called.get("formatted"), str):
        found.add(called["formatted"])
    return found


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from _texts(value.get("value"))
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def is_telling(value: str) -> bool:
    """Whether a value can be looked for in texts: shorter ones stand in many that mean somebody else."""
    return len(value) >= (_SHORTEST_NUMBER if value.isdigit() else _SHORTEST)


def without(text: str, values: Collection[str]) -> str:
    """The text, with these values taken out where they stand as words of their own."""
    if not values:
        return text
    longest_first = sorted(values, key=len, reverse=True)
    alternatives = "|".join(re.escape(value) for value in longest_first)
    return re.sub(rf"(?<!\w)(?:{alternatives})(?!\w)", ERASED, text, flags=re.IGNORECASE)


def without_in(written: Any, values: Collection[str]) -> Any:
    """The same of whatever JSON can say: its texts, but not the names of its fields."""
    if isinstance(written, str):
        return without(written, values)
    if isinstance(written, list):
        return [without_in(each, values) for each in written]
    if isinstance(written, dict):
        return {name: without_in(each, values) for name, each in written.items()}
    return written


def as_answered(values: Collection[str]) -> set[bytes]:
    """How values stand in stored answers: in JSON, with or without other alphabets, and in pages."""
    spelt = {
        each
        for value in values
        for each in (
            json.dumps(value, ensure_ascii=False)[1:-1],
            json.dumps(value)[1:-1],
            html.escape(value),
        )
    }
    return {each.encode() for each in spelt}
