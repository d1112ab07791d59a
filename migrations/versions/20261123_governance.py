"""Governance: policies, the register of pilots, training, gates and their overrides."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_governance"
down_revision = "20261123_decisions"
branch_labels = None
depends_on = None

_KINDS = (
    *("people", "pilot_members", "licence_activity", "absences", "seat_allocations"),
    *("time_samples", "feedback", "ai_outputs"),
)
_POLICY_STATUSES = ("draft", "consulted", "approved", "published", "withdrawn")
_ITEM_KINDS = (
    *("lawful_basis", "dpia", "equality_impact", "transparency_record", "supplier_assurance"),
    *("human_in_the_loop", "exit_plan", "consultation", "risk", "incident"),
)
_ITEM_STATUSES = ("open", "in_review", "approved", "rejected", "closed")
_PUBLISHED = sa.text("status = 'published'")
_ONE_OF_A_KIND = sa.text("kind NOT IN ('consultation', 'risk', 'incident')")


def upgrade() -> None:
    _allow_kinds((*_KINDS, "training"))
    _create_policy()
    _create_register()
    _create_training()
    _create_gates()


def _create_policy() -> None:
    op.create_table(
        "policy",
        *_identified(),
        *_revised(),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("document_ref", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("published_on", sa.Date(), nullable=True),
        sa.Column("told_of", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "status <> 'published' OR review_on IS NOT NULL", name=op.f("ck_policy_review")
        ),
        sa.CheckConstraint(
            sa.column("status").in_(_POLICY_STATUSES), name=op.f("ck_policy_policy_status")
        ),
        sa.UniqueConstraint(
            *("organisation_id", "code", "version"),
            name=op.f("uq_policy_organisation_id_code_version"),
        ),
        *_keys("policy", ("organisation_id", "id")),
    )
    op.create_index(
        "uq_policy_published",
        "policy",
        ["organisation_id", "code"],
        unique=True,
        postgresql_where=_PUBLISHED,
        sqlite_where=_PUBLISHED,
    )


def _create_register() -> None:
    op.create_table(
        "register_item",
        *_identified(),
        *_revised(),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("owner", sa.String(length=200), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("approved_on", sa.Date(), nullable=True),
        sa.Column("approver", sa.String(length=200), nullable=True),
        sa.Column("review_on", sa.Date(), nullable=True),
        sa.Column("told_of", sa.Date(), nullable=True),
        sa.CheckConstraint(
            "(status = 'approved') = (approved_on IS NOT NULL)",
            name=op.f("ck_register_item_approval"),
        ),
        sa.CheckConstraint("approved_on >= opened_on", name=op.f("ck_register_item_order")),
        sa.CheckConstraint(
            sa.column("kind").in_(_ITEM_KINDS), name=op.f("ck_register_item_item_kind")
        ),
        sa.CheckConstraint(
            sa.column("status").in_(_ITEM_STATUSES), name=op.f("ck_register_item_item_status")
        ),
        *_keys("register_item", ("organisation_id", "id"), pilot_id="pilot"),
    )
    op.create_index("ix_register_item_pilot", "register_item", ["organisation_id", "pilot_id"])
    op.create_index(
        "uq_register_item_kind",
        "register_item",
        ["organisation_id", "pilot_id", "kind"],
        unique=True,
        postgresql_where=_ONE_OF_A_KIND,
        sqlite_where=_ONE_OF_A_KIND,
    )


def _create_training() -> None:
    op.create_table(
        "training_completion",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *_revised(),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("course", sa.String(length=64), nullable=False),
        sa.Column("completed_on", sa.Date(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        *_keys(
            "training_completion",
            ("organisation_id", "pilot_id", "person_id", "course"),
            pilot_id="pilot",
            person_id="person",
        ),
    )
    op.create_index(
        "ix_training_completion_person", "training_completion", ["organisation_id", "person_id"]
    )


def _create_gates() -> None:
    op.create_table(
        "gate_setting",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *_revised(),
        sa.Column("gates", sa.JSON(), nullable=False),
        *_keys("gate_setting", ("organisation_id",)),
    )
    op.create_table(
        "gate_override",
        *_identified(),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("gates", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        *_keys("gate_override", ("organisation_id", "id"), pilot_id="pilot"),
    )
    op.create_index("ix_gate_override_pilot", "gate_override", ["organisation_id", "pilot_id"])


def _identified() -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in ("organisation_id", "id")]


def _revised() -> list[sa.Column[Any]]:
    return [
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
    ]


def _keys(table: str, primary: tuple[str, ...], **pointing: str) -> list[sa.Constraint]:
    """The primary key, and foreign keys by column and the table that they point to."""
    return [
        sa.PrimaryKeyConstraint(*primary, name=op.f(f"pk_{table}")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f(f"fk_{table}_organisation_id"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{other}.organisation_id", f"{other}.id"],
                name=op.f(f"fk_{table}_organisation_id_{column}"),
            )
            for column, other in pointing.items()
        ),
    ]


def downgrade() -> None:
    for table in (
        *("gate_override", "gate_setting", "training_completion", "register_item", "policy"),
    ):
        op.drop_table(table)
    op.execute("DELETE FROM import_batch WHERE kind = 'training'")
    _allow_kinds(_KINDS)


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    """Let batches be of these kinds; SQLite makes the table anew for it, and forgets its checks."""
    name = "ck_import_batch_import_kind"
    if op.get_context().dialect.name != "postgresql":
        with op.batch_alter_table("import_batch", recreate="always") as table:
            table.create_check_constraint(op.f(name), sa.column("kind").in_(kinds))
        return
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place
        f"ALTER TABLE import_batch DROP CONSTRAINT {name}"
    )
    op.execute(
        f"ALTER TABLE import_batch ADD CONSTRAINT {name} CHECK (kind IN ({listed})) NOT VALID"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"  # a row a batch: few
        f"ALTER TABLE import_batch VALIDATE CONSTRAINT {name}"
    )
