"""Connections to other systems, their runs, and what they have taken."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_connections"
down_revision = "20261123_time_sample_lookups"
branch_labels = None
depends_on = None

_OPEN = sa.text("status IN ('queued', 'running')")
_STATUSES = ("queued", "running", "succeeded", "failed")
_STATES = ("taken", "quarantined")


def _of_connection(table: str) -> tuple[sa.ForeignKeyConstraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["connection.organisation_id", "connection.id"],
            name=op.f(f"fk_{table}_organisation_id_connection_id"),
        ),
        _of_organisation(table),
    )


def _of_organisation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def upgrade() -> None:
    op.create_table(
        "connection",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("secrets", sa.String(), nullable=True),
        sa.Column("every_minutes", sa.Integer(), nullable=True),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "every_minutes >= 15 AND every_minutes <= 10080",
            name=op.f("ck_connection_every_minutes"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_connection_organisation_id_pilot_id"),
        ),
        _of_organisation("connection"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_connection")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_connection_organisation_id_name")
        ),
    )
    op.create_table(
        "connection_run",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("troubles", sa.JSON(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.Column("error", sa.String(length=64), nullable=True),
        sa.CheckConstraint(
            sa.column("status").in_(_STATUSES), name=op.f("ck_connection_run_sync_status")
        ),
        *_of_connection("connection_run"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_connection_run")),
    )
    op.create_index(
        "ix_connection_run_connection", "connection_run", ["organisation_id", "connection_id", "id"]
    )
    op.create_index(
        "uq_connection_run_open",
        "connection_run",
        ["organisation_id", "connection_id"],
        unique=True,
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
    op.create_table(
        "connection_file",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("modified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("detail", sa.String(length=500), nullable=True),
        sa.CheckConstraint(
            sa.column("state").in_(_STATES), name=op.f("ck_connection_file_file_state")
        ),
        *_of_connection("connection_file"),
        sa.PrimaryKeyConstraint(
            "organisation_id", "connection_id", "digest", name=op.f("pk_connection_file")
        ),
    )
    op.create_table(
        "connection_record",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("connection_id", sa.Uuid(), nullable=False),
        sa.Column("reference", sa.String(length=200), nullable=False),
        sa.Column("person_external_id", sa.String(length=100), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        *_of_connection("connection_record"),
        sa.PrimaryKeyConstraint(
            "organisation_id", "connection_id", "reference", name=op.f("pk_connection_record")
        ),
    )


def downgrade() -> None:
    for table in ("connection_record", "connection_file", "connection_run", "connection"):
        op.drop_table(table)
