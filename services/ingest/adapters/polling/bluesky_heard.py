"""What was heard in the stream and is still to be given: the new posts that concern one account.

The list of notifications usually has them a moment later. It does not where a post claims an old date, or where
moderation keeps it back, so each is given for itself, with the author's name as soon as the server shows it. How far
all that was heard is given stands in the feed's cursor, so that after a restart the rest is heard again.
"""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.ingest.adapters.polling.jetstream import Ear, Heard

ASK_AGAIN = timedelta(seconds=2)


@dataclass
class _Waiting:
    heard: Heard
    ask_at: datetime | None = None


@dataclass
class Backlog:
    """The posts of one account. ``placed`` is set once it is known where the account stands in the stream."""

    placed: asyncio.Event = field(default_factory=asyncio.Event)
    _ear: Ear | None = None
    _reached_us: int | None = None
    _waiting: dict[str, _Waiting] = field(default_factory=dict)

    def place(self, reached_us: int | None) -> None:
        """Begin where the cursor says; later calls change nothing."""
        if not self.placed.is_set():
            self._reached_us = reached_us
            self.placed.set()

    def listen_with(self, ear: Ear) -> None:
        """Follow how far this ear has heard."""
        self._ear = ear

    def hear(self, heard: Heard) -> None:
        """Note a new post."""
        self._waiting.setdefault(heard.event.uri, _Waiting(heard))

    def forget(self, uris: Iterable[str]) -> None:
        """These are given, or gone."""
        for uri in uris:
            self._waiting.pop(uri, None)

    def due(self, now: datetime, most: int) -> list[Heard]:
        """The posts to give now, oldest first; none of them is due again for a moment."""
        due = [one for one in self._waiting.values() if one.ask_at is None or one.ask_at <= now]
        due = sorted(due, key=lambda one: one.heard.event.time_us)[:most]
        for one in due:
            one.ask_at = now + ASK_AGAIN
        return [one.heard for one in due]

    def reached_us(self, besides: Collection[str] = ()) -> int | None:
        """Up to where all that was heard is given, in microseconds, once those ``besides`` are given too."""
        if self._ear is not None and (reached := self._ear.reached_us) is not None:
            self._reached_us = reached
        waiting = [one.heard.event.time_us for uri, one in self._waiting.items() if uri not in besides]
        if not waiting:
            return self._reached_us
        return min(min(waiting) - 1, self._reached_us or min(waiting))
