"""Legal holds, retention schedules, erasures, and the numbers of people who were erased."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_privacy"
down_revision = "20261123_benchmark"
branch_labels = None
depends_on = None

_IN_FORCE = sa.text("released_at IS NULL")


def _organisation(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def upgrade() -> None:
    op.create_table(
        "erased_number",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("erasure_id", sa.Uuid(), nullable=False),
        _organisation("erased_number"),
        sa.PrimaryKeyConstraint("organisation_id", "digest", name=op.f("pk_erased_number")),
    )
    op.create_table(
        "erasure",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        _organisation("erasure"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_erasure")),
    )
    op.create_table(
        "legal_hold",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "hold_on",
            sa.Enum(
                "person",
                "pilot",
                "organisation",
                name="hold_on",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("pilot_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("placed_by", sa.Uuid(), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "pilot_id IS NULL OR hold_on = 'pilot'", name=op.f("ck_legal_hold_pilot")
        ),
        sa.CheckConstraint(
            "person_id IS NULL OR hold_on = 'person'", name=op.f("ck_legal_hold_person")
        ),
        _organisation("legal_hold"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_legal_hold_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_legal_hold_organisation_id_pilot_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_legal_hold")),
    )
    op.create_index(
        "ix_legal_hold_in_force",
        "legal_hold",
        ["organisation_id"],
        postgresql_where=_IN_FORCE,
        sqlite_where=_IN_FORCE,
    )
    op.create_table(
        "retention_schedule",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        _organisation("retention_schedule"),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_retention_schedule")),
    )


def downgrade() -> None:
    for table in ("retention_schedule", "legal_hold", "erasure", "erased_number"):
        op.drop_table(table)
