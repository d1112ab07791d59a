"""`/webhook-endpoints` and `/events`: what happened, sent or asked for."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response, status

from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, authenticated, requires
from app.core.etags import etag_of
from app.core.pagination import Page, PageRequest
from app.core.settings import Settings
from app.events.types import TYPES
from app.integrations.webhooks import feed, service
from app.integrations.webhooks.models import DeliveryState, WebhookDelivery, WebhookEndpoint
from app.integrations.webhooks.schemas import (
    AttemptOut,
    DeliveryOut,
    EndpointChange,
    EndpointCreated,
    EndpointIn,
    EndpointOut,
    EventOut,
    EventPage,
    EventTypeList,
    EventTypeOut,
    ReplayIn,
    ReplayOut,
    RotationIn,
)

router = APIRouter(route_class=ApiRoute)
events_router = APIRouter(route_class=ApiRoute)
types_router = APIRouter(route_class=ApiRoute)

ENDPOINT = "/{endpoint_id}"
_ADMIN = requires(Scope.ADMIN)


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


Configured = Annotated[Settings, Depends(_settings)]


def _answer(endpoint: WebhookEndpoint, response: Response) -> EndpointOut:
    response.headers["ETag"] = etag_of(endpoint.id, endpoint.revision)
    return EndpointOut.model_validate(endpoint)


def _with_secret(
    endpoint: WebhookEndpoint, secret: str, request: Request, response: Response
) -> EndpointCreated:
    """The answer with the secret, and the one that is kept without it."""
    response.headers["ETag"] = etag_of(endpoint.id, endpoint.revision)
    created = EndpointCreated.model_validate(endpoint)
    request.state.replay_body = created.model_dump_json().encode()
    return created.model_copy(update={"secret": secret})


@router.post("", status_code=status.HTTP_201_CREATED, dependencies=[_ADMIN])
async def create_webhook_endpoint(
    wanted: EndpointIn,
    request: Request,
    response: Response,
    session: Session,
    principal: Caller,
    settings: Configured,
) -> EndpointCreated:
    """Make an endpoint. The answer holds its secret, this once: a replay answers `"secret": null`."""
    endpoint, secret = await service.create(session, principal, settings, wanted)
    response.headers["Location"] = f"/api/v1/webhook-endpoints/{endpoint.id}"
    return _with_secret(endpoint, secret, request, response)


@router.get("", dependencies=[_ADMIN])
async def list_webhook_endpoints(
    session: Session, principal: Caller, page: PageRequest
) -> Page[EndpointOut]:
    """The organisation's endpoints, with how each stands."""
    rows, cursor = await service.page(session, principal, page)
    return Page(items=[EndpointOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.post(f"{ENDPOINT}/rotate-secret", dependencies=[_ADMIN])
async def rotate_webhook_secret(
    endpoint_id: UUID,
    wanted: RotationIn,
    request: Request,
    response: Response,
    session: Session,
    principal: Caller,
    settings: Configured,
) -> EndpointCreated:
    """Give an endpoint a new secret, shown this once. The one so far signs as well for `overlap_hours`."""
    endpoint, secret = await service.rotate(
        session, principal, settings, endpoint_id, wanted.overlap_hours
    )
    return _with_secret(endpoint, secret, request, response)


@router.post(f"{ENDPOINT}/replay", status_code=status.HTTP_202_ACCEPTED, dependencies=[_ADMIN])
async def replay_events(
    endpoint_id: UUID, wanted: ReplayIn, session: Session, principal: Caller
) -> ReplayOut:
    """Send one event again, or a range of the endpoint's types; each keeps its id."""
    return ReplayOut(queued=await service.replay(session, principal, endpoint_id, wanted))


@router.get(f"{ENDPOINT}/deliveries", dependencies=[_ADMIN])
async def list_webhook_deliveries(
    endpoint_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    state: Annotated[DeliveryState | None, Query()] = None,
) -> Page[DeliveryOut]:
    """How far each event has come on its way to an endpoint, the newest event first."""
    rows, cursor = await service.deliveries(session, principal, endpoint_id, page, state)
    return Page(items=[_delivery(row) for row in rows], next_cursor=cursor)


def _delivery(row: WebhookDelivery) -> DeliveryOut:
    told = DeliveryOut.model_validate(row)
    waits = row.state is DeliveryState.PENDING
    return told if waits else told.model_copy(update={"next_attempt_at": None})


@router.get(f"{ENDPOINT}/attempts", dependencies=[_ADMIN])
async def list_webhook_attempts(
    endpoint_id: UUID,
    session: Session,
    principal: Caller,
    page: PageRequest,
    event_id: UUID | None = None,
) -> Page[AttemptOut]:
    """Every attempt to deliver to an endpoint, newest first."""
    rows, cursor = await service.attempts(session, principal, endpoint_id, page, event_id)
    return Page(items=[AttemptOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get(ENDPOINT, dependencies=[_ADMIN])
async def get_webhook_endpoint(
    endpoint_id: UUID, response: Response, session: Session, principal: Caller
) -> EndpointOut:
    """One endpoint."""
    return _answer(await service.get(session, principal, endpoint_id), response)


@router.patch(ENDPOINT, dependencies=[_ADMIN])
async def change_webhook_endpoint(
    endpoint_id: UUID,
    changes: EndpointChange,
    response: Response,
    session: Session,
    principal: Caller,
    settings: Configured,
    if_match: IfMatch = None,
) -> EndpointOut:
    """Change an endpoint; what is left out stays. Enabled anew it goes on with what waits."""
    changed = await service.change(session, principal, settings, endpoint_id, changes, if_match)
    return _answer(changed, response)


@router.delete(ENDPOINT, status_code=status.HTTP_204_NO_CONTENT, dependencies=[_ADMIN])
async def delete_webhook_endpoint(
    endpoint_id: UUID, session: Session, principal: Caller, if_match: IfMatch = None
) -> None:
    """Forget an endpoint, its secret and its deliveries."""
    await service.delete(session, principal, endpoint_id, if_match)


@events_router.get("", dependencies=[requires(Scope.PILOTS_READ)])
async def list_events(session: Session, principal: Caller, page: PageRequest) -> EventPage:
    """What happened, in order, as far as your scopes let you see it. Begin without a cursor, and go on with
    `resume_cursor`: nothing is skipped. 410 says that what comes after your cursor is forgotten."""
    found = await feed.read(session, principal, page)
    return EventPage(
        items=[EventOut.model_validate(event) for event in found.events],
        next_cursor=found.next_cursor,
        resume_cursor=found.resume_cursor,
    )


@types_router.get("", dependencies=[authenticated()])
async def list_event_types() -> EventTypeList:
    """Every kind of event: what it tells, about what, and the scope that lets you see it."""
    return EventTypeList(
        items=[
            EventTypeOut(
                name=kind.name,
                what=kind.what,
                subject=f"{kind.collection}/{{id}}",
                data=list(kind.data),
                scope=kind.scope,
            )
            for kind in TYPES.values()
        ]
    )
