"""Which events of the audit log are readings of named people's data, and of whose. Pure."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Read:
    """A kind of reading.

    Args:
        action: as the audit log calls it.
        route: that answered it.
        what: was read.
    """

    action: str
    route: str
    what: str


OF_PERSON: Final = (
    Read(
        "subject_access.read",
        "GET /people/{person_id}/subject-access",
        "Everything that is held of the person",
    ),
    Read(
        "erasure.previewed",
        "GET /people/{person_id}/erasure",
        "How many rows of each table are the person's",
    ),
    Read("accesses.read", "GET /people/{person_id}/accesses", "Who has read the person's data"),
)
OF_PILOT: Final = (
    Read("time_samples.read", "GET /pilots/{pilot_id}/time-samples", "What people were doing"),
    Read("time_prompts.read", "GET /pilots/{pilot_id}/time-prompts", "When people were asked"),
    Read(
        "time_coverage.read",
        "GET /pilots/{pilot_id}/time-coverage/people",
        "On which days people sent samples",
    ),
    Read(
        "time_quality.read",
        "GET /pilots/{pilot_id}/time-quality/days",
        "Which days of people's samples look wrong",
    ),
    Read("feedback.read", "GET /pilots/{pilot_id}/feedback", "Who answered what, without texts"),
)
OF_POOL: Final = (
    Read(
        "reclaim_candidates.read",
        "GET /licence-pools/{pool_id}/reclaim-candidates",
        "Whose seats are not used",
    ),
)
READS: Final = {read.action: read for read in (*OF_PERSON, *OF_PILOT, *OF_POOL)}
