"""Rows as a client sends them in bulk: the same in every format."""

import csv
import gzip
import io
import json
from typing import Any

Rows = list[dict[str, Any]]


def as_json(rows: Rows) -> dict[str, Any]:
    return {"json": {"items": rows}}


def as_ndjson(rows: Rows) -> dict[str, Any]:
    lines = "\n".join(json.dumps(row) for row in rows)
    return {"content": lines, "headers": {"Content-Type": "application/x-ndjson"}}


def as_csv(rows: Rows) -> dict[str, Any]:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    content = ("\ufeff" + out.getvalue()).encode()
    return {"content": content, "headers": {"Content-Type": "text/csv; charset=utf-8"}}


def as_gzipped_csv(rows: Rows) -> dict[str, Any]:
    plain = as_csv(rows)
    headers = {**plain["headers"], "Content-Encoding": "gzip"}
    return {"content": gzip.compress(plain["content"]), "headers": headers}


FORMATS = (as_json, as_ndjson, as_csv, as_gzipped_csv)
