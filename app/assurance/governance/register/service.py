"""Rules about the register: what stands in it, and how it comes to be approved."""

from collections.abc import Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.assurance.governance.register import errors, repository
from app.assurance.governance.register.models import NOTED, ItemKind, ItemStatus, RegisterItem
from app.assurance.governance.register.schemas import RegisterItemChange, RegisterItemIn
from app.audit_log import service as audit_log
from app.core import clock, screening
from app.core.errors import Invalid, existing
from app.core.etags import check_if_match, etag_of
from app.core.pagination import PageQuery
from app.pilots import service as pilots

_OF_NOTES: Final = frozenset({ItemStatus.OPEN, ItemStatus.CLOSED})
_OF_APPROVALS: Final = frozenset(set(ItemStatus) - {ItemStatus.CLOSED})


async def create(
    session: AsyncSession, principal: Principal, pilot_id: UUID, wanted: RegisterItemIn
) -> RegisterItem:
    """Put an item into a pilot's register, open.

    Raises:
        NotFound: there is no such pilot within reach.
        Conflict: the pilot has one of this kind, and has no more.
        Invalid: it would have begun after today, or a text seems to identify a person.
    """
    pilot = await pilots.get(session, principal, pilot_id)
    _screen(wanted)
    today = clock.today(principal.organisation.zone)
    opened_on = wanted.opened_on or today
    if opened_on > today:
        raise _later("/opened_on")
    item = RegisterItem(
        organisation_id=principal.organisation_id,
        pilot_id=pilot.id,
        kind=wanted.content.kind,
        title=wanted.title,
        owner=wanted.owner,
        content=wanted.content.model_dump(mode="json", exclude={"kind"}),
        opened_on=opened_on,
        review_on=wanted.review_on,
    )
    session.add(item)
    await session.flush()
    details = {"kind": item.kind}
    await audit_log.record(session, principal, "register_item.created", item.id, details=details)
    return item


async def page(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    query: PageQuery,
    kind: ItemKind | None,
) -> tuple[list[RegisterItem], str | None]:
    """Items of a pilot within reach."""
    await pilots.get(session, principal, pilot_id)
    return await repository.page(session, principal, pilot_id, query, kind)


async def get(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    item_id: UUID,
    *,
    for_update: bool = False,
) -> RegisterItem:
    """One item.

    Raises:
        NotFound: there is none within reach.
    """
    await pilots.get(session, principal, pilot_id)
    return existing(
        await repository.find(session, principal, pilot_id, item_id, for_update=for_update), "item"
    )


async def of_pilot(
    session: AsyncSession, principal: Principal, pilot_id: UUID
) -> list[RegisterItem]:
    """Everything in the register of a pilot within reach."""
    return await repository.of_pilot(session, principal, pilot_id)


async def to_approve(session: AsyncSession, principal: Principal) -> list[RegisterItem]:
    """Every item of the organisation that is approved, or is on its way to it."""
    return await repository.to_approve(session, principal)


async def overdue(
    session: AsyncSession, principal: Principal, today: date, *, for_update: bool = False
) -> list[RegisterItem]:
    """Items in force that were to be reviewed before a day."""
    return await repository.overdue(session, principal, today, for_update=for_update)


async def change(
    session: AsyncSession,
    principal: Principal,
    pilot_id: UUID,
    item_id: UUID,
    changes: RegisterItemChange,
    if_match: str | None,
) -> RegisterItem:
    """Change an item, or decide about it. Other content than was approved goes back into review.

    Raises:
        NotFound: there is no such item within reach.
        Invalid: it would become of another kind, have a status that its kind does not have, be approved by
            nobody, before it began or after today, or hold what seems to identify a person.
        PreconditionRequired, PreconditionFailed: see `check_if_match`.
    """
    item = await get(session, principal, pilot_id, item_id, for_update=True)
    check_if_match(if_match, etag_of(item.id, item.revision), required=True)
    _screen(changes)
    values = changes.model_dump(mode="python", exclude_unset=True)
    approval = {name: values.pop(name, None) for name in ("approved_on", "approver")}
    if "content" in values:
        if changes.content.kind is not item.kind:
            raise errors.kind_differs()
        values["content"] = changes.content.model_dump(mode="json", exclude={"kind"})
        if values["content"] != item.content and item.status is ItemStatus.APPROVED:
            values.setdefault("status", ItemStatus.IN_REVIEW)
    for name, value in values.items():
        setattr(item, name, value)
    _decide(
        item, approval, is_new="status" in values, today=clock.today(principal.organisation.zone)
    )
    item.touch()
    details = {"fields": sorted(changes.model_fields_set), "status": item.status}
    await audit_log.record(session, principal, "register_item.changed", item.id, details=details)
    return item


def _decide(item: RegisterItem, approval: dict[str, Any], *, is_new: bool, today: date) -> None:
    """Hold an item's status against its kind, and its approval against its days."""
    if item.status not in (_OF_NOTES if item.kind in NOTED else _OF_APPROVALS):
        detail = f"What is {item.kind} is never {item.status}."
        raise Invalid.field("/status", "status_of_another_kind", detail)
    if item.status is not ItemStatus.APPROVED:
        item.approved_on = item.approver = None
        if any(approval.values()):
            detail = "Only what is approved has an approver and a day of approval."
            raise Invalid.field("/status", "not_approved", detail)
    else:
        item.approver = approval["approver"] or (None if is_new else item.approver)
        item.approved_on = approval["approved_on"] or (today if is_new else item.approved_on)
        if item.approver is None:
            raise Invalid.field("/approver", "approver_missing", "Say which post approved it.")
        if item.approved_on is not None and item.approved_on > today:
            raise _later("/approved_on")
    if item.opened_on > today:
        raise _later("/opened_on")
    if item.approved_on is not None and item.approved_on < item.opened_on:
        detail = "It cannot have been approved before work on it began."
        raise Invalid.field("/approved_on", "dates_out_of_order", detail)


def _later(pointer: str) -> Invalid:
    return Invalid.field(pointer, "in_the_future", "This day is still to come.")


def _screen(sent: BaseModel) -> None:
    """Refuse texts that seem to identify a person.

    Raises:
        Invalid: one of them does.
    """
    screening.check(_texts(sent.model_dump(mode="json", exclude_unset=True)))


# Where an address of an office is asked for.
_CONTACTS: Final = frozenset({"/content/entries/contact", "/content/entries/website"})


def _texts(value: Any, pointer: str = "") -> Iterator[tuple[str, str]]:
    """Every text of a body, with its pointer."""
    if isinstance(value, str) and pointer not in _CONTACTS:
        yield pointer, value
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from _texts(part, f"{pointer}/{name}")
    elif isinstance(value, list):
        for place, part in enumerate(value):
            yield from _texts(part, f"{pointer}/{place}")
