"""Loops that fail are started again, say so, and end when told to."""

import asyncio

import pytest

from shared.supervision import Supervisor
from tests.shared.builders import until

pytestmark = pytest.mark.asyncio


class Failing:
    """A loop that fails a number of times and then stays."""

    def __init__(self, times: int) -> None:
        self.left = times
        self.runs = 0
        self.cancelled = False

    async def __call__(self) -> None:
        self.runs += 1
        if self.left:
            self.left -= 1
            raise LookupError("the broker is away")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise


async def test_a_loop_that_fails_is_started_again() -> None:
    loop = Failing(times=2)
    supervisor = Supervisor("test", {"relay": loop})
    supervisor.start()

    async def third_run() -> bool:
        return loop.runs == 3

    await until(third_run, "the loop runs a third time")
    await supervisor.stop(1)
    assert loop.cancelled


async def test_a_loop_that_failed_is_named_with_its_error() -> None:
    supervisor = Supervisor("test", {"relay": Failing(times=1_000), "consumer": Failing(times=0)})
    supervisor.start()

    async def has_failed() -> bool:
        return bool(supervisor.failed)

    await until(has_failed, "the failure is known")
    await supervisor.stop(1)
    assert supervisor.failed == {"relay": "LookupError"}


async def test_a_loop_that_simply_ends_counts_as_failed() -> None:
    async def ends() -> None:
        return None

    supervisor = Supervisor("test", {"tidy": ends})
    supervisor.start()

    async def has_failed() -> bool:
        return bool(supervisor.failed)

    await until(has_failed, "the end is noticed")
    await supervisor.stop(1)
    assert supervisor.failed == {"tidy": "RuntimeError"}


async def test_pauses_grow_so_that_a_broken_loop_does_not_spin() -> None:
    loop = Failing(times=1_000)
    supervisor = Supervisor("test", {"relay": loop})
    supervisor.start()
    await asyncio.sleep(1.0)
    await supervisor.stop(1)
    assert 2 <= loop.runs <= 4


async def test_one_failing_loop_leaves_the_others_alone() -> None:
    steady = Failing(times=0)
    supervisor = Supervisor("test", {"relay": Failing(times=3), "consumer": steady})
    supervisor.start()
    await asyncio.sleep(0.6)
    await supervisor.stop(1)
    assert steady.runs == 1


async def test_a_loop_may_finish_what_must_not_be_cut_off() -> None:
    finished = asyncio.Event()

    async def careful() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.2)
            finished.set()

    supervisor = Supervisor("test", {"dispatch": careful})
    supervisor.start()
    await asyncio.sleep(0)
    await supervisor.stop(5)
    assert finished.is_set()


async def test_stopping_ends_in_time_even_if_a_loop_does_not() -> None:
    released = asyncio.Event()

    async def stubborn() -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    supervisor = Supervisor("test", {"dispatch": stubborn})
    supervisor.start()
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await supervisor.stop(0.2)
    released.set()
