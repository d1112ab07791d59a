"""Free text is held back while it seems to hold what identifies a person. Pure."""

from collections.abc import Iterable, Iterator

from app.core.bulk.results import RowError
from app.core.errors import Invalid
from app.core.identifiers import Identifier, identifiers_in

CODE = "personal_identifier"

# By their JSON pointers.
Texts = Iterable[tuple[str, str | None]]

_NAMES = {
    Identifier.NHS_NUMBER: "an NHS number",
    Identifier.NATIONAL_INSURANCE_NUMBER: "a national insurance number",
    Identifier.POSTCODE: "a postcode",
    Identifier.EMAIL_ADDRESS: "an e-mail address",
    Identifier.PHONE_NUMBER: "a phone number",
}


def held(text: str) -> str | None:
    """Why a text is not taken in, without repeating it; None where it may be."""
    found = sorted(_NAMES[kind] for kind in identifiers_in(text))
    if not found:
        return None
    return (
        f"This seems to hold {' and '.join(found)}. Nothing of it was recorded or changed: "
        "take it out, and send it again."
    )


def check(texts: Texts) -> None:
    """Hold a body back for the first of its texts that may not be taken in.

    Raises:
        Invalid: one of them seems to identify a person.
    """
    for pointer, why in _held_back(texts):
        raise Invalid.field(pointer, CODE, why)


def row_error(index: int, texts: Texts) -> RowError | None:
    """What is wrong with a row for the first of its texts that may not be taken in."""
    return next((RowError(index, CODE, why, pointer) for pointer, why in _held_back(texts)), None)


def _held_back(texts: Texts) -> Iterator[tuple[str, str]]:
    for pointer, text in texts:
        why = held(text) if text is not None else None
        if why is not None:
            yield pointer, why
