"""The register of everything that holds people: every table of the service is in it once."""

from typing import Final

from app.privacy.register.holdings import Holding, Treatment
from app.privacy.register.nobody import NOBODY
from app.privacy.register.people import PEOPLE

HOLDINGS: Final[dict[str, Holding]] = {each.table: each for each in (*PEOPLE, *NOBODY)}


def of_people() -> list[Holding]:
    """The tables that hold people."""
    return list(PEOPLE)


def with_prose() -> list[Holding]:
    """The tables with texts in which somebody may be named."""
    return [each for each in HOLDINGS.values() if each.prose]


def changed() -> list[Holding]:
    """The tables in which an erasure changes anything."""
    return [each for each in of_people() if each.erased is not Treatment.KEPT]
