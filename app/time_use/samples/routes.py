"""`/pilots/{pilot_id}/time-samples`: what people were doing, for how long."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response, status
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.gathering import Asked, Gathering, Outcome, success
from app.access.permissions import Scope
from app.access.routing import (
    BulkRoute,
    Caller,
    GatheredRoute,
    RecordedRoute,
    Session,
    requires,
)
from app.core.bulk.descriptions import schema_of
from app.core.bulk.requests import Bulk
from app.core.fields import CalendarDate, FilterText
from app.core.instants import DateOrder, zone_of
from app.core.pagination import Page, PageRequest
from app.imports.mappings import service as mappings
from app.imports.mappings.schemas import MappingNamed
from app.imports.models import ImportKind
from app.time_use.samples import service
from app.time_use.samples.schemas import (
    SampleBulkResult,
    SampleIn,
    SampleOut,
    SampleResult,
    SampleRow,
)
from app.time_use.samples.service import Notation

bulk_router = APIRouter(route_class=BulkRoute)
gathered_router = APIRouter(route_class=GatheredRoute)
recorded_router = APIRouter(route_class=RecordedRoute)

SAMPLES = "/{pilot_id}/time-samples"


@bulk_router.post(
    f"{SAMPLES}/bulk",
    dependencies=[requires(Scope.TIME_WRITE)],
    openapi_extra=schema_of(SampleRow),
)
async def record_time_samples(
    pilot_id: UUID,
    bulk: Bulk,
    session: Session,
    principal: Caller,
    zone: Annotated[
        str | None,
        Query(max_length=64, description="Zone of times without an offset, as Europe/London."),
    ] = None,
    date_order: Annotated[
        DateOrder | None,
        Query(
            description="`ymd`, as by default, is ISO 8601; `dmy` and `mdy` are 08/02/2024 09:00 and the "
            "like."
        ),
    ] = None,
    mapping: MappingNamed = None,
) -> SampleBulkResult:
    """Record samples. A sample that is there with other values is replaced; a file may come twice.

    A CSV with columns of another system names its `mapping`; `zone` and `date_order` go before what that
    says.
    """
    using = await mappings.using(
        session, principal, ImportKind.TIME_SAMPLES, mapping, order=date_order, zone=zone_of(zone)
    )
    rows = bulk.rows(SampleRow, using.rewrite)
    notation = Notation(using.order, using.zone)
    return await service.upsert_many(
        session, principal, pilot_id, rows, using.options(bulk.options), notation
    )


async def _record(
    session: AsyncSession, pilot_id: UUID, requests: Sequence[Asked[SampleRow]]
) -> list[Outcome]:
    """The answers to several samples of one pilot."""
    return [
        success(
            done,
            status.HTTP_201_CREATED if done.outcome == "accepted" else status.HTTP_200_OK,
        )
        if isinstance(done, SampleResult)
        else done
        for done in await service.record(session, pilot_id, requests)
    ]


_SAMPLES: Gathering[UUID, SampleRow] = Gathering(_record)


@gathered_router.post(
    SAMPLES,
    status_code=status.HTTP_201_CREATED,
    response_model=SampleResult,
    dependencies=[requires(Scope.TIME_WRITE)],
    responses={200: {"model": SampleResult, "description": "Replaced, or there already."}},
)
async def record_time_sample(
    pilot_id: UUID, wanted: SampleIn, request: Request, principal: Caller
) -> Response:
    """Record one sample."""
    return await _SAMPLES.answer(request, pilot_id, principal, wanted.row())


@recorded_router.get(SAMPLES, dependencies=[requires(Scope.TIME_READ)])
async def list_time_samples(
    pilot_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    starts_on: CalendarDate | None = None,
    ends_on: CalendarDate | None = None,
    person_id: UUID | None = None,
    source: FilterText | None = None,
) -> Page[SampleOut]:
    """Samples of named people, for the pilot's lead alone. Reading is recorded."""
    days: tuple[date | None, date | None] = (starts_on, ends_on)
    rows, cursor = await service.page(session, principal, pilot_id, page, days, person_id, source)
    return Page(items=[SampleOut.model_validate(row) for row in rows], next_cursor=cursor)
