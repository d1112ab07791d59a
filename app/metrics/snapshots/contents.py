"""What a snapshot holds, as it is stored: figures as their pages answer them, and what they mean. Pure."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import msgspec

from app.metrics.adoption.schemas import adoption_out
from app.metrics.feedback.schemas import feedback_out
from app.metrics.inputs.digests import Moved
from app.metrics.registry import Metric
from app.metrics.schemas import MetricOut
from app.metrics.scorecard.schemas import scorecard_out
from app.metrics.scorecard.service import Scorecard
from app.metrics.time_use.schemas import time_use_out
from app.metrics.utilisation.schemas import utilisation_out


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
