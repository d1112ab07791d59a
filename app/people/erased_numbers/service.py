"""Whoever was erased does not come back unseen: HR sends the whole of its staff every night.

Of the number only a digest is kept, keyed with the secrets of the service: whoever has the database alone
cannot try numbers against it.
"""

from collections.abc import Collection
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core.errors import Conflict, FieldError
from app.core.idempotency import fingerprint_of
from app.core.settings import get_settings
from app.people.erased_numbers import repository
from app.people.erased_numbers.models import ErasedNumber

CODE = "person_erased"
DETAIL = (
    "Whoever had this number was erased, and is not recorded again. If that is meant, lift the erasure "
    "(POST /erasures/{erasure_id}/lift) and send it once more."
)


def _digests(principal: Principal, number: str) -> list[str]:
    """What a number may be kept as: with the newest secret first, then with those before it."""
    parts = (b"erased number", principal.organisation_id.bytes, number.encode())
    return [fingerprint_of(secret, *parts).hex() for secret in get_settings().encryption_secrets]


async def among(session: AsyncSession, principal: Principal, numbers: Collection[str]) -> set[str]:
    """Those of these numbers whose people were erased."""
    if not numbers or not await repository.exist(session, principal):
        return set()
    number_of = {digest: each for each in numbers for digest in _digests(principal, each)}
    return {number_of[digest] for digest in await repository.known(session, principal, number_of)}


async def check(session: AsyncSession, principal: Principal, numbers: Collection[str]) -> None:
    """Let nobody be recorded under a number whose person was erased.

    Raises:
        Conflict: one of them is such a number.
    """
    if await among(session, principal, numbers):
        errors = [FieldError("/external_id", CODE, DETAIL)]
        raise Conflict(DETAIL, code=CODE, errors=errors)


async def remember(
    session: AsyncSession, principal: Principal, erasure_id: UUID, numbers: Collection[str]
) -> None:
    """Keep the digests of the numbers of somebody who is erased."""
    kept = {_digests(principal, each)[0] for each in numbers}
    for digest in kept - await repository.known(session, principal, kept):
        session.add(
            ErasedNumber(
                organisation_id=principal.organisation_id, digest=digest, erasure_id=erasure_id
            )
        )
    await session.flush()


async def forget(session: AsyncSession, principal: Principal, erasure_id: UUID) -> int:
    """Let whoever was erased be recorded again; returns how many numbers were kept."""
    return await repository.forget(session, principal, erasure_id)
