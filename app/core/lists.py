"""A list of values as one parameter of a statement.

So the statement is the same for any number of values: it is prepared once, and no driver's limit on
parameters is near.
"""

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Dialect, String, Text, TypeDecorator, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _ListOf(TypeDecorator[Collection[Any]]):
    """An array on PostgreSQL, JSON on SQLite."""

    impl = Text
    cache_ok = True

    def __init__(self, item: TypeEngine[Any]) -> None:
        super().__init__()
        # Without its length: a cast to it would cut a longer text, which then equals another.
        self.item = String() if isinstance(item, String) else item

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        kind = ARRAY(self.item) if dialect.name == "postgresql" else Text()
        return dialect.type_descriptor(kind)

    def process_bind_param(self, value: Collection[Any] | None, dialect: Dialect) -> Any:
        values = list(value or ())
        if dialect.name == "postgresql":
            return values
        process = self.item.dialect_impl(dialect).bind_processor(dialect)
        return json.dumps(values if process is None else list(map(process, values)))


class _Among(FunctionElement[bool]):
    type = Boolean()
    inherit_cache = True


def among(column: Any, values: Collection[Any]) -> ColumnElement[bool]:
    """Whether a column's value is one of these."""
    return _Among(column, bindparam(None, values, type_=_ListOf(column.type), unique=True))


@compiles(_Among, "postgresql")
def _any(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    return f"{compiler.process(column, **options)} = ANY ({compiler.process(values, **options)})"


@compiles(_Among, "sqlite")
def _in_json(element: _Among, compiler: SQLCompiler, **options: Any) -> str:
    column, values = element.clauses
    listed = compiler.process(values, **options)
    name = compiler.process(column, **options)
    return f"{name} IN (SELECT value FROM json_each({listed}))"  # noqa: S608 - a bound parameter
