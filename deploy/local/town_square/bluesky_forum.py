"""Citizens on Bluesky: what they post through the page becomes a record that mentions the agency's account."""

from collections.abc import Sequence
from typing import Any, Final

from .accounts import Account, Accounts
from .bluesky_ids import POSTS, repo_of
from .bluesky_posts import Actor, Post, Posts
from .bluesky_records import MOST_GRAPHEMES
from .bluesky_sessions import handle_of
from .bluesky_views import Views, mentioned
from .clock import rfc3339
from .forums import Shown
from .platforms import Platform
from .refusals import Refused
from .writing import graphemes, language

Record = dict[str, Any]


class BlueskyForum:
    """Writes and shows posts for the page."""

    platform: Final[Platform] = "bluesky"

    def __init__(self, accounts: Accounts, posts: Posts, views: Views) -> None:
        """Let citizens write among these posts."""
        self._accounts = accounts
        self._posts = posts
        self._views = views

    def has(self, post: str) -> bool:
        """Tell whether this is the address of a record."""
        return post.startswith("at://")

    def write(self, name: str, account: str, text: str, in_reply_to: str | None) -> Shown:
        """Post something that mentions the account."""
        to = self._accounts.with_id("bluesky", account)
        if to is None:
            raise Refused(422, "account", "no agency speaks here under this account")
        author = self._posts.citizen(name)
        record = _record(text, to) | {"createdAt": self._posts.now(), "langs": [language(text)]}
        if in_reply_to is not None:
            record["reply"] = self._reply(in_reply_to)
        return self._shown(self._posts.put(author.did, self._posts.free_key(), record))

    def change(self, post: str, text: str) -> Shown:
        """Write the record again; whom it is addressed to, what it answers and its time stay."""
        found = self._by_citizen(post)
        to = self._addressee(found)
        record = dict(found.record) | (_record(text, to) if to else {"text": text}) | {"langs": [language(text)]}
        return self._shown(self._posts.put(repo_of(post), post.rpartition("/")[2], record))

    def delete(self, post: str) -> None:
        """Take a citizen's post away."""
        self._posts.delete(self._by_citizen(post))

    def conversations(self, limit: int) -> Sequence[Shown]:
        """Show the newest conversations whole."""
        found = (self._conversation(posts) for posts in self._posts.conversations(limit))
        return [conversation for conversation in found if conversation]

    def _conversation(self, posts: Sequence[Post]) -> Shown | None:
        if all(post.deleted for post in posts):
            return None
        root, to = posts[0], self._addressee(posts[0])
        return {
            "id": root.uri,
            "platform": self.platform,
            "account": to.id if to else None,
            "account_name": to.name if to else None,
            "posts": [self._shown(post) for post in posts if not post.deleted or post is root],
        }

    def _shown(self, post: Post) -> Shown:
        author: Actor = self._views.author(post)
        to = self._addressee(post)
        text: str = post.record["text"]
        return {
            "id": post.uri,
            "in_reply_to_id": post.parent,
            "name": author.name,
            "username": author.handle,
            "official": author.official,
            "text": "" if post.deleted else text.removeprefix(_address(to)) if to else text,
            "language": language(text),
            "at": rfc3339(post.sort_at),
            "edited_at": rfc3339(post.indexed_at) if post.edited else None,
            "deleted": post.deleted,
        }

    def _addressee(self, post: Post) -> Account | None:
        accounts = (self._accounts.with_id("bluesky", did) for did in mentioned(post.record))
        return next((account for account in accounts if account), None)

    def _reply(self, answered: str) -> Record:
        parent = self._posts.find(answered)
        if parent is None:
            raise Refused(404, "in_reply_to_id", "this post is gone")
        here = {"uri": parent.uri, "cid": parent.cid}
        return {"root": (parent.record.get("reply") or {}).get("root", here), "parent": here}

    def _by_citizen(self, post: str) -> Post:
        found = self._posts.find(post)
        if found is None or self._views.author(found).official:
            raise Refused(404, "id", "no citizen's post has this id")
        return found


def _address(to: Account) -> str:
    return f"@{handle_of(to)} "


def _record(text: str, to: Account) -> Record:
    """Write a post that mentions an account. Facets count bytes of UTF-8; the mention stands first."""
    address = _address(to)
    said = text if text.startswith(address) else address + text
    if graphemes(said) > MOST_GRAPHEMES:
        raise Refused(422, "text", f"longer than {MOST_GRAPHEMES} characters, the agency's name included")
    index = {"byteStart": 0, "byteEnd": len(address.rstrip().encode())}
    facet = {"index": index, "features": [{"$type": "app.bsky.richtext.facet#mention", "did": to.id}]}
    return {"$type": POSTS, "text": said, "facets": [facet]}
