"""What a source's code means under a taxonomy. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.time_use.taxonomies.schemas import Category, Mapping

EVERY_SOURCE = "*"


@dataclass(frozen=True, slots=True)
class _Pattern:
    source: str
    parts: list[str]
    category: str

    @property
    def rank(self) -> tuple[bool, bool, int]:
        return (self.source == EVERY_SOURCE, len(self.parts) > 1, -sum(map(len, self.parts)))

    def fits(self, source: str, code: str) -> bool:
        if self.source not in (EVERY_SOURCE, source):
            return False
        first, *between = self.parts
        if not between:
            return code == first
        last = between.pop()
        if not code.startswith(first) or not code.endswith(last):
            return False
        # Each part at its earliest place leaves the most for the rest: no other way need be tried.
        place = len(first)
        for part in between:
            found = code.find(part, place)
            if found < 0:
                return False
            place = found + len(part)
        return place <= len(code) - len(last)


class Codebook:
    """Looks codes up: a code of a category means itself, unless a mapping of its source says otherwise.

    Of several mappings that fit, one of the source itself goes before one of every source, one without
    `*` before one with it, and then the one that says more of the code.
    """

    def __init__(self, categories: Sequence[Category], mappings: Sequence[Mapping]) -> None:
        self._categories = {category.code: category for category in categories}
        self._patterns = sorted((_pattern(m) for m in mappings), key=lambda p: p.rank)
        self._found: dict[tuple[str, str], Category | None] = {}

    def category_of(self, source: str, code: str) -> Category | None:
        """The category that a source's code means; None where it means none."""
        key = (source.casefold(), code.casefold())
        if key not in self._found:
            self._found[key] = self._look_up(*key)
        return self._found[key]

    def _look_up(self, source: str, code: str) -> Category | None:
        for pattern in self._patterns:
            if pattern.fits(source, code):
                return self._categories[pattern.category]
        return self._categories.get(code)


def _pattern(mapping: Mapping) -> _Pattern:
    return _Pattern(
        mapping.source.casefold(), mapping.pattern.casefold().split("*"), mapping.category
    )
