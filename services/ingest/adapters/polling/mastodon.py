"""Mastodon accounts: notifications page by page, recent mentions looked at again, and the user's stream.

Source: Mastodon documentation, "notifications", "statuses", "streaming". ``min_id`` pages forward without gaps, so the
cursor is the id of the last notification. An edit or a deletion that no notification tells of is found in the stream,
or by reading the status again.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from services.ingest.adapters.polling import mastodon_streaming
from services.ingest.adapters.polling.answers import Asker, Gone, Unavailable, bearer
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Pages, Span, Stream, WatchedNow, found
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, EditedComment, RemovedComment, Written
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import mastodon

ROOT_TRIES = 3
"""So often a conversation is asked for whose server fails on it; anybody can write one that no server bears."""

MOST_FAILURES = 1_000


class MastodonFeed(Feed):
    """Reads mentions."""

    platform = "mastodon"
    streams = True
    rereads = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._asker = Asker(outside.http, outside.clock)
        self._failures: Counter[str] = Counter()

    def is_pushed(self, account: Account) -> bool:
        """Where the server's administrator has set up a webhook for it."""
        return bool(account.every("webhook_secret"))

    async def next_page(self, account: Account, span: Span) -> Page:
        """The next page of mentions and edits after a notification id, or from the beginning."""
        params: dict[str, str | list[str]] = {
            "types[]": ["mention", "update"],
            "limit": str(mastodon.PAGE_LIMIT),
            # since_id would give the newest and skip.
            "min_id": span.cursor or "0",
        }
        answer = found(await self._asker.get(_url(account, "notifications"), headers=_proof(account), params=params))
        page = mastodon.read_page(answer.value, account, span.now)
        return Page(page.reading, answer.body, page.cursor, more=page.count == mastodon.PAGE_LIMIT)

    async def root(self, account: Account, entry: Written | Echo) -> str | None:
        """The root of the conversation, which only the server knows."""
        url = _url(account, f"statuses/{entry.native_id}/context")
        answer = await self._asker.get(url, headers=_proof(account))
        if isinstance(answer, Gone):
            return entry.native_id  # deleted since: nothing will follow it in its thread
        if isinstance(answer, Unavailable) and self._is_hopeless(entry.native_id):
            return None
        try:
            return mastodon.root_of(found(answer).value, entry.native_id, account)
        except Unreadable:
            return None

    def _is_hopeless(self, status: str) -> bool:
        """Whether the server has failed on this conversation so often that the account must not wait for it longer."""
        if len(self._failures) > MOST_FAILURES:
            self._failures.clear()
        self._failures[status] += 1
        return self._failures[status] >= ROOT_TRIES

    async def read_again(self, account: Account, watched: Sequence[Watched], now: datetime) -> Pages:
        """Each status as it reads now. One that its server fails on is passed by; a server that is down is not."""
        failed = False
        for one in watched:
            answer = await self._asker.get(_url(account, f"statuses/{one.native_id}"), headers=_proof(account))
            if isinstance(answer, Unavailable) and not failed:
                failed = True
            elif isinstance(answer, Gone):
                yield Page((RemovedComment(account.account, one.native_id, now),), b"")
            else:
                entry = mastodon.read_status(found(answer).value, account, now)
                if isinstance(entry, EditedComment) and entry.edited_at != one.edited_at:
                    yield Page((entry,), found(answer).body)

    def listen(self, account: Account, watched: WatchedNow) -> Stream:
        """The user's stream."""
        return mastodon_streaming.listen(self.outside, self._asker, account)


def _url(account: Account, path: str) -> str:
    return f"{account.base_url}/api/v1/{path}"


def _proof(account: Account) -> dict[str, str]:
    return bearer(account.every("token")[0])
