"""What is asked about each kind of item of a register, and how a form says it. Pure."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from app.assurance.governance.register.contents import ImpactOutcome, LawfulGround, Level
from app.assurance.governance.register.headings import PLACES
from app.assurance.governance.register.models import ItemKind
from app.dashboard import given


class Shape(StrEnum):
    """How something is said."""

    LINE = "line"
    TEXT = "text"
    LINES = "lines"
    NUMBER = "number"
    DAY = "day"
    CHOICE = "choice"
    YES_OR_NO = "yes_or_no"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: `name` is that of the API, `codes` are what there is to choose from."""

    name: str
    label: str
    shape: Shape
    hint: str = ""
    codes: tuple[str, ...] = ()

    @property
    def field(self) -> str:
        """Its name in a form."""
        return f"content-{self.name}"


_PUT_DOWN_AT: Final = Asked("document_ref", "Where it can be read", Shape.LINE)
_ONE_A_LINE: Final = "One a line."
_ONE_TO_FIVE: Final = "From 1 to 5."

ASKED: Final[Mapping[ItemKind, tuple[Asked, ...]]] = {
    ItemKind.LAWFUL_BASIS: (
        Asked(
            "basis", "Lawful basis", Shape.CHOICE, "Article 6(1) of the UK GDPR.", (*LawfulGround,)
        ),
        Asked(
            "special_category_condition",
            "Condition for special category data",
            Shape.LINE,
            "Article 9(2), where such data are used.",
        ),
        Asked("data_categories", "Which data", Shape.LINES, _ONE_A_LINE),
        Asked("data_subjects", "About whom", Shape.LINES, f"Groups, no names. {_ONE_A_LINE}"),
    ),
    ItemKind.DPIA: (
        Asked("residual_risk", "Risk that is left", Shape.CHOICE, codes=(*Level,)),
        Asked("ico_consulted", "Was the ICO consulted?", Shape.YES_OR_NO),
        Asked("summary", "Summary", Shape.TEXT),
        _PUT_DOWN_AT,
    ),
    ItemKind.EQUALITY_IMPACT: (
        Asked("outcome", "Outcome", Shape.CHOICE, codes=(*ImpactOutcome,)),
        Asked("groups", "Groups that it may touch", Shape.LINES, _ONE_A_LINE),
        Asked("mitigations", "What is done about it", Shape.TEXT),
        _PUT_DOWN_AT,
    ),
    ItemKind.TRANSPARENCY_RECORD: tuple(
        Asked(f"entries-{each.heading}", f"{each.number} {each.title}", Shape.TEXT)
        for each in PLACES
    ),
    ItemKind.SUPPLIER_ASSURANCE: (
        Asked("supplier", "Supplier", Shape.LINE),
        Asked("companies_house_number", "Companies House number", Shape.LINE, "Eight characters."),
        Asked("role", "What they do", Shape.TEXT),
        Asked("procurement", "How it was bought", Shape.LINE),
        Asked("data_access", "What data they may see, on what terms", Shape.TEXT),
        Asked("data_location", "Where the data are", Shape.LINE),
        Asked("certifications", "Certifications", Shape.LINES, _ONE_A_LINE),
        _PUT_DOWN_AT,
    ),
    ItemKind.HUMAN_IN_THE_LOOP: (
        Asked("rule", "Rule", Shape.TEXT, "What somebody must check before it counts."),
        Asked("checked_by", "Checked by", Shape.LINE, "The post; no name of a person."),
    ),
    ItemKind.EXIT_PLAN: (
        Asked("plan", "How the tool is left", Shape.TEXT),
        Asked("data_return", "What becomes of the data", Shape.TEXT),
        Asked("notice_days", "Days of notice", Shape.NUMBER),
    ),
    ItemKind.CONSULTATION: (
        Asked(
            "consulted",
            "Who was consulted",
            Shape.LINES,
            f"Staff, a union, people who use services; no names. {_ONE_A_LINE}",
        ),
        Asked("held_on", "Held on", Shape.DAY),
        Asked("outcome", "Outcome", Shape.TEXT),
    ),
    ItemKind.RISK: (
        Asked("description", "What could go wrong", Shape.TEXT),
        Asked("likelihood", "Likelihood", Shape.NUMBER, _ONE_TO_FIVE),
        Asked("impact", "Impact", Shape.NUMBER, _ONE_TO_FIVE),
        Asked("mitigation", "What is done about it", Shape.TEXT),
    ),
    ItemKind.INCIDENT: (
        Asked("description", "What went wrong", Shape.TEXT, "Name nobody who receives care."),
        Asked("occurred_on", "Happened on", Shape.DAY),
        Asked("severity", "How bad", Shape.CHOICE, codes=(*Level,)),
        Asked("is_breach", "Is it a breach of personal data?", Shape.YES_OR_NO),
        Asked("reported_to", "Reported to", Shape.LINES, f"Bodies and posts. {_ONE_A_LINE}"),
        Asked("action", "What was done", Shape.TEXT),
    ),
}

_ENTRIES: Final = "entries"
# How a form is read; what is not among them is a text.
_READERS: Final[Mapping[Shape, Callable[[given.Sent, Iterable[str]], Mapping[str, Any]]]] = {
    Shape.LINES: given.lines,
    Shape.NUMBER: given.whole_numbers,
    Shape.YES_OR_NO: given.yes_or_no,
}


def content_in(form: given.Sent, kind: ItemKind) -> dict[str, Any]:
    """What a form says of an item of this kind, as the API takes it; what is left blank is left out."""
    said: dict[str, Any] = {"kind": kind}
    for asked in ASKED[kind]:
        read = _READERS.get(asked.shape, given.texts)
        for value in read(form, [asked.field]).values():
            of, _, heading = asked.name.partition("-")
            if heading:
                said.setdefault(of, {})[heading] = value
            else:
                said[of] = value
    return said


def value_of(content: Mapping[str, Any], asked: Asked) -> Any:
    """What the content of an item says to a question; None where it says nothing."""
    of, _, heading = asked.name.partition("-")
    return content.get(of, {}).get(heading) if heading else content.get(of)


def as_typed(value: Any) -> str:
    """A value as it stands in a field."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "\n".join(value) if isinstance(value, list) else str(value)


_OF_KIND: Final = re.compile(rf"^/content/(?:{'|'.join(ItemKind)})/")
_ITEM: Final = re.compile(r"^(/content/\w+)/\d+$", re.ASCII)


def field_of(pointer: str) -> str:
    """The pointer that leads to a field, of one into the content: neither kinds nor places in lists are fields."""
    return _ITEM.sub(r"\1", _OF_KIND.sub("/content/", pointer))
