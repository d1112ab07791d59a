"""`/dashboard/settings/webhooks`: where events are sent, whether they arrive, and one of these endpoints."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.navigation import SETTINGS, WEBHOOKS
from app.dashboard.routing import Form, FormRoute, PageRoute, form_on
from app.dashboard.views import Crumb, Looking, wanted
from app.integrations.webhooks.routes import (
    change_webhook_endpoint,
    create_webhook_endpoint,
    get_webhook_endpoint,
    list_event_types,
    list_webhook_deliveries,
    list_webhook_endpoints,
)
from app.integrations.webhooks.schemas import EndpointChange, EndpointIn

router = APIRouter(prefix=WEBHOOKS, route_class=PageRoute)
form_router = APIRouter(prefix=WEBHOOKS, route_class=FormRoute)

_ONE: Final = "/{endpoint_id:uuid}"
_PAGE: Final = 50
_MOST: Final = PageQuery(limit=200)
_UP: Final = [Crumb("Settings", SETTINGS)]
_BELOW: Final = [*_UP, Crumb("Webhook endpoints", WEBHOOKS)]

Cursor = Annotated[str | None, Query(max_length=64)]


@router.get("", dependencies=[authenticated()])
async def endpoints_page(view: Looking) -> HTMLResponse:
    """Where events are sent, and the form that adds a place."""
    return view.page(
        "webhooks/endpoints.html",
        "Webhook endpoints",
        trail=_UP,
        here=WEBHOOKS,
        found=await view.answer(list_webhook_endpoints, page=_MOST),
        types=(await view.answer(list_event_types))["items"],
    )


@form_router.post("", dependencies=[authenticated()])
@form_on(endpoints_page)
async def make_endpoint(view: Looking, form: Form) -> Response:
    """An endpoint; its secret is shown this once."""
    said: dict[str, Any] = {
        **given.texts(form, ("url", "description")),
        "event_types": form.get("event_types", []),
    }
    made = await view.answer(
        create_webhook_endpoint,
        wanted=wanted(EndpointIn, said),
        settings=view.request.app.state.settings,
    )
    address = f"{WEBHOOKS}/{made['endpoint_id']}"
    view.keep_instead("The endpoint was made, and its secret shown once.", address)
    return view.page(
        "webhooks/made.html", "Your new endpoint", trail=_BELOW, made=made, here=address
    )


@router.get(_ONE, dependencies=[authenticated()])
async def endpoint_page(view: Looking, endpoint_id: UUID, cursor: Cursor = None) -> HTMLResponse:
    """How an endpoint stands, and how far each event has come on its way to it."""
    found = await view.answer(get_webhook_endpoint, endpoint_id=endpoint_id)
    deliveries = await view.answer(
        list_webhook_deliveries,
        endpoint_id=endpoint_id,
        page=PageQuery(limit=_PAGE, cursor=cursor),
        state=None,
    )
    return view.page(
        "webhooks/endpoint.html",
        found["description"] or found["url"],
        trail=_BELOW,
        here=f"{WEBHOOKS}/{endpoint_id}",
        found=found,
        deliveries=deliveries,
    )


@form_router.post(f"{_ONE}/state", dependencies=[authenticated()])
@form_on(endpoint_page)
async def switch(view: Looking, endpoint_id: UUID, form: Form) -> Response:
    """Send nothing more to an endpoint, or go on with what waits."""
    changes = wanted(EndpointChange, given.yes_or_no(form, ("is_enabled",)))
    await view.answer(
        change_webhook_endpoint,
        endpoint_id=endpoint_id,
        changes=changes,
        settings=view.request.app.state.settings,
        if_match=None,
    )
    return RedirectResponse(f"{WEBHOOKS}/{endpoint_id}", status.HTTP_303_SEE_OTHER)
