"""`/dashboard/imports`: files taken in, looked at first; what came, and taking it back."""

import io
from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response, status
from fastapi.responses import HTMLResponse, RedirectResponse

from app.access.routing import authenticated
from app.core.bulk.formats import CSV
from app.core.bulk.rejected import writer_of
from app.core.bulk.requests import BulkMode
from app.core.bulk.results import RowError
from app.core.errors import Invalid
from app.core.instants import DateOrder
from app.core.pagination import PageQuery
from app.dashboard import given, rows
from app.dashboard.imports.kinds import KINDS, Kind, named
from app.dashboard.multipart import NAME_OF, bytes_of
from app.dashboard.navigation import IMPORTS, PEOPLE
from app.dashboard.routing import FileForm, Form, FormRoute, PageRoute, first, form_on
from app.dashboard.views import Crumb, Looking, View
from app.imports.mappings.routes import list_import_mappings
from app.imports.routes import list_import_batches, undo_import_batch
from app.people.routes import get_person
from app.pilots.routes import list_pilots

router = APIRouter(prefix=IMPORTS, route_class=PageRoute)
form_router = APIRouter(prefix=IMPORTS, route_class=FormRoute)
file_router = APIRouter(prefix=IMPORTS, route_class=FileForm)

_PAGE: Final = 50
_MOST: Final = PageQuery(limit=200)
_SHOWN: Final = 200
_FILE: Final = "file"
_NEW: Final = f"{IMPORTS}/new"

Cursor = Annotated[str | None, Query(max_length=64)]
Short = Annotated[str, Query(max_length=64)]


@router.get("", dependencies=[authenticated()])
async def imports_page(
    view: Looking, cursor: Cursor = None, undone: Annotated[int | None, Query(ge=0)] = None
) -> HTMLResponse:
    """What was imported, newest first."""
    page = PageQuery(limit=_PAGE, cursor=cursor)
    found = await view.answer(list_import_batches, page=page, kind=None)
    return view.page(
        "imports/batches.html",
        "Imports",
        here=IMPORTS,
        new=_NEW,
        found=found,
        undone=undone,
    )


@form_router.post("/undo", dependencies=[authenticated()])
@form_on(imports_page)
async def undo(view: Looking, form: Form) -> Response:
    """Take a batch back; where people of it stay, a page says who and why."""
    try:
        batch_id = UUID(first(form, "batch_id") or "")
    except ValueError:
        raise Invalid.field("/batch_id", "uuid_parsing", "There is no such batch.") from None
    done = await view.answer(undo_import_batch, batch_id=batch_id)
    count = done["removed"] + done["restored"]
    if done["stayed"]:
        view.keep_instead("The import was taken back, once.", IMPORTS)
        return view.page(
            "imports/taken_back.html",
            "Taken back in part",
            trail=_trail(view),
            here=IMPORTS,
            count=count,
            stayed=done["stayed"],
            shown=_SHOWN,
            people=PEOPLE if view.may(get_person) else None,
        )
    return RedirectResponse(f"{IMPORTS}?undone={count}", status.HTTP_303_SEE_OTHER)


@router.get("/new", dependencies=[authenticated()])
async def new_import_page(view: Looking, kind: Short = "", pilot: Short = "") -> HTMLResponse:
    """The form that a file is sent with."""
    kinds = _kinds(view)
    pilots = await view.answer_if_allowed(list_pilots, page=_MOST)
    saved = await view.answer(list_import_mappings, page=_MOST)
    return view.page(
        "imports/new.html",
        "Import a file",
        trail=_trail(view),
        here=_NEW,
        kinds=[(each.name, each.title) for each in kinds],
        kind=kind,
        pilots=[(each["pilot_id"], each["name"]) for each in (pilots["items"] if pilots else [])],
        pilot=pilot,
        mappings=[(each["name"], each["name"]) for each in saved["items"]],
    )


def _kinds(view: View) -> list[Kind]:
    """What the reader may import.

    Raises:
        Forbidden: nothing.
    """
    kinds = [each for each in KINDS if view.may(each.handler)]
    if not kinds:
        view.require(KINDS[0].handler)
    return kinds


