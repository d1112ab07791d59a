"""What absences were before an import changed them."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_absence_versions"
down_revision = "20261123_governance"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "absence_version",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_absence_version_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id", "starts_on"],
            ["absence.organisation_id", "absence.person_id", "absence.starts_on"],
            name=op.f("fk_absence_version_organisation_id_person_id_starts_on"),
        ),
        sa.PrimaryKeyConstraint(
            *("organisation_id", "person_id", "starts_on", "revision"),
            name=op.f("pk_absence_version"),
        ),
    )
    op.create_index("ix_absence_version_batch", "absence_version", ["organisation_id", "batch_id"])


def downgrade() -> None:
    op.drop_table("absence_version")
