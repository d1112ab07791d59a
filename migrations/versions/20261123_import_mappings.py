"""Saved mappings of the columns of files."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_import_mappings"
down_revision = "20261123_sampling_plans"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "import_mapping",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_import_mapping_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_import_mapping")),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_import_mapping_organisation_id_name")
        ),
    )


def downgrade() -> None:
    op.drop_table("import_mapping")
