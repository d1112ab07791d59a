"""Which field of a form an error is about, where the form is not built as the body that the API takes. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from app.core.errors import ProblemError

To = Callable[[str], str]


@contextmanager
def leading(*ways: To) -> Iterator[None]:
    """Errors that are raised within lead where these ways, one after the other, lead from their pointers."""
    try:
        yield
    except ProblemError as problem:
        for to in ways:
            problem.errors = tuple(replace(e, pointer=to(e.pointer)) for e in problem.errors)
        raise


def to_rows(name: str, places: Sequence[int]) -> To:
    """From rows as they are sent to where they stand in the form, which may have blank ones between.

    Args:
        name: of the rows, `findings` in `/findings/0/type`.
        places: of those that are sent, in their order.
    """
    head = re.compile(rf"^/{name}/(\d+)(?=/|$)", re.ASCII)
    return lambda pointer: head.sub(lambda found: f"/{name}/{places[int(found[1])]}", pointer)


def to_field(name: str) -> To:
    """From each of several values to the one field in which they all stand: `/topics/2` to `/topics`."""
    item = re.compile(rf"^/{name}/\d+$", re.ASCII)
    return lambda pointer: item.sub(f"/{name}", pointer)


def without(head: str) -> To:
    """From what stands below `head` to a field of the form: `/hours/0/team` to `/team`."""
    return lambda pointer: pointer.removeprefix(head) if pointer.startswith(f"{head}/") else pointer
