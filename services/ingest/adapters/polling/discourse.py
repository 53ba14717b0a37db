"""What the webhooks of Discourse may have lost: posts of the forum, which repeats nothing by itself unless told to.

Source: Discourse API documentation, "List latest posts across topics". The list is of the whole forum as far as
everybody may read it: give an account a key only where its webhook tells of all of that too. The key acts as the
agency's own user.
"""

from datetime import datetime
from typing import NamedTuple

from services.ingest.adapters.polling.answers import Asker
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Span, found
from services.ingest.adapters.polling.walk import Walk
from services.ingest.domain.accounts import Account
from services.ingest.platforms import discourse_feed
from services.ingest.platforms.discourse_feed import OLD_WINDOW, Posts


class DiscourseFeed(Feed):
    """Reads the forum's latest posts. Marks and pages are post ids."""

    platform = "discourse"
    reconciles = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._asker = Asker(outside.http, outside.clock)

    def reads(self, account: Account) -> bool:
        """Where we were given a key, and told where the forum is."""
        return account.base_url is not None and bool(account.every("api_key"))

    async def next_page(self, account: Account, span: Span) -> Page:
        """The latest posts, or those before them."""
        walk = Walk.parse(span.cursor)
        before = _Before.parse(walk.page)
        proof = {"Api-Key": account.every("api_key")[0], "Api-Username": account.account}
        params = {} if before is None else {"before": str(before.id)}
        answer = found(await self._asker.get(f"{account.base_url}/posts.json", headers=proof, params=params))
        posts = discourse_feed.read_posts(answer.value, account, span.until or span.now, span.now)
        onward = _onward(posts, before, walk.mark, span.since)
        walk = walk.after(posts.ids, [] if onward is None else [onward.page])
        return Page(posts.reading, answer.body, walk.cursor, more=walk.page is not None)


class _Before(NamedTuple):
    """Below which id to go on, and whether the forum has shown that it is an older one."""

    id: int
    is_old: bool

    @staticmethod
    def parse(page: str | None) -> "_Before | None":
        number, _, age = (page or "").partition(" ")
        return _Before(int(number), age == "old") if number else None

    @property
    def page(self) -> str:
        return f"{self.id} old" if self.is_old else str(self.id)


def _onward(posts: Posts, before: _Before | None, mark: int | None, since: datetime) -> _Before | None:
    """Where to go on, unless that would be at or below the mark, or older than anybody wants."""
    is_old = before is not None and (before.is_old or before.id in posts.listed)
    lowest = min(posts.listed, default=None)
    if lowest is not None and (before is None or lowest < before.id):
        onward = lowest
    elif before is not None and is_old and mark is not None:
        onward = before.id - OLD_WINDOW
    else:
        return None
    wanted = onward > mark + 1 if mark is not None else posts.oldest is not None and posts.oldest >= since
    return _Before(onward, is_old) if wanted else None
