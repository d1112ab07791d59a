"""Samples looked up by their key, whatever else is indexed."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_time_sample_lookups"
down_revision = "20261123_job_runs"
branch_labels = None
depends_on = None

_DAYS = "ix_time_sample_started_at"
_BATCH = "ix_time_sample_batch"
_COLUMNS = {
    _DAYS: ["organisation_id", "pilot_id", "started_at"],
    _BATCH: ["organisation_id", "batch_id"],
}
_SOME = {
    "postgresql": {_DAYS: "is_deleted IS false", _BATCH: "batch_id IS NOT NULL"},
    "sqlite": {_DAYS: "is_deleted IS 0", _BATCH: "batch_id IS NOT NULL"},
}


def upgrade() -> None:
    for name, columns in _COLUMNS.items():
        _drop(name)
        where = {f"{kind}_where": sa.text(some[name]) for kind, some in _SOME.items()}
        op.create_index(name, "time_sample", columns, **where)


def downgrade() -> None:
    for name, columns in _COLUMNS.items():
        _drop(name)
        op.create_index(name, "time_sample", columns)


def _drop(name: str) -> None:
    op.execute(
        "-- squawk-ignore require-concurrent-index-deletion\n"  # the table is of this very release
        f"DROP INDEX {name}"
    )
