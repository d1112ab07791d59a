"""What a directory says of people: its users, its groups, and who is in them."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_scim"
down_revision = "20261123_snapshots"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_user",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("user_name", sa.String(length=200), nullable=False),
        sa.Column("user_name_key", sa.String(length=600), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        _owner("directory_user"),
        _reference("directory_user", "person_id", "person", "id"),
        sa.PrimaryKeyConstraint("organisation_id", "person_id", name=op.f("pk_directory_user")),
    )
    op.create_index(
        "uq_directory_user_user_name",
        "directory_user",
        ["organisation_id", "user_name_key"],
        unique=True,
        postgresql_where=sa.text("deleted_at IS NULL"),
        sqlite_where=sa.text("deleted_at IS NULL"),
    )
    for name in ("user_name", "external_id"):
        column = "user_name_key" if name == "user_name" else name
        op.create_index(f"ix_directory_user_{name}", "directory_user", ["organisation_id", column])
    op.create_table(
        "directory_group",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("display_name", sa.String(length=200), nullable=False),
        sa.Column("external_id", sa.String(length=200), nullable=True),
        sa.Column(
            "use",
            sa.Enum(
                "none",
                "team",
                "licences",
                name="group_use",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("team", sa.String(length=200), nullable=True),
        sa.Column("pool_id", sa.Uuid(), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(pool_id IS NOT NULL) = (use = 'licences')", name=op.f("ck_directory_group_pool")
        ),
        _owner("directory_group"),
        _reference("directory_group", "pool_id", "licence_pool", "id"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_directory_group")),
    )
    op.create_index(
        "ix_directory_group_external_id", "directory_group", ["organisation_id", "external_id"]
    )
    op.create_index("ix_directory_group_pool", "directory_group", ["organisation_id", "pool_id"])
    _create_memberships()


def _create_memberships() -> None:
    op.create_table(
        "directory_membership",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        _owner("directory_membership"),
        _reference("directory_membership", "group_id", "directory_group", "id"),
        _reference("directory_membership", "person_id", "directory_user", "person_id"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_directory_membership")),
    )
    op.create_index(
        "uq_directory_membership_current",
        "directory_membership",
        ["organisation_id", "group_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )
    op.create_index(
        "ix_directory_membership_person", "directory_membership", ["organisation_id", "person_id"]
    )


def _owner(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


def _reference(table: str, column: str, other: str, key: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id", column],
        [f"{other}.organisation_id", f"{other}.{key}"],
        name=op.f(f"fk_{table}_organisation_id_{column}"),
    )


def downgrade() -> None:
    op.drop_table("directory_membership")
    op.drop_table("directory_group")
    op.drop_table("directory_user")
