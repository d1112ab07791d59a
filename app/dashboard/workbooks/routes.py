"""`/pilots/{pilot_id}/workbook`: the figures of a pilot for a spreadsheet."""

import asyncio
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from app.access.routing import ApiRoute, Caller, Session, requires, route_of
from app.benefits.routes import get_benefit_position
from app.core import clock
from app.core.pagination import PageQuery
from app.dashboard.charts.catalogue import ADOPTION, FEEDBACK, TIME_USE
from app.dashboard.views import as_sent
from app.dashboard.workbooks.contents import Answers, Making, sheets
from app.dashboard.workbooks.writing import XLSX, written
from app.decisions.routes import list_decisions
from app.metrics.scorecard.routes import get_scorecard
from app.metrics.snapshots.routes import list_snapshots

router = APIRouter(route_class=ApiRoute)

_SOURCES: Final = (
    get_scorecard,
    TIME_USE.handler,
    ADOPTION.handler,
    FEEDBACK.handler,
    list_snapshots,
    list_decisions,
)
_SCOPES: Final = sorted({scope for each in _SOURCES for scope in route_of(each).access.scopes})


class WorkbookResponse(Response):
    """A file of a spreadsheet."""

    media_type = XLSX


@router.get(
    "/{pilot_id}/workbook",
    response_class=WorkbookResponse,
    responses={200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
    dependencies=[requires(*_SCOPES)],
)
async def get_pilot_workbook(pilot_id: UUID, session: Session, principal: Caller) -> Response:
    """Every figure of a pilot as a workbook (.xlsx): headline, figures, weeks, criteria, what is missing,
    benefits by class and decisions.

    Its cells are the values that the scorecard and the figures' own pages answer; what they withhold is
    blank, and `suppressed`. It holds no formulas.
    """
    reader: dict[str, Any] = {"session": session, "principal": principal, "pilot_id": pilot_id}
    spent, used, said = [
        as_sent(await each.handler(**reader, **each.asked))
        for each in (TIME_USE, ADOPTION, FEEDBACK)
    ]
    card = as_sent(await get_scorecard(**reader))
    published = as_sent(await list_snapshots(**reader, page=PageQuery(limit=1)))["items"]
    organisation = principal.organisation
    making = Making(organisation.name, organisation.is_simulated, clock.now())
    reads_benefits = principal.may(*route_of(get_benefit_position).access.scopes)
    made = as_sent(await list_decisions(**reader, page=PageQuery(limit=200)))["items"]
    answers = Answers(
        card,
        spent,
        used,
        said,
        published[0] if published else None,
        as_sent(await get_benefit_position(**reader)) if reads_benefits else None,
        made,
    )
    found = await asyncio.to_thread(lambda: written(sheets(answers, making), making))
    name = f"{'simulated-' * making.is_simulated}{card['code']}-figures.xlsx"
    disposition = {"Content-Disposition": f'attachment; filename="{name}"'}
    return WorkbookResponse(found, headers=disposition)
