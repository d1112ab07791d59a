"""What is sent and received about decisions."""

from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel, Field

from app.core.fields import CalendarDate, Input, Label, Prose
from app.decisions.models import DecisionOutcome, PilotDecision
from app.decisions.sealing import holds
from app.licences.pools.schemas import Seats
from app.metrics.schemas import WindowOut
from app.metrics.scorecard.schemas import CriterionOut


class PilotDecisionIn(Input):
    """A decision about a pilot whose window has ended."""

    pilot_id: UUID
    outcome: DecisionOutcome
    reasons: Prose = Field(
        description="Name nobody: a decision is sealed, and keeps names even after an erasure."
    )
    decided_by: Label = Field(description="The board or post that decided, as `Digital Board`.")
    decided_on: CalendarDate | None = Field(default=None, description="Today by default.")
    seats_to_keep: Seats | None = Field(
        default=None, description="Of the pilot's licences; demanded to reduce them."
    )
    supersedes: UUID | None = Field(
        default=None, description="The decision that this one takes the place of: the newest."
    )


class SeatsOut(BaseModel):
    """The seats of the pilot's pools over its window, and what their use says."""

    bought_at_first: int
    bought_at_last: int
    habitual: int | None = Field(
        description="People who used the tool in each of the last four ISO weeks; null: withheld."
    )
    advised: int | None = Field(description="So many, and a tenth more, to the nearest seat.")


class SeatsDecided(SeatsOut):
    """The same, and how many are kept."""

    to_keep: int | None


class BasisFigures(BaseModel):
    """What a decision goes by: the criteria as they stand at the window's end, for anybody to see."""

    window: WindowOut
    as_of: date
    criteria: list[CriterionOut]
    without_criteria: str | None = Field(
        description="Said where no criterion was set before the start; null otherwise."
    )
    seats: SeatsOut | None = Field(description="Null: the pilot has no licence pool.")
    fingerprint: str = Field(description="Of the data that the figures were made from.")
    definitions: dict[str, int] = Field(description="Version of each figure's definition.")
    snapshot_id: UUID | None = Field(description="Published figures made from the same data.")


class DecisionBasis(BasisFigures):
    """What would be decided by today, and what stands in the way."""

    pilot_id: UUID
    why_not_yet: str | None = Field(description="Null: it can be decided now.")
    supersedes: UUID | None = Field(description="The newest decision, which a new one must name.")


class PilotDecisionOut(BasisFigures):
    """A decision as it was made, with its seal."""

    decision_id: UUID
    organisation_id: UUID
    pilot_id: UUID
    number: int = Field(description="1 for the first of its pilot.")
    outcome: DecisionOutcome
    reasons: str
    decided_by: str
    decided_on: date
    seats: SeatsDecided | None
    supersedes: UUID | None
    made_at: datetime
    principal_kind: str
    principal_id: UUID
    seal: str = Field(
        description="SHA-256 of what it says, in canonical JSON; in the audit log too."
    )
    seal_holds: bool = Field(description="Whether it still says what was sealed.")
    superseded_by: UUID | None


def decision_out(decision: PilotDecision, superseded_by: UUID | None) -> PilotDecisionOut:
    """A decision as it is sent."""
    return PilotDecisionOut.model_validate(
        {
            **decision.content,
            "seal": decision.seal,
            "seal_holds": holds(decision),
            "superseded_by": superseded_by,
        }
    )
