"""What a platform must offer so that an account there can be read: the protocol between a platform and the watch.

A feed asks its platform and reads the answers. Everything else is done once for all of them by ``watch.Watch``: who may
read (a lease), when (pace, back-off), what is written (one transaction with the cursor), and when an account is
degraded. What a feed must keep:

- It holds no state between two calls that a restart may not lose. Where reading stands is the cursor: a text that only
  the feed understands, stored in the transaction of what was read. ``walk.Walk`` makes one for lists that begin with
  the newest.
- It raises ``NotNow`` with an answer that is no page, and ``Unreadable`` for one that is not as documented. Nothing
  else.
- What is given twice is one comment, by native id and revision: an overlap costs nothing, a hole costs a comment.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

import httpx

from services.ingest.adapters.polling.answers import Answer, Found
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, Reading, Written
from shared.clock import Clock


class NotNow(Exception):
    """The platform did not answer as it should; ``answer`` says how."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(NotNow.__doc__)
        self.answer = answer


class NoStream(Exception):
    """This server has no stream: it is polled only, and asked again much later."""


@dataclass(frozen=True, slots=True)
class Outside:
    """The ways to the platforms: ``http`` for questions, ``streams`` for connections that are held open.

    ``stream_url`` is where a platform's stream is that no account's own server has (Bluesky's Jetstream).
    """

    http: httpx.AsyncClient
    streams: httpx.AsyncClient
    clock: Clock
    stream_url: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """What to read: onward from ``cursor`` (None at the very first time), nothing said before ``since``.

    ``until`` is set for a feed that reconciles: what was said after it may still come by webhook, so it is not read
    yet, and the cursor must not move past it.
    """

    cursor: str | None
    since: datetime
    until: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Page:
    """What one request brought: the entries in the order in which they were said, and the bytes as they came.

    ``cursor`` is where to go on once this page is written (None: where it was); ``more`` says that there is another
    page to read at once.
    """

    reading: Reading
    body: bytes = field(repr=False)
    cursor: str | None = None
    more: bool = False


@dataclass(frozen=True, slots=True)
class Woken:
    """Something happened that the next page will tell of."""


Heard = Woken | Page
"""What a stream says. Of a page from a stream only entries about comments that we have are taken in."""

Pages = AsyncGenerator[Page, None]
Stream = AsyncGenerator[Heard, None]

WatchedNow = Callable[[], Awaitable[Sequence[Watched]]]
"""The comments of an account that are watched for edits and deletion at this moment, newest first."""


class Feed(ABC):
    """One platform's way of being read. One object serves all accounts there.

    ``part`` tells several feeds of one platform apart (comments, private messages): each has its own lease and cursor.
    ``reconciles`` marks a platform that also pushes: what only the poll finds is a gap, and counted. ``streams`` marks
    one that can be listened to, ``rereads`` one where what was said is looked at again.
    """

    platform: ClassVar[str]
    part: ClassVar[str] = "comments"
    reconciles: ClassVar[bool] = False
    streams: ClassVar[bool] = False
    rereads: ClassVar[bool] = False

    def __init__(self, outside: Outside) -> None:
        self.outside = outside

    def reads(self, account: Account) -> bool:
        """Whether this account can be read: a platform that pushes need not have given us a token."""
        return True

    def is_pushed(self, account: Account) -> bool:
        """Whether the platform also pushes what this account hears: then an answer says nothing of its webhook."""
        return self.reconciles

    def ending(self, native_id: str) -> str | None:
        """What alone tells a comment, where a platform writes the rest of its id in two ways; None elsewhere."""
        return None

    @abstractmethod
    async def next_page(self, account: Account, span: Span) -> Page:
        """The next page of what was said to ``account``. Raises ``NotNow`` or ``Unreadable``."""

    async def root(self, account: Account, entry: Written | Echo) -> str | None:
        """The thread of an entry that names a parent that nobody here knows, and no thread.

        None where the parent itself is as good. Raises ``NotNow`` or ``Unreadable``.
        """
        return None

    async def read_again(self, account: Account, watched: Sequence[Watched], now: datetime) -> Pages:
        """What became of these comments: edits and removals, a page for each request that found any.

        Each page is written as it comes, so that a refusal in the middle loses nothing. Raises ``NotNow`` or
        ``Unreadable``.
        """
        return
        yield  # an empty generator

    async def listen(self, account: Account, watched: WatchedNow) -> Stream:
        """What the platform says by itself, for as long as the connection lasts.

        The first thing said is ``Woken``, as soon as the stream is open: nothing that happened before is in it. The
        end of the iteration is the end of the connection; the watch opens the next one. Silence that lasts too long
        ends it too. Raises ``NoStream`` or ``NotNow``; a stream that is refused only wakes the poll, which knows
        whether the token is dead.
        """
        raise NoStream(NoStream.__doc__)
        yield  # a generator that never speaks


def found(answer: Answer) -> Found:
    """``answer`` if it is one; raises ``NotNow`` otherwise."""
    if not isinstance(answer, Found):
        raise NotNow(answer)
    return answer
