"""Personal identifiers in text: found where they are, and numbers that are none left alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.identifiers import Identifier, identifiers_in, names_an_address, suspects

NHS, NINO = Identifier.NHS_NUMBER, Identifier.NATIONAL_INSURANCE_NUMBER
POSTCODE, EMAIL, PHONE = Identifier.POSTCODE, Identifier.EMAIL_ADDRESS, Identifier.PHONE_NUMBER


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("943 476 5919", {NHS}),
        ("see 9434765919.", {NHS}),
        ("9434765918", set()),
        ("19434765919", set()),
        ("AB123456C", {NINO}),
        ("ab 12 34 56 c", {NINO}),
        ("GB123456C", set()),
        ("QQ123456C", set()),
        ("SW1A 2AA", {POSTCODE}),
        ("lives at m1 1ae", {POSTCODE}),
        ("B33 8TH, CR2 6XH, DN55 1PT, W1A 0AX, EC1A 1BB, GIR 0AA", {POSTCODE}),
        ("A1 is a road", set()),
        ("write to m.smith@example.org", {EMAIL}),
        ("@home", set()),
        ("ring 020 7946 0018", {PHONE}),
        ("ring +44 (0)7700 900123", {PHONE}),
        ("2024-02-08", set()),
        ("it saved me 30 minutes, 5 times", set()),
        ("WS-000123/4", set()),
    ],
)
def test_kinds_are_told_apart(text: str, found: set[Identifier]) -> None:
    assert identifiers_in(text) == found


@given(st.integers(0, 999_999_999))
def test_a_number_is_an_nhs_number_by_its_check_digit_alone(start: int) -> None:
    digits = f"{start:09}"
    # By the definition: ten less the place, times the digit; eleven less the rest is the check digit.
    total = sum((10 - place) * int(digit) for place, digit in enumerate(digits))
    check = {11: 0, 10: None}.get(11 - total % 11, 11 - total % 11)
    for last in range(10):
        number = f"{digits}{last}"
        expected = last == check and len(set(number)) > 1
        assert (NHS in identifiers_in(number)) == expected


def test_a_postcode_alone_names_no_address() -> None:
    assert names_an_address("Smith SW1A 2AA")
    assert names_an_address("SW1A2AA high street")
    assert not names_an_address("SW1A 2AA 12")
    assert not names_an_address("Smith")


_SHAPED = st.from_regex(
    r"[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}|[A-Z]{2} ?[0-9]{2} ?[0-9]{2} ?[0-9]{2} ?[a-d]"
    r"|[A-Za-z]{1,2}[0-9][0-9A-Z]? ?[0-9][a-zA-Z]{2}|gir 0aa",
    fullmatch=True,
)


@given(st.lists(st.builds("{}{}{}".format, st.text(max_size=3), _SHAPED, st.text(max_size=3))))
def test_what_holds_an_identifier_is_suspected(texts: list[str]) -> None:
    if any(identifiers_in(text, (NHS, NINO, POSTCODE)) for text in texts):
        assert suspects(texts)


def test_references_as_sources_write_them_are_not_suspected() -> None:
    assert not suspects(["TS-2024-000123", "4711/8", "visit 12", "a1b2", ""])
