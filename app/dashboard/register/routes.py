"""`/dashboard/pilots/{pilot_id}/governance`: an item of its register put in, changed and decided."""

from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.assurance.governance.register.models import NOTED, ItemKind, ItemStatus
from app.assurance.governance.register.routes import (
    change_register_item,
    create_register_item,
    get_register_item,
)
from app.assurance.governance.register.schemas import RegisterItemChange, RegisterItemIn
from app.core.errors import existing
from app.core.fields import Code
from app.dashboard import given, pointers
from app.dashboard.navigation import of_pilot
from app.dashboard.pilots.routes import about_pilot
from app.dashboard.register.kinds import ASKED, as_typed, content_in, field_of, value_of
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.dashboard.wording import words

PILOT: Final = "/dashboard/pilots/{pilot_id:uuid}/governance"
NEW: Final = f"{PILOT}/new/{{kind}}"
ITEM: Final = f"{PILOT}/register/{{item_id:uuid}}"

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_ABOUT: Final = ("title", "owner", "opened_on", "review_on")


def _of_pilot(pilot_id: UUID) -> str:
    return f"{of_pilot(pilot_id)}/governance"


def _kind(kind: str) -> ItemKind:
    """The kind of that name.

    Raises:
        NotFound: there is none.
    """
    return existing(next((each for each in ItemKind if each == kind), None), "kind of item")


async def _about(view: View, pilot_id: UUID) -> dict[str, Any]:
    shared = await about_pilot(view, pilot_id)
    up = [
        Crumb(shared["pilot"]["name"], of_pilot(pilot_id)),
        Crumb("Governance", _of_pilot(pilot_id)),
    ]
    return {**shared, "trail": up}


@router.get(NEW, dependencies=[authenticated()])
async def new_item_page(view: Looking, pilot_id: UUID, kind: Code) -> HTMLResponse:
    """The form that puts an item of a kind into the register."""
    view.require(create_register_item)
    found = _kind(kind)
    return view.page(
        "register/new.html",
        f"Add to the register: {words(found)}",
        **await _about(view, pilot_id),
        here=f"{_of_pilot(pilot_id)}/new/{found}",
        asked=[(each, "") for each in ASKED[found]],
    )


@form_router.post(NEW, dependencies=[authenticated()])
@form_on(new_item_page)
async def add_item(view: Looking, pilot_id: UUID, kind: Code, form: Form) -> Response:
    """An item, and on to it."""
    fields = {**given.texts(form, _ABOUT), "content": content_in(form, _kind(kind))}
    with pointers.leading(field_of):
        made = await view.answer(
            create_register_item, pilot_id=pilot_id, wanted=wanted(RegisterItemIn, fields)
        )
    return _on_to(pilot_id, made["item_id"])


@router.get(ITEM, dependencies=[authenticated()])
async def item_page(view: Looking, pilot_id: UUID, item_id: UUID) -> HTMLResponse:
    """What an item says, and the forms that decide about it and change it."""
    shared = await _about(view, pilot_id)
    item, etag = await view.answer_to_change(get_register_item, pilot_id=pilot_id, item_id=item_id)
    kind = ItemKind(item["kind"])
    said = [(each, value_of(item["content"], each)) for each in ASKED[kind]]
    is_noted = kind in NOTED
    return view.page(
        "register/item.html",
        item["title"],
        **shared,
        here=f"{_of_pilot(pilot_id)}/register/{item_id}",
        item=item,
        etag=etag,
        said=[(each, value) for each, value in said if value not in (None, [])],
        asked=[(each, as_typed(value)) for each, value in said],
        is_noted=is_noted,
        statuses=[each for each in ItemStatus if _can_be(each, is_noted=is_noted)],
        may_change=view.may(change_register_item),
    )


def _can_be(each: ItemStatus, *, is_noted: bool) -> bool:
    """Risks and incidents are open or closed; nothing else is ever closed."""
    closed = each is ItemStatus.CLOSED
    return closed or each is ItemStatus.OPEN if is_noted else not closed


@form_router.post(ITEM, dependencies=[authenticated()])
@form_on(item_page)
async def change(view: Looking, pilot_id: UUID, item_id: UUID, form: Form) -> Response:
    """What an item says. It says nothing of a decision: other content than was approved needs a new one."""
    item = await view.answer(get_register_item, pilot_id=pilot_id, item_id=item_id)
    said = {
        **given.stated(form, _ABOUT, ("review_on",)),
        "content": content_in(form, ItemKind(item["kind"])),
    }
    return await _changed(view, pilot_id, item_id, form, said)


@form_router.post(f"{ITEM}/decision", dependencies=[authenticated()])
@form_on(item_page)
async def decide(view: Looking, pilot_id: UUID, item_id: UUID, form: Form) -> Response:
    """Where an item stands, and which post approved it."""
    said = {**given.stated(form, ("status",)), **given.texts(form, ("approver", "approved_on"))}
    return await _changed(view, pilot_id, item_id, form, said)


async def _changed(
    view: View, pilot_id: UUID, item_id: UUID, form: Form, said: dict[str, Any]
) -> Response:
    with pointers.leading(field_of):
        await view.answer(
            change_register_item,
            pilot_id=pilot_id,
            item_id=item_id,
            changes=wanted(RegisterItemChange, said),
            if_match=first(form, "etag"),
        )
    return _on_to(pilot_id, item_id)


def _on_to(pilot_id: UUID, item_id: UUID | str) -> Response:
    address = f"{_of_pilot(pilot_id)}/register/{item_id}"
    return RedirectResponse(address, status.HTTP_303_SEE_OTHER)
