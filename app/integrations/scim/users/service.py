"""Rules about the users of a directory: who they are, when they leave, when they are back."""

from collections.abc import Collection
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import clock
from app.core.errors import Conflict
from app.integrations.scim.groups import service as groups
from app.integrations.scim.resources import Account, user_name_key
from app.integrations.scim.users import errors as errors  # noqa: PLC0414 - declares the constraint answers
from app.integrations.scim.users import repository
from app.integrations.scim.users.accounts import (
    Entry,
    Known,
    account_of,
    differing,
    employee_number,
    entry_of,
    has_left,
    kept_of,
    leaving_day,
    stated,
)
from app.integrations.scim.users.models import DirectoryUser
from app.people import service as people
from app.people.erased_numbers import service as erased_numbers
from app.people.models import Person
from app.people.schemas import PersonIn, PersonOfDirectory


def today_of(principal: Principal) -> date:
    """The day on which whoever is switched off now leaves."""
    return clock.today(principal.organisation.zone)


async def find(
    session: AsyncSession, principal: Principal, person_id: UUID, *, for_update: bool = False
) -> Known | None:
    """A live user, held against other writers with `for_update`."""
    return await repository.find(session, principal, person_id, for_update=for_update)


async def some(
    session: AsyncSession,
    principal: Principal,
    conditions: Collection[ColumnElement[bool]] = (),
    *,
    limit: int | None,
    offset: int = 0,
) -> list[Known]:
    """Live users in the order in which they were recorded."""
    return await repository.some(session, principal, conditions, limit=limit, offset=offset)


async def count(
    session: AsyncSession, principal: Principal, conditions: Collection[ColumnElement[bool]] = ()
) -> int:
    """How many live users there are."""
    return await repository.count(session, principal, conditions)


async def create(session: AsyncSession, principal: Principal, account: Account) -> Known:
    """Take a user in: somebody new, somebody who was here before, or somebody whom HR has recorded.

    Raises:
        Conflict: the userName or the number is another user's, or that of somebody who was erased.
    """
    entry, kept = entry_of(account), kept_of(account)
    # The directory's own id as well: whoever was erased may come without a number of HR's.
    named = [entry.external_id, stated(account.external_id)]
    await erased_numbers.check(session, principal, [each for each in named if each is not None])
    await _check_name(session, principal, entry)
    person, row = await _who(session, principal, account, entry)
    if person is None:
        await _check_number(session, principal, entry.external_id)
        left_on = today_of(principal) if account.active is False else None
        wanted = PersonIn(**entry.model_dump(), left_on=left_on)
        person = await people.create(session, principal, wanted)
    else:
        person = await _welcome(session, principal, account, entry, person, row)
    if row is None:
        row = DirectoryUser(
            organisation_id=principal.organisation_id,
            person_id=person.id,
            created_at=person.updated_at,
            user_name=entry.user_name,
            user_name_key=user_name_key(entry.user_name),
        )
        session.add(row)
    _write(row, account, entry, kept)
    row.deleted_at = None
    await session.flush()
    return Known(row, person)


def _write(row: DirectoryUser, account: Account, entry: Entry, kept: dict[str, Any]) -> None:
    row.user_name = entry.user_name
    row.user_name_key = user_name_key(entry.user_name)
    row.external_id = stated(account.external_id)
    row.attributes = kept


async def _who(
    session: AsyncSession, principal: Principal, account: Account, entry: Entry
) -> tuple[Person | None, DirectoryUser | None]:
    """Whom we know already as the one that an account is of.

    The HR number says so, then the directory's own id of a user who was deleted, then the name. A name
    may be given to somebody else years later: it says nothing against a number or an id that differs.
    """
    number, external_id = employee_number(account), stated(account.external_id)
    person = await _numbered(session, principal, number)
    if person is not None:
        row = await repository.row_of(session, principal, person.id)
        if row is not None and row.deleted_at is None:
            raise taken("employeeNumber")
        return person, row
    found = await repository.gone(session, principal, user_name_key(entry.user_name), external_id)
    # Those with the same id of the directory first; sorting keeps the order otherwise.
    for known in sorted(found, key=lambda known: known.row.external_id != external_id):
        if not _contradicts(known, number, external_id):
            return known.person, known.row
    if number is None:
        person = await _unlinked(session, principal, external_id, entry.user_name)
    return person, None


async def _numbered(
    session: AsyncSession, principal: Principal, number: str | None
) -> Person | None:
    found = await people.resolve(session, principal, [(None, number)]) if number else {}
    for person_id in found.values():
        return await people.get(session, principal, person_id, for_update=True)
    return None


