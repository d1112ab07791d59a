"""How sentences that people read say counts, in British English. Pure."""


def counted(count: float, one: str, many: str | None = None) -> str:
    """A count with its noun, and whatever follows it: 1 day, 1,200 days.

    Args:
        count: a whole number.
        one: what is said of one.
        many: of any other number; `one` with an s by default.
    """
    return f"{count:,.0f} {one if count == 1 else many or f'{one}s'}"
