"""Numbers of people who were erased, so that they are known again when they come."""

from uuid import UUID

from sqlmodel import Field

from app.core.models import TenantRow


class ErasedNumber(TenantRow, table=True):
    """A keyed digest of a number by which another system knew somebody who was erased."""

    __tablename__ = "erased_number"

    digest: str = Field(primary_key=True, max_length=64)
    erasure_id: UUID
