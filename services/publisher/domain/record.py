"""The public record: what an agency has said to the public, and what became of it.

What must stay true: only what anybody could read on its platform is ever shown. What a citizen wrote is not here, nor
who they are. What was corrected keeps its first wording beside the later one; what was taken back leaves its place and
its times, no longer its words, for the record must not go on publishing them.
"""

from dataclasses import dataclass, field
from datetime import datetime

READABLE_BY_ALL = ("public", "unlisted")
"""The words of platforms for what anybody may read; another word, known or not, is taken as narrower."""

PRIVATE_PLATFORMS = ("line", "mailgun", "messenger", "postmark", "viber", "whatsapp")
"""Where there is nothing but private messages, whatever else is said of one."""

SHOWN_STATES = ("published", "retracted")
MOST_TITLE = 80


@dataclass(frozen=True, slots=True)
class Correction:
    """What was put in the place of an earlier wording, or after it."""

    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One response on the record; ``corrections`` oldest first. ``text`` is empty where it was taken back."""

    publication: str
    platform: str
    purpose: str
    text: str
    language: str | None
    url: str | None
    published_at: datetime
    corrections: tuple[Correction, ...] = ()
    is_retracted: bool = False
    retracted_at: datetime | None = None

    @property
    def modified_at(self) -> datetime:
        """When this entry last came to read otherwise."""
        later = [one.at for one in self.corrections]
        if self.retracted_at is not None:
            later.append(self.retracted_at)
        return max([self.published_at, *later])

    @property
    def title(self) -> str:
        """A line that names the entry: the beginning of what holds now."""
        if self.is_retracted:
            return "A response that was taken back"
        words = " ".join((self.corrections[-1].text if self.corrections else self.text).split())
        return words if len(words) <= MOST_TITLE else words[: MOST_TITLE - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class Page:
    """Some entries, the newest first, and the cursor of the page after this one."""

    agency: str
    name: str
    entries: tuple[Entry, ...] = field(default=())
    following: str | None = None

    @property
    def modified_at(self) -> datetime | None:
        """When anything on this page last changed; None for an empty one."""
        return max((entry.modified_at for entry in self.entries), default=None)


def may_be_shown(*, public: bool, visibility: str | None, platform: str, was_published: bool) -> bool:
    """Whether anybody could read a response on its platform."""
    return (
        public
        and was_published
        and platform not in PRIVATE_PLATFORMS
        and (visibility is None or visibility in READABLE_BY_ALL)
    )
