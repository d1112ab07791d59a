"""Telling of reviews that are overdue, once each."""

from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.policies import service as policies
from app.assurance.governance.policies.models import Policy
from app.assurance.governance.register import service as register
from app.assurance.governance.register.models import RegisterItem
from app.audit_log import service as audit_log
from app.events import service as events
from app.events.types import REVIEW_OVERDUE


async def tell(session: AsyncSession, principal: Principal, today: date) -> tuple[int, int]:
    """Tell others of policies and items whose review is overdue, where they have not been told.

    Returns:
        how many are overdue, and how many of them are newly so.
    """
    late_policies = await policies.overdue(session, principal, today, for_update=True)
    late_items = await register.overdue(session, principal, today, for_update=True)
    new_policies = [each for each in late_policies if each.told_of != each.review_on]
    new_items = [each for each in late_items if each.told_of != each.review_on]
    told = [
        *(_told(each, "policy", each.code, None) for each in new_policies),
        *(_told(each, "register_item", each.kind, each.pilot_id) for each in new_items),
    ]
    await events.publish(session, principal.organisation_id, told)
    late: list[Policy | RegisterItem] = [*new_policies, *new_items]
    for each in late:
        each.told_of = each.review_on
    if told:
        details = {"policies": len(new_policies), "items": len(new_items)}
        await audit_log.record(session, principal, "reviews.overdue_told", details=details)
    return len(late_policies) + len(late_items), len(told)


def _told(
    late: Policy | RegisterItem, what: str, kind: str, pilot_id: UUID | None
) -> events.Occurred:
    data = {"what": what, "kind": kind, "review_on": late.review_on}
    return events.Occurred(REVIEW_OVERDUE, late.id, data, pilot_id)
