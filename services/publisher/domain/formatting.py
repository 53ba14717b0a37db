"""What a reply looks like on its platform: the wording that is sent, its length in the platform's own measure, and
whether a text that stands there is ours.

What must stay true: the wording holds the approved text unchanged; only a mention may stand before it.
"""

import re
from html.parser import HTMLParser

from services.publisher.domain.outcomes import Refused
from services.publisher.domain.publications import Publication
from shared import lengths, wordings

TOO_LONG = "too_long"

_LEADING_MENTIONS = re.compile(r"^(?:@[\w.@:-]+\s+)+")


def wording_of(publication: Publication, facts: lengths.Facts = lengths.NOTHING_TOLD) -> tuple[str, ...]:
    """The parts to send, with the mentions that they need: the whole text where its platform takes it or nobody allowed
    more, else a numbered thread. ``facts`` are what its server told of its limits."""
    return wordings.Reply(
        publication.platform, publication.text, publication.mention, publication.visibility, publication.public, facts
    ).wordings(publication.may_split)


def with_mention(publication: Publication) -> str:
    """The text with ``@handle`` before it, which is what notifies the author, unless it stands there."""
    return wordings.with_mention(publication.text, publication.mention)


def too_long(length: int, most: int) -> Refused | None:
    """The refusal of a wording that the platform would not take, before anything is sent."""
    if length <= most:
        return None
    return Refused(TOO_LONG, f"the reply has {length} characters; the platform takes {most}")


def too_long_for(
    platform: str, text: str, public: bool = True, facts: lengths.Facts = lengths.NOTHING_TOLD
) -> Refused | None:
    """The refusal of a text that is beyond the platform's own measure, before anything is sent."""
    excess = lengths.excess(platform, text, public, facts)
    return None if excess is None or not excess.is_too_long else too_long(excess.length, excess.most)


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
