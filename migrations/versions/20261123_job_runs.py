"""Runs of jobs that are asked for, seen moving and tried again; what two jobs find."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_job_runs"
down_revision = "20261123_comparison_draws"
branch_labels = None
depends_on = None

_ENDED = ("succeeded", "failed")
_KINDS = ("queued", "running", *_ENDED)
_CHECK = "ck_job_run_run_status"
_SLOT = "uq_job_run_organisation_id_job_slot"
_TIMES = ("started_at", "finished_at")
_ON_SCHEDULE = sa.text("requested_by IS NULL")
_OPEN = sa.text("status IN ('queued', 'running')")


def _columns() -> list[sa.Column[Any]]:
    """New ones, with defaults for the release that does not know them."""
    return [
        sa.Column("requested_by", sa.Uuid(), nullable=True),
        sa.Column("parts", sa.JSON(), server_default="[]", nullable=False),
        sa.Column("done", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
    ]


def upgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        for column in _columns():
            op.add_column("job_run", column)
        for name in _TIMES:
            op.execute(
                "-- squawk-ignore ban-drop-not-null\n"  # the other release only ever writes it
                f"ALTER TABLE job_run ALTER COLUMN {name} DROP NOT NULL"
            )
        _allow_statuses(_KINDS)
        op.execute(
            "-- squawk-ignore ban-drop-constraint\n"  # the index below takes its place
            f"ALTER TABLE job_run DROP CONSTRAINT {_SLOT}"
        )
    else:
        # SQLite makes the table anew for it, and forgets its checks.
        with op.batch_alter_table("job_run", recreate="always") as table:
            for column in _columns():
                table.add_column(column)
            for name in _TIMES:
                table.alter_column(name, existing_type=sa.DateTime(timezone=True), nullable=True)
            table.drop_constraint(op.f(_SLOT), type_="unique")
            table.create_check_constraint(op.f(_CHECK), sa.column("status").in_(_KINDS))
    op.create_index(
        "uq_job_run_slot",
        "job_run",
        ["organisation_id", "job", "slot"],
        unique=True,
        postgresql_where=_ON_SCHEDULE,
        sqlite_where=_ON_SCHEDULE,
    )
    op.create_index(
        "ix_job_run_open",
        "job_run",
        ["organisation_id"],
        postgresql_where=_OPEN,
        sqlite_where=_OPEN,
    )
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "job_state",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("last_run_id", sa.Uuid(), nullable=False),
        sa.Column("succeeded_slot", sa.DateTime(timezone=True), nullable=True),
        sa.Column("succeeded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        _of_organisation("job_state"),
        sa.PrimaryKeyConstraint("organisation_id", "job", name=op.f("pk_job_state")),
    )
    op.create_table(
        "reclaim_count",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("warn", "propose", "certain")),
        sa.Column("is_stale", sa.Boolean(), nullable=False),
        _of_organisation("reclaim_count"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pool_id"],
            ["licence_pool.organisation_id", "licence_pool.id"],
            name=op.f("fk_reclaim_count_organisation_id_pool_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pool_id", "as_of", name=op.f("pk_reclaim_count")
        ),
    )
    op.create_table(
        "missing_feedback_week",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("week_starts_on", sa.Date(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        _of_organisation("missing_feedback_week"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_missing_feedback_week_organisation_id_pilot_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "pilot_id",
            "week_starts_on",
            name=op.f("pk_missing_feedback_week"),
        ),
    )


def _of_organisation(table: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def _allow_statuses(statuses: tuple[str, ...]) -> None:
    listed = ", ".join(f"'{status}'" for status in statuses)
    op.execute(
        "-- squawk-ignore ban-drop-constraint\n"  # another one takes its place
        f"ALTER TABLE job_run DROP CONSTRAINT {_CHECK}"
    )
    op.execute(
        f"ALTER TABLE job_run ADD CONSTRAINT {_CHECK} CHECK (status IN ({listed})) NOT VALID"
    )
    op.execute(
        "-- squawk-ignore constraint-missing-not-valid\n"  # a row a run: few
        f"ALTER TABLE job_run VALIDATE CONSTRAINT {_CHECK}"
    )


def downgrade() -> None:
    for table in ("missing_feedback_week", "reclaim_count", "job_state"):
        op.drop_table(table)
    op.execute("DELETE FROM job_run WHERE requested_by IS NOT NULL OR finished_at IS NULL")
    op.execute("DELETE FROM job_run WHERE status IN ('queued', 'running')")
    op.drop_index("ix_job_run_open", "job_run")
    op.drop_index("uq_job_run_slot", "job_run")
    new = [column.name for column in _columns()]
    if op.get_context().dialect.name == "postgresql":
        for name in _TIMES:
            op.alter_column("job_run", name, nullable=False)
        _allow_statuses(_ENDED)
        op.create_unique_constraint(op.f(_SLOT), "job_run", ["organisation_id", "job", "slot"])
        for name in new:
            op.drop_column("job_run", name)
        return
    with op.batch_alter_table("job_run", recreate="always") as table:
        for name in new:
            table.drop_column(name)
        for name in _TIMES:
            table.alter_column(name, existing_type=sa.DateTime(timezone=True), nullable=False)
        table.create_unique_constraint(op.f(_SLOT), ["organisation_id", "job", "slot"])
        table.create_check_constraint(op.f(_CHECK), sa.column("status").in_(_ENDED))
