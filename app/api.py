"""The one table of routers: prefix, tag, router. What each route demands stands beside the route."""

from fastapi import APIRouter, FastAPI

from app.access.accounts.routes import router as accounts
from app.access.routes import router as api_keys
from app.access.sessions.routes import router as me
from app.assurance.governance.gates.routes import pilots_router as pilot_gates
from app.assurance.governance.gates.routes import router as governance
from app.assurance.governance.policies.routes import router as policies
from app.assurance.governance.register.routes import router as register
from app.assurance.governance.training.routes import bulk_router as training_recorded
from app.assurance.governance.training.routes import router as training
from app.assurance.output_audits.routes import bulk_router as audited_outputs
from app.assurance.output_audits.routes import router as output_audits
from app.audit_log.routes import router as audit_events
from app.audit_log.seals.routes import router as audit_seal
from app.benchmarking.catalogue.routes import router as benchmark_catalogue
from app.benchmarking.participation.routes import router as benchmark_participation
from app.benchmarking.releases.routes import comparison_router as benchmark_comparison
from app.benchmarking.releases.routes import router as benchmark_releases
from app.benchmarking.returns.routes import router as benchmark_returns
from app.benefits.routes import router as benefits
from app.dashboard.charts.routes import pilots_router as pilot_charts
from app.dashboard.charts.routes import pools_router as pool_charts
from app.dashboard.workbooks.routes import router as pilot_workbook
from app.decisions.routes import pilots_router as decision_basis
from app.decisions.routes import router as decisions
from app.feedback.responses.routes import bulk_router as feedback_bulk
from app.feedback.responses.routes import recorded_router as feedback_read
from app.feedback.responses.routes import router as feedback
from app.feedback.sessions.routes import router as feedback_sessions
from app.imports.mappings.routes import router as import_mappings
from app.imports.routes import router as import_batches
from app.integrations.connections.routes import kinds_router as connection_kinds
from app.integrations.connections.routes import outward_router as connections_outward
from app.integrations.connections.routes import router as connections
from app.integrations.scim.groups.routes import pools_router as assignment_evidence
from app.integrations.scim.groups.routes import router as directory_groups
from app.integrations.scim.routes import PREFIX as SCIM_PREFIX
from app.integrations.scim.routes import router as scim
from app.integrations.webhooks.routes import events_router as events
from app.integrations.webhooks.routes import router as webhook_endpoints
from app.integrations.webhooks.routes import types_router as event_types
from app.jobs.routes import router as jobs
from app.jobs.routes import runs_router as job_runs
from app.licences.activity.routes import bulk_router as licence_activity_bulk
from app.licences.allocations.routes import bulk_router as allocations_bulk
from app.licences.allocations.routes import gathered_router as allocations_gathered
from app.licences.allocations.routes import router as allocations
from app.licences.comparison_draws.routes import router as comparison_draws
from app.licences.pools.routes import router as licence_pools
from app.licences.reclaim.routes import recorded_router as reclaim_candidates
from app.licences.reclaim.routes import router as reclaim
from app.licences.waiting_list.routes import router as waiting_lists
from app.metrics.adoption.routes import router as adoption
from app.metrics.feedback.routes import router as feedback_figures
from app.metrics.plan_check.routes import router as plan_check
from app.metrics.routes import router as metrics
from app.metrics.scorecard.routes import router as scorecard
from app.metrics.snapshots.routes import pilots_router as pilot_snapshots
from app.metrics.snapshots.routes import router as snapshots
from app.metrics.time_categories.routes import router as time_categories
from app.metrics.time_coverage.routes import recorded_router as time_coverage_of_people
from app.metrics.time_coverage.routes import router as time_coverage
from app.metrics.time_quality.routes import recorded_router as time_quality_days
from app.metrics.time_quality.routes import router as time_quality
from app.metrics.time_use.routes import router as time_use
from app.metrics.utilisation.routes import every_router as licence_utilisation
from app.metrics.utilisation.routes import pilots_router as pilot_utilisation
from app.metrics.utilisation.routes import pools_router as pool_utilisation
from app.organisations.routes import router as organisation
from app.people.absences.routes import bulk_router as absences
from app.people.absences.routes import recorded_router as absences_of_people
from app.people.routes import bulk_router as people_bulk
from app.people.routes import router as people
from app.pilots.routes import bulk_router as pilots_bulk
from app.pilots.routes import router as pilots
from app.privacy.accesses.routes import router as accesses
from app.privacy.erasure.routes import recorded_router as erasure_planned
from app.privacy.erasure.routes import router as erasures
from app.privacy.legal_holds.routes import router as legal_holds
from app.privacy.retention.routes import router as retention
from app.privacy.subject_access.routes import router as subject_access
from app.time_use.plans.routes import router as sampling_plans
from app.time_use.prompts.routes import recorded_router as time_prompts_recorded
from app.time_use.prompts.routes import router as time_prompts
from app.time_use.samples.routes import bulk_router as time_samples_bulk
from app.time_use.samples.routes import gathered_router as time_samples_gathered
from app.time_use.samples.routes import recorded_router as time_samples
from app.time_use.taxonomies.routes import pilots_router as pilot_taxonomy
from app.time_use.taxonomies.routes import router as taxonomies

