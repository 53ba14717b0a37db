"""YouTube channels: threads from the newest down, replies that a thread does not show, comments looked at again.

Source: YouTube Data API, "CommentThreads: list" and "Comments: list". What must stay true:

- A page may have fewer items than asked for; only the token tells whether there is another one.
- A late reply does not bring its thread back to the top, and nothing tells of an edit or a deletion: the threads of
  recent comments are looked at again, 50 with one question.
"""

from collections import OrderedDict, defaultdict
from collections.abc import AsyncGenerator, Collection, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime
from typing import Final

from services.ingest.adapters.polling.answers import Found, Gone
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Pages, Span, found
from services.ingest.adapters.polling.given import Given
from services.ingest.adapters.polling.walk import Walk, microseconds
from services.ingest.adapters.polling.youtube_client import BAD_TOKEN, YouTubeClient
from services.ingest.adapters.polling.youtube_place import Place
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Entry, Reading, RemovedComment, Written
from services.ingest.platforms import youtube
from services.ingest.platforms.youtube import Thread
from shared.ids import AccountId

OVERLAP_US: Final = 60 * 60 * 1_000_000
"""How far below the last look new threads are searched for: some are published after they were held for review."""
MOST_THREADS: Final = 10_000
"""Threads of which it is remembered how many replies they had."""

MOST_REPLY_PAGES: Final = 50
"""Replies to one comment end at 5,000."""

_THREADS: Final = {"part": "id,snippet,replies"}
_COMMENTS: Final = {"part": "id,snippet"}
_WHOLE_PAGE: Final = {"maxResults": str(youtube.PAGE_LIMIT)}


