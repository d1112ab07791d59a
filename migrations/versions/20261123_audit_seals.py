"""The chain of the audit log, what waits for it, and its signed checkpoints."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_audit_seals"
down_revision = "20261123_snapshots_of_use"
branch_labels = None
depends_on = None

_UNWRITTEN = sa.text("written_at IS NULL")


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def upgrade() -> None:
    op.create_table(
        "audit_unsealed",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        _owner("audit_unsealed"),
        sa.PrimaryKeyConstraint("organisation_id", "event_id", name=op.f("pk_audit_unsealed")),
    )
    op.create_table(
        "audit_seal",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        _owner("audit_seal"),
        sa.PrimaryKeyConstraint("organisation_id", "position", name=op.f("pk_audit_seal")),
    )
    op.create_index(
        "uq_audit_seal_event", "audit_seal", ["organisation_id", "event_id"], unique=True
    )
    op.create_table(
        "audit_seal_head",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("sealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_position", sa.BigInteger(), nullable=False),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        _owner("audit_seal_head"),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_audit_seal_head")),
    )
    op.create_table(
        "audit_checkpoint",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("statement", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        _owner("audit_checkpoint"),
        sa.PrimaryKeyConstraint("organisation_id", "position", name=op.f("pk_audit_checkpoint")),
    )
    op.create_index(
        "ix_audit_checkpoint_unwritten",
        "audit_checkpoint",
        ["organisation_id", "position"],
        unique=False,
        postgresql_where=_UNWRITTEN,
        sqlite_where=_UNWRITTEN,
    )
    # Events from before are sealed like those to come, in the order of their ids.
    op.execute("INSERT INTO audit_unsealed SELECT organisation_id, id FROM audit_event")
    _make_seals_append_only()


def downgrade() -> None:
    op.drop_index("ix_audit_checkpoint_unwritten", table_name="audit_checkpoint")

    op.drop_table("audit_checkpoint")
    op.drop_table("audit_seal_head")
    op.drop_index("uq_audit_seal_event", table_name="audit_seal")

    op.drop_table("audit_seal")  # with its triggers
    op.drop_table("audit_unsealed")


_REFUSAL = "the audit log is append-only"


def _make_seals_append_only() -> None:
    """As for the events, whose function on PostgreSQL serves here as well."""
    if op.get_bind().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER audit_seal_no_{event.lower()} BEFORE {event} ON audit_seal "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        # INSERT OR REPLACE would delete without asking the trigger on DELETE.
        op.execute(
            "CREATE TRIGGER audit_seal_no_replace BEFORE INSERT ON audit_seal WHEN EXISTS ("
            "SELECT 1 FROM audit_seal WHERE organisation_id = NEW.organisation_id "
            "AND (position = NEW.position OR event_id = NEW.event_id)) "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE TRIGGER audit_seal_no_change BEFORE UPDATE OR DELETE ON audit_seal "
        "FOR EACH ROW EXECUTE FUNCTION refuse_audit_change()"
    )
    op.execute(
        "CREATE TRIGGER audit_seal_no_truncate BEFORE TRUNCATE ON audit_seal "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()"
    )
