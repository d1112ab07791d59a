"""The one way in which something is written where its digest or its signature must be made again. Pure."""

import json
from typing import Any


def canonical(value: Any) -> bytes:
    """JSON with its names sorted, without blanks, in UTF-8.

    Raises:
        ValueError: a number is none that JSON knows.
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()
