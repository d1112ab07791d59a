"""What a bulk body may hold, as OpenAPI describes it."""

import inspect
from typing import Any

import msgspec

from app.core.bulk.formats import CSV, JSON, NDJSON

_COMPONENTS: dict[str, dict[str, Any]] = {}
_REFERENCE = "#/components/schemas/{name}"


def schema_of(row_type: type[msgspec.Struct]) -> dict[str, Any]:
    """The request body's description in OpenAPI: the same row in three formats.

    It refers to `row_components`.
    """
    (row,), components = msgspec.json.schema_components([row_type], ref_template=_REFERENCE)
    body = f"{row_type.__name__}s"
    for schema in components.values():
        # Taken from a docstring, whose indentation Python keeps in one version and not in another.
        if "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    _COMPONENTS.update(components)
    _COMPONENTS[body] = {
        "title": body,
        "description": f"Rows in JSON: {inspect.cleandoc(row_type.__doc__ or '')}",
        "type": "object",
        "additionalProperties": False,
        "required": ["items"],
        "properties": {"items": {"type": "array", "items": row}},
    }
    columns = ",".join(field.encode_name for field in msgspec.structs.fields(row_type))
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": {"$ref": _REFERENCE.format(name=body)}},
                NDJSON: {"schema": {"type": "string", "description": "One row a line."}},
                CSV: {"schema": {"type": "string", "description": f"Header row: {columns}"}},
            },
        }
    }


def row_components() -> dict[str, dict[str, Any]]:
    """Every schema that the descriptions of bulk bodies refer to, by name."""
    return dict(_COMPONENTS)
