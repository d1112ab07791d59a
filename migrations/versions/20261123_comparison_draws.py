"""Draws of a comparison group."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_comparison_draws"
down_revision = "20261123_time_use_days"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "comparison_draw",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("candidates", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_comparison_draw_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_comparison_draw_organisation_id_pilot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "batch_id"],
            ["import_batch.organisation_id", "import_batch.id"],
            name=op.f("fk_comparison_draw_organisation_id_batch_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_comparison_draw")),
    )
    op.create_index("ix_comparison_draw_pilot", "comparison_draw", ["organisation_id", "pilot_id"])


def downgrade() -> None:
    op.drop_table("comparison_draw")
