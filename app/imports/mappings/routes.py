"""`/import-mappings`: whose columns mean which fields of ours."""

from typing import Annotated

from fastapi import APIRouter, Path, Response, status

from app.access.routing import ApiRoute, Caller, IfMatch, Session, authenticated
from app.core.fields import Code
from app.core.pagination import Page, PageRequest
from app.imports.mappings import service
from app.imports.mappings.schemas import ImportMappingIn, ImportMappingOut, ImportMappingRules
from app.imports.mappings.service import Mapping

router = APIRouter(route_class=ApiRoute)

MAPPING = "/{mapping_name}"
MappingName = Annotated[Code, Path()]


def _answer(found: Mapping, response: Response | None = None) -> ImportMappingOut:
    if response is not None and found.etag is not None:
        response.headers["ETag"] = found.etag
    return ImportMappingOut(
        **found.wanted.model_dump(),
        is_built_in=found.row is None,
        updated_at=found.updated_at,
    )


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[authenticated()])
async def create_import_mapping(
    wanted: ImportMappingIn, response: Response, session: Session, principal: Caller
) -> ImportMappingOut:
    """Save a mapping. It needs the scope that files of its kind are brought with."""
    response.headers["Location"] = f"/api/v1/import-mappings/{wanted.name}"
    return _answer(await service.create(session, principal, wanted), response)


@router.get("", dependencies=[authenticated()])
async def list_import_mappings(
    session: Session, principal: Caller, page: PageRequest
) -> Page[ImportMappingOut]:
    """Those that come with Pilotlight, then the organisation's own."""
    found, cursor = await service.page(session, principal, page)
    return Page(items=[_answer(each) for each in found], next_cursor=cursor)


@router.get(MAPPING, dependencies=[authenticated()])
async def get_import_mapping(
    mapping_name: MappingName, response: Response, session: Session, principal: Caller
) -> ImportMappingOut:
    """One mapping. One that comes with Pilotlight has no ETag: it does not change."""
    return _answer(await service.get(session, principal, mapping_name), response)


@router.put(MAPPING, dependencies=[authenticated()])
async def replace_import_mapping(
    mapping_name: MappingName,
    wanted: ImportMappingRules,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> ImportMappingOut:
    """Replace the rules of a mapping; its name and kind stay."""
    changed = await service.change(session, principal, mapping_name, wanted, if_match)
    return _answer(changed, response)


@router.delete(MAPPING, status_code=status.HTTP_204_NO_CONTENT, dependencies=[authenticated()])
async def delete_import_mapping(
    mapping_name: MappingName, session: Session, principal: Caller, if_match: IfMatch = None
) -> None:
    """Forget a mapping; what was imported with it stays."""
    await service.delete(session, principal, mapping_name, if_match)
