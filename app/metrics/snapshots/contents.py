"""What a snapshot holds, as it is stored: figures as their pages answer them, and what they mean. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import msgspec

from app.access.permissions import Scope
from app.access.principals import Principal
from app.core.periods import iso_week_of
from app.metrics.adoption.schemas import adoption_out
from app.metrics.feedback.schemas import feedback_out
from app.metrics.inputs.digests import InputKind, Moved
from app.metrics.registry import Metric
from app.metrics.schemas import MetricOut
from app.metrics.scorecard.criteria import CriterionResult
from app.metrics.scorecard.schemas import scorecard_out
from app.metrics.scorecard.service import Scorecard
from app.metrics.time_use.schemas import time_use_out
from app.metrics.utilisation.schemas import utilisation_out

_SEATS: Final = (Scope.LICENCES_READ, Scope.PEOPLE_READ)
# Who may see the rows of people may count them; the rest are of nobody.
_ROWS_OF_PEOPLE: Final = {
    InputKind.MEMBERS: (Scope.PEOPLE_READ,),
    InputKind.PEOPLE: (Scope.PEOPLE_READ,),
    InputKind.ABSENCES: (Scope.PEOPLE_READ,),
    InputKind.TIME_SAMPLES: (Scope.TIME_READ,),
    InputKind.FEEDBACK: (Scope.FEEDBACK_READ,),
    InputKind.ACTIVITY: _SEATS,
    InputKind.NEWEST_ACTIVITY: _SEATS,
    InputKind.SEATS: _SEATS,
    InputKind.WAITING: _SEATS,
    InputKind.KEPT_SEATS: _SEATS,
}
# These are shown to the pilot's lead, and to nobody else.
_OF_THE_LEAD: Final = frozenset({InputKind.TIME_SAMPLES, InputKind.FEEDBACK})


def criteria_met(figures: Mapping[str, Any], minimum: int) -> list[str]:
    """The metrics of a snapshot's success criteria where every one of them is met; otherwise none.

    Nor is anything said of figures about fewer people than this: whether they reach a target tells of them.
    """
    criteria = figures["scorecard"]["criteria"]
    if any(each["result"] != CriterionResult.MET for each in criteria):
        return []
    counted = [each["figure"]["people"] for each in criteria]
    if any(people is not None and people < minimum for people in counted):
        return []
    return [each["metric"] for each in criteria]


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not as it was: figures with the version of their definition before and now, and rows."""

    definitions: list[tuple[str, int | None, int | None]]
    inputs: list[Moved]


def figures_of(card: Scorecard) -> dict[str, Any]:
    """Every figure whole, as the pages of the figures show it; of seats without the days."""
    pilot_id, seats = card.pilot.id, card.licences
    return {
        "scorecard": scorecard_out(card).model_dump(mode="json"),
        "adoption": adoption_out(pilot_id, card.adoption).model_dump(mode="json"),
        "licence_utilisation": msgspec.json.decode(utilisation_out(seats)) if seats else None,
        "time_use": msgspec.json.decode(time_use_out(pilot_id, card.time_use)),
        "feedback": feedback_out(pilot_id, card.feedback).model_dump(mode="json"),
    }


def definitions_of(metrics: Iterable[Metric]) -> list[dict[str, Any]]:
    """Definitions as `GET /metrics` shows them: a snapshot must say what it means when they have changed."""
    return [MetricOut.model_validate(metric).model_dump(mode="json") for metric in metrics]


def changes_of(changes: Changes) -> dict[str, Any]:
    """What is not as it was in the snapshot before."""
    found: dict[str, Any] = msgspec.to_builtins(
        {
            "definitions": [
                {"slug": slug, "before": before, "now": now}
                for slug, before, now in changes.definitions
            ],
            "inputs": [asdict(moved) for moved in changes.inputs],
        }
    )
    return found


def changes_shown(changes: dict[str, Any], principal: Principal) -> dict[str, Any]:
    """The same for a reader: how many rows of people moved on a day is what those people did on it.

    Whoever may not see the rows is told of which kind they are, and of which week.
    """
    shown: list[dict[str, Any]] = []
    for moved in changes["inputs"]:
        if _may_count(principal, InputKind(moved["kind"])):
            each = {**moved, "suppressed": False}
        else:
            day = moved["day"]
            monday = iso_week_of(date.fromisoformat(day)).starts_on.isoformat() if day else None
            nothing = dict.fromkeys(("added", "changed", "removed"))
            each = {**moved, **nothing, "day": monday, "suppressed": True}
        if each not in shown[-1:]:
            shown.append(each)
    return {**changes, "inputs": shown}


def _may_count(principal: Principal, kind: InputKind) -> bool:
    if kind in _OF_THE_LEAD and not principal.only_own_pilots:
        return False
    return principal.may(*_ROWS_OF_PEOPLE.get(kind, ()))
