"""Rules about snapshots: made where the figures of a day are not published as they are, then never changed."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.core.errors import Invalid, Unavailable, existing
from app.core.local_days import day_of
from app.core.pagination import PageQuery
from app.core.periods import DAY, WEEK, Window, iso_week_of
from app.events import service as events
from app.events.types import CRITERIA_MET, SNAPSHOT_PUBLISHED
from app.metrics.inputs import service as inputs
from app.metrics.inputs.digests import Inputs, differing, moved
from app.metrics.registry import REGISTRY
from app.metrics.scorecard import service as scorecard
from app.metrics.scorecard.service import Scorecard
from app.metrics.snapshots import repository
from app.metrics.snapshots.contents import (
    Changes,
    changes_of,
    criteria_met,
    definitions_of,
    figures_of,
)
from app.metrics.snapshots.models import Snapshot, SnapshotReason
from app.pilots import service as pilots
from app.pilots.models import Pilot

# What a window's data need after it: the last week's answers, and the export of its use.
GRACE = WEEK
# For how long a window that has ended is looked at again every day.
WATCHED = 13 * WEEK
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Published:
    """The snapshot that says what holds, and whether it has just been made."""

    snapshot: Snapshot
    is_new: bool


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The figures of a pilot as anybody may see them, the digest of what they are made from.

    `snapshot` is the one that was published from the same data by the same definitions, None without one.
    """

    card: Scorecard
    fingerprint: str
    snapshot: Snapshot | None


async def get(session: AsyncSession, principal: Principal, snapshot_id: UUID) -> Snapshot:
    """One snapshot.

    Raises:
        NotFound: there is none within reach.
    """
    return existing(await repository.find(session, principal, snapshot_id), "snapshot")


async def page(
    session: AsyncSession, principal: Principal, pilot_id: UUID, query: PageQuery
) -> tuple[list[Snapshot], str | None]:
    """The snapshots of a pilot, newest first, without what they hold.

    Raises:
        NotFound: there is no such pilot within reach.
    """
    await pilots.get(session, principal, pilot_id)
    return await repository.page(session, principal, pilot_id, query)


async def publish(
    session: AsyncSession, principal: Principal, pilot_id: UUID, as_of: date | None
) -> Published:
    """Publish the figures of a pilot up to the end of a day: by default of yesterday.

    Raises:
        NotFound: there is no such pilot within reach.
        Invalid: the day is still to come.
        Unavailable: what the figures are made from changes faster than they are made.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today = clock.today(principal.organisation.zone)
    if as_of is not None and as_of > today:
        raise Invalid.field("/as_of", "in_the_future", "as_of must not lie in the future")
    return await _publish(session, principal, pilot, as_of or today - DAY, SnapshotReason.ON_DEMAND)


async def evaluate(
    session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date
) -> Evaluated:
    """The figures of a pilot's window up to the end of a day, as they would be published now.

    Raises:
        Unavailable: what the figures are made from changes faster than they are made.
    """
    anybody = Principal.anybody(principal.organisation)
    found = await inputs.gather(session, anybody, pilot, as_of)
    card, found = await _computed(session, anybody, pilot, as_of, found)
    newest = await repository.newest(session, principal, pilot.id, pilot.window, as_of)
    said = newest if newest is not None and _says(newest, found) else None
    return Evaluated(card, found.fingerprint, said)


async def publish_week(
    session: AsyncSession, principal: Principal, pilot_id: UUID, instant: datetime
) -> Published | None:
    """Publish the figures of a pilot up to the end of the last ISO week that was over at an instant.

    Returns:
        None where that week did not end within the pilot's window.

    Raises:
        NotFound, Unavailable: see `publish`.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    today = day_of(instant, ZoneInfo(principal.organisation.zone))
    sunday = iso_week_of(today).starts_on - DAY
    if sunday not in Window(pilot.starts_on, pilot.ends_on):
        return None
    return await _publish(session, principal, pilot, sunday, SnapshotReason.WEEKLY)


async def to_close(session: AsyncSession, principal: Principal, instant: datetime) -> list[Pilot]:
    """The pilots whose window has ended and has no snapshot of its end, or may still change."""
    today = day_of(instant, ZoneInfo(principal.organisation.zone))
    found = []
    for pilot in await pilots.ended(session, principal, today - GRACE):
        is_watched = pilot.ends_on > today - GRACE - WATCHED
        if is_watched or not await repository.has_closed(
            session, principal, pilot.id, pilot.window
        ):
            found.append(pilot)
    return found


