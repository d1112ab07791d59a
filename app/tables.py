"""Every table of the service, for the migrations and whatever looks at the metadata."""

from app.access.models import ApiKey
from app.audit_log.models import AuditEvent
from app.core.idempotency import IdempotencyKey
from app.core.jobs.models import JobRun
from app.core.models import metadata
from app.imports.models import ImportBatch
from app.licences.activity.models import LicenceActivity
from app.organisations.models import Organisation
from app.people.models import Person
from app.pilots.models import Pilot, PilotMember, PilotTransition

TABLES = (
    Organisation,
    Person,
    ApiKey,
    AuditEvent,
    IdempotencyKey,
    ImportBatch,
    JobRun,
    Pilot,
    PilotMember,
    PilotTransition,
    LicenceActivity,
)

__all__ = ["TABLES", "metadata"]
