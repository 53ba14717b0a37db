"""What the webhooks of Instagram accounts may have lost: comments under their newest pictures.

Source: Instagram Platform reference, "IG User Media" and "IG Media Comments". One request brings the newest comments
of the newest pictures; a picture that has more of them is asked again, down to a little below where the last walk
began. The host is that of "Business login for Instagram"; with a token of Facebook Login the account says
``https://graph.facebook.com``.
"""

from datetime import UTC, datetime

from services.ingest.adapters.polling.answers import Answer, Gone, Refused
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Span, found
from services.ingest.adapters.polling.graph import Graph, floor_of
from services.ingest.adapters.polling.walk import Walk
from services.ingest.domain.accounts import Account
from services.ingest.platforms import instagram_feed


class InstagramFeed(Feed):
    """Reads what is written under the newest pictures. Marks are seconds since 1970, pages ``<picture> <cursor>``."""

    platform = "instagram"
    reconciles = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._graph = Graph(outside, "https://graph.instagram.com")

    def reads(self, account: Account) -> bool:
        """Where we were given an access token."""
        return bool(account.every("access_token"))

    async def next_page(self, account: Account, span: Span) -> Page:
        """The newest pictures with their newest comments, then more comments where there are more."""
        walk = Walk.parse(span.cursor)
        floor = floor_of(walk, span)
        if walk.page is not None:
            return await self._comments(account, walk, floor)
        until = int((span.until or span.now).timestamp())
        fields = instagram_feed.MEDIA_FIELDS
        answer = found(await self._ask(account, f"{account.account}/media", fields=fields, limit="25"))
        media = instagram_feed.read_media(answer.value, account.account, floor, datetime.fromtimestamp(until, UTC))
        walk = walk.after([until], [f"{picture} {cursor}" for picture, cursor in media.more])
        return Page(media.reading, answer.body, walk.cursor, more=walk.page is not None)

    async def _comments(self, account: Account, walk: Walk, floor: datetime) -> Page:
        picture, _, cursor = str(walk.page).partition(" ")
        fields = instagram_feed.COMMENT_FIELDS
        answer = await self._ask(account, f"{picture}/comments", fields=fields, limit="50", after=cursor)
        if isinstance(answer, Gone) or answer == Refused("request_refused"):
            return Page((), b"", walk.after([]).cursor, more=len(walk.pending) > 1)
        until = datetime.fromtimestamp(walk.top or 0, UTC)
        page = instagram_feed.read_comments(found(answer).value, account.account, floor, until)
        walk = walk.after([], [f"{picture} {page.after}"] if page.after else [])
        return Page(page.reading, found(answer).body, walk.cursor, more=walk.page is not None)

    async def _ask(self, account: Account, path: str, **params: str) -> Answer:
        return await self._graph.get(account, path, account.every("access_token")[0], **params)
