"""What the webhooks of Facebook Pages may have lost: comments, read post by post.

Source: Graph API reference, "Page Feed" and "Object Comments". Only posts under which something was written since the
last walk are asked for their comments, the newest first, down to a little below where that walk began: comments may
show late, and ``order`` is a wish that Meta need not fulfil for ranked comments. ``filter=stream`` gives answers too.
"""

from datetime import UTC, datetime

from services.ingest.adapters.polling.answers import Answer, Gone, Refused
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Span, found
from services.ingest.adapters.polling.graph import Graph, floor_of
from services.ingest.adapters.polling.walk import Walk
from services.ingest.domain.accounts import Account
from services.ingest.platforms import facebook_feed


class FacebookFeed(Feed):
    """Reads what is written under a Page's newest posts. Marks are seconds since 1970, pages ``<post> <cursor>``."""

    platform = "facebook"
    reconciles = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._graph = Graph(outside, "https://graph.facebook.com")

    def reads(self, account: Account) -> bool:
        """Where we were given a Page token."""
        return bool(account.every("page_token"))

    def ending(self, native_id: str) -> str:
        """The comment's part: a post with a photo has two ids, and either may stand before it."""
        return native_id.rpartition("_")[2]

    async def next_page(self, account: Account, span: Span) -> Page:
        """The posts with news, then the comments of each."""
        walk = Walk.parse(span.cursor)
        floor = floor_of(walk, span)
        if walk.page is not None:
            return await self._comments(account, walk, floor)
        answer = await self._ask(account, f"{account.account}/feed", fields=facebook_feed.POST_FIELDS)
        posts = facebook_feed.posts_with_news(found(answer).value, floor)
        walk = walk.after([int((span.until or span.now).timestamp())], [f"{post} " for post in posts])
        return Page((), b"", walk.cursor, more=walk.page is not None)

    async def _comments(self, account: Account, walk: Walk, floor: datetime) -> Page:
        post, _, cursor = str(walk.page).partition(" ")
        answer = await self._ask(
            account,
            f"{post}/comments",
            fields=facebook_feed.COMMENT_FIELDS,
            filter="stream",
            order="reverse_chronological",
            since=str(int(floor.timestamp())),
            after=cursor,
        )
        if isinstance(answer, Gone) or answer == Refused("request_refused"):
            # The post is gone, or of a kind that has no comments.
            return Page((), b"", walk.after([]).cursor, more=len(walk.pending) > 1)
        until = datetime.fromtimestamp(walk.top or 0, UTC)
        page = facebook_feed.read_comments(found(answer).value, account.account, post, floor, until)
        walk = walk.after([], [f"{post} {page.after}"] if page.after else [])
        return Page(page.reading, found(answer).body, walk.cursor, more=walk.page is not None)

    async def _ask(self, account: Account, path: str, **params: str) -> Answer:
        return await self._graph.get(account, path, account.every("page_token")[0], limit="100", **params)
