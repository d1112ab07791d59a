"""What activity with licences was before an import changed it."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_activity_versions"
down_revision = "20261124_absence_versions"
branch_labels = None
depends_on = None

_KEY = ("organisation_id", "person_id", "product", "period", "period_starts_on", "app")


def upgrade() -> None:
    op.create_table(
        "licence_activity_version",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("period", sa.String(length=40), nullable=False),
        sa.Column("period_starts_on", sa.Date(), nullable=False),
        sa.Column("app", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("active_days", sa.Integer(), nullable=True),
        sa.Column("actions", sa.Integer(), nullable=True),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "period IN ('day', 'week')", name=op.f("ck_licence_activity_version_period")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_licence_activity_version_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            _KEY,
            [f"licence_activity.{name}" for name in _KEY],
            name=op.f("fk_licence_activity_version_activity"),
        ),
        sa.PrimaryKeyConstraint(*_KEY, "revision", name=op.f("pk_licence_activity_version")),
    )
    op.create_index(
        "ix_licence_activity_version_batch",
        "licence_activity_version",
        ["organisation_id", "batch_id"],
    )


def downgrade() -> None:
    op.drop_table("licence_activity_version")
