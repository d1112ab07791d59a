"""The one table of pages. What each page shows is what the API answers to the same reader."""

from fastapi import APIRouter, FastAPI

from app.dashboard.administration.routes import form_router as administered
from app.dashboard.administration.routes import router as administration
from app.dashboard.assets import router as assets
from app.dashboard.benchmark.routes import form_router as benchmark_forms
from app.dashboard.benchmark.routes import router as benchmark
from app.dashboard.benefits.routes import form_router as claimed
from app.dashboard.benefits.routes import router as benefits
from app.dashboard.charts.bundle import router as chart_bundle
from app.dashboard.enrolment.routes import form_router as enrolled
from app.dashboard.enrolment.routes import router as enrolment
from app.dashboard.figures.routes import router as figures
from app.dashboard.governance.routes import form_router as gates_overridden
from app.dashboard.governance.routes import router as governance
from app.dashboard.home.routes import router as home
from app.dashboard.imports.routes import file_router as import_files
from app.dashboard.imports.routes import form_router as imports_undone
from app.dashboard.imports.routes import router as imports
from app.dashboard.jobs.routes import form_router as runs_asked_for
from app.dashboard.jobs.routes import router as jobs
from app.dashboard.licences.routes import form_router as reclaim_decisions
from app.dashboard.licences.routes import recorded_router as reclaim_candidates
from app.dashboard.licences.routes import router as licences
from app.dashboard.moments.routes import form_router as moments_said
from app.dashboard.moments.routes import router as moments
from app.dashboard.output_audits.routes import file_router as outputs_listed
from app.dashboard.output_audits.routes import form_router as outputs_marked
from app.dashboard.output_audits.routes import router as output_audits
from app.dashboard.people.routes import recorded_router as absences
from app.dashboard.people.routes import router as people
from app.dashboard.pilots.routes import router as pilots
from app.dashboard.policies.routes import form_router as policies_written
from app.dashboard.policies.routes import router as policies
from app.dashboard.privacy.routes import form_router as privacy_set
from app.dashboard.privacy.routes import recorded_router as privacy_of_people
from app.dashboard.privacy.routes import router as privacy
from app.dashboard.register.routes import form_router as register_written
from app.dashboard.register.routes import router as register
from app.dashboard.reports.routes import router as reports
from app.dashboard.seats.routes import form_router as seats_given
from app.dashboard.seats.routes import router as seats
from app.dashboard.sign_in.routes import router as sign_in
from app.dashboard.training.routes import form_router as training_recorded
from app.dashboard.training.routes import router as training
from app.dashboard.webhooks.routes import form_router as webhooks_changed
from app.dashboard.webhooks.routes import router as webhooks
from app.dashboard.weekly.routes import form_router as weekly_answers
from app.dashboard.weekly.routes import router as weekly

ROUTERS: tuple[APIRouter, ...] = (
    assets,
    chart_bundle,
    sign_in,
    home,
    figures,
    pilots,
    benefits,
    claimed,
    reports,
    governance,
    gates_overridden,
    policies,
    policies_written,
    register,
    register_written,
    training,
    training_recorded,
    output_audits,
    outputs_marked,
    outputs_listed,
    licences,
    reclaim_candidates,
    reclaim_decisions,
    benchmark,
    benchmark_forms,
    weekly,
    weekly_answers,
    moments,
    moments_said,
    imports,
    imports_undone,
    import_files,
    jobs,
    runs_asked_for,
    people,
    privacy,
    privacy_of_people,
    privacy_set,
    absences,
    administration,
    administered,
    webhooks,
    webhooks_changed,
    enrolment,
    enrolled,
    seats,
    seats_given,
)


def include_dashboard(app: FastAPI) -> None:
    """Every page, outside the description of the API."""
    for router in ROUTERS:
        app.include_router(router, include_in_schema=False)
