"""People who come to a group or go from it, as a PATCH says it. Pure.

A group may have thousands of members, and Microsoft Entra adds them a few at a time: what it sends is
understood without looking at those who are there.
"""

from collections.abc import Iterable
from typing import Any

from scim2_models import PatchOperation
from scim2_models.path import AttrPath, CompareOperator, Comparison, ValuePath

# Who is to be in the group after it, and who not, by what they are named.
Moves = dict[str, bool]


def moves_of(operations: Iterable[PatchOperation[Any]]) -> Moves | None:
    """The moves that operations come to, later ones counting; None where they do anything else."""
    moves: Moves = {}
    for operation in operations:
        named = _named(operation)
        if named is None:
            return None
        moves |= dict.fromkeys(named, operation.op is PatchOperation.Op.add)
    return moves


def _named(operation: PatchOperation[Any]) -> list[str] | None:
    path, value = operation.path, operation.value
    if operation.op is PatchOperation.Op.replace_:
        return None
    if path is None:
        if isinstance(value, dict) and [name.lower() for name in value] == ["members"]:
            return _ids(*value.values())
        return None
    node = path.ast
    if isinstance(node, AttrPath) and _is_members(node):
        return _ids(value)
    if isinstance(node, ValuePath) and _is_members(node.attr_path) and value is None:
        return _selected(node)
    return None


def _is_members(path: AttrPath) -> bool:
    return path.attr.lower() == "members" and path.sub_attr is None


def _selected(node: ValuePath) -> list[str] | None:
    """The one member that a filter selects by id."""
    by = node.val_filter
    if node.sub_attr is not None or not isinstance(by, Comparison):
        return None
    is_id = by.attr_path.attr.lower() == "value" and by.attr_path.sub_attr is None
    if not is_id or by.op is not CompareOperator.eq or not isinstance(by.value, str):
        return None
    return [by.value]


def _ids(value: Any) -> list[str] | None:
    """The ids in a list of members, or of one; None where there are none: then all are meant."""
    members = value if isinstance(value, list) else [value]
    ids = [member.get("value") if isinstance(member, dict) else None for member in members]
    return [each for each in ids if isinstance(each, str)] if ids and None not in ids else None
