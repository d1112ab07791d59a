"""Requests that are written together: each has its own answer, and none spoils another's."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import Response
from pydantic import BaseModel
from sqlmodel.ext.asyncio.session import AsyncSession

from app.access.gathering import MOST_AT_ONCE, Asked, Gathering, Outcome, success
from app.core.errors import Conflict, Invalid
from app.core.idempotency import Claim
from app.people import service as people
from app.people.schemas import PersonFilter, PersonIn
from tests.council import Council


class Said(BaseModel):
    number: str


class Recorder:
    """Work that records people, and how many requests came together."""

    def __init__(self, *, poison: str = "") -> None:
        self.together: list[int] = []
        self.poison = poison

    async def __call__(
        self, session: AsyncSession, _place: str, requests: Sequence[Asked[str]]
    ) -> list[Outcome]:
        self.together.append(len(requests))
        outcomes: list[Outcome] = []
        for asked in requests:
            if asked.wanted == self.poison:
                raise RuntimeError("a defect")
            if asked.wanted.startswith("no"):
                outcomes.append(Conflict("No.", code="refused"))
                continue
            await people.create(session, asked.principal, PersonIn(external_id=asked.wanted))
            outcomes.append(success(Said(number=asked.wanted), 201))
        return outcomes


def asking(council: Council, key: str | None = None, fingerprint: bytes = b"same") -> Any:
    """A request as the gathering sees it."""
    claim = None
    if key is not None:
        ours = council.organisation.organisation_id
        claim = Claim(ours, council.system.id, key, fingerprint, timedelta(hours=1))
    return SimpleNamespace(app=council.app, state=SimpleNamespace(claim=claim))


async def recorded(council: Council) -> list[str]:
    async with council.database.transaction(read_only=True) as session:
        query = SimpleNamespace(limit=200, cursor=None)
        found, _ = await people.page(session, council.system, query, PersonFilter())  # type: ignore[arg-type]  # all that is asked of it
        return sorted(person.external_id for person in found)


async def all_at_once(
    gathering: Gathering[str, str], council: Council, *wanted: str, **keys: str
) -> list[Any]:
    return await asyncio.gather(
        *(
            gathering.answer(
                asking(council, keys.get(w.replace("-", "_"))), "here", council.system, w
            )
            for w in wanted
        ),
        return_exceptions=True,
    )


async def test_what_comes_at_once_is_written_at_once(council: Council) -> None:
    recorder = Recorder()
    answers = await all_at_once(Gathering(recorder), council, "A", "B", "C")
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert [bytes(answer.body) for answer in answers] == [
        b'{"number":"A"}',
        b'{"number":"B"}',
        b'{"number":"C"}',
    ]
    assert recorder.together == [3]
    assert await recorded(council) == ["A", "B", "C"]


async def test_there_is_a_most(council: Council) -> None:
    recorder = Recorder()
    names = [f"P{number:03}" for number in range(MOST_AT_ONCE + 3)]
    await all_at_once(Gathering(recorder), council, *names)
    assert recorder.together == [MOST_AT_ONCE, 3]
    assert await recorded(council) == names


async def test_one_refusal_is_that_requests_own(council: Council) -> None:
    gathering = Gathering(Recorder())
    first, refused, last = await all_at_once(gathering, council, "A", "no", "C", no="key-of-no")
    assert (first.status_code, last.status_code) == (201, 201)
    assert isinstance(refused, Conflict)
    assert await recorded(council) == ["A", "C"]
    # The key of what was refused may be used again.
    again = await gathering.answer(
        asking(council, "key-of-no"), "here", council.system, "yes-after-all"
    )
    assert again.status_code == 201


async def test_a_defect_in_one_does_not_spoil_the_others(council: Council) -> None:
    recorder = Recorder(poison="bad")
    first, bad, last = await all_at_once(
        Gathering(recorder), council, "A", "bad", "C", A="key-of-a"
    )
    assert (first.status_code, last.status_code) == (201, 201)
    assert isinstance(bad, RuntimeError)
    assert recorder.together == [3, 1, 1, 1]
    assert await recorded(council) == ["A", "C"]


async def test_of_two_with_one_key_the_second_gets_the_firsts_answer(council: Council) -> None:
    recorder = Recorder()
    gathering = Gathering(recorder)
    answers = await asyncio.gather(
        *(
            gathering.answer(asking(council, "one-key"), "here", council.system, "A")
            for _ in range(4)
        )
    )
    assert {bytes(answer.body) for answer in answers} == {b'{"number":"A"}'}
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert await recorded(council) == ["A"]


async def test_a_key_that_was_used_otherwise_is_refused_and_the_rest_goes_on(
    council: Council,
) -> None:
    gathering = Gathering(Recorder())
    await gathering.answer(asking(council, "used"), "here", council.system, "A")
    reused, fine = await asyncio.gather(
        gathering.answer(asking(council, "used", b"other"), "here", council.system, "B"),
        gathering.answer(asking(council), "here", council.system, "C"),
        return_exceptions=True,
    )
    assert isinstance(reused, Invalid)
    assert reused.code == "idempotency_key_reused"
    assert isinstance(fine, Response)
    assert await recorded(council) == ["A", "C"]


async def test_who_goes_away_leaves_the_others_their_answers(council: Council) -> None:
    gathering = Gathering(Recorder())
    leaving, staying = (
        asyncio.create_task(gathering.answer(asking(council), "here", council.system, name))
        for name in ("A", "B")
    )
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).status_code == 201
    with pytest.raises(asyncio.CancelledError):
        await leaving
    assert "B" in await recorded(council)
