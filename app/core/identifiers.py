"""Numbers and addresses that identify a person, found in text that should hold none. Pure.

Sources: NHS Data Dictionary (NHS number, modulus 11), HMRC NIM39110 (national insurance number), BS 7666
(postcode).
"""

import re
import string
from collections.abc import Collection, Iterable
from enum import StrEnum


class Identifier(StrEnum):
    """A kind of personal identifier."""

    NHS_NUMBER = "nhs_number"
    NATIONAL_INSURANCE_NUMBER = "national_insurance_number"
    POSTCODE = "postcode"
    EMAIL_ADDRESS = "email_address"
    PHONE_NUMBER = "phone_number"


_NHS = re.compile(r"(?<!\d)\d{3}[ -]?\d{3}[ -]?\d{4}(?!\d)")
_NATIONAL_INSURANCE = re.compile(
    r"(?<![A-Za-z])(?!BG|GB|KN|NK|NT|TN|ZZ)[ABCEGHJ-PRSTW-Z][ABCEGHJ-NPRSTW-Z] ?"
    r"\d{2} ?\d{2} ?\d{2} ?[A-D](?![A-Za-z])",
    re.IGNORECASE,
)
_POSTCODE = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|[A-PR-UWYZ](?:\d{1,2}|[A-HK-Y]\d{1,2}|\d[A-HJKPSTUW]|"
    r"[A-HK-Y]\d[ABEHMNPRV-Y]) ?\d[ABD-HJLNP-UW-Z]{2})(?![A-Za-z0-9])",
    re.IGNORECASE,
)
_EMAIL = re.compile(r"[^\s@<>\"']{1,64}@[^\s@<>\"']{1,190}\.[A-Za-z]{2,24}")
_PHONE = re.compile(r"(?<!\d)(?:\+44[ -]?(?:\(0\))?|0)(?:[ -]?\d){9,10}(?!\d)")

_UUID = re.compile(r"[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_IN_REFERENCES = (Identifier.NHS_NUMBER, Identifier.NATIONAL_INSURANCE_NUMBER)
_WORD = re.compile(r"[A-Za-z]{2,}")

_PATTERNS = {
    Identifier.NATIONAL_INSURANCE_NUMBER: _NATIONAL_INSURANCE,
    Identifier.POSTCODE: _POSTCODE,
    Identifier.EMAIL_ADDRESS: _EMAIL,
    Identifier.PHONE_NUMBER: _PHONE,
}

_SHAPES = str.maketrans(
    dict.fromkeys(string.digits, "0") | dict.fromkeys(string.ascii_letters, "A")
)
# The shapes of what the patterns above find, one after the other.
_SUSPECT = re.compile(
    r"(?<!0)000[ -]?000[ -]?0000(?!0)"
    r"|(?<!A)AA ?00 ?00 ?00 ?A(?!A)"
    r"|(?<![A0])(?:AAA ?0AA|A(?:00?|A00?|0A|A0A) ?0AA)(?![A0])"
)

_WEIGHTS = range(10, 1, -1)
_NHS_DIGITS = 10


def _is_nhs_number(text: str) -> bool:
    digits = [int(each) for each in text if each.isdigit()]
    if len(digits) != _NHS_DIGITS or len(set(digits)) == 1:
        return False
    rest = sum(weight * digit for weight, digit in zip(_WEIGHTS, digits, strict=False)) % 11
    return (11 - rest) % 11 == digits[-1]


def identifiers_in(text: str, kinds: Collection[Identifier] = tuple(Identifier)) -> set[Identifier]:
    """The kinds of personal identifiers, of those looked for, that a text seems to hold."""
    return {kind for kind in kinds if _holds(text, kind)}


def suspects(texts: Iterable[str]) -> bool:
    """Whether one of the texts may hold a number of a person or a postcode; no never means yes.

    It looks at their shapes alone, digits and letters being all alike: the references of a source have few.
    """
    joined = "\n".join(texts)
    if not joined.isascii():
        return True
    shapes = set(joined.translate(_SHAPES).split("\n"))
    return _SUSPECT.search("\n".join(shapes)) is not None


def _holds(text: str, kind: Identifier) -> bool:
    if kind is Identifier.NHS_NUMBER:
        return any(_is_nhs_number(match.group()) for match in _NHS.finditer(text))
    return _PATTERNS[kind].search(text) is not None


def names_an_address(text: str) -> bool:
    """Whether a text holds a postcode with words beside it, as of a name or a street."""
    return _POSTCODE.search(text) is not None and _WORD.search(_POSTCODE.sub(" ", text)) is not None


def names_somebody(reference: str) -> bool:
    """Whether the reference of a record seems to be a person's number, or a name or street with a postcode."""
    # Three in a thousand of those would look like somebody's number by chance.
    if _UUID.fullmatch(reference):
        return False
    return bool(identifiers_in(reference, _IN_REFERENCES)) or names_an_address(reference)
