"""Where what a scorecard lacks can be mended: a page for each of the API's codes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.assurance.governance.register.routes import list_register_items
from app.assurance.output_audits.routes import list_output_audit_plans
from app.dashboard.navigation import IMPORTS, of_pilot
from app.dashboard.views import View
from app.feedback.responses.routes import record_answer
from app.licences.activity.routes import upsert_licence_activity
from app.metrics.scorecard.gaps import Gap
from app.pilots.routes import upsert_pilot_members
from app.time_use.samples.routes import record_time_samples
from app.time_use.taxonomies.routes import get_pilot_taxonomy


@dataclass(frozen=True, slots=True)
class Way:
    """A page, for whoever may ask `needs` of the API; its address with `{}` for the pilot's id."""

    words: str
    address: str
    needs: Callable[..., Any]


_SAMPLES: Final = Way(
    "Bring in time from a file",
    f"{IMPORTS}/new?kind=time-samples&pilot={{}}",
    record_time_samples,
)
_ENROL: Final = Way("Enrol people", f"{of_pilot('{}')}/set-up#enrol", upsert_pilot_members)
_USE: Final = Way(
    "Bring in use from a file", f"{IMPORTS}/new?kind=licence-activity", upsert_licence_activity
)
_ANSWER: Final = Way("Answer for a week", f"{of_pilot('{}')}/weekly", record_answer)
WAYS: Final = {
    Gap.NO_BASELINE_SAMPLES: _SAMPLES,
    Gap.NO_SAMPLES: _SAMPLES,
    Gap.NO_COMPARISON: _ENROL,
    Gap.FEW_PEOPLE: _ENROL,
    Gap.UNMAPPED_TIME: Way(
        "See what counts as what", f"{of_pilot('{}')}/time-use#categories", get_pilot_taxonomy
    ),
    Gap.NO_ACTIVITY: _USE,
    Gap.STALE_ACTIVITY: _USE,
    Gap.MISSING_FEEDBACK: _ANSWER,
    Gap.LOW_RESPONSE: _ANSWER,
    Gap.OUTPUT_ERRORS: Way(
        "See the audits", f"{of_pilot('{}')}/output-audits", list_output_audit_plans
    ),
    Gap.GATES_OVERRIDDEN: Way(
        "Put the gates in order", f"{of_pilot('{}')}/governance#gates", list_register_items
    ),
}
# Criteria and baseline are set when a pilot is, and no page changes them: a program can.
ON_NO_PAGE: Final = frozenset({Gap.NO_CRITERIA, Gap.NO_BASELINE})


def ways(view: View, pilot_id: UUID) -> dict[str, tuple[str, str]]:
    """Words and address of the page for each code, as far as the reader may go there."""
    return {
        gap.value: (way.words, way.address.replace("{}", str(pilot_id)))
        for gap, way in WAYS.items()
        if view.may(way.needs)
    }
