"""What is sent about licence activity."""

from datetime import date
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from app.core.rows import BareCode, ExternalId
from app.licences.activity.models import ANY_APP, Period

Count = Annotated[int, msgspec.Meta(ge=0, le=1_000_000)]


class ActivityRow(msgspec.Struct, forbid_unknown_fields=True):
    """One person's use of one app in one day or week.

    A row without `active_days` and `actions` says that there was activity; one with zeros that there
    was none. For a period that is recorded already, what is left out stays as it was, null makes it
    unknown. `app` is kept in lower case.
    """

    product: BareCode
    period_starts_on: date
    source: BareCode
    person_external_id: ExternalId | None = None
    person_id: UUID | None = None
    period: Period = Period.DAY
    app: BareCode = ANY_APP
    active_days: Annotated[int, msgspec.Meta(ge=0, le=7)] | None | UnsetType = UNSET
    actions: Count | None | UnsetType = UNSET
