"""How long an organisation keeps what."""

from sqlalchemy import JSON
from sqlmodel import Field

from app.core.models import Revised, TenantRow


class RetentionSchedule(Revised, TenantRow, table=True):
    """The periods that an organisation has agreed to, in days by kind of data; None keeps for good.

    Without a row nothing is in force, and nothing is deleted.
    """

    __tablename__ = "retention_schedule"

    days: dict[str, int | None] = Field(sa_type=JSON)
