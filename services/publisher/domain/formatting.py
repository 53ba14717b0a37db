"""What a reply looks like on its platform: the wording that is sent, its length in the platform's own measure, and
whether a text that stands there is ours.

What must stay true: the wording holds the approved text unchanged; only a mention may stand before it.
"""

import re
from html.parser import HTMLParser

from services.publisher.domain import graphemes
from services.publisher.domain.outcomes import Refused
from services.publisher.domain.publications import Publication

MASTODON_MOST = 500
"""``configuration.statuses.max_characters`` of an unchanged Mastodon server."""
MASTODON_URL = 23
"""What every link counts (``characters_reserved_per_url``)."""
FACEBOOK_MOST = 8000
"""Characters of a comment; not confirmed by Meta's documentation."""
TOO_LONG = "too_long"

_URL = re.compile(r"https?://\S+", re.IGNORECASE)
_REMOTE_MENTION = re.compile(r"(?<![\w@/])@([\w.-]+)@[\w-]+(?:\.[\w-]+)*(?::\d+)?")
_LEADING_MENTIONS = re.compile(r"^(?:@[\w.@:-]+\s+)+")


def with_mention(publication: Publication) -> str:
    """The text with ``@handle`` before it, which is what notifies the author on Mastodon, unless it stands there."""
    if not publication.mention:
        return publication.text
    handle = "@" + publication.mention.removeprefix("@")
    if re.search(rf"(?<![\w@]){re.escape(handle)}(?![\w@-])", publication.text, re.IGNORECASE):
        return publication.text
    return f"{handle} {publication.text}"


def mastodon_length(wording: str) -> int:
    """Graphemes, with each link as 23 and ``@user@host`` as ``@user`` (Mastodon's StatusLengthValidator)."""
    links = len(_URL.findall(wording))
    rest = _REMOTE_MENTION.sub(r"@\1", _URL.sub("", wording))
    return graphemes.count(rest) + links * MASTODON_URL


def too_long(length: int, most: int) -> Refused | None:
    """The refusal of a wording that the platform would not take, before anything is sent."""
    if length <= most:
        return None
    return Refused(TOO_LONG, f"the reply has {length} characters; the platform takes {most}")


def same_text(ours: str, theirs: str) -> bool:
    """Whether two texts differ in nothing but white space."""
    return ours.split() == theirs.split()


def same_status(ours: str, content: str) -> bool:
    """Whether the HTML ``content`` of a Mastodon status reads like our wording.

    Mastodon shows ``@user@host`` as ``@user``, so mentions at the beginning are left out on both sides.
    """
    return same_text(_LEADING_MENTIONS.sub("", ours.strip()), _LEADING_MENTIONS.sub("", plain(content).strip()))


def plain(content: str) -> str:
    """The words of an HTML fragment, paragraphs and breaks as white space."""
    reader = _Words()
    reader.feed(content)
    reader.close()
    return "".join(reader.words)


class _Words(HTMLParser):
    """Collects text. Links need no care: Mastodon hides parts of them by style, not by leaving them out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("br", "p"):
            self.words.append("\n")
