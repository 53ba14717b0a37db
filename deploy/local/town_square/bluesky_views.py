"""Posts, people and notifications in Bluesky's words.

The shapes follow the lexicons app.bsky.actor.defs, app.bsky.feed.defs and app.bsky.notification.listNotifications. A
notification is worked out from the posts when it is asked for: who is mentioned, quoted, or answered within five steps.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from .bluesky_gates import Gates
from .bluesky_ids import repo_of
from .bluesky_posts import Actor, Post, Posts
from .clock import rfc3339

View = dict[str, Any]

_STEPS: Final = 5


class Notice(NamedTuple):
    """Why a post concerns somebody, and which of their posts it is about."""

    reason: str
    subject: str | None
    post: Post


class Views:
    """Says things as Bluesky's AppView would."""

    def __init__(self, posts: Posts, gates: Gates) -> None:
        """Look these posts up, and who may not answer them."""
        self._posts = posts
        self._gates = gates

    def notices(self, did: str) -> Iterator[Notice]:
        """List what concerns an account, the one that sorts newest first."""
        for post in self._posts.living():
            if (
                repo_of(post.uri) != did
                and not self._gates.is_blocked(repo_of(post.uri), did)
                and (why := self._why(post, did))
            ):
                yield Notice(*why, post)

    def notification(self, notice: Notice) -> View:
        """Describe why an account should look at a post. ``indexedAt`` is what the list is sorted by."""
        post = notice.post
        view = {
            "uri": post.uri,
            "cid": post.cid,
            "author": self.profile(self.author(post)),
            "reason": notice.reason,
            "record": post.record,
            "isRead": False,
            "indexedAt": rfc3339(post.sort_at),
            "labels": [],
        }
        return view | ({"reasonSubject": notice.subject} if notice.subject else {})

    def posts(self, uris: Iterable[str], reader: str) -> list[View]:
        """Describe those posts that are there and whose authors do not block the reader."""
        found = [post for uri in uris if (post := self._posts.find(uri))]
        return [self._post(post, reader) for post in found if not self._gates.is_blocked(repo_of(post.uri), reader)]

    def _post(self, post: Post, reader: str) -> View:
        closed = {"replyDisabled": True} if self._gates.is_closed(post.root or post.uri) else {}
        return {
            "uri": post.uri,
            "cid": post.cid,
            "author": self.profile(self.author(post)),
            "record": post.record,
            "replyCount": self._posts.count_replies(post.uri),
            "repostCount": 0,
            "likeCount": 0,
            "quoteCount": 0,
            "bookmarkCount": 0,
            "indexedAt": rfc3339(post.indexed_at),
            "viewer": closed,
            "labels": [],
        }

    def profile(self, actor: Actor) -> View:
        """Describe somebody."""
        return {"did": actor.did, "handle": actor.handle, "displayName": actor.name, "labels": []}

    def profile_for(self, actor: Actor, reader: str) -> View:
        """Describe somebody to a reader, and whether that one is blocked."""
        return self.profile(actor) | {"viewer": {"blockedBy": self._gates.is_blocked(actor.did, reader)}}

    def author(self, post: Post) -> Actor:
        """Find who wrote a post."""
        author = self._posts.actor(repo_of(post.uri))
        assert author is not None
        return author

    def _why(self, post: Post, did: str) -> tuple[str, str | None] | None:
        if did in mentioned(post.record):
            return "mention", None
        quoted = _quoted(post.record)
        if quoted and repo_of(quoted) == did:
            return "quote", quoted
        for step, above in enumerate(self._posts.ancestors(post)):
            if step == _STEPS:
                break
            if repo_of(above) == did:
                return "reply", above
        return None


def mentioned(record: Mapping[str, Any]) -> list[str]:
    """List the DIDs that a record's facets mention."""
    return [
        feature["did"]
        for facet in record.get("facets") or ()
        for feature in facet.get("features") or ()
        if feature.get("$type") == "app.bsky.richtext.facet#mention" and "did" in feature
    ]


def _quoted(record: Mapping[str, Any]) -> str | None:
    embed = record.get("embed") or {}
    if embed.get("$type") == "app.bsky.embed.recordWithMedia":
        embed = embed.get("record") or {}
    quoted: str | None = (embed.get("record") or {}).get("uri")
    return quoted
