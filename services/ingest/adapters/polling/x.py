"""What the webhooks of X may have lost: posts that mention an account.

Source: X developer documentation, "Timelines: User mentions" and "Rate limits". The newest come first, at most 100 a
page and 800 in all; ``since_id`` keeps from paying for a post twice, ``end_time`` leaves out what is too young. A
``pagination_token`` is good for the same question only, so that ``end_time`` goes on with it.
"""

from datetime import datetime, timedelta
from typing import Final

from services.ingest.adapters.polling.answers import Asker, Refused, bearer
from services.ingest.adapters.polling.feed import Feed, Outside, Page, Span, found
from services.ingest.adapters.polling.walk import Walk
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import identifier
from services.ingest.platforms.json_body import as_object
from services.ingest.platforms.x_activity import read_mentions

_HOST: Final = "https://api.x.com"
_WANTED: Final = {
    "max_results": "100",
    "expansions": "author_id,attachments.media_keys,referenced_tweets.id",
    "tweet.fields": "attachments,author_id,conversation_id,created_at,edit_history_tweet_ids,entities,"
    "in_reply_to_user_id,lang,note_tweet,public_metrics,referenced_tweets",
    "user.fields": "name,public_metrics,username",
    "media.fields": "media_key,type,url,variants",
}
_BEGINS: Final = {True: "since_id", False: "start_time"}
_AT_LEAST: Final = timedelta(seconds=15)
"""X refuses a range that ends less than ten seconds ago."""


class XFeed(Feed):
    """Reads mentions. Marks are post ids, pages ``<begin> <end> <token>``."""

    platform = "x"
    reconciles = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self._asker = Asker(outside.http, outside.clock)

    def reads(self, account: Account) -> bool:
        """Where we were given the app's bearer token."""
        return bool(account.every("bearer_token"))

    async def next_page(self, account: Account, span: Span) -> Page:
        """The newest mentions, or those before them."""
        walk = Walk.parse(span.cursor)
        begin, end, token = walk.page.split(" ") if walk.page else (_begin(walk, span), _end(span), "")
        params = {**_WANTED, "end_time": end, _BEGINS[begin.isdecimal()]: begin}
        if token:
            params["pagination_token"] = token
        url = f"{account.base_url or _HOST}/2/users/{account.account}/mentions"
        answer = await self._asker.get(url, headers=bearer(account.every("bearer_token")[0]), params=params)
        if token and answer == Refused("request_refused"):
            return Page((), b"", walk.begun_anew)  # the token is too old
        newest, onward = _meta(found(answer).value)
        reading = read_mentions(found(answer).value, account, span.now)
        walk = walk.after([] if newest is None else [newest], [f"{begin} {end} {onward}"] if onward else [])
        return Page(reading, found(answer).body, walk.cursor, more=walk.page is not None)


def _begin(walk: Walk, span: Span) -> str:
    """Where to stop: at what was read last, or, the first time, at the oldest that anybody wants."""
    return _moment(span.since) if walk.mark is None else str(walk.mark)


def _end(span: Span) -> str:
    return _moment(min(span.until or span.now, span.now - _AT_LEAST))


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _meta(page: object) -> tuple[int | None, str | None]:
    """The newest id of a page, and the token of the next one."""
    meta = as_object(page, "The page").get("meta")
    told = meta if isinstance(meta, dict) else {}
    newest = identifier(told.get("newest_id"))
    if newest is not None and not (newest.isascii() and newest.isdecimal()):
        raise Unreadable("The newest id is not a number.")
    return None if newest is None else int(newest), identifier(told.get("next_token"))
