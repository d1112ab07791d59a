"""What the audit log's actions are called, and where what they are about is shown. Pure."""

from dataclasses import dataclass
from typing import Final

from app.dashboard.navigation import (
    BENCHMARK,
    GOVERNANCE,
    IMPORTS,
    JOBS,
    KEYS,
    LICENCES,
    PEOPLE,
    PRIVACY,
    SETTINGS,
    WEBHOOKS,
    of_pilot,
)


@dataclass(frozen=True, slots=True)
class Thing:
    """What an event is about: its name, and the address of its page with `{}` for its id, "" without one."""

    name: str
    page: str = ""

    def address(self, resource_id: str) -> str:
        return self.page.replace("{}", resource_id)


@dataclass(frozen=True, slots=True)
class Action:
    """An action in words, and what its `resource_id` is."""

    words: str
    about: Thing


_ACCOUNT: Final = Thing("Account", f"{SETTINGS}#accounts")
_COUNCIL: Final = Thing("Organisation", SETTINGS)
_COMPARED: Final = Thing("Organisation", BENCHMARK)
_CLAIM: Final = Thing("Claim of a benefit")
_CONNECTION: Final = Thing("Connection")
_DRAW: Final = Thing("Draw of outputs")
_ENDPOINT: Final = Thing("Webhook endpoint", f"{WEBHOOKS}/{{}}")
_ENTRY: Final = Thing("Place on a waiting list")
_ERASURE: Final = Thing("Erasure", f"{PRIVACY}/holds#erasures")
_GROUP: Final = Thing("Group of the directory")
_HOLD: Final = Thing("Legal hold", f"{PRIVACY}/holds")
_IMPORT: Final = Thing("Import", IMPORTS)
_KEY: Final = Thing("API key", KEYS)
_MAPPING: Final = Thing("Mapping of columns")
_NOTHING: Final = Thing("Several things")
_OUTPUT: Final = Thing("Output of the AI")
_PERSON: Final = Thing("Person", f"{PEOPLE}/{{}}")
_PILOT: Final = Thing("Pilot", of_pilot("{}"))
_PLAN: Final = Thing("Audit plan")
_POLICY: Final = Thing("Policy", GOVERNANCE)
_POOL: Final = Thing("Licence pool", f"{LICENCES}/{{}}")
_REGISTERED: Final = Thing("Item of a register")
_RETURN: Final = Thing("Benchmark return", f"{BENCHMARK}/returns/{{}}")
_RUN: Final = Thing("Run of a job", f"{JOBS}/runs/{{}}")
_SCHEDULE: Final = Thing("Retention schedule", PRIVACY)
_SEAT: Final = Thing("Seat")
_SESSION: Final = Thing("Feedback session")
_SNAPSHOT: Final = Thing("Published figures", "/api/v1/snapshots/{}")