def _trail(view: View) -> list[Crumb]:
    return [Crumb("Imports", IMPORTS)] if view.may(list_import_batches) else []


@file_router.post("/new", dependencies=[authenticated()])
@form_on(new_import_page)
async def take_file(view: Looking, form: Form) -> Response:
    """What would become of a file's rows; with `step` carry_out, what has; with rejected, those rows."""
    kind = named(first(form, "kind") or "", _kinds(view))
    if kind is None:
        raise Invalid.field("/kind", "enum", "Choose what the file holds.")
    content, name = bytes_of(form.get(_FILE, [""])[0]), first(form, _FILE + NAME_OF)
    if not content or name is None:
        raise Invalid.field(f"/{_FILE}", "missing_field", "Choose a file.")
    step = first(form, "step")
    media_type = rows.media_type_of(name)
    mode = BulkMode.ATOMIC if first(form, "atomic") == "yes" else BulkMode.PARTIAL
    carried_out = step == "carry_out"
    done = await view.answer(
        kind.handler,
        bulk=rows.mended(
            content,
            media_type,
            dry_run=not carried_out,
            mode=mode if carried_out else BulkMode.PARTIAL,
            settle=kind.settle,
        ),
        **_asked(kind, form, view.principal.organisation.zone),
    )
    if step == "rejected":
        return _rejected(content, media_type, done["errors"])
    if carried_out:
        view.keep_instead("The file was imported, once.", IMPORTS if _trail(view) else _NEW)
    text = form[_FILE][0]
    return view.page(
        "imports/result.html",
        "Imported" if carried_out else "Import this file?",
        trail=[*_trail(view), Crumb("Import a file", _NEW)],
        here=_NEW,
        done=done,
        came_before=_came_before(done),
        errors=done["errors"][:_SHOWN],
        carried_out=carried_out,
        kind=kind,
        name=name,
        # Row numbers as people count them in the file.
        first_row=2 if media_type == CSV else 1,
        carried=text if rows.can_be_carried(text) else None,
        sent=given.texts(form, ("kind", "pilot", "mapping", "date_order", "zone", "atomic")),
    )


def _came_before(done: dict[str, Any]) -> bool:
    """Whether every row of a file is here already, as it stands there."""
    return bool(done["duplicates"]) and not (
        done["accepted"] or done["updated"] or done["rejected"]
    )


def _asked(kind: Kind, form: Form, zone: str) -> dict[str, Any]:
    """What the route takes beside the rows; local times are of `zone` where neither form nor mapping says.

    Raises:
        Invalid: the rows belong to a pilot, and none is chosen.
    """
    asked: dict[str, Any] = {}
    if kind.of_pilot:
        try:
            asked["pilot_id"] = UUID(first(form, "pilot") or "")
        except ValueError:
            raise Invalid.field("/pilot", "missing_field", "Choose the pilot.") from None
    if kind.mapped:
        asked["mapping"] = first(form, "mapping")
    if kind.timed:
        order = first(form, "date_order")
        if order is not None and order not in list(DateOrder):
            raise Invalid.field("/date_order", "enum", "Choose an order of dates.")
        asked["date_order"] = DateOrder(order) if order else None
        asked["zone"] = first(form, "zone") or (None if asked.get("mapping") else zone)
    return asked


def _rejected(content: bytes, media_type: str, errors: Sequence[dict[str, Any]]) -> Response:
    """The rejected rows, to be mended and fed again, as the command line writes them."""
    out = io.BytesIO()
    writer = writer_of(io.BytesIO(content), media_type, "The file", out)
    for each in sorted(errors, key=lambda error: int(error["index"])):
        writer.note(RowError(each["index"], each["code"], each["detail"], each["pointer"]))
    ending, told = ("csv", CSV) if media_type == CSV else ("ndjson", "application/x-ndjson")
    return Response(
        out.getvalue(),
        media_type=told,
        headers={"Content-Disposition": f'attachment; filename="rejected.{ending}"'},
    )
