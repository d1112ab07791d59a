"""What Microsoft Entra sends in another form than the protocol has. Pure.

The library takes all of its other forms; a manager comes as a bare id, or as a list of one.
"""

from typing import Any

from pydantic_core import from_json, to_json


def as_the_protocol_has_it(body: bytes) -> bytes:
    """A body in which every manager is an object; what is no JSON is left to who reads it next."""
    if b"manager" not in body.lower():
        return body
    try:
        document = from_json(body)
    except ValueError:
        return body
    return to_json(_rewritten(document))


def _rewritten(part: Any) -> Any:
    if isinstance(part, list):
        return [_rewritten(item) for item in part]
    if not isinstance(part, dict):
        return part
    if _is_manager(_member(part, "path")):
        return _operation(part)
    return {
        name: _manager(value) if _is_manager(name) else _rewritten(value)
        for name, value in part.items()
    }


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation on the manager: an empty value takes the manager away."""
    value = _manager(_member(operation, "value"))
    if value is not None:
        return {**_without(operation, "value"), "value": value}
    if str(_member(operation, "op")).lower() == "remove":
        return operation
    return {**_without(_without(operation, "value"), "op"), "op": "remove"}


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
