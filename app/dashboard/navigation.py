"""Where the pages are, and what is offered to whom. A page of yours is a line here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from app.assurance.governance.gates.routes import get_governance_figures
from app.audit_log.routes import list_audit_events
from app.benchmarking.releases.routes import get_benchmark_comparison
from app.imports.routes import list_import_batches
from app.jobs.routes import list_jobs
from app.licences.pools.routes import list_licence_pools
from app.organisations.routes import change_organisation
from app.people.routes import list_people
from app.pilots.routes import list_pilots
from app.privacy.retention.routes import get_retention_schedule

HOME: Final = "/dashboard"
SIGN_IN: Final = "/dashboard/sign-in"
LICENCES: Final = "/dashboard/licences"
IMPORTS: Final = "/dashboard/imports"
JOBS: Final = "/dashboard/jobs"
PEOPLE: Final = "/dashboard/people"
GOVERNANCE: Final = "/dashboard/governance"
SETTINGS: Final = "/dashboard/settings"
KEYS: Final = "/dashboard/settings/keys"
WEBHOOKS: Final = "/dashboard/settings/webhooks"
AUDIT: Final = "/dashboard/audit"
BENCHMARK: Final = "/dashboard/benchmark"
PRIVACY: Final = "/dashboard/privacy"


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation: offered to whoever may ask `needs` of the API."""

    title: str
    address: str
    needs: Callable[..., Any]


NAVIGATION: Final = (
    Entry("Pilots", HOME, list_pilots),
    Entry("Licences", LICENCES, list_licence_pools),
    Entry("Benchmark", BENCHMARK, get_benchmark_comparison),
    Entry("Imports", IMPORTS, list_import_batches),
    Entry("People", PEOPLE, list_people),
    Entry("Jobs", JOBS, list_jobs),
    Entry("Governance", GOVERNANCE, get_governance_figures),
    Entry("Audit", AUDIT, list_audit_events),
    Entry("Privacy", PRIVACY, get_retention_schedule),
    Entry("Settings", SETTINGS, change_organisation),
)


def of_pilot(pilot_id: UUID | str) -> str:
    return f"/dashboard/pilots/{pilot_id}"


def of_pool(pool_id: UUID | str) -> str:
    return f"/dashboard/licences/{pool_id}"
