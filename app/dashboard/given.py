"""What stands in a form, as the API takes it. Pure; what cannot be read is left for the API to refuse."""

import re
from collections.abc import Iterable, Mapping, Sequence

_WHOLE = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_DECIMAL = re.compile(r"[+-]?[0-9]{1,9}([.][0-9]{1,6})?", re.ASCII)

Sent = Mapping[str, Sequence[str]]


def texts(form: Sent, names: Iterable[str]) -> dict[str, str]:
    """Those of these fields that are filled in."""
    found = {name: form[name][0].strip() for name in names if form.get(name)}
    return {name: text for name, text in found.items() if text}


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
