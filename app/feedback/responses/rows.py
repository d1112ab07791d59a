"""Rows of weekly answers: what each says, and what keeps it from being taken."""

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from app.core import screening, sentences
from app.core.bulk.formats import Parsed
from app.core.bulk.results import RowError
from app.core.fields import BARE_CODE_PATTERN
from app.core.periods import iso_week_of
from app.core.rows import date_problem
from app.feedback.responses.models import SCORES, TEXTS, themes_in
from app.feedback.responses.schemas import FeedbackRow
from app.feedback.sessions.schemas import MAX_THEMES
from app.people import service as people

_ANSWERS = (*SCORES, "minutes_saved_per_day", "would_keep", *TEXTS)
_THEME = re.compile(BARE_CODE_PATTERN)


def answer_key(row: FeedbackRow, person_id: UUID | None) -> str:
    """What makes an answer one within its pilot: a digest of the person and the week, or of an anonymous
    answer's name in its source; else it is like no other.

    It does not show that name, and whoever has a list of the source's names can tell which are here.
    """
    if person_id is not None:
        parts = ["named", person_id.hex, row.week_starts_on.isoformat()]
    elif row.source is not None and row.source_ref is not None:
        parts = ["anonymous", row.source, row.source_ref]
    else:
        return uuid4().hex
    return hashlib.sha256("\x00".join(parts).encode()).hexdigest()[:32]


def is_anonymous(row: FeedbackRow) -> bool:
    """Whether an answer names nobody."""
    return row.person_id is None and row.person_external_id is None


def named_by_place(
    chunks: Iterable[list[Parsed[FeedbackRow]]], digest: str
) -> Iterator[list[Parsed[FeedbackRow]]]:
    """Rows of a file in which each anonymous answer without a name is called by its place.

    So the same file a second time changes nothing. One in which something was changed is another file.

    Args:
        chunks: the rows.
        digest: of the file.
    """
    for chunk in chunks:
        for parsed in chunk:
            row = parsed.row
            if row is not None and is_anonymous(row) and row.source is row.source_ref is None:
                row.source, row.source_ref = "file", f"{digest}-{parsed.index}"
        yield chunk


def answers_of(row: FeedbackRow) -> dict[str, Any]:
    """What is answered; a text of blanks is none."""
    given = {name: getattr(row, name) for name in _ANSWERS}
    blank = [name for name in TEXTS if given[name] is not None and not given[name].strip()]
    return given | dict.fromkeys(blank)


def themes_of(row: FeedbackRow) -> list[str]:
    """The themes of an answer, each once, as sent in a list or in one text."""
    given = row.themes or []
    return list(dict.fromkeys(themes_in(given) if isinstance(given, str) else given))


def problem_of(
    index: int, row: FeedbackRow, person_id: UUID | None, sessions: set[UUID], today: date
) -> RowError | None:
    """What keeps a row from being taken, if anything does.

    Args:
        index: its place in what was sent.
        row: what it says.
        person_id: whom it names; None for nobody, or somebody unknown.
        sessions: those of the pilot, as far as rows name them.
        today: the organisation's.
    """
    return (
        _problem_of_week(index, row, today)
        or _problem_of_answer(index, row, person_id)
        or _problem_of_session(index, row, sessions)
    )


def _problem_of_week(index: int, row: FeedbackRow, today: date) -> RowError | None:
    outside = date_problem(index, week_starts_on=row.week_starts_on)
    if outside is not None:
        return outside
    week = iso_week_of(row.week_starts_on)
    if week.starts_on != row.week_starts_on:
        detail = f"week_starts_on must be a Monday; the week of this day starts on {sentences.day(week.starts_on)}"
        return RowError(index, "not_a_monday", detail, "/week_starts_on")
    if week.starts_on > today:
        detail = "This week has not come yet. Were day and month swapped?"
        return RowError(index, "in_the_future", detail, "/week_starts_on")
    return None


def _problem_of_answer(index: int, row: FeedbackRow, person_id: UUID | None) -> RowError | None:
    if person_id is None and not is_anonymous(row):
        return people.nobody(index)
    detail, pointer = "", ""
    if (row.source is None) != (row.source_ref is None):
        detail = "source and source_ref are given together, or neither is"
        pointer = "/source" if row.source is None else "/source_ref"
    elif row.deleted and is_anonymous(row) and row.source_ref is None:
        detail = "say by source and source_ref which anonymous answer is taken back"
        pointer = "/source_ref"
    if detail:
        return RowError(index, "missing_field", detail, pointer)
    themes = themes_of(row)
    if not row.deleted and not themes and all(each is None for each in answers_of(row).values()):
        detail = "Nothing is answered: give one score, text or theme at least."
        return RowError(index, "empty_answer", detail)
    return _problem_of_text(index, row, themes)


def _problem_of_text(index: int, row: FeedbackRow, themes: list[str]) -> RowError | None:
    if len(themes) > MAX_THEMES or not all(map(_THEME.fullmatch, themes)):
        detail = (
            f"at most {MAX_THEMES} themes, each a code of at most 64 letters, digits and blanks"
        )
        return RowError(index, "out_of_range", detail, "/themes")
    texts = [(f"/{name}", getattr(row, name)) for name in TEXTS]
    return screening.row_error(index, [*texts, *(("/themes", each) for each in themes)])


def _problem_of_session(index: int, row: FeedbackRow, there: set[UUID]) -> RowError | None:
    if row.session_id is None or row.session_id in there:
        return None
    detail = "This pilot has no such feedback session. POST …/feedback-sessions first."
    return RowError(index, "unknown_session", detail, "/session_id")
