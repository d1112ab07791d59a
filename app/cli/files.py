"""Files of rows on disk: what they hold by the ending of their name, read a chunk at a time."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, TypeVar

import msgspec

from app.core.bulk.formats import CSV, JSON, NDJSON, Parsed, Rewrite, read_rows
from app.core.bulk.rejected import WithoutRemarks
from app.core.bulk.spreadsheets import Records, without_remarks
from app.core.errors import Invalid

RowType = TypeVar("RowType", bound=msgspec.Struct)

_MEDIA_TYPES: Final = {".csv": CSV, ".ndjson": NDJSON, ".jsonl": NDJSON, ".json": JSON}
_GZIPPED: Final = ".gz"


@dataclass(frozen=True, slots=True)
class RowFile:
    """A file of rows.

    Args:
        path: where it is.
        media_type: what it holds.
        is_gzipped: whether it is to be unzipped.
    """

    path: Path
    media_type: str
    is_gzipped: bool

    @classmethod
    def at(cls, path: Path) -> "RowFile":
        """The file, by the ending of its name.

        Raises:
            Invalid: there is none, or its name does not say what it holds.
        """
        media_type = media_type_of(path)
        if media_type is None:
            detail = (
                f"{path.name} must end in {', '.join(_MEDIA_TYPES)}, with or without {_GZIPPED}."
            )
            raise Invalid(detail, code="unknown_ending")
        if not path.is_file():
            raise Invalid(f"There is no file {path}.", code="no_such_file")
        return cls(path, media_type, path.suffix.lower() == _GZIPPED)

    def digest(self) -> str:
        """What the file holds, in 64 letters: two that hold the same have the same."""
        with self.path.open("rb") as raw:
            return hashlib.file_digest(raw, "sha256").hexdigest()

    def chunks(
        self,
        row_type: type[RowType],
        rewrite: Rewrite | None,
        largest_json: int,
        on_progress: Callable[[int], None],
    ) -> Iterator[list[Parsed[RowType]]]:
        """The rows, a chunk at a time.

        Args:
            row_type: what each is to be.
            rewrite: what the records of a CSV go through, after remarks and guards are off.
            largest_json: most bytes of a file that is decoded whole.
            on_progress: told how many bytes of the file are read.

        Raises:
            Invalid: the file as a whole cannot be read.
        """

        def rewritten(records: Records) -> Records:
            values = without_remarks(records)
            return values if rewrite is None else rewrite(values)

        with self.opened() as (raw, file):
            source, through = file, rewritten if self.media_type == CSV else rewrite
            if self.media_type == NDJSON:
                source = io.BufferedReader(WithoutRemarks(file))
            elif self.media_type == JSON:
                source = io.BytesIO(self._whole(file, largest_json))
            for chunk in read_rows(source, self.media_type, row_type, through):
                on_progress(raw.tell())
                yield chunk

    def _whole(self, file: IO[bytes], largest: int) -> bytes:
        body = file.read(largest + 1)
        if len(body) > largest:
            detail = (
                f"{self.path.name} is larger than {largest} bytes, and JSON is read whole. As .csv or "
                ".ndjson it may have any size."
            )
            raise Invalid(detail, code="file_too_large")
        return body

    @contextmanager
    def opened(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """The file as it is on disk, for its position, and unzipped.

        Raises:
            Invalid: it cannot be read.
        """
        name = self.path.name
        try:
            with self.binary() as found:
                yield found
        except (EOFError, zlib.error, gzip.BadGzipFile):
            detail = f"{name} is not a complete gzip file; nothing was written. Copy it again."
            raise Invalid(detail, code="broken_gzip") from None
        except OSError as error:
            detail = f"{name} cannot be read ({error.strerror}); nothing was written."
            raise Invalid(detail, code="unreadable_file") from None

    @contextmanager
    def binary(self) -> Iterator[tuple[IO[bytes], IO[bytes]]]:
        """The same, without a word for what can go wrong with it."""
        with self.path.open("rb") as raw:
            if not self.is_gzipped:
                yield raw, raw
                return
            with gzip.GzipFile(fileobj=raw) as unzipped:
                yield raw, unzipped  # type: ignore[misc]  # a binary file as well


def media_type_of(path: Path) -> str | None:
    """What a file holds by the ending of its name; None where that says nothing."""
    name = path.name.lower().removesuffix(_GZIPPED)
    return next((held for end, held in _MEDIA_TYPES.items() if name.endswith(end)), None)
