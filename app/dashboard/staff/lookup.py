"""Whom the lines of a pasted list mean, as the API finds them."""

from typing import Final

from app.core.errors import Invalid
from app.core.pagination import PageQuery
from app.dashboard.staff.lines import LONGEST, MOST, Line, lines_of, meant, once_each
from app.dashboard.views import View
from app.people.routes import list_people

FIELD: Final = "people"
_ALL: Final = PageQuery(limit=200)


async def lines_in(view: View, pasted: str) -> list[Line]:
    """Whom each line of the field `people` means.

    Raises:
        Invalid: there is no line, there are too many, or one is too long.
    """
    texts = lines_of(pasted)
    if not texts:
        raise Invalid.field("/people", "missing_field", "Paste names or numbers, one a line.")
    if len(texts) > MOST:
        detail = f"At most {MOST} lines at once; these are {len(texts)}."
        raise Invalid.field("/people", "too_many_rows", detail)
    if any(len(text) > LONGEST for text in texts):
        detail = f"A line has at most {LONGEST} characters: one name or number a line."
        raise Invalid.field("/people", "line_too_long", detail)
    return once_each([await _meant(view, text) for text in texts])


async def _meant(view: View, text: str) -> Line:
    found = await view.answer(list_people, page=_ALL, external_id=text)
    if not found["items"]:
        found = await view.answer(list_people, page=_ALL, name=text)
    return meant(text, found["items"])


async def person_in(view: View, text: str | None, field: str) -> str:
    """The id of whom a name or staff number in a field means.

    Raises:
        Invalid: the field is blank, too long, or means nobody alone.
    """
    if text is None:
        raise Invalid.field(f"/{field}", "missing_field", "Give a staff number or a name.")
    if len(text) > LONGEST:
        detail = f"A name or number has at most {LONGEST} characters."
        raise Invalid.field(f"/{field}", "line_too_long", detail)
    line = await _meant(view, " ".join(text.split()))
    if line.person is None:
        raise Invalid.field(f"/{field}", "unknown_person", line.why)
    return str(line.person["person_id"])
