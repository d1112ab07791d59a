"""Feedback: sessions, weekly answers and what they were before; a kind of batch for them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_feedback"
down_revision = "20261123_time_use"
branch_labels = None
depends_on = None

_KINDS = (
    *("people", "pilot_members", "licence_activity", "absences", "seat_allocations"),
    "time_samples",
)
_SESSION_KINDS = ("vendor", "internal", "drop_in", "survey")
_SCORES = ("satisfaction", "quality_improved", "mental_load_reduced", "morale")


def upgrade() -> None:
    _allow_kinds((*_KINDS, "feedback"))
    op.create_table(
        "feedback_session",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("facilitator", sa.String(length=200), nullable=True),
        sa.Column("invited", sa.Integer(), nullable=True),
        sa.Column("attended", sa.Integer(), nullable=True),
        sa.Column("notes", sa.String(), nullable=True),
        sa.Column("themes", sa.JSON(), nullable=False),
        sa.CheckConstraint("attended >= 0", name=op.f("ck_feedback_session_attended")),
        sa.CheckConstraint("invited >= 0", name=op.f("ck_feedback_session_invited")),
        sa.CheckConstraint(
            sa.column("kind").in_(_SESSION_KINDS), name=op.f("ck_feedback_session_session_kind")
        ),
        *_owned("feedback_session"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_feedback_session")),
    )
    op.create_index(
        "ix_feedback_session_pilot", "feedback_session", ["organisation_id", "pilot_id"]
    )
    op.create_table(
        "feedback_response",
        *_key(),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_values(),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        *(
            sa.CheckConstraint(f"{name} BETWEEN 1 AND 5", name=op.f(f"ck_feedback_response_{name}"))
            for name in _SCORES
        ),
        sa.CheckConstraint(
            "minutes_saved_per_day BETWEEN -480 AND 480", name=op.f("ck_feedback_response_minutes")
        ),
        sa.CheckConstraint(
            "(person_id IS NULL) = (updated_at IS NULL) AND (person_id IS NULL) = (created_at IS NULL)",
            name=op.f("ck_feedback_response_anonymous"),
        ),
        *_owned("feedback_response"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_feedback_response_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "session_id"],
            ["feedback_session.organisation_id", "feedback_session.id"],
            name=op.f("fk_feedback_response_organisation_id_session_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "answer_key", name=op.f("pk_feedback_response")
        ),
    )
    op.create_index(
        "ix_feedback_response_batch", "feedback_response", ["organisation_id", "batch_id"]
    )
    op.create_index(
        "ix_feedback_response_week",
        "feedback_response",
        ["organisation_id", "pilot_id", "week_starts_on"],
    )
    op.create_index(
        "uq_feedback_response_person",
        "feedback_response",
        ["organisation_id", "pilot_id", "person_id", "week_starts_on"],
        unique=True,
        postgresql_where=sa.text("person_id IS NOT NULL"),
        sqlite_where=sa.text("person_id IS NOT NULL"),
    )
    op.create_table(
        "feedback_version",
        *_key(),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_values(),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        *_owned("feedback_version"),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "pilot_id",
            "answer_key",
            "revision",
            name=op.f("pk_feedback_version"),
        ),
    )
    op.create_index(
        "ix_feedback_version_batch", "feedback_version", ["organisation_id", "batch_id"]
    )


def _key() -> list[sa.Column[Any]]:
    owner = [sa.Column(name, sa.Uuid(), nullable=False) for name in ("organisation_id", "pilot_id")]
    return [*owner, sa.Column("answer_key", sa.String(length=32), nullable=False)]


def _values() -> list[sa.Column[Any]]:
    return [
        sa.Column("week_starts_on", sa.Date(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in _SCORES),
        sa.Column("minutes_saved_per_day", sa.Float(), nullable=True),
        sa.Column("would_keep", sa.Boolean(), nullable=True),
        *(
            sa.Column(name, sa.String(), nullable=True)
            for name in ("liked", "disliked", "blockers")
        ),
        sa.Column("themes", sa.String(length=1500), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
    ]


def _owned(table: str) -> list[sa.Constraint]:
    return [
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f(f"fk_{table}_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f(f"fk_{table}_organisation_id_pilot_id"),
        ),
    ]


def downgrade() -> None:
    op.drop_table("feedback_version")
    op.drop_table("feedback_response")
    op.drop_table("feedback_session")
    op.execute("DELETE FROM import_batch WHERE kind = 'feedback'")
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
