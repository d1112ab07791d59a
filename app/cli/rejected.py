"""The rows that an import rejected, as they stand in its file, to be mended and fed again."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from app.cli.files import RowFile, media_type_of
from app.core.bulk.formats import CSV, NDJSON
from app.core.bulk.rejected import Writer, writer_of
from app.core.bulk.results import BulkRejected, RowError
from app.core.errors import Invalid


@contextmanager
def rejected_rows(source: RowFile, path: Path | None) -> Iterator[Callable[[RowError], None]]:
    """Takes note of every error; at the end the rows stand in the file, for their owner alone to read.

    It takes the place of one of the same name, also when no row was rejected: what it holds is always
    about the last import. Where the import fails as a whole there is none, and one of before stays.

    Args:
        source: the file that is imported.
        path: the file to write; None for none.

    Raises:
        Invalid: it cannot be written, or would not be read again as what it is.
    """
    if path is None:
        yield lambda _: None
        return
    _check(source, path)
    with ExitStack() as stack:
        target, temporary = _temporary_beside(path)
        stack.callback(temporary.unlink, missing_ok=True)
        stack.enter_context(target)
        writer = _Lazily(stack, source, target)
        try:
            yield writer.note
        except BulkRejected:
            writer.finish(temporary, path)
            raise
        writer.finish(temporary, path)


class _Lazily:
    """Opens the file for the second time at the first error, or at the end for its header alone."""

    def __init__(self, stack: ExitStack, source: RowFile, target: IO[bytes]) -> None:
        self._stack, self._source, self._target = stack, source, target
        self._writer: Writer | None = None

    def note(self, error: RowError) -> None:
        self._opened().note(error)

    def finish(self, temporary: Path, path: Path) -> None:
        self._opened()
        self._target.flush()
        try:
            temporary.replace(path)
        except OSError as error:
            raise _unwritable(path, error) from None

    def _opened(self) -> Writer:
        if self._writer is None:
            _, file = self._stack.enter_context(self._source.binary())
            name, media_type = self._source.path.name, self._source.media_type
            self._writer = writer_of(file, media_type, name, self._target)
        return self._writer


def _check(source: RowFile, path: Path) -> None:
    wanted = CSV if source.media_type == CSV else NDJSON
    ending = ".csv" if wanted == CSV else ".ndjson"
    if media_type_of(path) != wanted or path.suffix.lower() == ".gz":
        detail = (
            f"--rejected must end in {ending} here, so that the file can be fed again as it is."
        )
        raise Invalid(detail, code="unknown_ending")
    if path.exists() and path.samefile(source.path):
        detail = "--rejected names the file that is imported, which would be lost. Choose another."
        raise Invalid(detail, code="same_file")


def _temporary_beside(path: Path) -> tuple[IO[bytes], Path]:
    """A file that takes the place of `path` when it is complete; nobody else may read it."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise _unwritable(path, error) from None
    return os.fdopen(number, "wb"), Path(name)


def _unwritable(path: Path, error: OSError) -> Invalid:
    return Invalid(
        f"{path} cannot be written ({error.strerror}); nothing was imported.",
        code="unwritable_file",
    )
