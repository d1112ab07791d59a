"""People are found by their sign-in name, in whatever case."""

import sqlalchemy as sa
from alembic import op

revision = "20261124_sign_in_names"
down_revision = "20261124_person_versions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_person_user_name", "person", ["organisation_id", sa.text("lower(user_name)")]
    )


def downgrade() -> None:
    op.drop_index("ix_person_user_name", "person")
