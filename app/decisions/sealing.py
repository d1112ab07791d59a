"""The seal of a decision: a digest of what it says, in the one way of writing it. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Any

from app.core.canonical import canonical
from app.decisions.models import PilotDecision


def seal_of(content: Mapping[str, Any]) -> str:
    """SHA-256 over canonical JSON: names sorted, no blanks, UTF-8; in hexadecimal digits."""
    return hashlib.sha256(canonical(content)).hexdigest()


def holds(decision: PilotDecision) -> bool:
    """Whether a decision says what was sealed, and is kept as what it says."""
    content, supersedes = decision.content, decision.supersedes_id
    stands_as = {
        "organisation_id": str(decision.organisation_id),
        "decision_id": str(decision.id),
        "pilot_id": str(decision.pilot_id),
        "number": decision.number,
        "outcome": decision.outcome,
        "supersedes": str(supersedes) if supersedes is not None else None,
    }
    said = {name: content.get(name) for name in stands_as}
    return said == stands_as and seal_of(content) == decision.seal
