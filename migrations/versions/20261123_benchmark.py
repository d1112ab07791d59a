"""Yearly returns, who shares them, and releases of the comparison that never change."""

import sqlalchemy as sa
from alembic import op

revision = "20261123_benchmark"
down_revision = "20261123_benefits"
branch_labels = None
depends_on = None

_KINDS = ("county", "district", "london_borough", "metropolitan", "unitary", "other")
_SIZES = ("under_150000", "150000_to_300000", "300000_and_over")
_STATUSES = ("draft", "checked", "submitted", "amended")
_OF_RETURN = "what was submitted is never changed"
_OF_RELEASE = "a release is never changed"


def upgrade() -> None:
    op.create_table(
        "benchmark_participation",
        *_revised(),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("is_sharing", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            sa.column("kind").in_(_KINDS), name=op.f("ck_benchmark_participation_council_kind")
        ),
        sa.CheckConstraint("population > 0", name=op.f("ck_benchmark_participation_population")),
        _owner("benchmark_participation"),
        sa.PrimaryKeyConstraint("organisation_id", name=op.f("pk_benchmark_participation")),
    )
    op.create_table(
        "benchmark_return",
        *_revised(),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=40), nullable=False),
        sa.Column("reason", sa.String(length=4000), nullable=True),
        sa.Column("catalogue_version", sa.Integer(), nullable=False),
        sa.Column("answers", sa.JSON(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            sa.column("status").in_(_STATUSES),
            name=op.f("ck_benchmark_return_benchmark_return_status"),
        ),
        _owner("benchmark_return"),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_benchmark_return")),
        sa.UniqueConstraint(
            *("organisation_id", "year", "version"),
            name=op.f("uq_benchmark_return_organisation_id_year_version"),
        ),
    )
    op.create_table(
        "benchmark_release",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("release_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("catalogue_version", sa.Integer(), nullable=False),
        sa.Column("return_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("size", sa.String(length=40), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("own", sa.JSON(), nullable=False),
        sa.CheckConstraint(
            sa.column("kind").in_(_KINDS),
            name=op.f("ck_benchmark_release_benchmark_release_kind"),
        ),
        sa.CheckConstraint(
            sa.column("size").in_(_SIZES),
            name=op.f("ck_benchmark_release_benchmark_release_size"),
        ),
        _owner("benchmark_release"),
        sa.ForeignKeyConstraint(
            ["organisation_id", "return_id"],
            ["benchmark_return.organisation_id", "benchmark_return.id"],
            name=op.f("fk_benchmark_release_organisation_id_return_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_benchmark_release")),
        sa.UniqueConstraint(
            *("organisation_id", "release_id"),
            name=op.f("uq_benchmark_release_organisation_id_release_id"),
        ),
    )
    if op.get_context().dialect.name == "sqlite":
        _hold_on_sqlite()
    else:
        _hold_on_postgresql()


def _revised() -> list[sa.Column[object]]:
    return [
        *(
            sa.Column(name, sa.DateTime(timezone=True), nullable=False)
            for name in ("created_at", "updated_at")
        ),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
    ]


def _owner(table: str) -> sa.Constraint:
    return sa.ForeignKeyConstraint(
        ["organisation_id"],
        ["organisation.organisation_id"],
        name=op.f(f"fk_{table}_organisation_id"),
    )


# Of a version that was submitted nothing moves but its step to `amended`.
_HELD = ("year", "version", "reason", "catalogue_version", "submitted_at")


def _hold_on_sqlite() -> None:
    moved = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in (*_HELD, "answers"))
    back = "NEW.status NOT IN ('submitted', 'amended')"
    op.execute(
        "CREATE TRIGGER benchmark_return_no_update BEFORE UPDATE ON benchmark_return "
        f"WHEN OLD.submitted_at IS NOT NULL AND ({moved} OR {back}) "
        f"BEGIN SELECT RAISE(ABORT, '{_OF_RETURN}'); END"
    )
    op.execute(
        "CREATE TRIGGER benchmark_return_no_delete BEFORE DELETE ON benchmark_return "
        f"WHEN OLD.submitted_at IS NOT NULL BEGIN SELECT RAISE(ABORT, '{_OF_RETURN}'); END"
    )
    for event in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER benchmark_release_no_{event.lower()} BEFORE {event} "
            f"ON benchmark_release BEGIN SELECT RAISE(ABORT, '{_OF_RELEASE}'); END"
        )
    # INSERT OR REPLACE would delete without asking the trigger on DELETE.
    for table, held, refusal in (
        ("benchmark_return", " AND submitted_at IS NOT NULL", _OF_RETURN),
        ("benchmark_release", "", _OF_RELEASE),
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ("
            f"SELECT 1 FROM {table} WHERE organisation_id = NEW.organisation_id AND id = NEW.id"
            f"{held}) BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
        )


def _hold_on_postgresql() -> None:
    moved = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in _HELD)
    moved += " OR NEW.answers::text IS DISTINCT FROM OLD.answers::text"
    back = "NEW.status NOT IN ('submitted', 'amended')"
    for table, refusal in (("return", _OF_RETURN), ("release", _OF_RELEASE)):
        op.execute(
            f"CREATE FUNCTION refuse_benchmark_{table}_change() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN RAISE EXCEPTION '{refusal}' USING ERRCODE = 'restrict_violation'; END $$"
        )
    op.execute(
        "CREATE TRIGGER benchmark_return_no_update BEFORE UPDATE ON benchmark_return FOR EACH ROW "
        f"WHEN (OLD.submitted_at IS NOT NULL AND ({moved} OR {back})) "
        "EXECUTE FUNCTION refuse_benchmark_return_change()"
    )
    op.execute(
        "CREATE TRIGGER benchmark_return_no_delete BEFORE DELETE ON benchmark_return FOR EACH ROW "
        "WHEN (OLD.submitted_at IS NOT NULL) EXECUTE FUNCTION refuse_benchmark_return_change()"
    )
    op.execute(
        "CREATE TRIGGER benchmark_release_no_change BEFORE UPDATE OR DELETE ON benchmark_release "
        "FOR EACH ROW EXECUTE FUNCTION refuse_benchmark_release_change()"
    )
    for table in ("return", "release"):
        op.execute(
            f"CREATE TRIGGER benchmark_{table}_no_truncate BEFORE TRUNCATE ON benchmark_{table} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION refuse_benchmark_{table}_change()"
        )


def downgrade() -> None:
    for table in ("benchmark_release", "benchmark_return", "benchmark_participation"):
        op.drop_table(table)  # with its triggers
    if op.get_context().dialect.name == "postgresql":
        for table in ("return", "release"):
            op.execute(f"DROP FUNCTION refuse_benchmark_{table}_change()")
