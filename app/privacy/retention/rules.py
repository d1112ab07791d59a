"""What is due of each table: which rows, the oldest of them first. Statements are the repository's."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, exists, select

from app.core.models import metadata
from app.pilots.models import PilotStatus
from app.privacy.erasure.service import PREFIX
from app.privacy.retention.periods import Kept

Due = Callable[[Table, date], ColumnElement[bool]]
OVER: Final = (PilotStatus.COMPLETED, PilotStatus.DECIDED, PilotStatus.CANCELLED)


@dataclass(frozen=True, slots=True)
class Rule:
    """What of a table goes.

    Args:
        kept: the period that it goes by.
        name: of the table.
        oldest: the column that says which rows are the oldest.
        due: which rows, by the day before which they must have ended.
    """

    kept: Kept
    name: str
    oldest: str
    due: Due

    @property
    def table(self) -> Table:
        return metadata.tables[self.name]


def _same_organisation(one: Any, other: Any) -> ColumnElement[bool]:
    same: ColumnElement[bool] = one.c.organisation_id == other.c.organisation_id
    return same


def _of_pilots_over(table: Table, cut: date) -> ColumnElement[bool]:
    pilot = metadata.tables["pilot"]
    over = (pilot.c.ends_on < cut, pilot.c.status.in_(OVER), _same_organisation(pilot, table))
    return exists(select(1).where(*over, pilot.c.id == table.c.pilot_id))


def _before(column: str) -> Due:
    def due(table: Table, cut: date) -> ColumnElement[bool]:
        return table.c[column] < cut

    return due


def _at_before(column: str) -> Due:
    def due(table: Table, cut: date) -> ColumnElement[bool]:
        return table.c[column] < datetime.combine(cut, time(), UTC)

    return due


def _whole_years(table: Table, cut: date) -> ColumnElement[bool]:
    if "year" in table.c:
        return table.c.year < cut.year
    return table.c.period_starts_on < date(cut.year, 1, 1)


def _without_members(table: Table, cut: date) -> ColumnElement[bool]:
    member = metadata.tables["directory_membership"]
    same = (_same_organisation(member, table), member.c.person_id == table.c.person_id)
    return and_(_at_before("deleted_at")(table, cut), ~exists(select(1).where(*same)))


def _without_absence(table: Table, cut: date) -> ColumnElement[bool]:
    """What another system called an absence that is gone."""
    absence, person = metadata.tables["absence"], metadata.tables["person"]
    same = (
        _same_organisation(absence, table),
        _same_organisation(person, table),
        person.c.id == absence.c.person_id,
        person.c.external_id == table.c.person_external_id,
        absence.c.starts_on == table.c.starts_on,
    )
    return and_(table.c.starts_on < cut, ~exists(select(1).where(*same)))


def _of_ended_absence(table: Table, cut: date) -> ColumnElement[bool]:
    """What an absence had been goes with it."""
    absence = metadata.tables["absence"]
    same = (
        _same_organisation(absence, table),
        absence.c.person_id == table.c.person_id,
        absence.c.starts_on == table.c.starts_on,
    )
    return exists(select(1).where(*same, absence.c.ends_on < cut))


def _left(table: Table, cut: date) -> ColumnElement[bool]:
    return and_(table.c.left_on < cut, ~table.c.external_id.startswith(PREFIX))


# Of one kind in the order in which they must go: what points at others before those.
RULES: Final = (
    Rule(Kept.TIME_SAMPLES, "time_prompt", "prompt_at", _of_pilots_over),
    Rule(Kept.TIME_SAMPLES, "time_sample_version", "replaced_at", _of_pilots_over),
    Rule(Kept.TIME_SAMPLES, "time_sample", "started_at", _of_pilots_over),
    Rule(Kept.FEEDBACK, "feedback_comment_place", "number", _of_pilots_over),
    Rule(Kept.FEEDBACK, "feedback_version", "week_starts_on", _of_pilots_over),
    Rule(Kept.FEEDBACK, "feedback_response", "week_starts_on", _of_pilots_over),
    Rule(Kept.LICENCE_ACTIVITY, "licence_activity_version", "period_starts_on", _whole_years),
    Rule(Kept.LICENCE_ACTIVITY, "licence_activity", "period_starts_on", _whole_years),
    Rule(Kept.LICENCE_ACTIVITY, "licence_activity_year", "year", _whole_years),
    Rule(Kept.WAITING_LISTS, "waiting_entry", "ended_on", _before("ended_on")),
    Rule(Kept.ABSENCES, "absence_version", "replaced_at", _of_ended_absence),
    Rule(Kept.ABSENCES, "absence", "ends_on", _before("ends_on")),
    Rule(Kept.ABSENCES, "connection_record", "starts_on", _without_absence),
    Rule(Kept.DIRECTORY, "directory_membership", "removed_at", _at_before("removed_at")),
    Rule(Kept.DIRECTORY, "directory_user", "deleted_at", _without_members),
    Rule(Kept.CONNECTION_RUNS, "connection_run", "finished_at", _at_before("finished_at")),
    Rule(Kept.PEOPLE, "person", "left_on", _left),
)
# Figures of pilots that are under way go by these: what lies in their windows stays.
OF_PILOTS_UNDER_WAY: Final = frozenset({Kept.LICENCE_ACTIVITY, Kept.ABSENCES, Kept.WAITING_LISTS})
