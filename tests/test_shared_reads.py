"""Reads that many ask for at once: shared, and never older than the question."""

import asyncio

import pytest

from app.core.shared_reads import SharedReads


class Source:
    """Something that changes, and that takes a while to read."""

    def __init__(self) -> None:
        self.value = 0
        self.reads = 0
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def read(self) -> int:
        self.reads += 1
        self.has_begun.set()
        seen = self.value
        await self.may_end.wait()
        return seen


async def test_who_asks_before_a_read_begins_shares_it() -> None:
    source, shared = Source(), SharedReads[str, int]()
    source.may_end.set()
    assert await asyncio.gather(*(shared.get("a", source.read) for _ in range(20))) == [0] * 20
    assert source.reads == 1


async def test_who_asks_while_a_read_runs_is_answered_by_a_later_one() -> None:
    source, shared = Source(), SharedReads[str, int]()
    early = asyncio.create_task(shared.get("a", source.read))
    await source.has_begun.wait()
    source.value = 1
    late = [asyncio.create_task(shared.get("a", source.read)) for _ in range(5)]
    await asyncio.sleep(0)
    source.may_end.set()
    assert await early == 0
    assert await asyncio.gather(*late) == [1] * 5
    assert source.reads == 2


async def test_keys_do_not_wait_for_each_other() -> None:
    slow, fast, shared = Source(), Source(), SharedReads[str, int]()
    fast.may_end.set()
    waiting = asyncio.create_task(shared.get("slow", slow.read))
    await asyncio.sleep(0)
    assert await shared.get("fast", fast.read) == 0
    slow.may_end.set()
    assert await waiting == 0


async def test_one_who_goes_away_takes_the_read_from_nobody() -> None:
    source, shared = Source(), SharedReads[str, int]()
    first = asyncio.create_task(shared.get("a", source.read))
    second = asyncio.create_task(shared.get("a", source.read))
    await source.has_begun.wait()
    first.cancel()
    source.may_end.set()
    assert await second == 0
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_read_that_fails_fails_for_all_and_is_not_remembered() -> None:
    shared = SharedReads[str, int]()

    async def fail() -> int:
        raise ConnectionError

    failed = await asyncio.gather(
        *(shared.get("a", fail) for _ in range(3)), return_exceptions=True
    )
    assert [type(each) for each in failed] == [ConnectionError] * 3
    source = Source()
    source.may_end.set()
    assert await shared.get("a", source.read) == 0
