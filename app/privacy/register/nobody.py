"""The tables that hold nobody, each with the reason."""

from typing import Final

from app.privacy.register.holdings import DataClass as Of
from app.privacy.register.holdings import Holding


def _nobody(
    table: str,
    why: str,
    *,
    plain: tuple[str, ...] = (),
    prose: tuple[str, ...] = (),
    sealed_since: str | None = None,
    of: Of = Of.NOBODY,
) -> Holding:
    return Holding(table, of, why, prose=prose, sealed_since=sealed_since, plain=plain)


NOBODY: Final = (
    _nobody("organisation", "The council itself.", plain=("name", "zone", "currency")),
    _nobody("capacity_change", "How many seats were bought.", prose=("reason",)),
    _nobody("comparison_draw", "A seed and how many were drawn; who was are members."),
    _nobody(
        "connection",
        "Where another system is, and what opens it, encrypted.",
        plain=("name", "kind", "settings", "secrets", "cursor"),
    ),
    _nobody(
        "connection_file",
        "Which files were taken, by their digests.",
        prose=("name", "detail"),
        plain=("digest", "code"),
        of=Of.OPERATIONS,
    ),
    _nobody(
        "connection_run",
        "How readings went: counts, codes and places of rows, never what stood in them.",
        plain=("counts", "troubles", "licences", "errors", "error"),
        of=Of.OPERATIONS,
    ),
    _nobody(
        "directory_group",
        "Groups as the directory calls them.",
        plain=("display_name", "external_id", "team"),
    ),
    _nobody(
        "erased_number",
        "Keyed digests of numbers that must not come back: nobody without the secret reads them.",
        plain=("digest",),
        of=Of.GOVERNANCE,
    ),
    _nobody(
        "erasure",
        "That somebody was erased, when, and how many rows: not who.",
        plain=("counts",),
        of=Of.GOVERNANCE,
    ),
    _nobody(
        "event",
        "What happened, for other systems: ids of pilots and seats, states and days.",
        plain=("type", "subject", "data"),
        of=Of.OPERATIONS,
    ),
    _nobody("event_counter", "How far events are numbered.", of=Of.OPERATIONS),
    _nobody(
        "feedback_session",
        "Sessions; who came is a number.",
        prose=("title", "facilitator", "notes"),
        plain=("themes",),
    ),
    _nobody(
        "idempotency_key",
        "Answers to requests, some about people: one that names somebody is replaced, all go within a day.",
        plain=("key", "fingerprint", "headers", "body"),
        of=Of.OPERATIONS,
    ),
    _nobody("import_batch", "Which files came, with counts.", prose=("origin",), of=Of.OPERATIONS),
    _nobody("import_mapping", "Which columns mean which fields.", plain=("name", "kind", "rules")),
    _nobody(
        "job_run",
        "What ran, with counts and the kinds of errors.",
        plain=("job", "parts", "counts", "error"),
        of=Of.OPERATIONS,
    ),
    _nobody("job_state", "How jobs stand.", plain=("job", "totals"), of=Of.OPERATIONS),
    _nobody(
        "licence_activity_caveat",
        "Days of which the activity of a product is not known.",
        plain=("product",),
    ),
    _nobody("licence_pool", "What was bought.", prose=("name",), plain=("product", "currency")),
    _nobody("missing_feedback_week", "Weeks about which nobody answered."),
    _nobody("pilot_taxonomy", "Which taxonomy a pilot is read with.", plain=("version",)),
    _nobody("pilot_transition", "The steps of a pilot's life.", prose=("reason",)),
    _nobody("reclaim_count", "How many seats were idle."),
    _nobody(
        "retention_schedule",
        "How long each kind of data is kept.",
        plain=("days",),
        of=Of.GOVERNANCE,
    ),
    _nobody("sampling_plan", "On which days samples are expected.", plain=("days",)),
    _nobody(
        "snapshot",
        "Published figures: of groups, never of one person.",
        plain=("fingerprint", "definitions", "inputs", "changes", "figures"),
    ),
    _nobody(
        "snapshot_input",
        "Digests of the rows that figures were made from; they say nothing to whoever does not know the row.",
        plain=("digest", "rows"),
    ),
    _nobody("time_prompt_draw", "A seed, and the plan as it stood.", plain=("plan",)),
    _nobody(
        "time_use_code", "What numbers stand for codes.", plain=("source", "category", "method")
    ),
    _nobody(
        "time_use_day",
        "What the samples of a day add up to, by number; whose number it is `time_use_person` says.",
        plain=("zone", "entries"),
    ),
    _nobody("time_use_day_mark", "Days that are to be added up anew.", plain=("zone",)),
    _nobody(
        "time_use_taxonomy",
        "What kinds of work there are.",
        plain=("version", "name", "categories", "mappings"),
    ),
    _nobody(
        "audit_checkpoint",
        "How far the audit log was sealed, signed; the chain has ids and digests alone.",
        plain=("statement",),
        of=Of.AUDIT,
    ),
    _nobody(
        "audit_seal", "A digest for each event of the audit log.", plain=("hash",), of=Of.AUDIT
    ),
    _nobody("audit_seal_head", "Where the chain ends.", plain=("hash",), of=Of.AUDIT),
    _nobody("audit_unsealed", "Which events are not sealed yet.", of=Of.AUDIT),
    _nobody("benchmark_participation", "How the council is compared, if at all.", of=Of.GOVERNANCE),
    _nobody(
        "benchmark_release",
        "Quartiles of councils, and this council's own answers.",
        plain=("cells", "own"),
    ),
    _nobody(
        "benchmark_return",
        "What the council answers of itself, with notes.",
        prose=("reason", "answers"),
        sealed_since="submitted_at",
    ),
    _nobody(
        "benefit_claim",
        "What a pilot is said to have saved; who wrote and verified it are ids of keys and accounts.",
        prose=("title", "assumptions", "verification_reason"),
        plain=(
            *("unit", "currency", "budget_line", "ledger_reference"),
            *("hours", "evidence", "written_by"),
        ),
    ),
    _nobody(
        "gate_override",
        "That a pilot was let start without what should have been in order, and why.",
        prose=("reason",),
        plain=("gates",),
        of=Of.GOVERNANCE,
    ),
    _nobody("gate_setting", "What bars a start.", plain=("gates",), of=Of.GOVERNANCE),
    _nobody(
        "listed_output",
        "References of what the AI wrote; what identifies somebody is refused.",
        plain=("output_ref", "tool_version", "output_type", "team"),
        of=Of.GOVERNANCE,
    ),
    _nobody(
        "output_audit_plan",
        "What is audited, and how strictly.",
        prose=("name",),
        plain=("strata",),
        of=Of.GOVERNANCE,
    ),
    _nobody("output_draw", "A seed and how many were drawn.", plain=("digest",), of=Of.GOVERNANCE),
    _nobody(
        "output_marking",
        "Types and severities of errors; who marked is the id of a key or an account.",
        plain=("findings",),
        of=Of.GOVERNANCE,
    ),
    _nobody(
        "policy",
        "Policies, and which office owns them.",
        prose=("title", "owner"),
        plain=("code", "topics", "document_ref"),
        of=Of.GOVERNANCE,
    ),
    _nobody(
        "register_item",
        "Assessments and records of a pilot, and which office owns and approves them.",
        prose=("title", "owner", "approver", "content"),
        of=Of.GOVERNANCE,
    ),
    _nobody(
        "pilot_decision",
        "What the council decided, why, and which office decided: its record, sealed, and kept as it was made.",
        prose=("content",),
        sealed_since="made_at",
        plain=("seal",),
        of=Of.GOVERNANCE,
    ),
    _nobody("sampled_output", "Which references were drawn.", of=Of.GOVERNANCE),
    _nobody(
        "webhook_attempt",
        "How a delivery went; receivers get ids, and what they answer goes with the event.",
        prose=("excerpt",),
        plain=("code",),
        of=Of.OPERATIONS,
    ),
    _nobody(
        "webhook_delivery", "Which events are on their way.", plain=("subject",), of=Of.OPERATIONS
    ),
    _nobody(
        "webhook_endpoint",
        "Where events are sent.",
        prose=("description",),
        plain=("url", "event_types", "secrets"),
    ),
)
