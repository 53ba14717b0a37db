"""What the square knows of posts on X that it does not keep: a citizen's words, which reach ingest by another way, and
any post's numbers. Of a post that nobody told it of it says that it stands.

``PUT /x/posts/{id}`` is the square's own: nobody reads or likes anything here, so numbers are what somebody says.
"""

import json
from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from .clock import Clock, rfc3339
from .store import Store

_METRICS: Final = (
    "retweet_count",
    "reply_count",
    "like_count",
    "quote_count",
    "bookmark_count",
    "impression_count",
)

Number = Annotated[int, Field(strict=True, ge=0)]


class KnownPost(BaseModel):
    """Author and words of a citizen's post, and numbers of any post by X's own names."""

    author_id: str | None = None
    text: Annotated[str, Field(min_length=1, max_length=5000)] | None = None
    public_metrics: dict[str, Number] = {}


class KnownPosts:
    """What was told, the last of it for each post."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep it in this store."""
        self._store = store
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the route."""
        router = APIRouter(prefix="/x/posts", include_in_schema=False)
        router.add_api_route("/{post}", self.put, methods=["PUT"], status_code=204)
        return router

    async def put(self, post: str, known: KnownPost) -> None:
        """Remember what is said of a post, in place of what was said before."""
        self._store.change(
            "INSERT OR REPLACE INTO x_known (post, author, text, numbers, at) VALUES (?, ?, ?, ?, ?)",
            post,
            known.author_id,
            known.text,
            json.dumps({name: known.public_metrics[name] for name in _METRICS if name in known.public_metrics}),
            self._clock(),
        )

    def numbers(self, post: str) -> dict[str, int]:
        """Give the numbers that were told of a post."""
        row = self._store.row("SELECT numbers FROM x_known WHERE post = ?", (post,))
        return dict(json.loads(row[0])) if row else {}

    def shown(self, post: str) -> dict[str, Any]:
        """Describe a citizen's post."""
        row = self._store.row("SELECT author, text, at FROM x_known WHERE post = ?", (post,))
        author, text, at = row or (None, None, self._clock())
        said = text or "What a citizen wrote."
        return {
            "id": post,
            "text": said.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"),
            "edit_history_tweet_ids": [post],
            "author_id": author or "1",
            "created_at": rfc3339(at),
            "public_metrics": dict.fromkeys(_METRICS, 0) | self.numbers(post),
        }
