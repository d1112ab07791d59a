"""A draft of a transparency record: what was entered, and where nothing was, what the register knows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from app.assurance.governance.register.headings import (
    PLACES,
    STANDARD,
    STANDARD_VERSION,
    Heading,
)
from app.assurance.governance.register.models import ItemKind, ItemStatus, RegisterItem
from app.assurance.governance.register.schemas import (
    EntryOut,
    SectionOut,
    TransparencyRecordOut,
)
from app.core import sentences
from app.organisations.models import Organisation
from app.pilots.models import Pilot

_ENTERED: Final = "entered"
# Of the supplier's content, what stands under which heading.
_OF_SUPPLIER: Final = {
    Heading.THIRD_PARTY: "supplier",
    Heading.COMPANIES_HOUSE_NUMBER: "companies_house_number",
    Heading.THIRD_PARTY_ROLE: "role",
    Heading.PROCUREMENT: "procurement",
    Heading.THIRD_PARTY_DATA_ACCESS: "data_access",
    Heading.OPERATIONAL_DATA_ACCESS: "data_location",
}

Said = Mapping[Heading, tuple[str, str]]


def record_of(
    pilot: Pilot, organisation: Organisation, items: Sequence[RegisterItem]
) -> TransparencyRecordOut:
    """The record of a pilot as it can be drafted, every heading in the standard's order."""
    of_kind = {item.kind: item for item in items}
    record = of_kind.get(ItemKind.TRANSPARENCY_RECORD)
    entered = {Heading(h): (t, _ENTERED) for h, t in _content(record, "entries", {}).items()}
    said: Said = {
        **_of_pilot(pilot, organisation),
        **_of_register(of_kind),
        **_of_assessments(items),
        **entered,
    }
    sections = [
        SectionOut(
            title=title,
            entries=[
                EntryOut(
                    number=place.number,
                    heading=place.heading,
                    title=place.title,
                    text=said[place.heading][0] if place.heading in said else None,
                    source=said[place.heading][1] if place.heading in said else None,
                )
                for place in places
            ],
        )
        for title, places in groupby(PLACES, key=lambda place: place.section)
    ]
    return TransparencyRecordOut(
        standard=STANDARD,
        standard_version=STANDARD_VERSION,
        pilot_id=pilot.id,
        is_draft=record is None or record.status is not ItemStatus.APPROVED,
        is_simulated=organisation.is_simulated,
        missing=len(PLACES) - len(said),
        sections=sections,
    )


def _of_pilot(pilot: Pilot, organisation: Organisation) -> Said:
    found = {
        Heading.TITLE: pilot.tool or pilot.name,
        Heading.ORGANISATION_NAME: organisation.name,
        Heading.NAME: pilot.tool or pilot.name,
        Heading.DESCRIPTION: pilot.purpose,
        Heading.ORGANISATION: organisation.name,
    }
    return {heading: (text, "pilot") for heading, text in found.items() if text}


def _of_register(of_kind: Mapping[ItemKind, RegisterItem]) -> Said:
    supplier = of_kind.get(ItemKind.SUPPLIER_ASSURANCE)
    found: dict[Heading, tuple[str, str]] = {}
    if supplier is not None:
        found[Heading.THIRD_PARTY_INVOLVEMENT] = ("Yes", ItemKind.SUPPLIER_ASSURANCE)
    for heading, name in _OF_SUPPLIER.items():
        text = _content(supplier, name, None)
        if text:
            found[heading] = (text, ItemKind.SUPPLIER_ASSURANCE)
    checked = of_kind.get(ItemKind.HUMAN_IN_THE_LOOP)
    if checked is not None:
        text = f"{checked.content['rule']}\nChecked by: {checked.content['checked_by']}"
        found[Heading.HUMAN_REVIEW] = (text, ItemKind.HUMAN_IN_THE_LOOP)
    basis = of_kind.get(ItemKind.LAWFUL_BASIS)
    if basis is not None:
        data = "\n".join(basis.content["data_categories"])
        found[Heading.DATA_SOURCES] = (data, ItemKind.LAWFUL_BASIS)
        special = basis.content["special_category_condition"]
        if special:
            found[Heading.OPERATIONAL_SENSITIVE_ATTRIBUTES] = (special, ItemKind.LAWFUL_BASIS)
    return found


def _of_assessments(items: Iterable[RegisterItem]) -> Said:
    found: dict[Heading, tuple[str, str]] = {}
    assessed = [
        f"{item.title}: approved on {sentences.day(item.approved_on)}"
        if item.approved_on
        else f"{item.title}: {item.status}"
        for item in items
        if item.kind in (ItemKind.DPIA, ItemKind.EQUALITY_IMPACT)
    ]
    if assessed:
        found[Heading.IMPACT_ASSESSMENT] = ("\n".join(assessed), "assessments")
    risks = [
        f"{item.content['description']}\nMitigation: {item.content['mitigation'] or 'none recorded'}"
        for item in items
        if item.kind is ItemKind.RISK
    ]
    if risks:
        found[Heading.RISKS_AND_MITIGATIONS] = ("\n\n".join(risks), ItemKind.RISK)
    return found


def _content(item: RegisterItem | None, name: str, otherwise: Any) -> Any:
    return item.content.get(name, otherwise) if item is not None else otherwise
