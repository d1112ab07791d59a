"""How sentences that people read say counts, days and amounts, in British English. Pure."""

from datetime import date
from decimal import Decimal
from typing import Final

_SIGNS: Final = {"GBP": "£", "EUR": "€", "USD": "$"}
_MINUS: Final = "\N{MINUS SIGN}"


def counted(count: float, one: str, many: str | None = None) -> str:
    """A count with its noun, and whatever follows it: 1 day, 1,200 days.

    Args:
        count: a whole number.
        one: what is said of one.
        many: of any other number; `one` with an s by default.
    """
    return f"{count:,.0f} {one if count == 1 else many or f'{one}s'}"


def day(at: date) -> str:
    """A day, as 6 January 2025."""
    return f"{at.day} {at:%B %Y}"


def sign(unit: str) -> str:
    """The sign of a currency; a code without one, and any other unit, as it is."""
    return _SIGNS.get(unit, unit)


def money(amount: Decimal, currency: str) -> str:
    """An amount of money, as £1,296.40; with the code of a currency that has no sign here."""
    minus, exact = _MINUS if amount < 0 else "", f"{abs(amount):,.2f}"
    known = _SIGNS.get(currency)
    return f"{minus}{known}{exact}" if known else f"{minus}{exact} {currency}"
