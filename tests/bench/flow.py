"""Comments on their way through a system: posted as webhooks, ended by the reply that the stub records.

Two ways to drive it. Closed loop: so many are always under way, and a reply lets the next one start; that finds the
most a system can do. Open loop: comments arrive when they arrive (Poisson), and each one's time counts from the moment
it was meant to be sent, so that a system which stalls cannot hide it by making the generator wait.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.bench.comments import Comments
from tests.bench.posting import Posters
from tests.bench.stub import Stub

DRAIN_SECONDS = 60.0
ECHO_SECONDS = 1.0
"""How long to wait for replies that should not come."""


class Stuck(RuntimeError):
    """The system under test does not answer, so nothing can be measured."""


@dataclass(frozen=True)
class Audit:
    """What became of the webhooks of one phase."""

    accepted: int
    refused: int
    unanswered: int
    answered_twice: int
    unasked: int
    posted_again: int

    @property
    def is_right(self) -> bool:
        """Whether every accepted webhook has exactly one reply, and nothing else was answered."""
        return self.refused == self.unanswered == self.answered_twice == self.unasked == 0

    def __str__(self) -> str:
        said = f"{self.accepted:,} webhooks accepted, each with exactly one reply"
        if not self.is_right:
            said = (
                f"{self.accepted:,} webhooks accepted, {self.refused} refused, {self.unanswered} without a reply, "
                f"{self.answered_twice} with more than one, {self.unasked} replies to nothing we sent"
            )
        return said + (f"; {self.posted_again} posted again after a lost connection" if self.posted_again else "")


class Flow:
    """One phase: what was posted, accepted and answered. Closes its connections, not its stub."""

    def __init__(self, comments: Comments, stub: Stub, host: str, port: int, *, connections: int) -> None:
        self.done = 0
        self.latencies: list[float] = []
        self._comments = comments
        self._stub = stub
        self._posters = Posters(host, port, connections, self._on_answer)
        self._meant: dict[str, float] = {}
        self._under_way: set[str] = set()
        self._accepted = 0
        self._refused = 0
        self._counted_from = 0.0
        self._after_reply: Callable[[], None] = lambda: None

    async def open(self) -> None:
        """Connect, and listen to the stub from now on."""
        self._stub.forget()
        self._stub.on_reply = self._on_reply
        await self._posters.open()

    def keep_under_way(self, count: int) -> None:
        """Closed loop: post ``count`` comments now, and one more for each reply."""
        self._after_reply = self._post_now
        for _ in range(count):
            self._post_now()

    async def arrive(self, rate: float, seconds: float, chance: random.Random) -> None:
        """Open loop: ``rate`` comments a second on average, for ``seconds``."""
        start = time.perf_counter()
        at = start + chance.expovariate(rate)
        while at < start + seconds:
            now = time.perf_counter()
            if at > now:
                await asyncio.sleep(at - now)
                continue
            self._post(at)
            at += chance.expovariate(rate)

    def start_counting(self) -> None:
        """Leave out of ``latencies`` what was meant to be sent before now."""
        self._counted_from = time.perf_counter()

    def stop(self) -> None:
        """Let nothing new start."""
        self._after_reply = lambda: None

    async def drain(self) -> Audit:
        """Wait until everything is answered, then see whether all is right."""
        self.stop()
        left, since = len(self._under_way), time.monotonic()
        while self._under_way and time.monotonic() - since < DRAIN_SECONDS:
            await asyncio.sleep(0.1)
            if len(self._under_way) < left:
                left, since = len(self._under_way), time.monotonic()
        await asyncio.sleep(ECHO_SECONDS)
        self._posters.close()
        return self._audit()

    def require_life(self) -> None:
        """Raise ``Stuck`` where webhooks are refused or nothing has been answered at all."""
        if self._refused:
            raise Stuck(f"{self._refused} webhooks were refused")
        if not self.done:
            raise Stuck(f"none of {self._accepted} accepted webhooks was answered")

    def _audit(self) -> Audit:
        replies = self._stub.replies
        return Audit(
            accepted=self._accepted,
            refused=self._refused,
            unanswered=sum(1 for comment in self._meant if comment not in replies),
            answered_twice=sum(1 for found in replies.values() if len(found) > 1),
            unasked=sum(1 for comment in replies if comment not in self._meant),
            posted_again=self._posters.posted_again,
        )

    def _post_now(self) -> None:
        self._post(time.perf_counter())

    def _post(self, meant: float) -> None:
        comment, request = self._comments.next()
        self._meant[comment] = meant
        self._under_way.add(comment)
        self._posters.post(comment, request)

    def _on_answer(self, comment: str, status: int) -> None:
        if status == 200:
            self._accepted += 1
        else:
            self._refused += 1
            self._under_way.discard(comment)

    def _on_reply(self, comment: str) -> None:
        if comment not in self._under_way:
            return
        self._under_way.discard(comment)
        self.done += 1
        meant = self._meant[comment]
        if meant >= self._counted_from:
            self.latencies.append(time.perf_counter() - meant)
        self._after_reply()
