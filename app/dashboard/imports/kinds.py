"""What can be imported from a file, and the route of the API that takes it. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from app.assurance.governance.training.routes import record_training
from app.dashboard.rows import Settle
from app.feedback.responses.routes import record_many_answers
from app.feedback.responses.rows import named_by_place
from app.imports.models import ImportKind
from app.licences.activity.routes import upsert_licence_activity
from app.people.absences.routes import upsert_absences
from app.people.routes import upsert_people
from app.pilots.routes import upsert_pilot_members
from app.time_use.samples.routes import record_time_samples


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file.

    Args:
        name: in addresses and forms, as on the command line.
        title: for people.
        holds: what its batches hold.
        handler: of the bulk route.
        of_pilot: its rows belong to a pilot.
        mapped: it takes a mapping.
        timed: it takes a date order and a zone.
        settle: what names rows without a name of their own by the digest of their file.
    """

    name: str
    title: str
    holds: ImportKind
    handler: Callable[..., Any]
    of_pilot: bool = False
    mapped: bool = False
    timed: bool = False
    settle: Settle | None = None


KINDS: Final = (
    Kind("people", "Staff", ImportKind.PEOPLE, upsert_people, mapped=True),
    Kind(
        "members",
        "Members of a pilot",
        ImportKind.PILOT_MEMBERS,
        upsert_pilot_members,
        of_pilot=True,
    ),
    Kind(
        "training",
        "Training of a pilot's people",
        ImportKind.TRAINING,
        record_training,
        of_pilot=True,
    ),
    Kind("absences", "Absences", ImportKind.ABSENCES, upsert_absences),
    Kind(
        "licence-activity",
        "Use of licences",
        ImportKind.LICENCE_ACTIVITY,
        upsert_licence_activity,
    ),
    Kind(
        "time-samples",
        "Time samples of a pilot",
        ImportKind.TIME_SAMPLES,
        record_time_samples,
        of_pilot=True,
        mapped=True,
        timed=True,
    ),
    Kind(
        "feedback",
        "Feedback of a pilot",
        ImportKind.FEEDBACK,
        record_many_answers,
        of_pilot=True,
        settle=named_by_place,
    ),
)


def named(name: str, kinds: Iterable[Kind]) -> Kind | None:
    """The kind of that name; None where it is not among them."""
    return next((each for each in kinds if each.name == name), None)
