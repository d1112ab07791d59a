"""`/dashboard/people`: staff, found by name or number; one of them, and when they are away."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from app.access.routing import authenticated
from app.core.pagination import PageQuery
from app.dashboard.navigation import PEOPLE
from app.dashboard.routing import PageRoute, RecordedPage
from app.dashboard.staff.lines import called
from app.dashboard.views import Crumb, Looking
from app.people.absences.routes import list_absences, upsert_absences
from app.people.routes import get_person, list_people, upsert_people
from app.privacy.accesses.routes import list_accesses
from app.privacy.erasure.routes import preview_erasure
from app.privacy.subject_access.routes import get_subject_access

router = APIRouter(prefix=PEOPLE, route_class=PageRoute)
recorded_router = APIRouter(prefix=PEOPLE, route_class=RecordedPage)

_PAGE: Final = 50

Cursor = Annotated[str | None, Query(max_length=64)]
Sought = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


@router.get("", dependencies=[authenticated()])
async def people_page(
    view: Looking, name: Sought = "", department: Sought = "", cursor: Cursor = None
) -> HTMLResponse:
    """Staff whose name or number holds a text."""
    sought = {"name": name.strip() or None, "department": department.strip() or None}
    page = PageQuery(limit=_PAGE, cursor=cursor)
    found = await view.answer(list_people, page=page, **sought)
    return view.page(
        "people/people.html",
        "People",
        here=PEOPLE,
        found=found,
        name=name,
        department=department,
        imports=[
            (kind, title)
            for kind, title, handler in (
                ("people", "Import staff", upsert_people),
                ("absences", "Import absences", upsert_absences),
            )
            if view.may(handler)
        ],
    )


@router.get("/{person_id:uuid}", dependencies=[authenticated()])
async def person_page(view: Looking, person_id: UUID) -> HTMLResponse:
    """One person as recorded."""
    person = await view.answer(get_person, person_id=person_id)
    return view.page(
        "people/person.html",
        called(person),
        trail=[Crumb("People", PEOPLE)],
        person=person,
        here=f"{PEOPLE}/{person_id}",
        governed=[
            (f"{PEOPLE}/{person_id}/{page}", title)
            for page, title, handler in (
                ("data", "Everything that is held of this person", get_subject_access),
                ("accesses", "Who has read it", list_accesses),
                ("erasure", "Erase this person", preview_erasure),
            )
            if view.may(handler)
        ],
    )


@recorded_router.get("/{person_id:uuid}/absences", dependencies=[authenticated()])
async def absences_page(view: Looking, person_id: UUID, cursor: Cursor = None) -> HTMLResponse:
    """When somebody is away. Reading is recorded."""
    person = await view.answer(get_person, person_id=person_id)
    page = PageQuery(limit=_PAGE, cursor=cursor)
    found = await view.answer(list_absences, person_id=person_id, page=page)
    address = f"{PEOPLE}/{person_id}"
    return view.page(
        "people/absences.html",
        "Absences",
        trail=[Crumb("People", PEOPLE), Crumb(called(person), address)],
        found=found,
        here=f"{address}/absences",
    )
