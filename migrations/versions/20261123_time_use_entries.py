"""The entries of a day lie column after column: what is stored is nothing that can be read, and is made anew."""

from alembic import op

revision = "20261123_time_use_entries"
down_revision = "20261123_time_sample_lookups"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Of a day of another zone nothing is read, and the next run of the job makes it anew.
    op.execute("UPDATE time_use_day SET zone = ''")


def downgrade() -> None:
    op.execute("UPDATE time_use_day SET zone = ''")
