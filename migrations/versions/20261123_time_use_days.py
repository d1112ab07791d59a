"""Daily facts of time use, what their numbers stand for, and an index on when samples began."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_time_use_days"
down_revision = "20261123_time_use_day_marks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "time_use_day",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("entries", sa.LargeBinary(), nullable=False),
        sa.Column("samples", sa.Integer(), nullable=False),
        sa.Column("computed_at", sa.DateTime(timezone=True), nullable=False),
        _owner("time_use_day"),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "local_day", name=op.f("pk_time_use_day")
        ),
    )
    op.create_table(
        "time_use_person",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        _owner("time_use_person"),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "number", name=op.f("pk_time_use_person")
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "pilot_id",
            "person_id",
            name=op.f("uq_time_use_person_organisation_id_pilot_id_person_id"),
        ),
    )
    op.create_table(
        "time_use_code",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        _owner("time_use_code"),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "number", name=op.f("pk_time_use_code")
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "pilot_id",
            "source",
            "category",
            "method",
            name=op.f("uq_time_use_code_organisation_id_pilot_id_source_category_method"),
        ),
    )
    op.execute(
        "-- squawk-ignore require-concurrent-index-creation\n"  # the table is of this very release
        "CREATE INDEX ix_time_sample_started_at ON time_sample (organisation_id, pilot_id, started_at)"
    )


def _owner(table: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def downgrade() -> None:
    op.drop_index("ix_time_sample_started_at", "time_sample")
    op.drop_table("time_use_code")
    op.drop_table("time_use_person")
    op.drop_table("time_use_day")
