"""Licences: pools, the seat ledger, waiting lists, reclaim decisions, absences, years of activity."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from alembic import context, op

revision = "20261123_licences"
down_revision = "20261123_foundation"
branch_labels = None
depends_on = None


_KINDS = ("people", "pilot_members", "licence_activity")
_NEW_KINDS = ("absences", "seat_allocations")


def upgrade() -> None:
    _allow_kinds((*_KINDS, *_NEW_KINDS))
    op.create_table(
        "absence",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("kind", sa.String(length=64), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "ends_on IS NULL OR ends_on > starts_on", name=op.f("ck_absence_interval")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "batch_id"],
            ["import_batch.organisation_id", "import_batch.id"],
            name=op.f("fk_absence_organisation_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_absence_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_absence_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "person_id", "starts_on", name=op.f("pk_absence")
        ),
    )
    op.create_index("ix_absence_batch", "absence", ["organisation_id", "batch_id"])

    op.create_table(
        "licence_activity_year",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("days", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("length(days) = 366", name=op.f("ck_licence_activity_year_days")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_licence_activity_year_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_licence_activity_year_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "product", "person_id", "year", name=op.f("pk_licence_activity_year")
        ),
    )
    op.create_index(
        "ix_licence_activity_year_person", "licence_activity_year", ["organisation_id", "person_id"]
    )

    op.create_table(
        "licence_pool",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("pilot_id", sa.Uuid(), nullable=True),
        sa.Column(
            "overallocation",
            sa.Enum(
                "block",
                "warn",
                name="overallocation",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("hands_on_released_seats", sa.Boolean(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "seat_price", sa.Numeric(12, 2).with_variant(sa.String(14), "sqlite"), nullable=True
        ),
        sa.Column("term_starts_on", sa.Date(), nullable=False),
        sa.Column("term_ends_on", sa.Date(), nullable=False),
        sa.Column("ledger_length", sa.Integer(), nullable=False),
        sa.CheckConstraint("ledger_length >= 0", name=op.f("ck_licence_pool_ledger_length")),
        sa.CheckConstraint("term_ends_on > term_starts_on", name=op.f("ck_licence_pool_term")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pilot_id"],
            ["pilot.organisation_id", "pilot.id"],
            name=op.f("fk_licence_pool_organisation_id_pilot_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_licence_pool_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_licence_pool")),
        sa.UniqueConstraint(
            "organisation_id",
            "id",
            "product",
            name=op.f("uq_licence_pool_organisation_id_id_product"),
        ),
        sa.UniqueConstraint(
            "organisation_id", "name", name=op.f("uq_licence_pool_organisation_id_name")
        ),
    )
    op.create_index("ix_licence_pool_pilot", "licence_pool", ["organisation_id", "pilot_id"])
    op.create_index("ix_licence_pool_product", "licence_pool", ["organisation_id", "product"])

    op.create_table(
        "capacity_change",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=False),
        sa.Column("seats", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("seats >= 0", name=op.f("ck_capacity_change_seats")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pool_id"],
            ["licence_pool.organisation_id", "licence_pool.id"],
            name=op.f("fk_capacity_change_organisation_id_pool_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_capacity_change_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pool_id", "sequence", name=op.f("pk_capacity_change")
        ),
        sa.UniqueConstraint(
            "organisation_id", "id", name=op.f("uq_capacity_change_organisation_id_id")
        ),
    )
    op.create_table(
        "seat_allocation",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("allocated_on", sa.Date(), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column("release_reason", sa.String(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "api",
                "bulk",
                "waiting_list",
                "leavers",
                "reclaim",
                name="seat_source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("corrected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "released_on IS NULL OR released_on >= allocated_on",
            name=op.f("ck_seat_allocation_interval"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "batch_id"],
            ["import_batch.organisation_id", "import_batch.id"],
            name=op.f("fk_seat_allocation_organisation_id_batch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_seat_allocation_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pool_id", "product"],
            ["licence_pool.organisation_id", "licence_pool.id", "licence_pool.product"],
            name=op.f("fk_seat_allocation_organisation_id_pool_id_product"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_seat_allocation_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_seat_allocation")),
    )
    op.create_index("ix_seat_allocation_batch", "seat_allocation", ["organisation_id", "batch_id"])
    op.create_index(
        "ix_seat_allocation_person", "seat_allocation", ["organisation_id", "person_id"]
    )
    op.create_index(
        "ix_seat_allocation_pool",
        "seat_allocation",
        ["organisation_id", "pool_id", "allocated_on", "released_on"],
    )
    op.create_index(
        "uq_seat_allocation_open",
        "seat_allocation",
        ["organisation_id", "pool_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("released_on IS NULL"),
        sqlite_where=sa.text("released_on IS NULL"),
    )
    op.create_index(
        "uq_seat_allocation_start",
        "seat_allocation",
        ["organisation_id", "product", "person_id", "allocated_on"],
        unique=True,
        postgresql_where=sa.text("released_on IS NULL OR released_on > allocated_on"),
        sqlite_where=sa.text("released_on IS NULL OR released_on > allocated_on"),
    )

    op.create_table(
        "reclaim_decision",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "decision",
            sa.Enum(
                "keep",
                "warn",
                "reclaim",
                name="decision",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column(
            "tier",
            sa.Enum(
                "warn",
                "propose",
                "certain",
                name="tier",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("days_idle", sa.Integer(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("keep_until", sa.Date(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "(keep_until IS NULL) OR (decision = 'keep')",
            name=op.f("ck_reclaim_decision_keep_until"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "allocation_id"],
            ["seat_allocation.organisation_id", "seat_allocation.id"],
            name=op.f("fk_reclaim_decision_organisation_id_allocation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pool_id"],
            ["licence_pool.organisation_id", "licence_pool.id"],
            name=op.f("fk_reclaim_decision_organisation_id_pool_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_reclaim_decision_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_reclaim_decision")),
    )
    op.create_index(
        "ix_reclaim_decision_allocation", "reclaim_decision", ["organisation_id", "allocation_id"]
    )
    op.create_index("ix_reclaim_decision_pool", "reclaim_decision", ["organisation_id", "pool_id"])

    op.create_table(
        "seat_event",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("allocation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "allocated",
                "released",
                "corrected",
                name="seat_event_kind",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("allocated_on", sa.Date(), nullable=False),
        sa.Column("released_on", sa.Date(), nullable=True),
        sa.Column("reason", sa.String(), nullable=True),
        sa.Column(
            "source",
            sa.Enum(
                "api",
                "bulk",
                "waiting_list",
                "leavers",
                "reclaim",
                name="event_source",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("principal_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation_id", "allocation_id"],
            ["seat_allocation.organisation_id", "seat_allocation.id"],
            name=op.f("fk_seat_event_organisation_id_allocation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pool_id"],
            ["licence_pool.organisation_id", "licence_pool.id"],
            name=op.f("fk_seat_event_organisation_id_pool_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_seat_event_organisation_id"),
        ),
        sa.PrimaryKeyConstraint(
            "organisation_id", "pool_id", "sequence", name=op.f("pk_seat_event")
        ),
    )
    op.create_index("ix_seat_event_allocation", "seat_event", ["organisation_id", "allocation_id"])

    op.create_table(
        "waiting_entry",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("pool_id", sa.Uuid(), nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("requested_on", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "waiting",
                "served",
                "withdrawn",
                "left",
                name="waiting_status",
                native_enum=False,
                create_constraint=True,
                length=40,
            ),
            nullable=False,
        ),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("allocation_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "(status = 'waiting') = (ended_on IS NULL)", name=op.f("ck_waiting_entry_ended")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "allocation_id"],
            ["seat_allocation.organisation_id", "seat_allocation.id"],
            name=op.f("fk_waiting_entry_organisation_id_allocation_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "person_id"],
            ["person.organisation_id", "person.id"],
            name=op.f("fk_waiting_entry_organisation_id_person_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "pool_id", "product"],
            ["licence_pool.organisation_id", "licence_pool.id", "licence_pool.product"],
            name=op.f("fk_waiting_entry_organisation_id_pool_id_product"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.organisation_id"],
            name=op.f("fk_waiting_entry_organisation_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_waiting_entry")),
    )
    op.create_index(
        "ix_waiting_entry_allocation", "waiting_entry", ["organisation_id", "allocation_id"]
    )
    op.create_index(
        "ix_waiting_entry_person", "waiting_entry", ["organisation_id", "product", "person_id"]
    )
    op.create_index(
        "uq_waiting_entry_waiting",
        "waiting_entry",
        ["organisation_id", "pool_id", "person_id"],
        unique=True,
        postgresql_where=sa.text("ended_on IS NULL"),
        sqlite_where=sa.text("ended_on IS NULL"),
    )
    if not context.is_offline_mode():
        _fill_years(op.get_bind())


def downgrade() -> None:
    op.drop_table("waiting_entry")
    op.drop_table("seat_event")
    op.drop_table("reclaim_decision")
    op.drop_table("seat_allocation")
    op.drop_table("capacity_change")
    op.drop_table("licence_pool")
    op.drop_table("licence_activity_year")
    op.drop_table("absence")
    op.execute("DELETE FROM import_batch WHERE kind IN ('absences', 'seat_allocations')")
    _allow_kinds(_KINDS)


def _allow_kinds(kinds: tuple[str, ...]) -> None:
    """Let batches be of these kinds: SQLite makes the table anew for it."""
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


def _fill_years(connection: sa.Connection) -> None:
    """Derive the years from the activity that there is, as it was read on the day of this migration."""
    activity = sa.table(
        "licence_activity",
        *(sa.column(name, sa.Uuid()) for name in ("organisation_id", "person_id")),
        *(sa.column(name) for name in ("product", "period", "app", "active_days", "actions")),
        sa.column("period_starts_on", sa.Date()),
    )
    years = sa.table(
        "licence_activity_year",
        *(sa.column(name, sa.Uuid()) for name in ("organisation_id", "person_id")),
        *(sa.column(name) for name in ("product", "year", "days", "revision")),
        *(sa.column(name, sa.DateTime(timezone=True)) for name in ("created_at", "updated_at")),
    )
    key = (activity.c.organisation_id, activity.c.product, activity.c.person_id)
    rows = connection.execute(
        sa.select(
            *key,
            activity.c.period,
            activity.c.period_starts_on,
            activity.c.app,
            activity.c.active_days,
            activity.c.actions,
        ).order_by(*key, activity.c.period, activity.c.period_starts_on)
    ).yield_per(10_000)
    now = datetime.now(UTC)
    pending = []
    for (organisation_id, product, person_id), of_person in groupby(rows, key=lambda row: row[:3]):
        days_of_year: dict[int, bytearray] = defaultdict(lambda: bytearray(366))
        for (period, starts_on), records in groupby(of_person, key=lambda row: row[3:5]):
            day = starts_on + timedelta(days=3 if period == "week" else 0)
            value = _byte(period, [row[5:] for row in records])
            days_of_year[day.year][day.timetuple().tm_yday - 1] |= value
        for year, days in days_of_year.items():
            pending.append(
                {
                    "organisation_id": organisation_id,
                    "product": product,
                    "person_id": person_id,
                    "year": year,
                    "days": bytes(days),
                    "revision": 1,
                    "created_at": now,
                    "updated_at": now,
                }
            )
    for start in range(0, len(pending), 1000):
        connection.execute(sa.insert(years), pending[start : start + 1000])


def _byte(period: str, records: list[Any]) -> int:
    """What the rows of one period say; see `app.licences.activity.years`, as it stood then."""
    active = any(
        (days or 0) > 0 or (actions or 0) > 0 or (days is None and actions is None)
        for _, days, actions in records
    )
    if not active:
        return 0
    if period == "day":
        return 0x01
    total = [days for app, days, _ in records if app == "any" and days is not None]
    by_app = [days for app, days, _ in records if app != "any" and days is not None]
    if total:
        return 0x80 | total[0] << 1
    return 0x80 | 0x10 | (max(by_app) if by_app else 1) << 1
