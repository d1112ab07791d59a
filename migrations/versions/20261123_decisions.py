"""Decisions about pilots, which never change."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_decisions"
down_revision = "20261123_privacy"
branch_labels = None
depends_on = None

_OUTCOMES = ("scale", "extend", "reduce", "stop")
_REFUSAL = "a decision is never changed"


def upgrade() -> None:
    op.create_table(
        "pilot_decision",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(length=40), nullable=False),
        sa.Column("supersedes_id", sa.Uuid(), nullable=True),
        sa.Column("snapshot_id", sa.Uuid(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.CheckConstraint(
            sa.column("outcome").in_(_OUTCOMES), name=op.f("ck_pilot_decision_decision_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_pilot_decision_organisation_id"),
        ),
        *(
            sa.ForeignKeyConstraint(
                ["organisation_id", column],
                [f"{table}.organisation_id", f"{table}.id"],
                name=op.f(f"fk_pilot_decision_organisation_id_{column}"),
            )
            for column, table in (
                ("pilot_id", "pilot"),
                ("supersedes_id", "pilot_decision"),
                ("snapshot_id", "snapshot"),
            )
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_pilot_decision")),
        sa.UniqueConstraint(
            "organisation_id",
            "pilot_id",
            "number",
            name=op.f("uq_pilot_decision_organisation_id_pilot_id_number"),
        ),
    )
    _make_immutable()


def _make_immutable() -> None:
    """As snapshots are: even for whoever holds the database's password by mistake."""
    if op.get_context().dialect.name == "sqlite":
        for event in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER pilot_decision_no_{event.lower()} BEFORE {event} ON pilot_decision "
                f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            )
        # INSERT OR REPLACE would delete without asking the trigger on DELETE.
        op.execute(
            "CREATE TRIGGER pilot_decision_no_replace BEFORE INSERT ON pilot_decision WHEN EXISTS ("
            "SELECT 1 FROM pilot_decision WHERE organisation_id = NEW.organisation_id AND (id = NEW.id "
            "OR (pilot_id = NEW.pilot_id AND number = NEW.number))) "
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
        )
        return
    op.execute(
        "CREATE FUNCTION refuse_decision_change() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$"
    )
    op.execute(
        "CREATE TRIGGER pilot_decision_no_change BEFORE UPDATE OR DELETE ON pilot_decision "
        "FOR EACH ROW EXECUTE FUNCTION refuse_decision_change()"
    )
    op.execute(
        "CREATE TRIGGER pilot_decision_no_truncate BEFORE TRUNCATE ON pilot_decision "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_decision_change()"
    )


def downgrade() -> None:
    op.drop_table("pilot_decision")  # with its triggers
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_decision_change()")
