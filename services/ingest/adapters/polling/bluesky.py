"""Bluesky accounts: what their server lists for them, what the network's stream says, and posts looked at again.

Sources: atproto lexicons ``app.bsky.notification.listNotifications``, ``app.bsky.feed.getPosts`` and
``com.atproto.repo.getRecord``. What must stay true:

- The list is sorted by dates that clients claim, so it is read to below where the last look began.
- ``priority`` is said, because an account may prefer to be told only of whom it follows.
- ``getPosts`` leaves out what a block hides. Only a record that is not there any more is gone.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from services.ingest.adapters.polling.answers import Found, Gone, Refused
from services.ingest.adapters.polling.bluesky_client import BlueskyClient
from services.ingest.adapters.polling.bluesky_heard import Backlog
from services.ingest.adapters.polling.bluesky_place import Place
from services.ingest.adapters.polling.feed import (
    Feed,
    NoStream,
    Outside,
    Page,
    Pages,
    Span,
    Stream,
    WatchedNow,
    Woken,
    found,
)
from services.ingest.adapters.polling.given import Given
from services.ingest.adapters.polling.jetstream import Heard, Jetstream, StreamEnded
from services.ingest.adapters.polling.walk import Walk, microseconds
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, Entry, Malformed, Reading, RemovedComment, Written
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import bluesky
from services.ingest.platforms.bluesky_events import entry_of
from services.ingest.platforms.bluesky_posts import COLLECTION, is_post, repo_of
from shared.ids import AccountId

OVERLAP_US: Final = 10 * 60 * 1_000_000
"""How far below the last look new posts are searched for: clocks are wrong, drafts are sent late."""
MARK_EVERY_US: Final = 60 * 1_000_000
"""How often the place in the stream is stored where nothing else is."""
PATIENCE: Final = timedelta(minutes=2)
"""How long a server may take to show a post before it is taken as the stream had it."""
AUTHORS_SECONDS: Final = 60.0
"""How often it is looked up whose posts an account has."""
MOST_STEPS: Final = 20
"""Posts that are climbed to find where a thread begins."""


class BlueskyFeed(Feed):
    """Reads mentions, answers and quotes."""

    platform = "bluesky"
    streams = True
    rereads = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._client = BlueskyClient(outside)
        self._jetstream = Jetstream(outside.stream_url, outside.clock) if outside.stream_url else None
        self._given = Given()
        self._backlogs: defaultdict[AccountId, Backlog] = defaultdict(Backlog)

    async def next_page(self, account: Account, span: Span) -> Page:
        """What was heard since, post by post; else the next page of the list."""
        place, backlog = Place.parse(span.cursor), self._backlogs[account.id]
        backlog.place(place.heard_us)
        backlog.forget(_names(self._given.confirm(account.id, span.cursor)))
        due = backlog.due(span.now, bluesky.MOST_POSTS)
        if due:
            return await self._heard_page(account, place, due, span.now)
        return await self._list_page(account, place, span)

    async def root(self, account: Account, entry: Written | Echo) -> str | None:
        """The highest post under our own one that the parent of ``entry`` can be climbed to."""
        highest = entry.parent
        for _ in range(MOST_STEPS):
            if highest is None or not is_post(highest):
                break  # an answer to something else, or to nothing that could be asked for
            above = bluesky.above((await self._posts(account, [highest])).value)
            if above is None or above.root == above.parent:
                break
            highest = above.parent
        return highest

    async def read_again(self, account: Account, watched: Sequence[Watched], now: datetime) -> Pages:
        """These posts as they read now, so many at a time as one question may have."""
        for at in range(0, len(watched), bluesky.MOST_POSTS):
            known = {one.native_id: one.text for one in watched[at : at + bluesky.MOST_POSTS]}
            answer = await self._posts(account, list(known))
            edits, missing = bluesky.read_again(answer.value, known, account, now)
            gone = [uri for uri in sorted(missing) if await self._is_gone(account, uri)]
            removed = (RemovedComment(account.account, uri, now) for uri in gone)
            if news := self._given.news(account.id, (*edits, *removed)):
                yield Page(news, answer.body)
                self._given.remember(account.id, news)

    async def listen(self, account: Account, watched: WatchedNow) -> Stream:
        """What Jetstream says of posts that concern the account."""
        if self._jetstream is None:
            raise NoStream(NoStream.__doc__)
        backlog = self._backlogs[account.id]
        await backlog.placed.wait()
        async with self._jetstream.ear(account.account, backlog.reached_us()) as ear:
            backlog.listen_with(ear)
            yield Woken()
            look_up_at = 0.0
            while True:
                if time.monotonic() >= look_up_at:
                    ear.authors.update(repo_of(one.native_id) for one in await watched())
                    look_up_at = time.monotonic() + AUTHORS_SECONDS
                try:
                    heard = await ear.next(AUTHORS_SECONDS)
                except StreamEnded:
                    return
                if heard is not None and (said := _said(heard, account, backlog)):
                    yield said

    async def _heard_page(self, account: Account, place: Place, due: Sequence[Heard], now: datetime) -> Page:
        """The posts that were heard of, each as the stream had it, with its author's name."""
        others = [one.event.uri for one in due if one.event.author != account.account]
        shown = bluesky.read_posts((await self._posts(account, others)).value, account, now) if others else {}
        entries: list[Entry] = []
        for one in due:
            entry, seen = _as_heard(one, account), shown.get(one.event.uri)
            if isinstance(entry, Written) and isinstance(seen, Written):
                entry = replace(entry, author_name=seen.author_name, author_handle=seen.author_handle)
            elif isinstance(entry, Written) and now - one.event.at < PATIENCE:
                continue
            entries.append(entry)
            if not isinstance(entry, Written | Echo):
                self._backlogs[account.id].forget((one.event.uri,))
        return self._page(account, place, tuple(entries), b"\n".join(one.frame for one in due), more=True)

    async def _posts(self, account: Account, uris: list[str]) -> Found:
        return found(await self._client.ask(account, "app.bsky.feed.getPosts", {"uris": uris}))

    async def _list_page(self, account: Account, place: Place, span: Span) -> Page:
        params: dict[str, str | list[str]] = {
            "reasons": list(bluesky.REASONS),
            "limit": str(bluesky.PAGE_LIMIT),
            "priority": "false",
        }
        walk = place.walk
        if walk.page is not None:
            params["cursor"] = walk.page
        answer = await self._client.ask(account, "app.bsky.notification.listNotifications", params)
        if walk.page is not None and answer == Refused("request_refused"):
            # The server does not know its own cursor any more: from the top again, down to the same mark.
            return self._page(account, replace(place, walk=Walk(walk.mark)), (), b"", more=True)
        listed = bluesky.read_page(found(answer).value, account, span.now)
        keys = [microseconds(min(moment, span.now)) for moment in listed.sorted_at]
        deep_enough = max(microseconds(span.since), (walk.mark or 0) - OVERLAP_US)
        goes_on = listed.cursor is not None and (not keys or min(keys) > deep_enough)
        # A first page may be empty because all of it was something else.
        walk = walk.after(keys or [microseconds(span.now)], [listed.cursor] if listed.cursor and goes_on else [])
        return self._page(
            account, replace(place, walk=walk), listed.reading, found(answer).body, more=bool(walk.pending)
        )

    def _page(self, account: Account, place: Place, reading: Reading, body: bytes, *, more: bool) -> Page:
        """A page of what is news in ``reading``, and how far the stream is given with it."""
        news, backlog = self._given.news(account.id, reading), self._backlogs[account.id]
        backlog.forget(_names(reading) - _names(news))
        heard_us = backlog.reached_us(besides=_names(news))
        if news:
            place = replace(place, page=place.page + 1, heard_us=heard_us)
            self._given.offer(account.id, place.cursor, news)
        elif heard_us is not None and abs(heard_us - (place.heard_us or 0)) >= MARK_EVERY_US:
            place = replace(place, heard_us=heard_us)
        return Page(news, body, place.cursor, more)

    async def _is_gone(self, account: Account, uri: str) -> bool:
        """Whether a post that is not shown is deleted: its repository tells, whoever blocks whom."""
        repo, _, key = uri.removeprefix("at://").split("/")
        params: dict[str, str | list[str]] = {"repo": repo, "collection": COLLECTION, "rkey": key}
        answer = await self._client.ask(account, "com.atproto.repo.getRecord", params)
        # The repository itself is not found once its owner is gone from the network.
        return isinstance(answer, Gone) or answer == Refused("request_refused")


def _said(heard: Heard, account: Account, backlog: Backlog) -> Woken | Page | None:
    if heard.event.operation == "create":
        backlog.hear(heard)
        return Woken()
    if heard.event.operation == "delete":
        backlog.forget((heard.event.uri,))
    entry = _as_heard(heard, account)
    return None if isinstance(entry, Malformed) else Page((entry,), heard.frame)


def _as_heard(heard: Heard, account: Account) -> Entry:
    try:
        return entry_of(heard.event, account.account)
    except Unreadable as error:
        return Malformed(account.account, error.reason)


def _names(reading: Reading) -> set[str]:
    return {entry.native_id for entry in reading if isinstance(entry, Written | Echo)}
