"""Scopes, and the roles that bundle them. What a role lacks is denied."""

from enum import StrEnum


class Scope(StrEnum):
    """One thing that a key may do."""

    PILOTS_READ = "pilots:read"
    PILOTS_WRITE = "pilots:write"
    PEOPLE_READ = "people:read"
    PEOPLE_WRITE = "people:write"
    LICENCES_READ = "licences:read"
    LICENCES_WRITE = "licences:write"
    FEEDBACK_READ = "feedback:read"
    FEEDBACK_WRITE = "feedback:write"
    TIME_READ = "time:read"
    TIME_WRITE = "time:write"
    METRICS_READ = "metrics:read"
    JOBS_RUN = "jobs:run"
    GOVERNANCE_READ = "governance:read"
    GOVERNANCE_WRITE = "governance:write"
    GOVERNANCE_OVERRIDE = "governance:override"
    BENEFITS_READ = "benefits:read"
    BENEFITS_WRITE = "benefits:write"
    BENEFITS_VERIFY = "benefits:verify"
    BENCHMARK_READ = "benchmark:read"
    BENCHMARK_WRITE = "benchmark:write"
    SCIM_WRITE = "scim:write"
    ADMIN = "admin"


class Role(StrEnum):
    """Who somebody is to the organisation."""

    PILOT_LEAD = "pilot_lead"
    ICT_MANAGER = "ict_manager"
    INTEGRATOR = "integrator"
    ANALYST = "analyst"
    INFORMATION_GOVERNANCE = "information_governance"
    FINANCE = "finance"
    ADMIN = "admin"


SCOPES_OF_ROLE: dict[Role, frozenset[Scope]] = {
    Role.PILOT_LEAD: frozenset(
        {
            Scope.PILOTS_READ,
            Scope.PILOTS_WRITE,
            Scope.PEOPLE_READ,
            Scope.FEEDBACK_READ,
            Scope.FEEDBACK_WRITE,
            Scope.TIME_READ,
            Scope.TIME_WRITE,
            Scope.METRICS_READ,
            Scope.BENEFITS_READ,
            Scope.BENEFITS_WRITE,
        }
    ),
    Role.ICT_MANAGER: frozenset(
        {
            Scope.PILOTS_READ,
            Scope.PEOPLE_READ,
            Scope.LICENCES_READ,
            Scope.LICENCES_WRITE,
            Scope.METRICS_READ,
            Scope.BENEFITS_READ,
        }
    ),
    Role.INTEGRATOR: frozenset(
        {
            Scope.PILOTS_READ,
            Scope.PEOPLE_WRITE,
            Scope.LICENCES_WRITE,
            Scope.FEEDBACK_WRITE,
            Scope.TIME_WRITE,
        }
    ),
    Role.ANALYST: frozenset({Scope.PILOTS_READ, Scope.METRICS_READ, Scope.BENEFITS_READ}),
    Role.INFORMATION_GOVERNANCE: frozenset(
        {Scope.PILOTS_READ, Scope.PEOPLE_READ, Scope.GOVERNANCE_READ, Scope.GOVERNANCE_WRITE}
    ),
    Role.FINANCE: frozenset(
        {Scope.PILOTS_READ, Scope.METRICS_READ, Scope.BENEFITS_READ, Scope.BENEFITS_VERIFY}
    ),
    Role.ADMIN: frozenset(Scope),
}
