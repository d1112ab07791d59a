"""What Microsoft Entra sends in another form than the protocol has. Pure.

The library takes all of its other forms. A manager comes as a bare id, or as a list of one; whoever is to be
taken out of a group comes with more than the id, all of which the library would look for; and a value
without a path has paths with filters among its names, which the library passes over.
"""

import re
from collections.abc import Iterator
from typing import Any

from pydantic_core import from_json, to_json

_OF_INTEREST = re.compile(rb"manager|remove|[a-z]\[", re.IGNORECASE)


def as_the_protocol_has_it(body: bytes) -> bytes:
    """A body in the protocol's own form; what is no JSON is left to who reads it next."""
    if _OF_INTEREST.search(body) is None:
        return body
    try:
        document = from_json(body)
    except ValueError:
        return body
    return to_json(_rewritten(document))


def _rewritten(part: Any) -> Any:
    if isinstance(part, list):
        return [_rewritten(operation) for item in part for operation in _by_path(item)]
    if not isinstance(part, dict):
        return part
    if _is_manager(_member(part, "path")):
        return _operation(part)
    if str(_member(part, "op")).lower() == "remove" and isinstance(_member(part, "value"), list):
        return {**_without(part, "value"), "value": list(map(_id_alone, _member(part, "value")))}
    return {
        name: _manager(value) if _is_manager(name) else _rewritten(value)
        for name, value in part.items()
    }


def _by_path(part: Any) -> Iterator[Any]:
    """An operation without a path as one for each path with a filter, and one for the rest."""
    value = _member(part, "value") if isinstance(part, dict) and _member(part, "op") else None
    if not isinstance(value, dict) or _member(part, "path") is not None:
        yield part
        return
    filtered = {name for name in value if "[" in name}
    if len(filtered) < len(value) or not value:
        rest = {name: said for name, said in value.items() if name not in filtered}
        yield {**_without(part, "value"), "value": rest}
    for name in value:
        if name in filtered:
            yield {**_without(part, "value"), "path": name, "value": value[name]}


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation on the manager: an empty value takes the manager away."""
    value = _manager(_member(operation, "value"))
    if value is not None:
        return {**_without(operation, "value"), "value": value}
    if str(_member(operation, "op")).lower() == "remove":
        return operation
    return {**_without(_without(operation, "value"), "op"), "op": "remove"}


def _id_alone(entry: Any) -> Any:
    if isinstance(entry, dict) and isinstance(_member(entry, "value"), str):
        return {"value": _member(entry, "value")}
    return entry


def _manager(value: Any) -> Any:
    if isinstance(value, list) and len(value) == 1:
        (value,) = value
    if isinstance(value, str):
        return {"value": value.strip()} if value.strip() else None
    return value


def _is_manager(name: Any) -> bool:
    return isinstance(name, str) and name.lower().rpartition(":")[2] == "manager"


def _member(of: dict[str, Any], name: str) -> Any:
    """A member of an object, whatever the case of its name."""
    return next((value for key, value in of.items() if key.lower() == name), None)


def _without(of: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in of.items() if key.lower() != name}
