"""`/pilots/{pilot_id}/snapshots` and `/snapshots`: published figures."""

from uuid import UUID

from fastapi import APIRouter, Response
from fastapi import status as http

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.pagination import Page, PageRequest
from app.metrics.snapshots import service
from app.metrics.snapshots.schemas import (
    SnapshotHead,
    SnapshotIn,
    SnapshotOut,
    head_out,
    snapshot_out,
)

router = APIRouter(route_class=ApiRoute)
pilots_router = APIRouter(route_class=ApiRoute)


@pilots_router.get("/{pilot_id}/snapshots", dependencies=[requires(Scope.METRICS_READ)])
async def list_snapshots(
    pilot_id: UUID, session: Session, principal: Caller, page: PageRequest
) -> Page[SnapshotHead]:
    """Published figures of a pilot, newest first, each without what it holds."""
    rows, cursor = await service.page(session, principal, pilot_id, page)
    return Page(items=[head_out(row) for row in rows], next_cursor=cursor)


@pilots_router.post(
    "/{pilot_id}/snapshots",
    status_code=http.HTTP_201_CREATED,
    responses={http.HTTP_200_OK: {"model": SnapshotOut, "description": "Published already"}},
    dependencies=[requires(Scope.PILOTS_WRITE, Scope.METRICS_READ)],
)
async def publish_snapshot(
    pilot_id: UUID,
    response: Response,
    session: Session,
    principal: Caller,
    wanted: SnapshotIn | None = None,
) -> SnapshotOut:
    """Publish the figures of a pilot as they are now, small counts withheld from everybody.

    Where the newest snapshot of the day was made from the same data by the same definitions, it is
    answered (200), and none is made.
    """
    as_of = wanted.as_of if wanted is not None else None
    published = await service.publish(session, principal, pilot_id, as_of)
    if not published.is_new:
        response.status_code = http.HTTP_200_OK
    response.headers["Location"] = f"/api/v1/snapshots/{published.snapshot.id}"
    return snapshot_out(published.snapshot, principal)


@router.get("/{snapshot_id}", dependencies=[requires(Scope.METRICS_READ)])
async def get_snapshot(snapshot_id: UUID, session: Session, principal: Caller) -> SnapshotOut:
    """Published figures as they were made: later data and definitions do not change them."""
    return snapshot_out(await service.get(session, principal, snapshot_id), principal)
