"""What stands in a form, as the API takes it. Pure; what cannot be read is left for the API to refuse."""

import re
from collections.abc import Iterable, Mapping, Sequence

# As many digits as JSON numbers hold exactly.
_WHOLE = re.compile(r"[+-]?[0-9]{1,16}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,9}([.][0-9]{1,6})?", re.ASCII)

Sent = Mapping[str, Sequence[str]]


def texts(form: Sent, names: Iterable[str]) -> dict[str, str]:
    """Those of these fields that are filled in."""
    return {name: text for name, text in _texts(form, names).items() if text}


def _texts(form: Sent, names: Iterable[str]) -> dict[str, str]:
    """What stands in these fields; browsers end lines by two characters, the API takes one."""
    return {name: form[name][0].replace("\r\n", "\n").strip() for name in names if form.get(name)}


def whole_numbers(form: Sent, names: Iterable[str]) -> dict[str, int | str]:
    """The same as whole numbers; a text where it is none."""
    return {
        name: int(text) if _WHOLE.fullmatch(text) else text
        for name, text in texts(form, names).items()
    }


def numbers(form: Sent, names: Iterable[str]) -> dict[str, float | str]:
    """The same as numbers."""
    return {
        name: float(text) if _DECIMAL.fullmatch(text) else text
        for name, text in texts(form, names).items()
    }


def yes_or_no(form: Sent, names: Iterable[str]) -> dict[str, bool | str]:
    """The same of answers with yes or no."""
    known: dict[str, bool] = {"yes": True, "no": False}
    return {name: known.get(text, text) for name, text in texts(form, names).items()}


def several(form: Sent, name: str) -> list[str]:
    """What is marked of several; a form says by a blank that it offers them."""
    return [text for text in form.get(name, ()) if text]


def lines(form: Sent, names: Iterable[str]) -> dict[str, list[str]]:
    """The same as lists, an item a line."""
    found = {name: text.splitlines() for name, text in texts(form, names).items()}
    return {name: [line.strip() for line in each if line.strip()] for name, each in found.items()}


def stated(
    form: Sent, names: Iterable[str], clearable: Iterable[str] = ()
) -> dict[str, str | None]:
    """Those of these fields that the form has, as a change: what is `clearable` is cleared by a blank."""
    cleared = frozenset(clearable)
    found = {name: form[name][0].strip() for name in names if form.get(name)}
    return {name: text if text or name not in cleared else None for name, text in found.items()}


def rows(
    form: Sent, name: str, parts: Sequence[str], places: Iterable[int]
) -> dict[int, dict[str, str]]:
    """Alike rows by their places, those without anything in them left out: `findings-0-type` is a part."""
    found = {
        place: {
            part: text
            for part in parts
            for text in texts(form, [f"{name}-{place}-{part}"]).values()
        }
        for place in places
    }
    return {place: row for place, row in found.items() if row}
