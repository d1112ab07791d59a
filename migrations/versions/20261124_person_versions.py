"""What was recorded of people before an import changed it."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_person_versions"
down_revision = "20261124_activity_versions"
branch_labels = None
depends_on = None

_TEXTS = ("user_name", "display_name", "department", "team", "job_family")


def upgrade() -> None:
    op.create_table(
        "person_version",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.String(length=200), nullable=True) for name in _TEXTS),
        sa.Column("fte", sa.Float(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=True),
        sa.Column("left_on", sa.Date(), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_person_version_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_person_version_organisation_id_id"),
        ),
        sa.PrimaryKeyConstraint(
            *("organisation_id", "id", "revision"), name=op.f("pk_person_version")
        ),
    )
    op.create_index("ix_person_version_batch", "person_version", ["organisation_id", "batch_id"])


def downgrade() -> None:
    op.drop_table("person_version")
