"""Free text is held back while it seems to hold what identifies a person. Pure."""

from collections.abc import Iterable

from app.core.identifiers import Identifier, identifiers_in

CODE = "personal_identifier"

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


def held_of(texts: Iterable[tuple[str, str | None]]) -> tuple[str, str] | None:
    """The first of some named texts that is held back, and why; None where there is none."""
    for name, text in texts:
        why = held(text) if text is not None else None
        if why is not None:
            return name, why
    return None
