"""Signed Facebook webhooks, one fresh comment each, ready to be written to a socket.

The payload is what Meta sends for a comment under a Page's post (object ``page``, field ``feed``), about 700 bytes.
Ids and times have a fixed width, so that a request is a few pieces joined, a digest and nothing else: what the
generator costs, the system under test cannot use.
"""

import hmac
import json
import time
from dataclasses import dataclass

QUESTION = "What are your opening hours on Saturday?"
"""A cleared line of the sample policy of the passport office answers this at once."""

_POST = "122103847561930284"
_FIRST_COMMENT = 1_400_000_000_000_000
_FIRST_AUTHOR = 71_000_000_000_000_000


@dataclass(frozen=True)
class Page:
    """A Facebook Page and the webhook it posts to. ``secret`` is the app secret."""

    account: str
    secret: str
    host: str
    port: int
    path: str


class Comments:
    """An endless supply of new comments by new authors, each of which starts a thread; ``count`` were made so far."""

    def __init__(self, page: Page) -> None:
        self._secret = page.secret.encode()
        self.count = 0
        body = _payload(page.account)
        self._pieces = _split(body)
        length = len(self._body(_comment_id(0)))
        self._head = (
            f"POST {page.path} HTTP/1.1\r\n"
            f"Host: {page.host}:{page.port}\r\n"
            "User-Agent: facebookexternalua\r\n"
            "Accept: */*\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {length}\r\n"
            "X-Hub-Signature-256: sha256="
        ).encode()

    def next(self) -> tuple[str, bytes]:
        """The id of a new comment, and the whole request that brings it."""
        self.count += 1
        comment = _comment_id(self.count)
        body = self._body(comment)
        signature = hmac.digest(self._secret, body, "sha256").hex().encode()
        return comment, b"%b%b\r\n\r\n%b" % (self._head, signature, body)

    def _body(self, comment: str) -> bytes:
        first, second, third, last = self._pieces
        author = _FIRST_AUTHOR + self.count
        return b"%b%d%b%b%b%d%b" % (first, author, second, comment.encode(), third, int(time.time()), last)


def _comment_id(number: int) -> str:
    return f"{_POST}_{_FIRST_COMMENT + number}"


def _payload(account: str) -> bytes:
    """A webhook as Meta writes it, with marks where something differs from one to the next."""
    post = f"{account}_{_POST}"
    value = {
        "from": {"id": "<author>", "name": "Nimal Perera"},
        "post": {
            "status_type": "mobile_status_update",
            "is_published": True,
            "updated_time": "2026-11-22T08:30:00+0000",
            "permalink_url": f"https://www.facebook.com/{account}/posts/pfbid02tEA5mUQ3JKQ2zZQmV4eYbG8nXo1",
            "promotion_status": "inactive",
            "id": post,
        },
        "message": QUESTION,
        "post_id": post,
        "comment_id": "<comment>",
        "created_time": "<second>",
        "item": "comment",
        "parent_id": post,
        "verb": "add",
    }
    change = {"field": "feed", "value": value}
    envelope = {"entry": [{"id": account, "time": 1795336200, "changes": [change]}], "object": "page"}
    text = json.dumps(envelope, separators=(",", ":"))
    return text.replace('"<second>"', "<second>").encode()


def _split(body: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """What stands before, between and after author, comment and second, which come in this order."""
    before_author, rest = body.split(b"<author>")
    before_comment, rest = rest.split(b"<comment>")
    before_second, after = rest.split(b"<second>")
    return before_author, before_comment, before_second, after
