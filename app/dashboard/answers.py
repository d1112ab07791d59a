"""Answers full of figures, kept while nothing that they could be made from has changed.

Every write leaves an event in the audit log, in its own transaction, and a test of every write keeps it. So while the log has grown by nothing, the same question of the same reader on the same day has
the same answer. The log is counted from a mark that moves on every ten minutes: what was begun before it has
long been committed, or will not be.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core import clock
from app.decisions.routes import get_decision_basis
from app.metrics.adoption.routes import get_adoption
from app.metrics.feedback.routes import get_feedback, get_feedback_summary
from app.metrics.scorecard.routes import get_scorecard
from app.metrics.snapshots.routes import get_snapshot
from app.metrics.time_categories.routes import get_time_categories
from app.metrics.time_use.routes import get_time_use
from app.metrics.utilisation.routes import (
    get_pool_utilisation,
    get_renewal_advice,
    list_licence_utilisation,
)

KEPT: Final[frozenset[Callable[..., Any]]] = frozenset(
    {
        get_adoption,
        get_decision_basis,
        get_feedback,
        get_feedback_summary,
        get_pool_utilisation,
        get_renewal_advice,
        get_scorecard,
        get_snapshot,
        get_time_categories,
        get_time_use,
        list_licence_utilisation,
    }
)

_MOST: Final = 256
_STEP: Final = 600
_MARGIN: Final = 1200
# Once a transaction: a page asks for several answers.
_EVENTS: Final = "events_before_the_page"

_answers: OrderedDict[tuple[Any, ...], Any] = OrderedDict()


async def kept(
    session: AsyncSession,
    principal: Principal,
    handler: Callable[..., Any],
    asked: Mapping[str, Any],
    ask: Callable[[], Awaitable[Any]],
) -> Any:
    """An answer from before, if it still holds; else a new one. Nobody may change what they are given."""
    mark = _mark(time.time())
    # Before the answer is made: what is written meanwhile makes it one of the past.
    if _EVENTS not in session.info:
        session.info[_EVENTS] = await audit_log.count_since(session, principal, mark)
    key = (
        principal.organisation_id,
        (principal.kind, principal.id, principal.role, principal.person_id, principal.scopes),
        (handler, *sorted(asked.items())),
        (clock.today(principal.organisation.zone), mark, session.info[_EVENTS]),
    )
    if key in _answers:
        _answers.move_to_end(key)
        return _answers[key]
    answer = _answers[key] = await ask()
    while len(_answers) > _MOST:
        _answers.popitem(last=False)
    return answer


def _mark(now: float) -> UUID:
    """The least id of what was made since a while ago: ids begin with the millisecond of their making."""
    since = int(now) // _STEP * _STEP - _MARGIN
    return UUID(int=since * 1000 << 80)
