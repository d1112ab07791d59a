"""Every table of the service, for the migrations and whatever looks at the metadata."""

from app.access.accounts.models import Account
from app.access.models import ApiKey
from app.access.sessions.models import SignInSession
from app.assurance.governance.gates.models import GateOverride, GateSetting
from app.assurance.governance.policies.models import Policy
from app.assurance.governance.register.models import RegisterItem
from app.assurance.governance.training.models import TrainingCompletion
from app.assurance.output_audits.models import (
    ListedOutput,
    OutputAuditPlan,
    OutputDraw,
    OutputMarking,
    SampledOutput,
)
from app.audit_log.models import AuditEvent, UnsealedEvent
from app.audit_log.seals.models import AuditCheckpoint, AuditSeal, AuditSealHead
from app.benchmarking.participation.models import Participation
from app.benchmarking.releases.models import BenchmarkRelease
from app.benchmarking.returns.models import BenchmarkReturn
from app.benefits.models import BenefitClaim
from app.core.idempotency import IdempotencyKey
from app.core.jobs.models import JobRun, JobState
from app.core.models import metadata
from app.decisions.models import PilotDecision
from app.events.models import Event, EventCounter
from app.feedback.responses.models import CommentPlace, FeedbackResponse, FeedbackVersion
from app.feedback.sessions.models import FeedbackSession
from app.imports.mappings.models import ImportMapping
from app.imports.models import ImportBatch
from app.integrations.connections.models import (
    Connection,
    ConnectionFile,
    ConnectionRecord,
    ConnectionRun,
)
from app.integrations.scim.groups.models import DirectoryGroup, DirectoryMembership
from app.integrations.scim.users.models import DirectoryUser
from app.integrations.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from app.licences.activity.models import (
    LicenceActivity,
    LicenceActivityCaveat,
    LicenceActivityVersion,
    LicenceActivityYear,
)
from app.licences.allocations.models import SeatAllocation, SeatEvent
from app.licences.comparison_draws.models import ComparisonDraw
from app.licences.pools.models import CapacityChange, LicencePool
from app.licences.reclaim.models import ReclaimCount, ReclaimDecision
from app.licences.waiting_list.models import WaitingEntry
from app.metrics.feedback.models import MissingFeedbackWeek
from app.metrics.snapshots.models import Snapshot, SnapshotInput
from app.organisations.models import Organisation
from app.people.absences.models import Absence, AbsenceVersion
from app.people.erased_numbers.models import ErasedNumber
from app.people.models import Person, PersonVersion
from app.pilots.models import Pilot, PilotMember, PilotTransition
from app.privacy.erasure.models import Erasure
from app.privacy.legal_holds.models import LegalHold
from app.privacy.retention.models import RetentionSchedule
from app.time_use.daily.models import TimeUseCode, TimeUseDay, TimeUsePerson
from app.time_use.plans.models import SamplingPlan
from app.time_use.prompts.models import TimePrompt, TimePromptDraw
from app.time_use.samples.models import TimeSample, TimeSampleVersion, TimeUseDayMark
from app.time_use.taxonomies.models import PilotTaxonomy, Taxonomy

TABLES = (
    Organisation,
    Person,
    PersonVersion,
    ApiKey,
    Account,
    SignInSession,
    AuditEvent,
    UnsealedEvent,
    AuditSeal,
    AuditSealHead,
    AuditCheckpoint,
    IdempotencyKey,
    ImportBatch,
    ImportMapping,
    JobRun,
    JobState,
    Pilot,
    PilotMember,
    PilotTransition,
    LicenceActivity,
    LicenceActivityVersion,
    LicenceActivityCaveat,
    LicenceActivityYear,
    Absence,
    AbsenceVersion,
    LicencePool,
    CapacityChange,
    SeatAllocation,
    SeatEvent,
    WaitingEntry,
    ReclaimDecision,
    ComparisonDraw,
    ReclaimCount,
    DirectoryUser,
    DirectoryGroup,
    DirectoryMembership,
    Taxonomy,
    PilotTaxonomy,
    TimeSample,
    TimeSampleVersion,
    FeedbackSession,
    FeedbackResponse,
    FeedbackVersion,
    CommentPlace,
    MissingFeedbackWeek,
    SamplingPlan,
    TimePromptDraw,
    TimePrompt,
    TimeUseDayMark,
    TimeUseDay,
    TimeUsePerson,
    TimeUseCode,
    Snapshot,
    SnapshotInput,
    BenefitClaim,
    PilotDecision,
    Connection,
    ConnectionRun,
    ConnectionFile,
    ConnectionRecord,
    Event,
    EventCounter,
    WebhookEndpoint,
    WebhookDelivery,
    WebhookAttempt,
    OutputAuditPlan,
    ListedOutput,
    OutputDraw,
    SampledOutput,
    OutputMarking,
    Participation,
    BenchmarkReturn,
    BenchmarkRelease,
    ErasedNumber,
    Erasure,
    LegalHold,
    RetentionSchedule,
    Policy,
    RegisterItem,
    TrainingCompletion,
    GateSetting,
    GateOverride,
)

__all__ = ["TABLES", "metadata"]
