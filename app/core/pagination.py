"""Cursor pagination: stable under writes, because a page starts after a key and not at a number."""

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar
from uuid import UUID

from fastapi import Depends, Query
from pydantic import BaseModel
from sqlalchemy.orm import Mapped
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import SelectOfScalar

from app.core.errors import Invalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Item = TypeVar("Item")
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """What a client says about the page that it wants."""

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None


async def _page_query(
    limit: Annotated[
        int, Query(ge=1, le=MAX_LIMIT, description="How many items a page holds.")
    ] = DEFAULT_LIMIT,
    cursor: Annotated[
        str | None, Query(max_length=64, description="`next_cursor` of the page before.")
    ] = None,
) -> PageQuery:
    return PageQuery(limit, cursor)


PageRequest = Annotated[PageQuery, Depends(_page_query)]


class Page(BaseModel, Generic[Item]):
    """One page of a list; `next_cursor` is null on the last."""

    items: list[Item]
    next_cursor: str | None


def encode_cursor(identity: UUID) -> str:
    return base64.urlsafe_b64encode(identity.bytes).decode().rstrip("=")


def decode_cursor(cursor: str) -> UUID:
    """The id after which a page starts.

    Raises:
        Invalid: it is not a cursor of ours.
    """
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise Invalid.field(
            "/cursor", "invalid_cursor", "cursor must be the next_cursor of an earlier page"
        ) from None


def page_of(items: Sequence[Item], page: PageQuery) -> tuple[list[Item], str | None]:
    """One page of a list that the program itself holds; its cursor is a place in the list."""
    start = decode_cursor(page.cursor).int if page.cursor is not None else 0
    end = start + page.limit
    more = encode_cursor(UUID(int=end)) if end < len(items) else None
    return list(items[start:end]), more


async def paginate(
    session: AsyncSession,
    statement: SelectOfScalar[Row],
    key: Mapped[UUID],
    page: PageQuery,
    *,
    newest_first: bool = False,
) -> tuple[list[Row], str | None]:
    """One page of a scoped statement, in the order of `key` (a unique UUID within it).

    Returns:
        The rows and the cursor of the next page, None on the last.
    """
    if page.cursor is not None:
        after = decode_cursor(page.cursor)
        statement = statement.where(key < after if newest_first else key > after)
    statement = statement.order_by(key.desc() if newest_first else key.asc())
    rows = list((await session.exec(statement.limit(page.limit + 1))).all())
    if len(rows) <= page.limit:
        return rows, None
    rows = rows[: page.limit]
    return rows, encode_cursor(getattr(rows[-1], str(getattr(key, "key", "id"))))