class YouTubeFeed(Feed):
    """Reads comments on a channel's videos."""

    platform = "youtube"
    rereads = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._client = YouTubeClient(outside)
        self._given = Given()
        self._replies: OrderedDict[str, int] = OrderedDict()
        self._missed: defaultdict[AccountId, Set[str]] = defaultdict(frozenset)

    async def next_page(self, account: Account, span: Span) -> Page:
        """The next threads, or the next replies of one of them."""
        self._given.confirm(account.id, span.cursor)
        place = Place.parse(span.cursor)
        if place.thread is not None:
            return await self._replies_page(account, place, place.thread, span.now)
        return await self._threads_page(account, place, span)

    async def read_again(self, account: Account, watched: Sequence[Watched], now: datetime) -> Pages:
        """The threads of these comments, with late replies, and what became of each comment."""
        for at in range(0, len(watched), youtube.MOST_IDS):
            known = {one.native_id: one for one in watched[at : at + youtube.MOST_IDS]}
            shown: set[str] = set()
            async for reading, answer in self._looked_at(account, known, shown, now):
                shown |= youtube.shown(answer.value)
                changed = self._given.news(account.id, (entry for entry in reading if _is_other(entry, known)))
                if changed:
                    yield Page(changed, answer.body)
                    self._given.remember(account.id, changed)
            if removed := self._missed_twice(account, known.keys() - shown, shown):
                yield Page(tuple(RemovedComment(account.account, one, now) for one in removed), b"")

    async def _looked_at(
        self, account: Account, known: Mapping[str, Watched], shown: Collection[str], now: datetime
    ) -> AsyncGenerator[tuple[Reading, Found]]:
        """All that is there now of the threads of ``known``, and of those of them that are not ``shown`` by then."""
        threads = sorted({one.thread for one in known.values()})
        async for answer in self._by_ids(account, "commentThreads", _THREADS, threads):
            listed = youtube.read_threads(answer.value, account, now, known)
            yield listed.reading, answer
            for thread in listed.threads:
                if not thread.is_whole and self._replies.get(thread.id) != thread.replies:
                    async for page in self._replies_of(account, thread.id, known, now):
                        yield page
                    self._remember(thread)
        rest = sorted(known.keys() - set(shown))
        async for answer in self._by_ids(account, "comments", _COMMENTS, rest):
            yield youtube.read_comments(answer.value, account, now, known)[0], answer

    def _missed_twice(self, account: Account, missing: Set[str], shown: Set[str]) -> list[str]:
        """Which comments were not there the last time either: a removal cannot be taken back, and one answer may be
        incomplete."""
        missed = self._missed[account.id]
        removed = missing & missed
        self._missed[account.id] = (missed | missing) - shown - removed
        return sorted(removed)

    async def _by_ids(
        self, account: Account, what: str, params: Mapping[str, str], ids: Sequence[str]
    ) -> AsyncGenerator[Found]:
        """Those with these ids. Where the answer is that some are not there, in halves, to learn which."""
        if not ids:
            return
        answer = await self._client.ask(account, what, {**params, "id": ",".join(ids)})
        if not isinstance(answer, Gone):
            yield found(answer)
        elif len(ids) > 1:
            middle = len(ids) // 2
            for half in (ids[:middle], ids[middle:]):
                async for one in self._by_ids(account, what, params, half):
                    yield one

    async def _replies_of(
        self, account: Account, thread: str, known: Mapping[str, Watched], now: datetime
    ) -> AsyncGenerator[tuple[Reading, Found]]:
        """All replies of a thread."""
        params, token = {**_COMMENTS, **_WHOLE_PAGE, "parentId": thread}, None
        for _ in range(MOST_REPLY_PAGES):
            answer = await self._client.ask(account, "comments", params, token)
            if isinstance(answer, Gone) or answer == BAD_TOKEN:
                return
            reading, token = youtube.read_comments(found(answer).value, account, now, known)
            yield reading, found(answer)
            if token is None:
                return

    def _remember(self, thread: Thread) -> None:
        self._replies[thread.id] = thread.replies
        self._replies.move_to_end(thread.id)
        while len(self._replies) > MOST_THREADS:
            self._replies.popitem(last=False)

    async def _threads_page(self, account: Account, place: Place, span: Span) -> Page:
        params = {**_THREADS, **_WHOLE_PAGE, "allThreadsRelatedToChannelId": account.account, "order": "time"}
        answer = await self._client.ask(account, "commentThreads", params, place.token)
        if answer == BAD_TOKEN and place.token:
            # From the top again, down to the same mark.
            return self._page(account, replace(place, walk=Walk(place.walk.mark)), (), b"", more=True)
        listed = youtube.read_threads(found(answer).value, account, span.now)
        mark, keys = place.walk.mark or 0, [microseconds(min(one.published_at, span.now)) for one in listed.threads]
        # Of older threads reading again brings the replies.
        news = (one for one, key in zip(listed.threads, keys, strict=True) if key > mark and not one.is_whole)
        pages = [Place.replies(one.id) for one in news]
        goes_on = not keys or min(keys) > max(microseconds(span.since), mark - OVERLAP_US)
        if listed.cursor is not None and goes_on:
            pages.append(Place.threads(listed.cursor))
        place = replace(place, walk=place.walk.after(keys or [microseconds(span.now)], pages))
        return self._page(account, place, listed.reading, found(answer).body, more=bool(pages or place.walk.pending))

    async def _replies_page(self, account: Account, place: Place, thread: str, now: datetime) -> Page:
        params = {**_COMMENTS, **_WHOLE_PAGE, "parentId": thread}
        answer = await self._client.ask(account, "comments", params, place.token)
        if isinstance(answer, Gone) or (answer == BAD_TOKEN and place.token):
            pages = [] if isinstance(answer, Gone) else [Place.replies(thread)]
            place = replace(place, walk=place.walk.after((), pages))
            return self._page(account, place, (), b"", more=bool(place.walk.pending))
        reading, token = youtube.read_comments(found(answer).value, account, now)
        place = replace(place, walk=place.walk.after((), [Place.replies(thread, token)] if token else []))
        return self._page(account, place, reading, found(answer).body, more=bool(place.walk.pending))

    def _page(self, account: Account, place: Place, reading: Reading, body: bytes, *, more: bool) -> Page:
        news = self._given.news(account.id, reading)
        if news:
            place = replace(place, page=place.page + 1)
            self._given.offer(account.id, place.cursor, news)
        return Page(news, body, place.cursor, more)


def _is_other(entry: Entry, known: Mapping[str, Watched]) -> bool:
    """Whether an entry says anything that is not known of a comment."""
    one = known.get(entry.native_id) if isinstance(entry, Written) else None
    return one is None or not isinstance(entry, Written) or entry.edited_at != one.edited_at
