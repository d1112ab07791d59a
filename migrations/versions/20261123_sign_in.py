"""Accounts of identity providers, and sessions of people."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_sign_in"
down_revision = "20261123_connections"
branch_labels = None
depends_on = None

_ROLES = "role IN ('pilot_lead', 'ict_manager', 'integrator', 'analyst', 'information_governance', 'admin')"


def upgrade() -> None:
    op.create_table(
        "account",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("issuer", sa.String(length=500), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("is_blocked", sa.Boolean(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("kind IN ('person', 'program')", name=op.f("ck_account_account_kind")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_account_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_account_organisation_id_person_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_account")),
        sa.UniqueConstraint(
            "organisation_id",
            "issuer",
            "subject",
            name=op.f("uq_account_organisation_id_issuer_subject"),
        ),
    )
    op.create_table(
        "sign_in_session",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("role", sa.String(length=40), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(_ROLES, name=op.f("ck_sign_in_session_role")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_sign_in_session_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "account_id"],
            ["account.organisation_id", "account.id"],
            name=op.f("fk_sign_in_session_organisation_id_account_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint(
            "organisation_id", "digest", name=op.f("uq_sign_in_session_organisation_id_digest")
        ),
    )
    op.create_index(
        "ix_sign_in_session_account", "sign_in_session", ["organisation_id", "account_id"]
    )
    op.create_index(
        "ix_sign_in_session_expiry", "sign_in_session", ["organisation_id", "expires_at"]
    )


def downgrade() -> None:
    op.drop_table("sign_in_session")
    op.drop_table("account")