async def _unlinked(
    session: AsyncSession, principal: Principal, external_id: str | None, user_name: str
) -> Person | None:
    """Somebody whom HR has recorded under this id or sign-in name, and no directory has kept yet."""
    numbered = await _numbered(session, principal, external_id)
    named = [numbered] if numbered else await people.known_as(session, principal, user_name)
    if len(named) != 1:
        return None
    (person,) = named
    row = await repository.row_of(session, principal, person.id)
    return person if row is None else None


def _contradicts(known: Known, number: str | None, external_id: str | None) -> bool:
    row, person = known.row, known.person
    has_number = person.external_id not in (row.external_id, row.user_name)
    if number is not None and has_number and person.external_id != number:
        return True
    return None not in (row.external_id, external_id) and row.external_id != external_id


async def _welcome(
    session: AsyncSession,
    principal: Principal,
    account: Account,
    entry: Entry,
    person: Person,
    row: DirectoryUser | None,
) -> Person:
    """Somebody whom we know: what the directory says holds from now on, what it leaves out stays."""
    changes = entry.model_dump(exclude_none=True, exclude={"external_id"})
    former = {row.external_id, row.user_name} if row is not None else set()
    if employee_number(account) is not None or person.external_id in former:
        changes |= await _renumbered(session, principal, person, entry)
    today = today_of(principal)
    if account.active is False and not has_left(person, today):
        changes["left_on"] = leaving_day(person, today)
    if account.active is not False and has_left(person, today):
        changes["left_on"] = None
    also = {"directory_user"}
    return await people.change(
        session, principal, person.id, PersonOfDirectory(**changes), None, also=also
    )


async def change(
    session: AsyncSession, principal: Principal, known: Known, account: Account
) -> Known:
    """What a user is to be from now on. Switched off is a leave, switched on again a return.

    The person's record follows in what differs from before: what HR has written there since, and the
    directory has not changed, stays.

    Raises:
        Conflict: the userName or the number is another user's.
    """
    row, person, today = known.row, known.person, today_of(principal)
    before = account_of(known, today)
    entry, kept = entry_of(account), kept_of(account)
    fields = differing(kept_of(before), kept)
    fields |= {"externalId"} if row.external_id != stated(account.external_id) else set()
    changes = await _changes(session, principal, known, before, account, entry)
    if account.active is False and not has_left(person, today):
        changes["left_on"] = leaving_day(person, today)
    if account.active is True and has_left(person, today):
        changes["left_on"] = None
    if not fields and not changes:
        return known
    wanted = PersonOfDirectory(**changes)
    person = await people.change(session, principal, person.id, wanted, None, also=fields)
    _write(row, account, entry, kept)
    await session.flush()
    return Known(row, person)


async def _changes(
    session: AsyncSession,
    principal: Principal,
    known: Known,
    before: Account,
    account: Account,
    entry: Entry,
) -> dict[str, Any]:
    was = entry_of(before)
    changes = {
        name: value
        for name, value in entry.model_dump(exclude={"external_id"}).items()
        if value != getattr(was, name)
    }
    if user_name_key(entry.user_name) != known.row.user_name_key:
        await _check_name(session, principal, entry)
    ours = employee_number(account) is not None or known.person.external_id == was.external_id
    # A number that HR has given gives way to none but another of HR's.
    if entry.external_id != was.external_id and ours:
        changes |= await _renumbered(session, principal, known.person, entry)
    return changes


async def leave(session: AsyncSession, principal: Principal, known: Known) -> None:
    """Delete a user: the person has left, is in no group any more, and keeps their history."""
    row, person, today = known.row, known.person, today_of(principal)
    await groups.forget(session, principal, person.id)
    changes = {} if has_left(person, today) else {"left_on": leaving_day(person, today)}
    wanted = PersonOfDirectory(**changes)
    await people.change(
        session, principal, person.id, wanted, None, also={"directory_user", *changes}
    )
    row.deleted_at, row.attributes = clock.now(), {}
    await session.flush()


async def _renumbered(
    session: AsyncSession, principal: Principal, person: Person, entry: Entry
) -> dict[str, str]:
    if person.external_id == entry.external_id:
        return {}
    await _check_number(session, principal, entry.external_id)
    return {"external_id": entry.external_id}


async def _check_name(session: AsyncSession, principal: Principal, entry: Entry) -> None:
    if await repository.is_named(session, principal, user_name_key(entry.user_name)):
        raise taken("userName")


async def _check_number(session: AsyncSession, principal: Principal, number: str) -> None:
    if await people.resolve(session, principal, [(None, number)]):
        raise taken("employeeNumber, externalId or userName")


def taken(attribute: str) -> Conflict:
    """The problem with a value that is somebody else's."""
    return Conflict(f"Somebody else has this {attribute}.", code="directory_user_exists")
