"""Every route that reads is attacked, or stands here with why it tells a reader under suppression nothing.

Under suppression is, of time and answers, everybody but the pilot's lead; of seats and their use, whoever may not
see who holds them. A new route fails until it is classed.
"""

import pytest

from app.access.permissions import Scope
from tests.routes import LEADS_ALONE, ROUTES, Route

SEES_PEOPLE = {Scope.PEOPLE_READ}
# What the attack in test_suppression_attack asks, and holds it to.
ATTACKED = {
    "GET /pilots/{pilot_id}/metrics/adoption",
    "GET /pilots/{pilot_id}/metrics/feedback",
    "GET /pilots/{pilot_id}/metrics/time-use",
    "GET /pilots/{pilot_id}/metrics/time-use/categories",
    "GET /pilots/{pilot_id}/metrics/licence-utilisation",
    "GET /pilots/{pilot_id}/feedback-summary",
    "GET /pilots/{pilot_id}/scorecard",
    "GET /pilots/{pilot_id}/time-coverage",
    "GET /pilots/{pilot_id}/time-quality",
    "GET /snapshots/{snapshot_id}",
    "GET /licence-pools",
    "GET /licence-utilisation",
}
THE_SAME = "It answers what a route that is attacked answers, of one thing or without its figures."
GROUPED = "Texts of ten writers at least, in groups that stay as they are: see test_feedback."
NOBODY = "It tells of definitions, plans, dates and states, and counts nobody in a pilot."
DRAWN = "How many were drawn is what somebody asked for, before the pilot starts and anything is done in it."
TYPED_IN = "How many came to a session is what somebody typed in, once, and of nobody's answers."
COMPARED = (
    "Answers about an organisation; what is filled in is as anybody may see it, and of others quartiles alone: see "
    "test_benchmark_disclosure."
)
CLAIMED = (
    "What somebody claims of the whole of a pilot, as they typed it in, and what a seat costs."
)
OVERSEEN = "For those who oversee how people's data are treated: states, and counts of rows."
WRITTEN = (
    "How many rows a file brought, for those who may write them, or whoever may do everything."
)
SERVICE = (
    "How the service is run: what was done with it and when, for those who are to oversee that."
)
OUTPUTS = "It counts what the AI wrote, by reference: of who takes part it knows nothing."
PAPERS = (
    "It tells of papers, dates and states; of training only whether everybody has completed one."
)
TELLS_NOTHING = {
    **dict.fromkeys(
        (
            "GET /licence-pools/{pool_id}",
            "GET /licence-pools/{pool_id}/utilisation",
            "GET /pilots/{pilot_id}/snapshots",
        ),
        THE_SAME,
    ),
    # A chart is drawn from an answer, as it is answered: decision 35.
    **dict.fromkeys((str(route) for route in ROUTES if "/charts/" in route.path), THE_SAME),
    "GET /pilots/{pilot_id}/workbook": THE_SAME,
    # Criteria are judged by the scorecard as anybody may see it, whoever asks.
    **dict.fromkeys(
        (
            "GET /pilots/{pilot_id}/decision-basis",
            "GET /decisions",
            "GET /decisions/{decision_id}",
        ),
        THE_SAME,
    ),
    "GET /pilots/{pilot_id}/feedback-comments": GROUPED,
    **dict.fromkeys(
        (
            "GET /organisation",
            "GET /me",
            "GET /metrics",
            "GET /event-types",
            "GET /events",
            "GET /pilots",
            "GET /pilots/{pilot_id}",
            "GET /pilots/{pilot_id}/transitions",
            "GET /pilots/{pilot_id}/sampling-plan",
            "GET /pilots/{pilot_id}/time-use-taxonomy",
            "GET /time-use-taxonomies",
            "GET /time-use-taxonomies/{version}",
            "GET /time-use-taxonomies/{version}/preview",
            "GET /licence-pools/{pool_id}/capacity-changes",
            "GET /import-mappings",
            "GET /import-mappings/{mapping_name}",
        ),
        NOBODY,
    ),
    "GET /pilots/{pilot_id}/comparison-draws": DRAWN,
    "GET /pilots/{pilot_id}/feedback-sessions": TYPED_IN,
    "GET /pilots/{pilot_id}/feedback-sessions/{session_id}": TYPED_IN,
    "GET /import-batches": WRITTEN,
    **dict.fromkeys(
        (
            "GET /benchmark-catalogue",
            "GET /benchmark-catalogue/rows",
            "GET /benchmark-participation",
            "GET /benchmark-returns",
            "GET /benchmark-returns/{return_id}",
            "GET /benchmark-returns/{return_id}/rows",
            "GET /benchmark-releases",
            "GET /benchmark-comparison",
            "GET /benchmark-comparison/rows",
        ),
        COMPARED,
    ),
    **dict.fromkeys(
        (
            "GET /jobs",
            "GET /job-runs",
            "GET /job-runs/{run_id}",
            "GET /audit-events",
            "GET /audit-seal",
            "GET /audit-seal/verification",
        ),
        SERVICE,
    ),
    **dict.fromkeys(
        (
            "GET /pilots/{pilot_id}/benefits",
            "GET /pilots/{pilot_id}/benefits/{claim_id}",
            "GET /pilots/{pilot_id}/benefits/{claim_id}/sensitivity",
            "GET /pilots/{pilot_id}/benefit-position",
            "GET /pilots/{pilot_id}/break-even",
        ),
        CLAIMED,
    ),
    **dict.fromkeys(
        (
            "GET /erasures",
            "GET /erasures/{erasure_id}",
            "GET /legal-holds",
            "GET /legal-holds/{hold_id}",
            "GET /retention-schedule",
            "GET /retention-schedule/preview",
        ),
        OVERSEEN,
    ),
    **dict.fromkeys(
        (
            str(route)
            for route in ROUTES
            if not route.writes and "/output-audit-plans" in route.path
        ),
        OUTPUTS,
    ),
    **dict.fromkeys(
        (
            "GET /policies",
            "GET /policies/{policy_id}",
            "GET /governance/gates",
            "GET /governance/figures",
            "GET /pilots/{pilot_id}/gates",
            "GET /pilots/{pilot_id}/register",
            "GET /pilots/{pilot_id}/register/{item_id}",
            "GET /pilots/{pilot_id}/transparency-record",
        ),
        PAPERS,
    ),
}
# They change something, but answer figures as well.
WRITES_THAT_TELL = {
    "POST /pilots/{pilot_id}/benefits/{claim_id}/verifications": CLAIMED,
    "POST /pilots/{pilot_id}/snapshots": THE_SAME,
    "POST /pilots/{pilot_id}/plan-check": "How many take part and are sampled, withheld where they are few.",
}
WRITERS = {scope for scope in Scope if scope.value.endswith(":write")} | {
    Scope.ADMIN,
    Scope.JOBS_RUN,
    Scope.GOVERNANCE_OVERRIDE,
}


