"""Where else citizens can write than on the square's Mastodon: what the citizens' routes ask of such a platform.

What is shown of a conversation has the same shape everywhere: ``{id, platform, account, account_name, posts: [{id,
in_reply_to_id, name, username, official, text, language, at, edited_at, deleted}]}``. An account is named by the
platform's own id, a post by the platform's own name for it, so that both say by themselves where they belong.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from .platforms import Platform

Shown = dict[str, Any]


class Forum(Protocol):
    """One platform on which citizens write. Whatever cannot be done raises ``Refused``."""

    @property
    def platform(self) -> Platform:
        """Name the platform."""

    def has(self, post: str) -> bool:
        """Tell whether a post's id has the form that this platform gives."""

    def write(self, name: str, account: str, text: str, in_reply_to: str | None) -> Shown:
        """Say something to an account, in public; a new post, or an answer to one."""

    def change(self, post: str, text: str) -> Shown:
        """Replace what a citizen said."""

    def delete(self, post: str) -> None:
        """Take a citizen's post away."""

    def conversations(self, limit: int) -> Sequence[Shown]:
        """Show the newest conversations whole."""
