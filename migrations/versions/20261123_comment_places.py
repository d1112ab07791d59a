"""Which comments are shown together, once somebody has read them."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_comment_places"
down_revision = "20261123_webhooks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "feedback_comment_place",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("answer_key", sa.String(length=32), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_feedback_comment_place_organisation_id_pilot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_feedback_comment_place_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            *("organisation_id", "pilot_id", "answer_key", "revision"),
            name=op.f("pk_feedback_comment_place"),
        ),
    )


def downgrade() -> None:
    op.drop_table("feedback_comment_place")
