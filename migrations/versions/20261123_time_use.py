"""Time use: taxonomies, samples and their earlier versions; batches that can be taken back."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "20261123_time_use"
down_revision = "20261123_licences"
branch_labels = None
depends_on = None


_KINDS = ("people", "pilot_members", "licence_activity", "absences", "seat_allocations")
_METHODS = ("diary", "timesheet", "observation", "random_moment")


def _undone() -> sa.Column[Any]:
    return sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True)


def upgrade() -> None:
    op.add_column("import_batch", _undone())
    _allow_kinds((*_KINDS, "time_samples"), _undone())
    op.create_table(
        "time_use_taxonomy",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("categories", sa.JSON(), nullable=False),
        sa.Column("mappings", sa.JSON(), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_time_use_taxonomy_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_time_use_taxonomy")),
        sa.UniqueConstraint(
            "organisation_id", "version", name=op.f("uq_time_use_taxonomy_organisation_id_version")
        ),
    )
    op.create_table(
        "pilot_taxonomy",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_pilot_taxonomy_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_pilot_taxonomy_organisation_id_pilot_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "pilot_id", name=op.f("pk_pilot_taxonomy")),
    )
    op.create_table(
        "time_sample",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_key(),
        sa.Column("id", sa.Uuid(), nullable=False),
        *_values(),
        _check_of_method("time_sample"),
        sa.CheckConstraint("minutes > 0 AND minutes <= 1440", name=op.f("ck_time_sample_minutes")),
        sa.CheckConstraint(
            "minutes IS NOT NULL OR method = 'random_moment'", name=op.f("ck_time_sample_duration")
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pilot_id", "source", "source_ref", name=op.f("pk_time_sample")
        ),
    )
    op.create_index("ix_time_sample_batch", "time_sample", ["organisation_id", "batch_id"])
    op.create_table(
        "time_sample_version",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        *_key(),
        sa.Column("revision", sa.Integer(), nullable=False),
        *_values(),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=False),
        _check_of_method("time_sample_version"),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_time_sample_version_organisation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_time_sample_version_organisation_id_pilot_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id",
            "pilot_id",
            "source",
            "source_ref",
            "revision",
            name=op.f("pk_time_sample_version"),
        ),
    )
    op.create_index(
        "ix_time_sample_version_batch", "time_sample_version", ["organisation_id", "batch_id"]
    )


def _key() -> list[sa.Column[Any]]:
    return [
        sa.Column("pilot_id", sa.Uuid(), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("source_ref", sa.String(length=200), nullable=False),
    ]


def _values() -> list[sa.Column[Any]]:
    return [
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Float(), nullable=True),
        sa.Column("method", sa.String(length=40), nullable=False),
        sa.Column("is_deleted", sa.Boolean(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
    ]


def _check_of_method(table: str) -> sa.Constraint:
    return sa.CheckConstraint(
        sa.column("method").in_(_METHODS), name=op.f(f"ck_{table}_sample_method")
    )


def downgrade() -> None:
    op.drop_table("time_sample_version")
    op.drop_table("time_sample")
    op.drop_table("pilot_taxonomy")
    op.drop_table("time_use_taxonomy")
    op.execute("DELETE FROM import_batch WHERE kind = 'time_samples'")
    _allow_kinds(_KINDS, _undone())
    op.drop_column("import_batch", "undone_at")


def _allow_kinds(kinds: tuple[str, ...], *undone: sa.Column[Any]) -> None:
    """Let batches be of these kinds: SQLite makes the table anew for it, with `undone` where it is there."""
    if op.get_context().dialect.name == "postgresql":
        listed = ", ".join(f"'{kind}'" for kind in kinds)
        op.execute(
            "-- squawk-ignore ban-drop-constraint\n"  # a wider one takes its place
            "ALTER TABLE import_batch DROP CONSTRAINT ck_import_batch_import_kind"
        )
        op.execute(
            "ALTER TABLE import_batch ADD CONSTRAINT ck_import_batch_import_kind"
            f" CHECK (kind IN ({listed})) NOT VALID"
        )
        op.execute(
            "-- squawk-ignore constraint-missing-not-valid\n"  # a row a batch: few
            "ALTER TABLE import_batch VALIDATE CONSTRAINT ck_import_batch_import_kind"
        )
        return
    table = sa.Table(
        "import_batch",
        sa.MetaData(),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("origin", sa.String(length=200), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("duplicates", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        *undone,
        sa.CheckConstraint(sa.column("kind").in_(kinds), name=op.f("ck_import_batch_import_kind")),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_import_batch_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_import_batch")),
    )
    with op.batch_alter_table("import_batch", recreate="always", copy_from=table):
        pass
