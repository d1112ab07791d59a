"""The script that draws charts in the browser: from vl-convert, under a name that holds its digest.

It is made at the first request of a process, and loaded by nobody who does not ask for it.
"""

import asyncio
import gzip
import hashlib
from importlib.metadata import version
from threading import Lock
from typing import Annotated, Final

from fastapi import APIRouter, Header, Response

from app.core.errors import NotFound
from app.dashboard.assets import FOR_GOOD, PREFIX
from app.dashboard.charts.drawing import VEGA_LITE

_OFFERED: Final = "window.vegaEmbed = vegaEmbed;"
# Of the same release and of the same Vega-Lite the bundle is the same.
_MADE_OF: Final = f"vl-convert {version('vl-convert-python')}, Vega-Lite {VEGA_LITE}, {_OFFERED}"
NAME: Final = f"vega.{hashlib.sha256(_MADE_OF.encode()).hexdigest()[:16]}.js"
ADDRESS: Final = f"{PREFIX}/charts/{NAME}"

router = APIRouter(prefix=f"{PREFIX}/charts", include_in_schema=False)

_made: list[bytes] = []
_lock = Lock()


def _bundle() -> bytes:
    """The script, compressed: a third of its size."""
    import vl_convert  # noqa: PLC0415 - starts an engine, which no command but `serve` needs

    with _lock:
        if not _made:
            script: str = vl_convert.javascript_bundle(_OFFERED, vl_version=VEGA_LITE)
            _made.append(gzip.compress(script.encode(), mtime=0))
    return _made[0]


@router.get("/{name}")
async def bundle(name: str, accept_encoding: Annotated[str, Header()] = "") -> Response:
    """The script, to be kept for good."""
    if name != NAME:
        raise NotFound("There is nothing at this address.")
    packed = await asyncio.to_thread(_bundle)
    headers = {**FOR_GOOD, "Vary": "Accept-Encoding"}
    if "gzip" in accept_encoding:
        headers["Content-Encoding"] = "gzip"
    else:
        packed = gzip.decompress(packed)
    return Response(packed, media_type="text/javascript; charset=utf-8", headers=headers)
