"""A user of the protocol and a person of ours: what of the one becomes the other. Pure."""

import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import ValidationError
from scim2_models import Meta

from app.core.errors import BodyTooLarge
from app.core.etags import etag_of
from app.core.fields import Input, Label
from app.core.problems import invalid_input
from app.integrations.scim.resources import POLICY, Account, EnterpriseUser
from app.integrations.scim.users.models import DirectoryUser
from app.people.models import Person
from app.people.schemas import ExternalId

# Columns of ours, or made by us; and a password is nobody's business here and is never kept.
_NOT_KEPT = frozenset({"schemas", "id", "meta", "userName", "externalId", "password", "groups"})
_MOST_KEPT = 65_536


class Entry(Input):
    """Who somebody is, in the fields of a person; the number is HR's where the directory has it."""

    external_id: ExternalId
    user_name: Label
    display_name: Label | None = None
    department: Label | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A person whom a directory keeps, and what it says of them."""

    row: DirectoryUser
    person: Person

    @property
    def version(self) -> str:
        return etag_of(self.person.id, self.person.revision)


def entry_of(account: Account) -> Entry:
    """What an account says of the person.

    Raises:
        Invalid: a value is longer than it may be, or is no text.
    """
    enterprise = account[EnterpriseUser]
    try:
        return Entry(
            external_id=employee_number(account)
            or stated(account.external_id)
            or stated(account.user_name)
            or "",
            user_name=account.user_name or "",
            display_name=_display_name(account),
            department=stated(enterprise.department) if enterprise is not None else None,
        )
    except ValidationError as error:
        raise invalid_input([dict(each) for each in error.errors()]) from None


def employee_number(account: Account) -> str | None:
    """The HR number, where the directory has it."""
    enterprise = account[EnterpriseUser]
    return stated(enterprise.employee_number) if enterprise is not None else None


def _display_name(account: Account) -> str | None:
    shown = stated(account.display_name)
    if shown is not None or account.name is None:
        return shown
    parts = (account.name.given_name, account.name.family_name)
    return stated(account.name.formatted) or stated(" ".join(part for part in parts if part))


def stated(value: str | None) -> str | None:
    """A value that says something; blanks say nothing."""
    return (value or "").strip() or None


def kept_of(account: Account) -> dict[str, Any]:
    """What is kept of an account beside its columns, as JSON.

    Raises:
        BodyTooLarge: it is more than anybody needs to know of a person.
    """
    said = account.model_dump(mode="json")
    if len(json.dumps(said)) > _MOST_KEPT:
        raise BodyTooLarge(f"What is said of one user is larger than {_MOST_KEPT} bytes.")
    return {name: value for name, value in said.items() if name not in _NOT_KEPT}


def account_of(known: Known, today: date) -> Account:
    """The account as it stands. Whoever has left is not active, whoever said so."""
    row, person = known.row, known.person
    said = {**row.attributes, "userName": row.user_name, "externalId": row.external_id}
    if said.get("active") is not None:
        said["active"] = not has_left(person, today)
    account = Account.model_validate(said, scim_policy=POLICY)
    account.id = str(person.id)
    account.meta = Meta(
        resource_type="User",
        created=row.created_at,
        last_modified=person.updated_at,
        version=known.version,
    )
    return account


def leaving_day(person: Person, today: date) -> date:
    """The first day on which somebody who leaves today is no longer employed."""
    return max(today, person.started_on or today)


def has_left(person: Person, today: date) -> bool:
    return person.left_on is not None and person.left_on <= leaving_day(person, today)


def differing(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """Names of what is not as it was; an extension by the word before the last of its URN."""
    names = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    return {name.split(":")[-3] if ":" in name else name for name in names}
