"""`/people/{person_id}/subject-access`: everything that is held of somebody."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.permissions import Scope
from app.access.routing import Caller, RecordedRoute, Session, requires
from app.core import clock
from app.privacy.subject_access import service
from app.privacy.subject_access.schemas import SubjectAccessOut, TableOfPersonOut

router = APIRouter(route_class=RecordedRoute)

SUBJECT_ACCESS = "/{person_id:uuid}/subject-access"
_DEMANDS = [requires(Scope.GOVERNANCE_READ, Scope.PEOPLE_READ)]


def _document(person_id: UUID, found: Sequence[service.OfPerson]) -> SubjectAccessOut:
    return SubjectAccessOut(
        person_id=person_id,
        made_at=clock.now(),
        tables=[
            TableOfPersonOut(
                table=each.holding.table,
                data_class=each.holding.data_class,
                what=each.holding.what,
                rows=each.rows,
                texts_by_others=each.texts_by_others,
            )
            for each in found
        ],
    )


@router.get(SUBJECT_ACCESS, dependencies=_DEMANDS)
async def get_subject_access(
    person_id: UUID, session: Session, principal: Caller
) -> SubjectAccessOut:
    """Everything that is held of a person, table by table. Reading is recorded."""
    return _document(person_id, await service.collect(session, principal, person_id))


@router.get(
    f"{SUBJECT_ACCESS}/archive",
    dependencies=_DEMANDS,
    response_class=Response,
    responses={
        200: {"content": {"application/zip": {}}, "description": "JSON, and a CSV a table."}
    },
)
async def get_subject_access_archive(
    person_id: UUID, session: Session, principal: Caller
) -> Response:
    """The same as a zip, to be handed over. Reading is recorded."""
    found = await service.collect(session, principal, person_id)
    document = _document(person_id, found).model_dump(mode="json")
    return Response(
        service.archive(document, found),
        media_type="application/zip",
        headers={"Content-Disposition": 'attachment; filename="subject-access.zip"'},
    )
