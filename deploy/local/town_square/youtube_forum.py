"""Citizens on YouTube: what they write through the page stands under the one video of the agency's channel."""

from collections.abc import Sequence
from typing import Final

from .accounts import Accounts
from .clock import rfc3339
from .forums import Shown
from .platforms import Platform
from .refusals import Refused
from .writing import language
from .youtube_comments import Comment, Comments


class YouTubeForum:
    """Writes and shows comments for the page."""

    platform: Final[Platform] = "youtube"

    def __init__(self, accounts: Accounts, comments: Comments) -> None:
        """Let citizens write among these comments."""
        self._accounts = accounts
        self._comments = comments

    def has(self, post: str) -> bool:
        """Tell whether this is the id of a comment."""
        return post.startswith("Ug")

    def write(self, name: str, account: str, text: str, in_reply_to: str | None) -> Shown:
        """Comment on the channel's video, or reply to a comment there."""
        if self._accounts.with_id("youtube", account) is None:
            raise Refused(422, "account", "no agency speaks here under this account")
        parent = self._comments.find(in_reply_to) if in_reply_to is not None else None
        if in_reply_to is not None and parent is None:
            raise Refused(404, "in_reply_to_id", "this post is gone")
        return self._shown(self._comments.add(self._comments.citizen(name), account, text, parent))

    def change(self, post: str, text: str) -> Shown:
        """Replace what a citizen said."""
        return self._shown(self._comments.edit(self._by_citizen(post), text))

    def delete(self, post: str) -> None:
        """Take a citizen's comment away, and the replies under it."""
        self._comments.delete(self._by_citizen(post))

    def conversations(self, limit: int) -> Sequence[Shown]:
        """Show the newest comments with their replies."""
        return [self._conversation(comments) for comments in self._comments.conversations(limit)]

    def _conversation(self, comments: Sequence[Comment]) -> Shown:
        top = comments[0]
        to = self._accounts.with_id("youtube", top.channel)
        return {
            "id": top.id,
            "platform": self.platform,
            "account": top.channel,
            "account_name": to.name if to else None,
            "posts": [self._shown(comment) for comment in comments],
        }

    def _shown(self, comment: Comment) -> Shown:
        edited = comment.updated_at != comment.published_at
        return {
            "id": comment.id,
            "in_reply_to_id": comment.parent,
            "name": comment.name.removeprefix("@"),
            "username": comment.name,
            "official": comment.official,
            "text": comment.text,
            "language": language(comment.text),
            "at": rfc3339(comment.published_at),
            "edited_at": rfc3339(comment.updated_at) if edited else None,
            "deleted": comment.deleted,
        }

    def _by_citizen(self, post: str) -> Comment:
        found = self._comments.find(post)
        if found is None or found.official:
            raise Refused(404, "id", "no citizen's post has this id")
        return found
