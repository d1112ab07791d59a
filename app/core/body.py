"""Request bodies are received whole, within a cap, before a transaction opens.

So a slow client never holds a lock, memory stays flat (large bodies go to a temporary file), a body cut
short is never half processed, and its digest is known before the first row is written.
"""

import errno
import hashlib
import tempfile
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import IO, Any

from starlette.requests import ClientDisconnect, Request

from app.core.errors import BadRequest, BodyTooLarge, Unavailable, UnsupportedMediaType

_IN_MEMORY = 4 * 1024 * 1024
_CHUNK = 256 * 1024
_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """Most bytes of a body after decompression; JSON has its own where it is decoded whole."""

    json_bytes: int
    other_bytes: int
    gzip_allowed: bool = False

    def for_media_type(self, media_type: str) -> int:
        return self.json_bytes if media_type == "application/json" else self.other_bytes


class ReceivedBody:
    """A body that has arrived: its bytes, and their SHA-256."""

    def __init__(self) -> None:
        self._file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - closed by __exit__
            max_size=_IN_MEMORY
        )
        self._digest = hashlib.sha256()
        self.size = 0

    def append(self, chunk: bytes, cap: int) -> None:
        """Take a chunk in.

        Raises:
            BodyTooLarge: the body would pass the cap.
        """
        if self.size + len(chunk) > cap:
            raise _too_large(cap)
        self._file.write(chunk)
        self._digest.update(chunk)
        self.size += len(chunk)

    @property
    def digest(self) -> bytes:
        return self._digest.digest()

    def __enter__(self) -> "ReceivedBody":
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()

    def file(self) -> IO[bytes]:
        """The bytes, from their beginning."""
        self._file.seek(0)
        return self._file

    def as_request(self, request: Request) -> Request:
        """The request again, its body read from here."""
        self._file.seek(0)

        async def receive() -> dict[str, Any]:
            chunk = self._file.read(_CHUNK)
            return {"type": "http.request", "body": chunk, "more_body": len(chunk) == _CHUNK}

        return Request(request.scope, receive)


def media_type_of(request: Request) -> str:
    """The media type that the client declares, without parameters, in lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def receive_body(request: Request, limit: BodyLimit) -> ReceivedBody:
    """Take the whole body in, decompressed.

    Raises:
        BodyTooLarge: it passes the cap, as sent or after decompression.
        BadRequest: it ended early, or is not the gzip it says it is.
        UnsupportedMediaType: an encoding that is not taken here.
    """
    cap = limit.for_media_type(media_type_of(request))
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > cap:
        raise _too_large(cap)
    chunks = _decoded(request, limit, cap)
    body = ReceivedBody()
    try:
        async for chunk in chunks:
            body.append(chunk, cap)
    except OSError as error:
        body.close()
        if error.errno != errno.ENOSPC:
            raise
        raise Unavailable("There is no room for a body of this size just now.") from error
    except ClientDisconnect:
        body.close()
        raise BadRequest(
            "The body ended early; nothing was written.", code="body_cut_short"
        ) from None
    except BaseException:
        body.close()
        raise
    return body


def _too_large(cap: int) -> BodyTooLarge:
    return BodyTooLarge(
        f"The body is larger than {cap} bytes. Send it in parts; bulk endpoints take more "
        "as application/x-ndjson or text/csv than as JSON."
    )


def _decoded(request: Request, limit: BodyLimit, cap: int) -> AsyncIterator[bytes]:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding == "identity":
        return request.stream()
    if encoding == "gzip" and limit.gzip_allowed:
        return _gunzipped(request.stream(), cap)
    raise UnsupportedMediaType(
        "This Content-Encoding is not taken here. Send the body as it is"
        + (" or as gzip." if limit.gzip_allowed else "."),
        code="unsupported_content_encoding",
    )


async def _gunzipped(chunks: AsyncIterator[bytes], cap: int) -> AsyncIterator[bytes]:
    received = 0
    inflate = zlib.decompressobj(_GZIP)
    broken = BadRequest(
        "The body is not a complete gzip stream; nothing was written. Send the file again.",
        code="broken_gzip",
    )
    try:
        async for chunk in chunks:
            received += len(chunk)
            if received > cap:  # a gzip file may go on for ever and unfold into nothing
                raise _too_large(cap)
            data = chunk
            while data:
                if inflate.eof:  # a gzip file may have several members
                    inflate = zlib.decompressobj(_GZIP)
                # Bounded output, so that a small body cannot unfold into all the memory there is.
                yield inflate.decompress(data, _CHUNK)
                data = inflate.unconsumed_tail or inflate.unused_data
    except zlib.error:
        raise broken from None
    if not inflate.eof:
        raise broken
