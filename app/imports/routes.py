"""`/import-batches`: what came from where."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, computed_field

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, Session, authenticated, requires
from app.core.bulk.results import MAX_ERRORS
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
    undone_at: datetime | None

    @computed_field  # type: ignore[prop-decorator]  # as pydantic has it
    @property
    def can_be_undone(self) -> bool:
        """Whether it is of a kind that can be taken back, and was not yet."""
        return self.undone_at is None and service.can_be_undone(self.kind)


class StayedOut(Output):
    """Somebody whom a batch had brought and who could not be taken back."""

    person_id: UUID
    code: str = Field(description="`changed_since` or `in_use`.")
    detail: str


class UndoneOut(ImportBatchOut):
    """A batch that was taken back."""

    removed: int = Field(description="Rows that it had brought.")
    restored: int = Field(description="Rows that it had replaced, and that are as before.")
    stayed: list[StayedOut] = Field(
        description=f"People who could not be taken back, and why; the first {MAX_ERRORS}. None but of a batch of people.",
        max_length=MAX_ERRORS,
    )


@router.get("", dependencies=[requires(Scope.PEOPLE_WRITE)])
async def list_import_batches(
    session: Session, principal: Caller, page: PageRequest, kind: ImportKind | None = None
) -> Page[ImportBatchOut]:
    """Batches of the organisation, newest first."""
    rows, cursor = await service.page(session, principal, page, kind)
    return Page(items=[ImportBatchOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.post("/{batch_id}/undo", dependencies=[authenticated()])
async def undo_import_batch(batch_id: UUID, session: Session, principal: Caller) -> UndoneOut:
    """Take a batch back, row by row: what it brought goes, what it replaced returns, what came later stays.

    It needs the scope that brought it. Not every kind can be taken back: `can_be_undone` says which.
    """
    batch, done = await service.undo(session, principal, batch_id)
    known = ImportBatchOut.model_validate(batch).model_dump()
    stayed = [StayedOut.model_validate(each) for each in done.stayed[:MAX_ERRORS]]
    return UndoneOut.model_validate(
        {
            **known,
            "id": batch.id,
            "removed": done.removed,
            "restored": done.restored,
            "stayed": stayed,
        }
    )
