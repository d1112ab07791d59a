"""Foundation: organisations, access, audit log, people, pilots, licence activity."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_foundation"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "organisation",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("minimum_group_size", sa.Integer(), nullable=False),
        sa.Column("working_hours_per_week", sa.Float(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("is_simulated", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "minimum_group_size BETWEEN 5 AND 10", name=op.f("ck_organisation_minimum_group_size")
        ),
        sa.CheckConstraint(
            "working_hours_per_week > 0", name=op.f("ck_organisation_working_hours_per_week")
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_organisation")),
        sa.UniqueConstraint("name", name=op.f("uq_organisation_name")),
    )
    op.create_table(
        "audit_event",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_kind", sa.String(length=40), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.String(length=100), nullable=False),
        sa.Column("resource_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.String(length=64), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_audit_event_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_audit_event")),
    )
    op.create_index("ix_audit_event_resource", "audit_event", ["organisation_id", "resource_id"])

    op.create_table(
        "idempotency_key",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status_code", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_idempotency_key_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "principal_id", "key", name=op.f("pk_idempotency_key")
        ),
    )
    op.create_index(
        "ix_idempotency_key_expiry", "idempotency_key", ["organisation_id", "expires_at"]
    )

    op.create_table(
        "import_batch",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "people",
                "pilot_members",
                "licence_activity",
                name="import_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_import_batch_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_import_batch")),
    )
    op.create_table(
        "job_run",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "succeeded",
                "failed",
                name="run_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=200), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_job_run_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_job_run")),
        sa.UniqueConstraint(
            "organisation_id", "job", "slot", name=op.f("uq_job_run_organisation_id_job_slot")
        ),
    )
    op.create_table(
        "person",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(length=100), nullable=False),
        sa.Column("user_name", sa.String(length=200), nullable=True),
        sa.Column("display_name", sa.String(length=200), nullable=True),
        sa.Column("department", sa.String(length=200), nullable=True),
        sa.Column("team", sa.String(length=200), nullable=True),
        sa.Column("job_family", sa.String(length=200), nullable=True),
        sa.Column("fte", sa.Float(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint("fte > 0 AND fte <= 1.5", name=op.f("ck_person_fte")),
        sa.CheckConstraint(
            "left_on IS NULL OR started_on IS NULL OR left_on >= started_on",
            name=op.f("ck_person_dates"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_person_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_person")),
        sa.UniqueConstraint(
            "organisation_id", "external_id", name=op.f("uq_person_organisation_id_external_id")
        ),
    )
    op.create_table(
        "api_key",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "pilot_lead",
                "ict_manager",
                "integrator",
                "analyst",
                "information_governance",
                "admin",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_api_key_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_api_key_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_api_key")),
        sa.UniqueConstraint(
            "organisation_id", "digest", name=op.f("uq_api_key_organisation_id_digest")
        ),
    )
    op.create_table(
        "licence_activity",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column(
            "period",
            sa.Enum(
                "day", "week", name="period", native_enum=False, create_constraint=True, length=40
            ),
            nullable=False,
        ),
        sa.Column("period_starts_on", sa.Date(), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=True),
        sa.Column("actions", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("actions >= 0", name=op.f("ck_licence_activity_actions")),
        sa.CheckConstraint(
            "active_days BETWEEN 0 AND 7", name=op.f("ck_licence_activity_active_days")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "batch_id"],
            ["import_batch.organisation_id", "import_batch.id"],
            name=op.f("fk_licence_activity_organisation_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_licence_activity_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_licence_activity_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "person_id",
            "product",
            "period",
            "period_starts_on",
            "app",
            name=op.f("pk_licence_activity"),
        ),
    )
    op.create_index(
        "ix_licence_activity_batch", "licence_activity", ["organisation_id", "batch_id"]
    )

    op.create_table(
        "pilot",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "copilot_licences",
                "social_care",
                "other",
                name="pilot_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("tool", sa.String(length=200), nullable=True),
        sa.Column("product", sa.String(length=64), nullable=True),
        sa.Column("purpose", sa.String(), nullable=True),
        sa.Column("baseline_starts_on", sa.Date(), nullable=True),
        sa.Column("baseline_ends_on", sa.Date(), nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("lead_person_id", sa.Uuid(), nullable=True),
        sa.Column("success_criteria", sa.JSON(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "planned",
                "running",
                "completed",
                "decided",
                "cancelled",
                name="pilot_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("created_by", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(baseline_starts_on IS NULL) = (baseline_ends_on IS NULL) AND (baseline_ends_on IS NULL OR (baseline_ends_on > baseline_starts_on AND baseline_ends_on <= starts_on))",
            name=op.f("ck_pilot_baseline"),
        ),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_pilot_window")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "lead_person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_pilot_organisation_id_lead_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_pilot_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_pilot")),
        sa.UniqueConstraint("organisation_id", "code", name=op.f("uq_pilot_organisation_id_code")),
    )
    op.create_table(
        "pilot_member",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column(
            "arm",
            sa.Enum(
                "pilot",
                "comparison",
                name="arm",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("joined_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "left_on IS NULL OR joined_on IS NULL OR left_on > joined_on",
            name=op.f("ck_pilot_member_interval"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_pilot_member_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_pilot_member_organisation_id_pilot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_pilot_member_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "person_id", name=op.f("pk_pilot_member")
        ),
    )
    op.create_index("ix_pilot_member_person", "pilot_member", ["organisation_id", "person_id"])

    op.create_table(
        "pilot_transition",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column(
            "from_status",
            sa.Enum(
                "draft",
                "planned",
                "running",
                "completed",
                "decided",
                "cancelled",
                name="from_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column(
            "to_status",
            sa.Enum(
                "draft",
                "planned",
                "running",
                "completed",
                "decided",
                "cancelled",
                name="to_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_pilot_transition_organisation_id_pilot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_pilot_transition_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_pilot_transition")),
    )
    op.create_index(
        "ix_pilot_transition_pilot", "pilot_transition", ["organisation_id", "pilot_id"]
    )

    _make_audit_log_append_only()


def downgrade() -> None:
    _drop_audit_triggers()
    op.drop_index("ix_pilot_transition_pilot", "pilot_transition")

    op.drop_table("pilot_transition")
    op.drop_index("ix_pilot_member_person", "pilot_member")

    op.drop_table("pilot_member")
    op.drop_table("pilot")
    op.drop_index("ix_licence_activity_batch", "licence_activity")

    op.drop_table("licence_activity")
    op.drop_table("api_key")
    op.drop_table("person")
    op.drop_table("job_run")
    op.drop_table("import_batch")
    op.drop_index("ix_idempotency_key_expiry", "idempotency_key")

    op.drop_table("idempotency_key")
    op.drop_index("ix_audit_event_resource", "audit_event")

    op.drop_table("audit_event")
    op.drop_table("organisation")


# The log is append-only even for whoever holds the database's password by mistake.
_REFUSAL = "the audit log is append-only"


def _make_audit_log_append_only() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_event_no_{event.lower()} BEFORE {event} ON audit_event "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        # INSERT OR REPLACE would delete without asking the trigger on DELETE.
        op.execute(
            "CREATE TRIGGER audit_event_no_replace BEFORE INSERT ON audit_event WHEN EXISTS ("
            "SELECT 1 FROM audit_event WHERE organisation_id = NEW.organisation_id AND id = NEW.id) "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER audit_event_no_change BEFORE UPDATE OR DELETE ON audit_event "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_event_no_truncate BEFORE TRUNCATE ON audit_event "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )


def _drop_audit_triggers() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for event in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER audit_event_no_{event}")
        return
    for event in ("change", "truncate"):
        op.execute(f"DROP TRIGGER audit_event_no_{event} ON audit_event")
    op.execute("DROP FUNCTION refuse_audit_change()")
