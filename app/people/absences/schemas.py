"""What is sent and received about absences."""

from datetime import date
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from app.core.fields import Output
from app.core.rows import BareCode, ExternalId


class AbsenceRow(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody is away over `[starts_on, ends_on)`, upserted by person and first day.

    `ends_on` is the first day back; null while that is not known. `kind` is a code of your own and may
    be left out: that somebody is away is all that is needed here.
    """

    starts_on: date
    person_external_id: ExternalId | None = None
    person_id: UUID | None = None
    ends_on: date | None | UnsetType = UNSET
    kind: BareCode | None | UnsetType = UNSET


class AbsenceOut(Output):
    """Somebody is away over `[starts_on, ends_on)`; until further notice where `ends_on` is null.

    Why is not told: it may be about somebody's health, and nobody here needs it.
    """

    starts_on: date
    ends_on: date | None
