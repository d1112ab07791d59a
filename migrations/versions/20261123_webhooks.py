"""What happened, where it is sent, and every attempt."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_webhooks"
down_revision = "20261123_sign_in"
branch_labels = None
depends_on = None

_UNNUMBERED = sa.text("number IS NULL")
_PENDING = sa.text("state = 'pending'")


def upgrade() -> None:
    op.create_table(
        "event_counter",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("last_number", sa.BigInteger(), nullable=False),
        sa.Column("last_forgotten", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_event_counter_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_event_counter")),
    )
    op.create_table(
        "webhook_endpoint",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("description", sa.String(length=200), nullable=True),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("is_enabled", sa.Boolean(), nullable=False),
        sa.Column(
            "disabled_reason",
            sa.Enum(
                "administrator",
                "failing",
                "gone",
                name="disabled_reason",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=True,
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("secrets", sa.String(), nullable=False),
        sa.Column("old_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failing_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("held_by", sa.Uuid(), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_webhook_endpoint_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_webhook_endpoint")),
    )
    op.create_table(
        "event",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_event_organisation_id_pilot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_event_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_event")),
    )
    op.create_index(
        "ix_event_occurred_at", "event", ["organisation_id", "occurred_at"], unique=False
    )
    op.create_index(
        "ix_event_unnumbered",
        "event",
        ["organisation_id", "id"],
        unique=False,
        postgresql_where=_UNNUMBERED,
        sqlite_where=_UNNUMBERED,
    )
    op.create_index("uq_event_number", "event", ["organisation_id", "number"], unique=True)

    op.create_table(
        "webhook_delivery",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "pending",
                "delivered",
                "given_up",
                name="delivery_state",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "endpoint_id"],
            ["webhook_endpoint.organisation_id", "webhook_endpoint.id"],
            name=op.f("fk_webhook_delivery_organisation_id_endpoint_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "event_id"],
            ["event.organisation_id", "event.id"],
            name=op.f("fk_webhook_delivery_organisation_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_webhook_delivery_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "endpoint_id", "event_id", name=op.f("pk_webhook_delivery")
        ),
    )
    op.create_index(
        "ix_webhook_delivery_event",
        "webhook_delivery",
        ["organisation_id", "event_id"],
        unique=False,
    )
    op.create_index(
        "ix_webhook_delivery_pending",
        "webhook_delivery",
        ["organisation_id", "endpoint_id", "subject", "number"],
        unique=False,
        postgresql_where=_PENDING,
        sqlite_where=_PENDING,
    )
    op.create_index(
        "uq_webhook_delivery_number",
        "webhook_delivery",
        ["organisation_id", "endpoint_id", "number"],
        unique=True,
    )

    op.create_table(
        "webhook_attempt",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("endpoint_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("excerpt", sa.String(length=500), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id", "endpoint_id", "event_id"],
            [
                "webhook_delivery.organisation_id",
                "webhook_delivery.endpoint_id",
                "webhook_delivery.event_id",
            ],
            name=op.f("fk_webhook_attempt_organisation_id_endpoint_id_event_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_webhook_attempt_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_webhook_attempt")),
    )
    op.create_index(
        "ix_webhook_attempt_delivery",
        "webhook_attempt",
        ["organisation_id", "endpoint_id", "event_id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_webhook_attempt_delivery", table_name="webhook_attempt")

    op.drop_table("webhook_attempt")
    op.drop_index("uq_webhook_delivery_number", table_name="webhook_delivery")
    op.drop_index("ix_webhook_delivery_pending", table_name="webhook_delivery")
    op.drop_index("ix_webhook_delivery_event", table_name="webhook_delivery")

    op.drop_table("webhook_delivery")
    op.drop_index("uq_event_number", table_name="event")
    op.drop_index("ix_event_unnumbered", table_name="event")
    op.drop_index("ix_event_occurred_at", table_name="event")

    op.drop_table("event")
    op.drop_table("webhook_endpoint")
    op.drop_table("event_counter")
