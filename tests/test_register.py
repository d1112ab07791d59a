"""The register of personal data: no table, and no column that may hold somebody, is missing from it."""

import pytest
from sqlalchemy import JSON, Column, Enum, LargeBinary, String

from app.privacy.register.holdings import Treatment
from app.privacy.register.service import HOLDINGS
from app.tables import metadata

TABLES = {table.name: table for table in metadata.sorted_tables}
# As columns are called that say who somebody is, whatever their type.
_LIKE_A_PERSON = ("person", "external_id", "user_name", "display_name", "email", "subject", "lead")
# Ids and subjects that are a thing's and no person's.
_OF_THINGS = {("directory_group", "external_id"), ("directory_group", "display_name")}
_OF_THINGS |= {("webhook_delivery", "subject"), ("event", "subject")}
_OF_THINGS |= {("sampling_plan", "person_days_per_week"), ("time_use_person", "number")}


def _may_hold_a_text(column: Column[object]) -> bool:
    kind = getattr(column.type, "impl", column.type)
    return isinstance(kind, String | JSON | LargeBinary) and not isinstance(column.type, Enum)


def test_every_table_is_in_the_register_once_and_no_other() -> None:
    assert set(HOLDINGS) == set(TABLES)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_column_that_may_hold_somebody_is_accounted_for(name: str) -> None:
    """A new column of text, or one that is called like a person's, must be put into the register."""
    table, holding = TABLES[name], HOLDINGS[name]
    link = (holding.link.column,) if holding.link else ()
    personal = {*link, *holding.personal, *holding.empties, *holding.renames, *holding.prose}
    known = personal | {*holding.plain, *holding.hidden}
    assert known <= set(table.c.keys())
    assert not personal & set(holding.plain)
    texts = {column.name for column in table.c if _may_hold_a_text(column)}
    assert texts <= known, f"not in the register: {sorted(texts - known)}"
    called = {c.name for c in table.c if any(part in c.name for part in _LIKE_A_PERSON)}
    of_things = {column for of, column in _OF_THINGS if of == name}
    assert called - of_things <= personal, f"called like a person's: {sorted(called - personal)}"


@pytest.mark.parametrize("name", sorted(n for n, each in HOLDINGS.items() if each.holds_people))
def test_what_is_personal_does_not_outlive_an_erasure(name: str) -> None:
    """Rows that stay lose every text that is the person's own, or somebody else's about them."""
    holding = HOLDINGS[name]
    assert holding.erased is not None
    if name == "person" or holding.erased in (Treatment.DELETED, Treatment.KEPT):
        return
    gone = {*holding.empties, *holding.renames}
    stays = {*holding.personal, *holding.by_others} - gone
    # Codes of themes say nothing of who chose them; a pilot's own texts are searched for names.
    assert stays <= {"themes"} or name == "pilot"