PREFIX = "/api/v1"

ROUTERS: tuple[tuple[str, str, APIRouter], ...] = (
    ("/organisation", "organisation", organisation),
    ("/people", "people", people_bulk),
    ("/people", "people", people),
    ("/pilots", "pilots", pilots_bulk),
    ("/pilots", "pilots", pilots),
    ("/licence-activity", "licences", licence_activity_bulk),
    ("/licence-pools", "licences", licence_pools),
    ("/licence-pools", "licences", allocations_bulk),
    ("/licence-pools", "licences", allocations_gathered),
    ("/licence-pools", "licences", allocations),
    ("/licence-pools", "licences", waiting_lists),
    ("/licence-pools", "licences", reclaim_candidates),
    ("/licence-pools", "licences", reclaim),
    ("/absences", "people", absences),
    ("/people", "people", absences_of_people),
    ("/time-use-taxonomies", "time", taxonomies),
    ("/pilots", "time", pilot_taxonomy),
    ("/pilots", "time", time_samples_bulk),
    ("/pilots", "time", time_samples_gathered),
    ("/pilots", "time", time_samples),
    ("/pilots", "feedback", feedback_sessions),
    ("/pilots", "feedback", feedback_bulk),
    ("/pilots", "feedback", feedback),
    ("/pilots", "feedback", feedback_read),
    ("/pilots", "time", sampling_plans),
    ("/pilots", "time", time_prompts),
    ("/pilots", "time", time_prompts_recorded),
    ("/pilots", "pilots", comparison_draws),
    ("/pilots", "assurance", audited_outputs),
    ("/pilots", "assurance", output_audits),
    ("/policies", "assurance", policies),
    ("/governance", "assurance", governance),
    ("/pilots", "assurance", register),
    ("/pilots", "assurance", pilot_gates),
    ("/pilots", "assurance", training_recorded),
    ("/pilots", "assurance", training),
    ("/pilots", "figures", plan_check),
    ("/pilots", "time", time_coverage),
    ("/pilots", "time", time_coverage_of_people),
    ("/pilots", "time", time_quality),
    ("/pilots", "time", time_quality_days),
    ("/pilots", "figures", adoption),
    ("/pilots", "figures", feedback_figures),
    ("/pilots", "figures", time_use),
    ("/pilots", "figures", time_categories),
    ("/pilots", "figures", scorecard),
    ("/pilots", "figures", pilot_utilisation),
    ("/pilots", "figures", pilot_snapshots),
    ("/snapshots", "figures", snapshots),
    ("/pilots", "benefits", benefits),
    ("/pilots", "decisions", decision_basis),
    ("/decisions", "decisions", decisions),
    ("/licence-pools", "figures", pool_utilisation),
    ("/licence-utilisation", "figures", licence_utilisation),
    ("/pilots", "figures", pilot_charts),
    ("/licence-pools", "figures", pool_charts),
    ("/pilots", "figures", pilot_workbook),
    ("/licence-pools", "licences", assignment_evidence),
    ("/directory-groups", "directory", directory_groups),
    ("/metrics", "figures", metrics),
    ("/benchmark-catalogue", "benchmark", benchmark_catalogue),
    ("/benchmark-participation", "benchmark", benchmark_participation),
    ("/benchmark-returns", "benchmark", benchmark_returns),
    ("/benchmark-releases", "benchmark", benchmark_releases),
    ("/benchmark-comparison", "benchmark", benchmark_comparison),
    ("/import-batches", "imports", import_batches),
    ("/import-mappings", "imports", import_mappings),
    ("/connection-kinds", "connections", connection_kinds),
    ("/connections", "connections", connections_outward),
    ("/events", "events", events),
    ("/event-types", "events", event_types),
    ("/webhook-endpoints", "events", webhook_endpoints),
    ("/connections", "connections", connections),
    ("/jobs", "jobs", jobs),
    ("/job-runs", "jobs", job_runs),
    ("/api-keys", "access", api_keys),
    ("/accounts", "access", accounts),
    ("/me", "access", me),
    ("/audit-events", "audit", audit_events),
    ("/audit-seal", "audit", audit_seal),
    ("/people", "privacy", subject_access),
    ("/people", "privacy", accesses),
    ("/people", "privacy", erasure_planned),
    ("/erasures", "privacy", erasures),
    ("/legal-holds", "privacy", legal_holds),
    ("/retention-schedule", "privacy", retention),
)


def include_api(app: FastAPI) -> None:
    """Everything below the prefixes. Each router by itself: in one of theirs every request would be matched twice."""
    for prefix, tag, router in ROUTERS:
        app.include_router(router, prefix=PREFIX + prefix, tags=[tag])
    # Not in the description: the protocol describes itself, at /Schemas and /ResourceTypes.
    app.include_router(scim, prefix=SCIM_PREFIX)
