"""Licences as other systems tell them, and days of which activity is not known in full."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_snapshots_of_use"
down_revision = "20261123_comment_places"
branch_labels = None
depends_on = None

_KINDS = ("last_days_only", "names_concealed")


def upgrade() -> None:
    op.add_column("connection_run", sa.Column("licences", sa.JSON(), nullable=True))
    op.create_table(
        "licence_activity_caveat",
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.CheckConstraint(
            sa.column("kind").in_(_KINDS), name=op.f("ck_licence_activity_caveat_caveat_kind")
        ),
        sa.CheckConstraint("ends_on > starts_on", name=op.f("ck_licence_activity_caveat_dates")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_licence_activity_caveat_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "product",
            "kind",
            "starts_on",
            name=op.f("pk_licence_activity_caveat"),
        ),
    )


def downgrade() -> None:
    op.drop_table("licence_activity_caveat")
    op.drop_column("connection_run", "licences")
