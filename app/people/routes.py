"""`/people`: staff, recorded one at a time or in bulk by HR number."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, BulkRoute, Caller, IfMatch, Session, requires
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.bulk.results import BulkResult
from app.core.etags import etag_of
from app.core.fields import CalendarDate, FilterText
from app.core.pagination import Page, PageRequest
from app.imports.mappings import service as mappings
from app.imports.mappings.schemas import MappingNamed
from app.imports.models import ImportKind
from app.people import service
from app.people.models import Person
from app.people.schemas import PersonChange, PersonFilter, PersonIn, PersonOut, PersonRow

router = APIRouter(route_class=ApiRoute)
bulk_router = APIRouter(route_class=BulkRoute)


# Of type uuid, so that `bulk` beside it is never read as a person's id.
PERSON = "/{person_id:uuid}"


def _answer(person: Person, response: Response) -> PersonOut:
    response.headers["ETag"] = etag_of(person.id, person.revision)
    return PersonOut.model_validate(person)


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.PEOPLE_WRITE)])
async def create_person(
    wanted: PersonIn, response: Response, session: Session, principal: Caller
) -> PersonOut:
    """Record a person."""
    person = await service.create(session, principal, wanted)
    response.headers["Location"] = f"/api/v1/people/{person.id}"
    return _answer(person, response)


@router.get("", dependencies=[requires(Scope.PEOPLE_READ)])
async def list_people(
    session: Session,
    principal: Caller,
    page: PageRequest,
    external_id: FilterText | None = None,
    department: FilterText | None = None,
    team: FilterText | None = None,
    job_family: FilterText | None = None,
    employed_on: CalendarDate | None = None,
    name: Annotated[
        FilterText | None,
        Query(description="Part of a display name, sign-in name or number, in capitals or not."),
    ] = None,
) -> Page[PersonOut]:
    """People of the organisation, in the order in which they were recorded."""
    wanted = PersonFilter(external_id, department, team, job_family, employed_on, name)
    rows, cursor = await service.page(session, principal, page, wanted)
    return Page(items=[PersonOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(PERSON, dependencies=[requires(Scope.PEOPLE_READ)])
async def get_person(
    person_id: UUID, response: Response, session: Session, principal: Caller
) -> PersonOut:
    """One person."""
    return _answer(await service.get(session, principal, person_id), response)


@router.patch(PERSON, dependencies=[requires(Scope.PEOPLE_WRITE)])
async def change_person(
    person_id: UUID,
    changes: PersonChange,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> PersonOut:
    """Change a person; what is left out stays, null empties."""
    return _answer(await service.change(session, principal, person_id, changes, if_match), response)


@bulk_router.post(
    "/bulk", dependencies=[requires(Scope.PEOPLE_WRITE)], openapi_extra=schema_of(PersonRow)
)
async def upsert_people(
    bulk: Bulk, session: Session, principal: Caller, mapping: MappingNamed = None
) -> BulkResult:
    """Record or change many people by `external_id`; what a row leaves out stays, null empties."""
    using = await mappings.using(session, principal, ImportKind.PEOPLE, mapping)
    rows = bulk.rows(PersonRow, using.rewrite)
    return await service.upsert_many(session, principal, rows, using.options(bulk.options))
