"""What is sent for a text: whole where its platform takes it so, else as a numbered thread where that is allowed; with
the mention without which its author would not hear of it.

Whoever writes asks here whether a text will go out, and whoever sends it asks here what to send, so both have one
answer.

Sources: Mastodon notifies nobody of a reply but those whom it mentions, and shows one that is ``direct`` to nobody else
(documentation, methods ``statuses``, and "Posting"). On YouTube and Instagram every reply stands under the comment
that began the thread, so who wrote below it is reached by name (YouTube Data API, ``comments.insert``; Instagram
platform, comment replies). Every other platform tells the author of the comment that is replied to.
"""

import re
from dataclasses import dataclass, field

from shared import lengths
from shared.splitting import DoesNotFit, parts_of

_MENTIONING = frozenset({"instagram", "mastodon", "youtube"})
_NARROW = frozenset({"direct", "private"})


@dataclass(frozen=True, slots=True)
class Reply:
    """A text that answers somebody on a platform; ``visibility`` is the platform's word for who may see it, ``facts``
    what its server told of its limits."""

    platform: str
    text: str
    mention: str | None = None
    visibility: str | None = None
    public: bool = True
    facts: lengths.Facts = field(default_factory=dict)

    @property
    def is_narrow(self) -> bool:
        """Whether only those who are mentioned, or who follow, see it: then each of its parts mentions the author."""
        return not self.public or self.visibility in _NARROW

    def mentioning(self, part: str, number: int = 1) -> str:
        """A part of the text as it is sent: with the mention before it where that part needs it on this platform."""
        if self.platform not in _MENTIONING or (self.platform != "mastodon" and not self.public):
            return part
        return with_mention(part, self.mention) if number == 1 or self.is_narrow else part

    def misfit(self, may_split: bool = False) -> lengths.Misfit | None:
        """By what this text would never be taken by its platform, or None."""
        whole = self._excess(self.mentioning(self.text))
        return None if whole is None or (may_split and self._parts(whole)) else whole

    def wordings(self, may_split: bool = False) -> tuple[str, ...]:
        """What is sent, part by part. One that the platform will not take, if there is no way to make it fit."""
        whole = self.mentioning(self.text)
        excess = self._excess(whole) if may_split else None
        return (excess and self._parts(excess)) or (whole,)

    def _parts(self, whole: lengths.Misfit) -> tuple[str, ...]:
        """The text as a thread; none where it cannot be one."""
        if not whole.is_too_long:
            return ()
        try:
            parts = parts_of(self.text, self._takes)
        except DoesNotFit:
            return ()
        return tuple(self.mentioning(part, number) for number, part in enumerate(parts, 1))

    def _takes(self, part: str, number: int) -> bool:
        return self._excess(self.mentioning(part, number)) is None

    def _excess(self, wording: str) -> lengths.Misfit | None:
        return lengths.excess(self.platform, wording, self.public, self.facts)


def with_mention(text: str, mention: str | None) -> str:
    """The text with ``@handle`` before it, unless that stands in it already."""
    if not mention:
        return text
    handle = "@" + mention.removeprefix("@")
    if re.search(rf"(?<![\w@]){re.escape(handle)}(?![\w@-])", text, re.IGNORECASE):
        return text
    return f"{handle} {text}"
