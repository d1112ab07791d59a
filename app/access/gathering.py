"""Requests of one kind that arrive while one is being written are written together by the next transaction.

Each keeps its own checks, answer and Idempotency-Key, and is answered after the commit
(docs/decisions/0018).
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from fastapi import Request, Response
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.principals import Principal
from app.core import idempotency
from app.core.database import Database
from app.core.errors import ProblemError
from app.core.idempotency import Claim
from app.core.logging import request_id

Place = TypeVar("Place", bound=Hashable)
Wanted = TypeVar("Wanted")

# So many in one transaction: more would let the first wait too long for its answer.
MOST_AT_ONCE = 64

# Seconds, and how many of them: less than a commit takes.
_A_MOMENT, _PATIENCE = 0.001, 4


@dataclass(frozen=True, slots=True)
class Asked(Generic[Wanted]):
    """What one request wants, and whose it is."""

    principal: Principal
    wanted: Wanted
    request_id: str | None


Outcome = Response | ProblemError
Work = Callable[[AsyncSession, Place, Sequence[Asked[Wanted]]], Awaitable[Sequence[Outcome]]]


def success(body: BaseModel, status_code: int, **headers: str) -> Response:
    """An answer that is stored and sent as it is."""
    return Response(
        body.model_dump_json(), status_code, media_type="application/json", headers=headers
    )


@dataclass(slots=True)
class _Member(Generic[Wanted]):
    asked: Asked[Wanted]
    claim: Claim | None
    answered: asyncio.Future[Response]

    def settle(self, outcome: Response | BaseException) -> None:
        if self.answered.cancelled():
            return
        if isinstance(outcome, BaseException):
            self.answered.set_exception(outcome)
        else:
            self.answered.set_result(outcome)


@dataclass(frozen=True, slots=True)
class _Where(Generic[Place]):
    """What is written together: one organisation's requests for one place."""

    database: Database
    organisation_id: UUID
    place: Place


class Gathering(Generic[Place, Wanted]):
    """One kind of request.

    Args:
        work: carries requests for one place out in a transaction, in order; for each an answer, or the problem with
            that one alone. What it raises is a problem with all of them.
    """

    def __init__(self, work: Work[Place, Wanted]) -> None:
        self._work = work
        self._waiting: dict[_Where[Place], list[_Member[Wanted]]] = defaultdict(list)
        self._leaders: dict[_Where[Place], asyncio.Task[None]] = {}

    async def answer(
        self, request: Request, place: Place, principal: Principal, wanted: Wanted
    ) -> Response:
        """Carry a request out, together with those that wait for the same place."""
        database: Database = request.app.state.database
        member = _Member(
            Asked(principal, wanted, request_id.get()),
            request.state.claim,
            asyncio.get_running_loop().create_future(),
        )
        where = _Where(database, principal.organisation_id, place)
        self._waiting[where].append(member)
        if where not in self._leaders:
            # A task of its own: the first one's client may go away, the others still wait.
            self._leaders[where] = asyncio.create_task(self._lead(where))
        return await member.answered

    async def _lead(self, where: _Where[Place]) -> None:
        while waiting := self._waiting.pop(where, None):
            now, later = waiting[:MOST_AT_ONCE], waiting[MOST_AT_ONCE:]
            if later:
                self._waiting[where] = later
            await self._carry_out(where, now)
            await self._await_company(where, len(now))
        del self._leaders[where]

    async def _await_company(self, where: _Where[Place], answered: int) -> None:
        """Where several were answered at once, wait a moment for their next requests to come together.

        Else the first of these would be written alone, and the others wait for its commit.
        """
        for _ in range(_PATIENCE if answered > 1 else 0):
            if len(self._waiting.get(where, ())) >= answered:
                return
            await asyncio.sleep(_A_MOMENT)

    async def _carry_out(self, where: _Where[Place], members: list[_Member[Wanted]]) -> None:
        alone = members
        if len(members) > 1:
            try:
                alone = await self._together(where, members)
            except Exception:  # noqa: BLE001 - whatever it was, each will meet it alone or not at all
                alone = members
        for member in alone:
            try:
                member.settle(await self._one(where, member))
            except Exception as error:  # noqa: BLE001 - it belongs to that one's request
                member.settle(error)

    async def _together(
        self, where: _Where[Place], members: list[_Member[Wanted]]
    ) -> list[_Member[Wanted]]:
        """Carry them out in one transaction; returns those whose key somebody else has used."""
        async with where.database.transaction() as session:
            taken = await idempotency.take_free(
                session, [member.claim for member in members if member.claim is not None]
            )
            ours = []
            for member in members:
                # Of two with one key the first writes, and the second then finds its answer.
                if member.claim is None or member.claim in taken:
                    taken.discard(member.claim)
                    ours.append(member)
            outcomes = await self._work(session, where.place, [member.asked for member in ours])
            await idempotency.keep_all(
                session,
                {
                    member.claim: outcome if isinstance(outcome, Response) else None
                    for member, outcome in zip(ours, outcomes, strict=True)
                    if member.claim is not None
                },
            )
        for member, outcome in zip(ours, outcomes, strict=True):
            member.settle(outcome)
        settled = {id(member) for member in ours}
        return [member for member in members if id(member) not in settled]

    async def _one(self, where: _Where[Place], member: _Member[Wanted]) -> Response:
        async with where.database.transaction() as session:
            if member.claim is not None:
                stored = await idempotency.take(session, member.claim)
                if stored is not None:
                    return stored
            (outcome,) = await self._work(session, where.place, [member.asked])
            if isinstance(outcome, ProblemError):
                raise outcome
            if member.claim is not None:
                await idempotency.keep(session, member.claim, outcome, bytes(outcome.body))
            return outcome