ACTIONS: Final = {
    "absences.imported": Action("Absences imported", _NOTHING),
    "absences.read": Action("Absences of a person read", _PERSON),
    "absences.taken_back": Action("Absences taken back", _NOTHING),
    "accesses.read": Action("Who has read a person's data, read", _PERSON),
    "account.changed": Action("Account blocked, or let in again", _ACCOUNT),
    "account.created": Action("Account seen for the first time", _ACCOUNT),
    "ai_outputs.imported": Action("List of the AI's outputs imported", _PLAN),
    "api_key.created": Action("API key made", _KEY),
    "api_key.revoked": Action("API key revoked", _KEY),
    "benchmark_participation.chosen": Action("Being compared: chosen", _COMPARED),
    "benchmark_release.received": Action("Benchmark received", Thing("Release", BENCHMARK)),
    "benchmark_return.begun": Action("Benchmark return begun", _RETURN),
    "benchmark_return.changed": Action("Benchmark return changed", _RETURN),
    "benchmark_return.checked": Action("Benchmark return checked", _RETURN),
    "benchmark_return.filled_in": Action("Benchmark return filled in", _RETURN),
    "benchmark_return.submitted": Action("Benchmark return submitted", _RETURN),
    "benefit.changed": Action("Claim of a benefit changed", _CLAIM),
    "benefit.claimed": Action("Benefit claimed", _CLAIM),
    "benefit.verification_taken_back": Action("Finance took a verification back", _CLAIM),
    "benefit.verified": Action("Finance verified a benefit", _CLAIM),
    "connection.changed": Action("Connection changed", _CONNECTION),
    "connection.created": Action("Connection made", _CONNECTION),
    "connection.deleted": Action("Connection deleted", _CONNECTION),
    "connection.run_requested": Action("Run of a connection asked for", _CONNECTION),
    "connection.tried": Action("Connection tried", _CONNECTION),
    "connections.rekeyed": Action("Secrets of connections encrypted anew", _NOTHING),
    "directory_group.changed": Action("Group of the directory changed", _GROUP),
    "directory_group.created": Action("Group of the directory made", _GROUP),
    "directory_group.deleted": Action("Group of the directory deleted", _GROUP),
    "directory_group.mapped": Action("Group of the directory given a meaning", _GROUP),
    "erasure.lifted": Action("Erased person may be recorded again", _ERASURE),
    "erasure.previewed": Action("What an erasure would do, read", _PERSON),
    "feedback.accepted": Action("Feedback given", _PILOT),
    "feedback.comments_read": Action("Comments read", _PILOT),
    "feedback.imported": Action("Feedback imported", _PILOT),
    "feedback.read": Action("Named feedback read", _PILOT),
    "feedback.updated": Action("Feedback given anew", _PILOT),
    "feedback_session.changed": Action("Feedback session changed", _SESSION),
    "feedback_session.created": Action("Feedback session recorded", _SESSION),
    "gates.set": Action("What must be in order before a start: set", Thing("Gates", GOVERNANCE)),
    "import_batch.undone": Action("Import taken back", _IMPORT),
    "import_mapping.changed": Action("Mapping of columns changed", _MAPPING),
    "import_mapping.created": Action("Mapping of columns saved", _MAPPING),
    "import_mapping.deleted": Action("Mapping of columns deleted", _MAPPING),
    "job_run.requested": Action("Run of a job asked for", _RUN),
    "legal_hold.placed": Action("Legal hold placed", _HOLD),
    "legal_hold.released": Action("Legal hold released", _HOLD),
    "licence_activity.identity_break": Action("Names in usage data concealed", _NOTHING),
    "licence_activity.imported": Action("Use of licences imported", _NOTHING),
    "licence_pool.capacity_changed": Action("Seats bought or given up", _POOL),
    "licence_pool.changed": Action("Licence pool changed", _POOL),
    "licence_pool.created": Action("Licence pool made", _POOL),
    "organisation.changed": Action("Settings of the organisation changed", _COUNCIL),
    "organisation.created": Action("Organisation made", _COUNCIL),
    "output.marked": Action("Output of the AI marked", _OUTPUT),
    "output_audit_plan.created": Action("Audit plan made", _PLAN),
    "output_draw.created": Action("Outputs of the AI drawn", _DRAW),
    "people.imported": Action("Staff imported", _NOTHING),
    "person.changed": Action("Person changed", _PERSON),
    "person.created": Action("Person recorded", _PERSON),
    "person.erased": Action("Person erased", _PERSON),
    "pilot.changed": Action("Pilot changed", _PILOT),
    "pilot.created": Action("Pilot set up", _PILOT),
    "pilot.decided": Action("Pilot decided on", Thing("Decision")),
    "pilot.gates_overridden": Action("Start allowed against the gates", _PILOT),
    "pilot.plan_checked": Action("Plan of a pilot checked", _PILOT),
    "pilot.sampling_plan_set": Action("Sampling plan set", _PILOT),
    "pilot.taxonomy_chosen": Action("Taxonomy chosen", _PILOT),
    "pilot.transitioned": Action("Pilot taken a step further", _PILOT),
    "pilot_members.imported": Action("Members imported", _PILOT),
    "policy.changed": Action("Policy changed", _POLICY),
    "policy.created": Action("Policy recorded", _POLICY),
    "reclaim_candidates.read": Action("Seats to ask for, read", _POOL),
    "register_item.changed": Action("Item of a register changed", _REGISTERED),
    "register_item.created": Action("Item of a register recorded", _REGISTERED),
    "retention.applied": Action("Rows past their period deleted", _NOTHING),
    "retention_schedule.set": Action("Retention schedule set", _SCHEDULE),
    "reviews.overdue_told": Action("Overdue reviews told of", _NOTHING),
    "seat.allocated": Action("Seat given", _SEAT),
    "seat.corrected": Action("Seat corrected", _SEAT),
    "seat.released": Action("Seat released", _SEAT),
    "seat_allocations.imported": Action("Seats given to a list", _POOL),
    "seats.decided_on": Action("Seats to ask for decided on", _POOL),
    "seats.released_of_leavers": Action("Seats of leavers released", _NOTHING),
    "session.all_ended": Action("Signed out everywhere", _ACCOUNT),
    "session.ended": Action("Signed out", _ACCOUNT),
    "session.opened": Action("Signed in", _ACCOUNT),
    "session.refused": Action("Not let in", _NOTHING),
    "session.role_changed": Action("Role changed in a session", _ACCOUNT),
    "snapshot.made": Action("Figures published", _SNAPSHOT),
    "subject_access.read": Action("Everything held of a person read", _PERSON),
    "taxonomy.created": Action("Taxonomy recorded", Thing("Taxonomy")),
    "time_coverage.read": Action("Days with samples of people read", _PILOT),
    "time_prompts.drawn": Action("Moments to ask at drawn", _PILOT),
    "time_prompts.read": Action("Moments to ask people at, read", _PILOT),
    "time_quality.read": Action("Doubtful days of people read", _PILOT),
    "time_sample.accepted": Action("Time recorded", _PILOT),
    "time_sample.updated": Action("Recorded time changed", _PILOT),
    "time_samples.imported": Action("Time samples imported", _PILOT),
    "time_samples.read": Action("Time samples of people read", _PILOT),
    "training.imported": Action("Training imported", _PILOT),
    "waiting_entry.created": Action("Person put on a waiting list", _ENTRY),
    "waiting_entry.withdrawn": Action("Person taken off a waiting list", _ENTRY),
    "webhook_endpoint.changed": Action("Webhook endpoint changed", _ENDPOINT),
    "webhook_endpoint.created": Action("Webhook endpoint made", _ENDPOINT),
    "webhook_endpoint.deleted": Action("Webhook endpoint deleted", Thing("Webhook endpoint")),
    "webhook_endpoint.disabled": Action("Webhook endpoint switched off", _ENDPOINT),
    "webhook_endpoint.replayed": Action("Events sent to a webhook again", _ENDPOINT),
    "webhook_endpoint.secret_rotated": Action("Secret of a webhook changed", _ENDPOINT),
    "webhook_endpoints.rekeyed": Action("Secrets of webhooks encrypted anew", _NOTHING),
}
