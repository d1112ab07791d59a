"""`/time-use-taxonomies`: what kinds of work there are, and what the codes of sources mean."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.core.fields import Code
from app.core.pagination import Page, PageRequest
from app.time_use.taxonomies import service
from app.time_use.taxonomies.schemas import (
    MAX_PREVIEWED,
    CategoryOut,
    ChoiceIn,
    MappingOut,
    PreviewedCode,
    PreviewOut,
    SourceCode,
    TaxonomyIn,
    TaxonomyOut,
)
from app.time_use.taxonomies.service import Chosen, Version

router = APIRouter(route_class=ApiRoute)
pilots_router = APIRouter(route_class=ApiRoute)

TAXONOMY = "/{version}"
VersionName = Annotated[Code, Path()]


def _answer(found: Version) -> TaxonomyOut:
    return TaxonomyOut(
        version=found.version,
        name=found.name,
        categories=[
            CategoryOut.model_validate(c.model_dump(by_alias=True)) for c in found.categories
        ],
        mappings=[MappingOut.model_validate(mapping) for mapping in found.mappings],
        is_built_in=found.created_at is None,
        created_at=found.created_at,
    )


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[requires(Scope.TIME_WRITE)])
async def create_taxonomy(wanted: TaxonomyIn, session: Session, principal: Caller) -> TaxonomyOut:
    """Record a version of categories and mappings. It cannot be changed: record another."""
    return _answer(await service.create(session, principal, wanted))


@router.get("", dependencies=[requires(Scope.PILOTS_READ)])
async def list_taxonomies(
    session: Session, principal: Caller, page: PageRequest
) -> Page[TaxonomyOut]:
    """Those that come with Pilotlight, then the organisation's own."""
    found, cursor = await service.page(session, principal, page)
    return Page(items=[_answer(each) for each in found], next_cursor=cursor)


@router.get(TAXONOMY, dependencies=[requires(Scope.PILOTS_READ)])
async def get_taxonomy(version: VersionName, session: Session, principal: Caller) -> TaxonomyOut:
    """One version."""
    return _answer(await service.get(session, principal, version))


@router.get(f"{TAXONOMY}/preview", dependencies=[requires(Scope.PILOTS_READ)])
async def preview_codes(
    version: VersionName,
    source: Annotated[SourceCode, Query(description="Whose codes.")],
    code: Annotated[
        list[SourceCode],
        Query(min_length=1, max_length=MAX_PREVIEWED, description="The codes; repeat it."),
    ],
    session: Session,
    principal: Caller,
) -> PreviewOut:
    """What the codes of a source mean under a version, before it is used."""
    codebook = (await service.get(session, principal, version)).codebook
    items = []
    for each in code:
        category = codebook.category_of(source, each)
        items.append(
            PreviewedCode.model_validate(
                {
                    "code": each,
                    "category": category.code if category else None,
                    "class": category.work_class if category else None,
                }
            )
        )
    return PreviewOut(items=items, unmapped=sum(item.category is None for item in items))


def _chosen(chosen: Chosen, response: Response) -> TaxonomyOut:
    response.headers["ETag"] = chosen.etag
    return _answer(chosen.taxonomy)


@pilots_router.get("/{pilot_id}/time-use-taxonomy", dependencies=[requires(Scope.PILOTS_READ)])
async def get_pilot_taxonomy(
    pilot_id: UUID, response: Response, session: Session, principal: Caller
) -> TaxonomyOut:
    """The version that a pilot's samples are read with."""
    return _chosen(await service.chosen(session, principal, pilot_id), response)


@pilots_router.put("/{pilot_id}/time-use-taxonomy", dependencies=[requires(Scope.PILOTS_WRITE)])
async def choose_pilot_taxonomy(
    pilot_id: UUID,
    wanted: ChoiceIn,
    response: Response,
    session: Session,
    principal: Caller,
    if_match: IfMatch = None,
) -> TaxonomyOut:
    """Read a pilot's samples with a version from now on; its figures follow."""
    chosen = await service.choose(session, principal, pilot_id, wanted.version, if_match)
    return _chosen(chosen, response)
