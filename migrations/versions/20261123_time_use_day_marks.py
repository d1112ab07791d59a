"""Days of time samples whose figures are to be made anew."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_time_use_day_marks"
down_revision = "20261123_import_mappings"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "time_use_day_mark",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("mark_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_time_use_day_mark_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "local_day", "mark_id", name=op.f("pk_time_use_day_mark")
        ),
    )


def downgrade() -> None:
    op.drop_table("time_use_day_mark")
