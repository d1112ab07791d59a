"""`Idempotency-Key`: the answer of a POST is stored in the transaction of its write.

A second request with the key waits for the first (the key's row is locked by its insert) and gets the
same answer. Keys belong to a principal: nobody can read another's answer by guessing a key.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy import JSON, Index, LargeBinary, bindparam, delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from app.core import clock
from app.core.errors import Conflict, Invalid
from app.core.models import CreatedAt, TenantRow, UtcDateTime

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotency-Replayed"
KEY_PATTERN = r"^[\x21-\x7e]{1,200}$"
_KEY = re.compile(KEY_PATTERN)
_KEPT_HEADERS = ("content-type", "etag", "location")
_LOCK_NOT_AVAILABLE = "55P03"


class IdempotencyKey(CreatedAt, TenantRow, table=True):
    """A key that a principal has used, and what was answered."""

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("ix_idempotency_key_expiry", "organisation_id", "expires_at"),)

    principal_id: UUID = Field(primary_key=True)
    key: str = Field(primary_key=True, max_length=200)
    fingerprint: bytes = Field(sa_type=LargeBinary)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    status_code: int | None = None
    headers: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    body: bytes | None = Field(default=None, sa_type=LargeBinary)


@dataclass(frozen=True, slots=True)
class Claim:
    """One principal's use of one key for one request."""

    organisation_id: UUID
    principal_id: UUID
    key: str
    fingerprint: bytes
    lifetime: timedelta


def check_key(key: str) -> str:
    """The key, if it is one.

    Raises:
        Invalid: it is empty, too long, or has blanks or characters outside ASCII.
    """
    if not _KEY.match(key):
        raise Invalid.field(
            "/Idempotency-Key",
            "invalid_idempotency_key",
            "Idempotency-Key must be 1 to 200 visible ASCII characters; a UUID is a good one",
        )
    return key


def fingerprint_of(secret: str, *parts: bytes) -> bytes:
    """A keyed digest of a request, so that a stored one gives nothing of its body away."""
    digest = hmac.new(secret.encode(), digestmod=hashlib.sha256)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.digest()


def _where(claim: Claim) -> tuple[Any, ...]:
    return (
        col(IdempotencyKey.organisation_id) == claim.organisation_id,
        col(IdempotencyKey.principal_id) == claim.principal_id,
        col(IdempotencyKey.key) == claim.key,
    )


async def take(session: AsyncSession, claim: Claim) -> Response | None:
    """Take the key for this transaction, or answer as before.

    Returns:
        None where the request is to be carried out; else the stored answer.

    Raises:
        Invalid: the key was used with another request.
        Conflict: the request that used it is still running.
    """
    statement = select(IdempotencyKey).where(*_where(claim)).with_for_update()
    row = None
    while row is None:
        if await _insert(session, claim):
            return None
        row = (await session.exec(statement)).one_or_none()
        if row is not None and row.expires_at <= clock.now():
            # Of two that find it expired one deletes it, and the other finds the first one's key.
            await session.delete(row)
            await session.flush()
            row = None
    if not hmac.compare_digest(row.fingerprint, claim.fingerprint):
        raise Invalid(
            "This Idempotency-Key was used with another request. Use a new key for a new request.",
            code="idempotency_key_reused",
        )
    if row.status_code is None:
        raise _still_running()
    response = Response(content=row.body, status_code=row.status_code)
    response.raw_headers = [
        (name.encode(), str(value).encode()) for name, value in (row.headers or {}).items()
    ]
    response.headers["content-length"] = str(len(row.body or b""))
    response.headers[REPLAYED_HEADER] = "true"
    return response


def _still_running() -> Conflict:
    return Conflict(
        "The first request with this Idempotency-Key is still running. Ask again in a moment.",
        code="idempotency_key_in_progress",
    )


async def _insert(session: AsyncSession, claim: Claim) -> bool:
    try:
        return bool(await take_free(session, [claim]))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise _still_running() from error
        raise


async def take_free(session: AsyncSession, claims: Sequence[Claim]) -> set[Claim]:
    """Take those of these keys for this transaction that nobody has used; waits for who is using one."""
    if not claims:
        return set()
    dialect = session.get_bind().dialect.name
    make = postgresql.insert if dialect == "postgresql" else sqlite.insert
    now = clock.now()
    # In one order everywhere, so that two transactions never wait for each other; each key once.
    by_key = {(claim.principal_id, claim.key): claim for claim in reversed(claims)}
    values = [
        {
            "organisation_id": claim.organisation_id,
            "principal_id": claim.principal_id,
            "key": claim.key,
            "fingerprint": claim.fingerprint,
            "created_at": now,
            "expires_at": now + claim.lifetime,
        }
        for _, claim in sorted(by_key.items())
    ]
    statement = (
        make(IdempotencyKey)
        .on_conflict_do_nothing()
        .returning(col(IdempotencyKey.principal_id), col(IdempotencyKey.key))
    )
    taken = await session.exec(statement, params=values)
    return {by_key[row[0], row[1]] for row in taken}


async def keep(session: AsyncSession, claim: Claim, response: Response, body: bytes) -> None:
    """Store the answer, in the transaction of the write.

    `body` is what a replay will show: the response's own, less what is shown only once.
    """
    await session.exec(
        update(IdempotencyKey).where(*_where(claim)).values(**_stored(response, body))
    )


def _stored(response: Response, body: bytes) -> dict[str, Any]:
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    return {"status_code": response.status_code, "headers": headers, "body": body}


async def keep_all(session: AsyncSession, answers: Mapping[Claim, Response | None]) -> None:
    """Store the answer of each key; forget the key of a request that failed, which may be repeated."""
    table = IdempotencyKey.__table__  # type: ignore[attr-defined]  # what SQLModel makes of the class
    where = (
        table.c.organisation_id == bindparam("for_organisation"),
        table.c.principal_id == bindparam("for_principal"),
        table.c.key == bindparam("for_key"),
    )
    kept, failed = [], []
    for claim, response in answers.items():
        named = {
            "for_organisation": claim.organisation_id,
            "for_principal": claim.principal_id,
            "for_key": claim.key,
        }
        if response is None:
            failed.append(named)
        else:
            kept.append(named | _stored(response, bytes(response.body)))
    connection = await session.connection()
    if kept:
        stored: dict[str, Any] = {
            name: bindparam(name) for name in ("status_code", "headers", "body")
        }
        await connection.execute(update(table).where(*where).values(stored), kept)
    if failed:
        await connection.execute(delete(table).where(*where), failed)


async def forget_expired(session: AsyncSession, organisation_id: UUID, now: datetime) -> int:
    """Delete the organisation's keys that have expired; returns how many."""
    result = await session.exec(
        delete(IdempotencyKey)
        .where(
            col(IdempotencyKey.organisation_id) == organisation_id,
            col(IdempotencyKey.expires_at) <= now,
        )
        .returning(col(IdempotencyKey.key))
    )
    return len(result.all())