async def close(
    session: AsyncSession, principal: Principal, pilot_id: UUID, instant: datetime
) -> Published | None:
    """Publish the figures of a pilot's whole window, or answer what says so already.

    Returns:
        None where the window had not ended long enough before an instant: it may have been changed.

    Raises:
        NotFound, Unavailable: see `publish`.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    if pilot.ends_on > day_of(instant, ZoneInfo(principal.organisation.zone)) - GRACE:
        return None
    last = pilot.ends_on - DAY
    return await _publish(session, principal, pilot, last, SnapshotReason.WINDOW_END)


async def _publish(
    session: AsyncSession,
    principal: Principal,
    pilot: Pilot,
    wanted: date,
    reason: SnapshotReason,
) -> Published:
    # Of two at once the second finds what the first has made.
    await pilots.hold(session, principal, pilot.id)
    window = pilot.window
    as_of = min(wanted, window.ends_on - DAY)
    newest = await repository.newest(session, principal, pilot.id, window, as_of)
    anybody = Principal.anybody(principal.organisation)
    found = await inputs.gather(session, anybody, pilot, as_of)
    # The end of a window has a snapshot of its own, also where somebody has asked for the same before.
    closes = reason is SnapshotReason.WINDOW_END and not await repository.has_closed(
        session, principal, pilot.id, window
    )
    if newest is not None and not closes and _says(newest, found):
        return Published(newest, is_new=False)
    card, found = await _computed(session, anybody, pilot, as_of, found)
    before = newest or await repository.newest_before(session, principal, pilot.id, as_of)
    snapshot = Snapshot(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        reason=reason,
        starts_on=window.starts_on,
        ends_on=window.ends_on,
        as_of=as_of,
        follows_id=before.id if before is not None else None,
        fingerprint=found.fingerprint,
        definitions=definitions_of(REGISTRY),
        inputs=found.manifest,
        changes=changes_of(await _changes(session, principal, before, found)),
        figures=figures_of(card),
    )
    await repository.keep(session, principal, pilot.id, found.rows)
    session.add(snapshot)
    details = {"reason": reason.value, "as_of": as_of.isoformat()}
    await audit_log.record(session, principal, "snapshot.made", snapshot.id, details=details)
    told = {"pilot_id": pilot.id, "snapshot_id": snapshot.id}
    happened = [events.Occurred(SNAPSHOT_PUBLISHED, pilot.id, told, pilot.id)]
    minimum = principal.organisation.minimum_group_size
    met = criteria_met(snapshot.figures, minimum)
    if met and not (before is not None and criteria_met(before.figures, minimum)):
        reached = {"pilot_id": pilot.id, "metrics": met}
        happened.append(events.Occurred(CRITERIA_MET, pilot.id, reached, pilot.id))
    await events.publish(session, principal.organisation_id, happened)
    await session.flush()
    return Published(snapshot, is_new=True)


def _versions(snapshot: Snapshot) -> dict[str, int]:
    return {each["slug"]: each["definition_version"] for each in snapshot.definitions}


def _versions_now() -> dict[str, int]:
    return {metric.slug: metric.definition_version for metric in REGISTRY}


def _says(snapshot: Snapshot, found: Inputs) -> bool:
    """Whether a snapshot was made from these inputs, by the definitions of today."""
    return snapshot.fingerprint == found.fingerprint and _versions(snapshot) == _versions_now()


async def _computed(
    session: AsyncSession, principal: Principal, pilot: Pilot, as_of: date, found: Inputs
) -> tuple[Scorecard, Inputs]:
    """The figures, and the inputs that they were made from.

    Others write meanwhile, and on PostgreSQL each statement sees what has been committed by then: inputs
    that are the same before and after are those in between.
    """
    for _ in range(_ATTEMPTS):
        card = await scorecard.scorecard(session, principal, pilot.id, as_of)
        if repository.is_alone(session):
            return card, found
        after = await inputs.gather(session, principal, pilot, as_of)
        if after.fingerprint == found.fingerprint:
            return card, found
        found = after
    raise Unavailable("The data of this pilot are being changed. Try again in a moment.")


async def _changes(
    session: AsyncSession, principal: Principal, before: Snapshot | None, found: Inputs
) -> Changes:
    """What is not as it was in the snapshot before; nothing where there is none."""
    if before is None:
        return Changes([], [])
    then, now = _versions(before), _versions_now()
    definitions = [
        (slug, then.get(slug), now.get(slug))
        for slug in sorted({*then, *now})
        if then.get(slug) != now.get(slug)
    ]
    other = differing(before.inputs, found.manifest)
    wanted = {was for _, _, was, _ in other if was is not None}
    rows = await repository.rows(session, principal, before.pilot_id, wanted) | found.rows
    rows_moved = [
        moved(kind, day, rows[was] if was else b"", rows[is_now] if is_now else b"")
        for kind, day, was, is_now in other
    ]
    return Changes(definitions, rows_moved)
