"""Published figures that never change; the zone of a marked day; what all runs of a job have counted."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_snapshots"
down_revision = "20261123_time_sample_lookups"
branch_labels = None
depends_on = None

_TABLES = ("snapshot", "snapshot_input")
_REASONS = ("weekly", "window_end", "on_demand")
_REFUSAL = "a snapshot is never changed"


def upgrade() -> None:
    # Both may be left out: the other release does not know them.
    op.add_column("time_use_day_mark", sa.Column("zone", sa.String(length=64), nullable=True))
    op.add_column("job_state", sa.Column("totals", sa.JSON(), server_default="{}", nullable=False))
    op.create_table(
        "snapshot",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        *(sa.Column(day, sa.Date(), nullable=False) for day in ("starts_on", "ends_on", "as_of")),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("follows_id", sa.Uuid(), nullable=True),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        *(
            sa.Column(content, sa.JSON(), nullable=False)
            for content in ("definitions", "inputs", "changes", "figures")
        ),
        sa.CheckConstraint(
            sa.column("reason").in_(_REASONS), name=op.f("ck_snapshot_snapshot_reason")
        ),
        *_owners("snapshot"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "follows_id"],
            ["snapshot.organisation_id", "snapshot.id"],
            name=op.f("fk_snapshot_organisation_id_follows_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_snapshot")),
    )
    op.create_index("ix_snapshot_pilot", "snapshot", ["organisation_id", "pilot_id", "as_of"])
    op.create_table(
        "snapshot_input",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.LargeBinary(), nullable=False),
        *_owners("snapshot_input"),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "digest", name=op.f("pk_snapshot_input")
        ),
    )
    _make_immutable()


def _owners(table: str) -> list[sa.Constraint]:
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


def _make_immutable() -> None:
    """As the audit log is: even for whoever holds the database's password by mistake."""
    if op.get_context().dialect.name == "sqlite":
        keys = {"snapshot": "id = NEW.id"}
        keys["snapshot_input"] = "pilot_id = NEW.pilot_id AND digest = NEW.digest"
        for table in _TABLES:
            for event in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{event.lower()} BEFORE {event} ON {table} "
                    f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
                )
            # INSERT OR REPLACE would delete without asking the trigger on DELETE.
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ("
                f"SELECT 1 FROM {table} WHERE organisation_id = NEW.organisation_id AND {keys[table]}) "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        return
    op.execute(
        "CREATE FUNCTION refuse_snapshot_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    for table in _TABLES:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_snapshot_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_snapshot_change()"
        )


def downgrade() -> None:
    for table in reversed(_TABLES):
        op.drop_table(table)  # with its triggers
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_snapshot_change()")
    op.drop_column("job_state", "totals")
    op.drop_column("time_use_day_mark", "zone")
