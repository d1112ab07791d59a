"""Sampling plans, and the prompts that are drawn by them."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_sampling_plans"
down_revision = "20261123_feedback"
branch_labels = None
depends_on = None

_METHODS = ("diary", "timesheet", "observation", "random_moment")
_ARMS = ("pilot", "comparison", "both")


def _of_organisation(table: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def _of(table: str, column: str, other: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{other}.organisation_id", f"{other}.id"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def _key(*names: str) -> list[sa.Column[Any]]:
    return [sa.Column(name, sa.Uuid(), nullable=False) for name in ("organisation_id", *names)]


def upgrade() -> None:
    op.create_table(
        "sampling_plan",
        *_key("pilot_id"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("arms", sa.String(length=40), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("person_days_per_week", sa.Integer(), nullable=False),
        sa.Column("prompts_per_day", sa.Integer(), nullable=True),
        sa.Column("from_time", sa.Time(), nullable=True),
        sa.Column("until_time", sa.Time(), nullable=True),
        sa.CheckConstraint(
            sa.column("method").in_(_METHODS), name=op.f("ck_sampling_plan_sample_method")
        ),
        sa.CheckConstraint(sa.column("arms").in_(_ARMS), name=op.f("ck_sampling_plan_plan_arms")),
        sa.CheckConstraint(
            "person_days_per_week BETWEEN 1 AND 7",
            name=op.f("ck_sampling_plan_person_days_per_week"),
        ),
        sa.CheckConstraint(
            "prompts_per_day BETWEEN 1 AND 24", name=op.f("ck_sampling_plan_prompts_per_day")
        ),
        sa.CheckConstraint("until_time > from_time", name=op.f("ck_sampling_plan_hours")),
        sa.CheckConstraint(
            "(method = 'random_moment') = (prompts_per_day IS NOT NULL)"
            " AND (prompts_per_day IS NULL) = (from_time IS NULL)"
            " AND (prompts_per_day IS NULL) = (until_time IS NULL)",
            name=op.f("ck_sampling_plan_prompts"),
        ),
        _of_organisation("sampling_plan"),
        _of("sampling_plan", "pilot_id", "pilot"),
        sa.PrimaryKeyConstraint("organisation_id", "pilot_id", name=op.f("pk_sampling_plan")),
    )
    op.create_table(
        "time_prompt_draw",
        *_key("id", "pilot_id"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        _of_organisation("time_prompt_draw"),
        _of("time_prompt_draw", "pilot_id", "pilot"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_time_prompt_draw")),
    )
    op.create_index(
        "ix_time_prompt_draw_pilot", "time_prompt_draw", ["organisation_id", "pilot_id"]
    )
    op.create_table(
        "time_prompt",
        *_key("id", "pilot_id", "person_id"),
        sa.Column("prompt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("draw_id", sa.Uuid(), nullable=False),
        _of_organisation("time_prompt"),
        _of("time_prompt", "draw_id", "time_prompt_draw"),
        _of("time_prompt", "person_id", "person"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_time_prompt")),
        sa.UniqueConstraint(
            "organisation_id",
            "pilot_id",
            "person_id",
            "prompt_at",
            name=op.f("uq_time_prompt_organisation_id_pilot_id_person_id_prompt_at"),
        ),
    )


def downgrade() -> None:
    op.drop_table("time_prompt")
    op.drop_table("time_prompt_draw")
    op.drop_table("sampling_plan")
