"""`/import-batches`: what came from where."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, requires
from app.core.fields import Output
from app.core.pagination import Page, PageRequest
from app.imports import service
from app.imports.models import ImportKind

router = APIRouter(route_class=ApiRoute)


class ImportBatchOut(Output):
    """A batch and its counts."""

    batch_id: UUID = Field(validation_alias="id")
    kind: ImportKind
    origin: str = Field(description="`api`, or the name of the imported file.")
    principal_id: UUID
    created_at: datetime
    accepted: int
    updated: int
    duplicates: int
    rejected: int


@router.get("", dependencies=[requires(Scope.PEOPLE_WRITE)])
async def list_import_batches(
    session: Session, principal: Caller, page: PageRequest, kind: ImportKind | None = None
) -> Page[ImportBatchOut]:
    """Batches of the organisation, newest first."""
    rows, cursor = await service.page(session, principal, page, kind)
    return Page(items=[ImportBatchOut.model_validate(row) for row in rows], next_cursor=cursor)
