"""A page as PDF, by WeasyPrint: an extra of the package, offered where it and Pango are installed."""

import asyncio
import logging
from functools import cache
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

from app.core.errors import Unavailable
from app.dashboard import assets

PDF: Final = "application/pdf"
# It tells of every property of a style that it does not know.
logging.getLogger("weasyprint").setLevel(logging.ERROR)
_one_at_a_time: Final = Lock()


@cache
def is_offered() -> bool:
    """Whether PDF can be made here."""
    try:
        import weasyprint  # noqa: F401, PLC0415 - it may not be there, and takes a while
    except (ImportError, OSError):
        return False
    return True


async def pdf(page: bytes, public_url: str) -> bytes:
    """A page of ours as tagged PDF (PDF/UA), with what it loads from this package and nothing else.

    Args:
        page: in HTML.
        public_url: the service's own, which its links lead to.

    Raises:
        Unavailable: one is being made already. It takes some seconds of a processor.
    """
    if not _one_at_a_time.acquire(blocking=False):
        raise Unavailable("A report is being made just now. Try again in a moment.", retry_after=5)
    try:
        return await asyncio.to_thread(_made, page.decode(), public_url)
    finally:
        _one_at_a_time.release()


def _made(page: str, public_url: str) -> bytes:
    import weasyprint  # noqa: PLC0415 - an extra
    from weasyprint.urls import URLFetcher, URLFetcherResponse  # noqa: PLC0415

    class Ours(URLFetcher):  # type: ignore[misc]  # the library has no types
        def fetch(self, url: str, headers: Any = None) -> Any:  # noqa: ARG002 - the base's
            content, media_type = assets.content(urlsplit(url).path.rpartition("/")[2])
            return URLFetcherResponse(url, content, {"Content-Type": media_type})

    document = weasyprint.HTML(string=page, base_url=public_url, url_fetcher=Ours())
    made: bytes = document.write_pdf(pdf_variant="pdf/ua-1")
    return made
