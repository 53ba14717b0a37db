"""Drift: how a conversation has moved away from what was decided in it before.

Every turn is routed anew, by its own words; drift is what only the conversation shows. Rules may ask for it, the
explanation tells of it, and an exchange that drifts is not ended by a line.
"""

from collections.abc import Collection

from services.policy.domain.comments import Comment, History
from services.policy.domain.scales import AuthorKind, Drift, Kind

NO_DRIFT: frozenset[Drift] = frozenset()

_ASKING: frozenset[Kind] = frozenset({"question", "information_request"})
_HOSTILE: frozenset[Kind] = frozenset({"abuse", "baiting", "threat", "venting"})
_PRESS: frozenset[AuthorKind] = frozenset({"press", "parliament", "embassy", "regulator"})


def drift_of(
    comment: Comment,
    history: History,
    kinds: Collection[Kind],
    topics: Collection[str],
    author_kinds: frozenset[AuthorKind],
    times: int,
) -> frozenset[Drift]:
    """In what ways a turn drifts; none for the first of a conversation. ``times`` as much reach is a jump."""
    found: set[Drift] = set()
    if history.joined and ("press" in kinds or not author_kinds.isdisjoint(_PRESS)):
        found.add("press")
    if history.turn > 1:
        if not set(topics) <= set(history.earlier_topics):
            found.add("new_subject")
        elif history.answered and not _ASKING.isdisjoint(kinds):
            found.add("new_fact")
        if not _HOSTILE.isdisjoint(kinds) and _HOSTILE.isdisjoint(history.earlier_kinds):
            found.add("hostile")
        if "press" in kinds and "press" not in history.earlier_kinds:
            found.add("press")
        if _jumps(comment.reach, history.reach_before, times):
            found.add("reach")
    return frozenset(found)


def _jumps(reach: int | None, before: int | None, times: int) -> bool:
    return reach is not None and before is not None and reach >= max(before, 1) * times
