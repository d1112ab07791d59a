"""Everything that is held of somebody, by the register: for their own eyes."""

import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.audit_log import service as audit_log
from app.core.bulk.sheets import written
from app.people import service as people
from app.privacy.register import repository as register
from app.privacy.register import service as holdings
from app.privacy.register.holdings import Holding
from app.privacy.register.repository import Subject


@dataclass(frozen=True, slots=True)
class OfPerson:
    """The rows of a table that are somebody's, and how many texts of others are left out of them."""

    holding: Holding
    rows: list[dict[str, Any]]
    texts_by_others: int


async def collect(session: AsyncSession, principal: Principal, person_id: UUID) -> list[OfPerson]:
    """Everything that is held of somebody. It is a reading of personal data, and recorded.

    Raises:
        NotFound: there is nobody of this id.
    """
    person = await people.get(session, principal, person_id)
    subject = Subject(person.id, frozenset({person.external_id}))
    found = []
    for holding in holdings.of_people():
        rows = await register.rows(session, principal, holding, subject)
        if rows:
            found.append(_shown(holding, rows))
    details = {"tables": len(found), "rows": sum(len(each.rows) for each in found)}
    await audit_log.record(session, principal, "subject_access.read", person_id, details=details)
    return found


def _shown(holding: Holding, rows: Sequence[Mapping[str, Any]]) -> OfPerson:
    left_out = {"organisation_id", *holding.hidden, *holding.by_others}
    by_others = sum(1 for row in rows for name in holding.by_others if row[name])
    shown = [
        {name: _plain(value) for name, value in row.items() if name not in left_out} for row in rows
    ]
    return OfPerson(holding, shown, by_others)


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, UUID):
        return str(value)
    return value.isoformat() if isinstance(value, date | datetime) else value


def archive(document: Mapping[str, Any], found: Sequence[OfPerson]) -> bytes:
    """The same as a zip: the whole as JSON, and a CSV for each table that no spreadsheet runs anything of."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as files:
        files.writestr("everything.json", json.dumps(document, ensure_ascii=False, indent=1))
        for each in found:
            files.writestr(f"{each.holding.table}.csv", written(list(each.rows[0]), each.rows))
    return held.getvalue()
