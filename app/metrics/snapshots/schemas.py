"""What is sent and received about snapshots."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, Field

from app.access.principals import Principal
from app.core.fields import CalendarDate, Input
from app.metrics.inputs.digests import InputKind
from app.metrics.schemas import MetricOut, WindowOut
from app.metrics.snapshots.contents import changes_shown
from app.metrics.snapshots.models import Snapshot, SnapshotReason


class SnapshotIn(Input):
    """Of which day the figures are to be published."""

    as_of: CalendarDate | None = Field(
        default=None,
        description="The last day that is taken into account; by default yesterday, at most the window's last.",
    )


class SnapshotHead(BaseModel):
    """A snapshot without what it holds."""

    snapshot_id: UUID
    pilot_id: UUID
    reason: SnapshotReason
    window: WindowOut
    as_of: date
    made_at: datetime
    fingerprint: str = Field(
        description="SHA-256 of what the figures were made from; the same data have the same, on any database."
    )
    follows: UUID | None = Field(
        description="The snapshot before: of the same `as_of`, else of an earlier one. Null: the first."
    )


class DefinitionChange(BaseModel):
    """A figure whose definition has another version than in the snapshot before; null: it had, has none."""

    slug: str
    before: int | None
    now: int | None


class InputChange(BaseModel):
    """How many rows of a kind and day moved the figures since the snapshot before.

    Rows of people are counted for those who may see them; others are told of the week.
    """

    kind: InputKind
    day: date | None = Field(
        description="The day that the rows speak of, or the Monday of its week where they are not counted; "
        "null: no single one."
    )
    added: int | None
    changed: int | None
    removed: int | None
    suppressed: bool


class SnapshotChanges(BaseModel):
    """What is not as it was in the snapshot before; empty in the first."""

    definitions: list[DefinitionChange]
    inputs: list[InputChange]


class SnapshotFigures(BaseModel):
    """What each page of figures answered on that day to anybody who may see no names, whole."""

    scorecard: dict[str, Any] = Field(description="As `GET /pilots/{pilot_id}/scorecard`.")
    adoption: dict[str, Any] = Field(description="As `…/metrics/adoption`.")
    licence_utilisation: dict[str, Any] | None = Field(
        description="As `…/metrics/licence-utilisation`, without the days; null: no licence pool."
    )
    time_use: dict[str, Any] = Field(description="As `…/metrics/time-use`.")
    feedback: dict[str, Any] = Field(description="As `…/metrics/feedback`.")


class SnapshotOut(SnapshotHead):
    """Published figures, what they mean, and what moved them."""

    definitions: list[MetricOut] = Field(
        description="The definition of each figure, with its version, as it was then."
    )
    changes: SnapshotChanges
    figures: SnapshotFigures


def head_out(snapshot: Snapshot) -> SnapshotHead:
    """A snapshot as it is listed."""
    return SnapshotHead.model_validate(_head(snapshot))


def snapshot_out(snapshot: Snapshot, principal: Principal) -> SnapshotOut:
    """A snapshot as it is sent to somebody."""
    return SnapshotOut.model_validate(
        {
            **_head(snapshot),
            "definitions": snapshot.definitions,
            "changes": changes_shown(snapshot.changes, principal),
            "figures": snapshot.figures,
        }
    )


def _head(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "snapshot_id": snapshot.id,
        "pilot_id": snapshot.pilot_id,
        "reason": snapshot.reason,
        "window": {"starts_on": snapshot.starts_on, "ends_on": snapshot.ends_on},
        "as_of": snapshot.as_of,
        "made_at": snapshot.made_at,
        "fingerprint": snapshot.fingerprint,
        "follows": snapshot.follows_id,
    }
