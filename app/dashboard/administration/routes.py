"""`/dashboard/settings`: the organisation, its keys and accounts, and who did what."""

from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.accounts.routes import change_account, list_accounts
from app.access.accounts.schemas import AccountChange
from app.access.permissions import Role
from app.access.routes import create_api_key, list_api_keys, revoke_api_key
from app.access.routing import authenticated
from app.access.schemas import ApiKeyIn
from app.audit_log.routes import list_audit_events
from app.core.errors import Invalid
from app.core.etags import etag_of
from app.core.local_days import begins
from app.core.pagination import PageQuery
from app.dashboard import given
from app.dashboard.administration.actions import ACTIONS
from app.dashboard.navigation import AUDIT, KEYS, SETTINGS, WEBHOOKS
from app.dashboard.routing import Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View, wanted
from app.organisations.routes import change_organisation, get_organisation
from app.organisations.schemas import OrganisationChange
from app.pilots.routes import list_pilots

router = APIRouter(route_class=PageRoute)
form_router = APIRouter(route_class=FormRoute)

_PAGE: Final = 50
_MOST: Final = PageQuery(limit=200)
_UP: Final = [Crumb("Settings", SETTINGS)]

Cursor = Annotated[str | None, Query(max_length=64)]


@router.get(SETTINGS, dependencies=[authenticated()])
async def settings_page(view: Looking) -> HTMLResponse:
    """The organisation, and who signs in."""
    view.require(change_organisation)
    return view.page(
        "administration/settings.html",
        "Settings",
        here=SETTINGS,
        found=await view.answer(get_organisation),
        etag=etag_of(view.principal.organisation_id, view.principal.organisation.revision),
        accounts=await view.answer(list_accounts, page=_MOST),
        own_account=str(view.signed_in.account.id) if view.signed_in else None,
        keys=KEYS,
        audit=AUDIT,
        webhooks=WEBHOOKS,
    )


@form_router.post(SETTINGS, dependencies=[authenticated()])
@form_on(settings_page)
async def change_settings(view: Looking, form: Form) -> Response:
    """The organisation as the form says."""
    said: dict[str, Any] = {
        **given.texts(form, ("name", "zone", "currency")),
        **given.whole_numbers(form, ("minimum_group_size",)),
        **given.numbers(form, ("working_hours_per_week",)),
    }
    changes = wanted(OrganisationChange, said)
    await view.answer(change_organisation, changes=changes, if_match=first(form, "etag"))
    return RedirectResponse(SETTINGS, status.HTTP_303_SEE_OTHER)


@form_router.post(f"{SETTINGS}/accounts", dependencies=[authenticated()])
@form_on(settings_page)
async def block_or_let_in(view: Looking, form: Form) -> Response:
    """Block an account, which ends its sessions at once; or let it in again."""
    try:
        account_id = UUID(first(form, "account_id") or "")
    except ValueError:
        raise Invalid.field("/account_id", "uuid_parsing", "There is no such account.") from None
    changes = wanted(AccountChange, given.yes_or_no(form, ("is_blocked",)))
    await view.answer(change_account, account_id=account_id, changes=changes, if_match=None)
    return RedirectResponse(f"{SETTINGS}#accounts", status.HTTP_303_SEE_OTHER)


@router.get(KEYS, dependencies=[authenticated()])
async def keys_page(view: Looking, cursor: Cursor = None) -> HTMLResponse:
    """API keys without their secrets, and the form that makes one."""
    page = PageQuery(limit=_PAGE, cursor=cursor)
    found = await view.answer(list_api_keys, page=page)
    return view.page(
        "administration/keys.html",
        "API keys",
        trail=_UP,
        here=KEYS,
        found=found,
        roles_of=list(Role),
    )


@form_router.post(KEYS, dependencies=[authenticated()])
@form_on(keys_page)
async def make_key(view: Looking, form: Form) -> Response:
    """A key, shown this once."""
    said = given.texts(form, ("name", "role", "person_id"))
    day = first(form, "expires_on")
    if day is not None:
        said["expires_at"] = _beginning(day, view.principal.organisation.zone)
    try:
        key = wanted(ApiKeyIn, said)
    except Invalid as problem:
        raise _renamed(problem) from None
    made = await view.answer(create_api_key, wanted=key)
    view.keep_instead("The key was made, and shown once.", KEYS)
    return view.page(
        "administration/made.html",
        "Your new key",
        trail=[*_UP, Crumb("API keys", KEYS)],
        made=made,
        here=KEYS,
    )


def _beginning(day: str, zone: str) -> str:
    """The first instant of a day by the clocks of a zone; what is no day is left for the API to refuse."""
    with suppress(ValueError, OverflowError):
        return begins(date.fromisoformat(day), ZoneInfo(zone)).isoformat()
    return day


def _renamed(problem: Invalid) -> Invalid:
    """The same problem, about the field that stands in the form."""
    errors = [
        replace(each, pointer="/expires_on") if each.pointer == "/expires_at" else each
        for each in problem.errors
    ]
    return Invalid(problem.detail, code=problem.code, errors=errors)


@form_router.post(f"{KEYS}/revoke", dependencies=[authenticated()])
@form_on(keys_page)
async def revoke(view: Looking, form: Form) -> Response:
    """End a key for good."""
    try:
        key_id = UUID(first(form, "key_id") or "")
    except ValueError:
        raise Invalid.field("/key_id", "uuid_parsing", "There is no such key.") from None
    await view.answer(revoke_api_key, key_id=key_id)
    return RedirectResponse(KEYS, status.HTTP_303_SEE_OTHER)


@router.get(AUDIT, dependencies=[authenticated()])
async def audit_page(
    view: Looking,
    action: Annotated[str, Query(max_length=100, pattern=r"^[a-z_.]*$")] = "",
    resource_id: Annotated[str, Query(max_length=36, pattern=r"^[0-9a-fA-F-]*$")] = "",
    cursor: Cursor = None,
) -> HTMLResponse:
    """Who did what to what, newest first."""
    try:
        about = UUID(resource_id) if resource_id else None
    except ValueError:
        raise Invalid.field("/resource_id", "uuid_parsing", "This is no id.") from None
    page = PageQuery(limit=_PAGE, cursor=cursor)
    found = await view.answer(
        list_audit_events, page=page, action=action or None, resource_id=about
    )
    return view.page(
        "administration/audit.html",
        "Audit events",
        here=AUDIT,
        found=found,
        action=action,
        resource_id=resource_id,
        actions=ACTIONS,
        offered=_offered(action),
        names=await _names(view),
    )


def _offered(action: str) -> list[tuple[str, str]]:
    """Actions to choose from by their words; one that has none stays as it was asked for."""
    known = sorted((each.words, code) for code, each in ACTIONS.items())
    unknown = [(action, action)] if action not in ("", *ACTIONS) else []
    return [("", "Anything"), *unknown, *((code, words) for words, code in known)]


async def _names(view: View) -> dict[str, str]:
    """What keys, accounts and pilots are called, by id, as far as the reader may know."""
    found: dict[str, str] = {}
    for handler, number in (
        (list_api_keys, "key_id"),
        (list_accounts, "account_id"),
        (list_pilots, "pilot_id"),
    ):
        listed = await view.answer_if_allowed(handler, page=_MOST)
        found |= {each[number]: each["name"] for each in (listed["items"] if listed else [])}
    return {number: name for number, name in found.items() if name}
