"""Who sees a reply: no more people than each of the comments that it answers was written for."""

from collections.abc import Sequence

from services.policy.domain.clearance.cases import Turn

_NARROW_FIRST = ("direct", "private", "unlisted", "public")


def visibility_of(answered: Sequence[Turn]) -> str | None:
    """The narrowest visibility of these comments, in the platform's words; that of the newest where the words are not
    known to us."""
    said = [turn.visibility for turn in answered if turn.visibility in _NARROW_FIRST]
    narrowest = min(said, key=_NARROW_FIRST.index, default=None)
    return narrowest if answered[-1].visibility in (None, *_NARROW_FIRST) else answered[-1].visibility
