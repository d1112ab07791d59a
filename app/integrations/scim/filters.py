"""What must hold of every row that a filter keeps, in SQL; the filter itself then looks at those rows.

So a search by name or id looks into an index, and every other filter means exactly what the protocol's
own evaluator says it means.
"""

import re
from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_, or_
from typing import Any
from uuid import UUID

from scim2_models import ScimFilter
from scim2_models.path import CompareOperator, Comparison, LogicalExpr, LogicalOperator
from sqlalchemy import ColumnElement, literal

Condition = ColumnElement[bool]
# By attribute, in lower case: rows whose attribute equals a text.
Columns = Mapping[str, Callable[[str], Condition]]

# Of no row; written out, so that the statement keeps its scope.
_NOTHING: Condition = literal(1) == 0
_NO_TEXT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def necessary(scim_filter: "ScimFilter[Any] | None", columns: Columns) -> list[Condition]:
    """The conditions; none where the columns tell nothing about the filter."""
    found = _condition(scim_filter.ast, columns) if scim_filter is not None else None
    return [] if found is None else [found]


def _condition(node: Any, columns: Columns) -> Condition | None:
    if isinstance(node, LogicalExpr):
        parts = [_condition(term, columns) for term in node.terms]
        known = [part for part in parts if part is not None]
        if node.op is LogicalOperator.and_:
            return reduce(and_, known) if known else None
        return reduce(or_, known) if len(known) == len(parts) else None
    if not isinstance(node, Comparison) or node.op is not CompareOperator.eq:
        return None
    path = node.attr_path
    compare = columns.get(path.attr.lower())
    if compare is None or path.uri or path.sub_attr or not isinstance(node.value, str):
        return None
    # Nothing that is stored holds what a database refuses as text.
    return _NOTHING if _NO_TEXT.search(node.value) else compare(node.value)


def has_id(column: Any) -> Callable[[str], Condition]:
    """Rows with an id; none where the text is no id."""

    def compare(text: str) -> Condition:
        identity = id_of(text)
        return _NOTHING if identity is None else column == identity

    return compare


def id_of(text: str) -> UUID | None:
    """The id that a text is, as we write them."""
    try:
        identity = UUID(text)
    except ValueError:
        return None
    return identity if str(identity) == text.lower() else None
