"""`/accounts`: who signs in, and the programs that send tokens."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from app.access.accounts import service
from app.access.accounts.models import Account
from app.access.accounts.schemas import AccountChange, AccountOut, SignedOut
from app.access.permissions import Scope
from app.access.routing import ApiRoute, Caller, IfMatch, Session, requires
from app.access.sessions import service as sessions
from app.core.etags import etag_of
from app.core.pagination import Page, PageRequest

router = APIRouter(route_class=ApiRoute)

AccountId = Annotated[UUID, Path()]


def _answer(account: Account, response: Response) -> AccountOut:
    response.headers["ETag"] = etag_of(account.id, account.revision)
    return AccountOut.model_validate(account)


@router.get("", dependencies=[requires(Scope.ADMIN)])
async def list_accounts(session: Session, principal: Caller, page: PageRequest) -> Page[AccountOut]:
    """Everybody who has come in by an identity provider, first seen first."""
    rows, cursor = await service.page(session, principal, page)
    return Page(items=[AccountOut.model_validate(row) for row in rows], next_cursor=cursor)


@router.get("/{account_id}", dependencies=[requires(Scope.ADMIN)])
async def get_account(
    account_id: AccountId, session: Session, principal: Caller, response: Response
) -> AccountOut:
    """One account."""
    return _answer(await service.get(session, principal, account_id), response)


@router.patch("/{account_id}", dependencies=[requires(Scope.ADMIN)])
async def change_account(
    account_id: AccountId,
    changes: AccountChange,
    session: Session,
    principal: Caller,
    response: Response,
    if_match: IfMatch = None,
) -> AccountOut:
    """Block an account, which ends its sessions at once, or let it in again."""
    account = await service.change(session, principal, account_id, changes, if_match)
    if account.is_blocked:
        await sessions.end_all(session, account.organisation_id, account.id)
    return _answer(account, response)


@router.post("/{account_id}/sign-out", dependencies=[requires(Scope.ADMIN)])
async def sign_account_out(account_id: AccountId, session: Session, principal: Caller) -> SignedOut:
    """End every session of an account; who is not blocked may sign in again."""
    account = await service.get(session, principal, account_id)
    return SignedOut(sessions=await sessions.sign_out_of_all(session, principal, account))