def _is_under_suppression(route: Route) -> bool:
    """Whether somebody may call it who does not see the rows by name."""
    return not (
        str(route) in LEADS_ALONE or SEES_PEOPLE & set(route.scopes) or Scope.ADMIN in route.scopes
    )


@pytest.mark.parametrize("route", [each for each in ROUTES if not each.writes], ids=str)
def test_a_route_that_reads_is_attacked_or_tells_nothing(route: Route) -> None:
    classed = [name for name in (ATTACKED, TELLS_NOTHING) if str(route) in name]
    assert len(classed) == _is_under_suppression(route), (
        f"{route}: say in this file whether it is attacked, or why it tells nothing of people"
    )


@pytest.mark.parametrize("route", [each for each in ROUTES if each.writes], ids=str)
def test_a_route_that_changes_something_tells_what_was_sent(route: Route) -> None:
    """Whoever writes rows has them; whoever may not write and is answered all the same must be named."""
    is_of_writers = bool(WRITERS & set(route.scopes)) or not route.scopes
    tells = str(route) in WRITES_THAT_TELL
    assert is_of_writers or tells, f"{route}: it is for readers, and may tell of people"


def test_what_is_classed_is_there() -> None:
    there = {str(route) for route in ROUTES}
    assert {*ATTACKED, *TELLS_NOTHING, *WRITES_THAT_TELL} <= there
