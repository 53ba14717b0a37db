"""What arrives together is written together, and one bad item harms nobody else."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.group_commit import Closed, GroupCommit

pytestmark = pytest.mark.asyncio


class Writer:
    """Takes groups; slow enough for the next group to gather meanwhile."""

    def __init__(self, *, bad: Sequence[int] = (), away: bool = False) -> None:
        self.groups: list[list[int]] = []
        self.written: list[int] = []
        self._bad = bad
        self._away = away

    async def __call__(self, items: Sequence[int]) -> Sequence[str]:
        self.groups.append(list(items))
        await asyncio.sleep(0.005)
        if self._away:
            raise ConnectionRefusedError
        if set(items) & set(self._bad):
            raise ValueError("cannot be written")
        self.written += items
        return [f"written {item}" for item in items]


async def submit_all(group: GroupCommit[int, str], items: Sequence[int]) -> list[str | BaseException]:
    async with asyncio.timeout(30):
        return await asyncio.gather(*(group.submit(item) for item in items), return_exceptions=True)


async def test_a_lone_item_is_written_at_once() -> None:
    assert await GroupCommit(Writer()).submit(1) == "written 1"


async def test_items_that_arrive_together_share_a_write() -> None:
    writer = Writer()
    results = await submit_all(GroupCommit(writer), range(100))
    assert results == [f"written {item}" for item in range(100)]
    assert len(writer.groups) <= 2


async def test_what_arrives_during_a_write_is_gathered_for_the_next() -> None:
    writer = Writer()
    group = GroupCommit(writer)
    first = asyncio.create_task(group.submit(0))
    await asyncio.sleep(0.002)
    await submit_all(group, range(1, 30))
    await first
    assert writer.groups == [[0], list(range(1, 30))]


async def test_a_group_is_never_larger_than_allowed() -> None:
    writer = Writer()
    await submit_all(GroupCommit(writer, most=10), range(95))
    assert max(map(len, writer.groups)) == 10
    assert sorted(writer.written) == list(range(95))


async def test_one_bad_item_fails_alone_and_its_neighbours_are_written_once() -> None:
    writer = Writer(bad=[37])
    results = await submit_all(GroupCommit(writer), range(100))
    assert [at for at, result in enumerate(results) if isinstance(result, ValueError)] == [37]
    assert writer.written == [item for item in range(100) if item != 37]


async def test_when_the_database_is_away_everyone_learns_so_after_one_attempt() -> None:
    writer = Writer(away=True)
    results = await submit_all(GroupCommit(writer), range(50))
    assert all(isinstance(result, ConnectionRefusedError) for result in results)
    assert len(writer.groups) <= 2


async def test_writing_goes_on_after_a_failure() -> None:
    writer = Writer(bad=[1])
    group = GroupCommit(writer)
    with pytest.raises(ValueError, match="cannot be written"):
        await group.submit(1)
    assert await group.submit(2) == "written 2"


async def test_a_caller_that_goes_away_does_not_take_its_item_or_its_neighbours_with_it() -> None:
    writer = Writer()
    group = GroupCommit(writer)
    leaving = asyncio.create_task(group.submit(1))
    staying = asyncio.create_task(group.submit(2))
    await asyncio.sleep(0)
    leaving.cancel()
    assert await staying == "written 2"
    assert writer.written == [1, 2]


async def test_closing_writes_what_is_waiting_and_takes_nothing_new() -> None:
    writer = Writer()
    group = GroupCommit(writer, most=5)
    waiting = [asyncio.create_task(group.submit(item)) for item in range(20)]
    await asyncio.sleep(0)
    await group.close()
    assert writer.written == list(range(20))
    assert await asyncio.gather(*waiting) == [f"written {item}" for item in range(20)]
    with pytest.raises(Closed):
        await group.submit(21)


async def test_a_writer_that_answers_too_few_results_leaves_nobody_waiting() -> None:
    async def forgetful(items: Sequence[int]) -> Sequence[str]:
        return ["written"] * (len(items) - 1)

    results = await submit_all(GroupCommit(forgetful), range(3))
    assert any(isinstance(result, BaseException) for result in results)
