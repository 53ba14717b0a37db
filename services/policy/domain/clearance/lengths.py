"""Whether an answer fits on its platform, as it will be sent: with the mention that it needs, as a thread if it may."""

from collections.abc import Callable, Iterable, Sequence

from services.policy.domain.clearance.approvals import Refusal
from services.policy.domain.clearance.audience import visibility_of
from services.policy.domain.clearance.cases import Case, Turn
from shared.lengths import Misfit, Unit
from shared.wordings import Reply

SPOKEN: dict[Unit, str] = {
    "characters": "characters",
    "graphemes": "characters as a reader counts them",
    "utf16": "UTF-16 code units",
    "bytes": "bytes",
    "weighted": "weighted characters",
}


class DoesNotFit(Refusal):
    """The platform would never take this text."""

    def __init__(self, misfits: Iterable[Misfit], split: bool) -> None:
        self.misfits, self.split = tuple(misfits), split
        super().__init__(" ".join(_told(misfit, split) for misfit in self.misfits))


def _told(misfit: Misfit, split: bool) -> str:
    """What the text has, what the platform takes, and the way out."""
    has = f"{misfit.platform}: {misfit.length} {SPOKEN[misfit.unit]}"
    if not misfit.is_too_long:
        return f"{has}, and it takes {misfit.least} at least; write more."
    if split:
        return f"{has}, and it takes {misfit.most}; no thread can be made of it, so write less."
    return f"{has}, and it takes {misfit.most}; write less, or let your policy split answers (`replies.split`)."


SaidOn = Callable[[str, str], str | None]
"""What goes out on a platform in a language, if anything."""


def misfits(cases: Iterable[Case], said_on: SaidOn, split: bool) -> list[Misfit]:
    """By what the platforms of these cases would never take what goes out there in the language of each; one for a
    platform."""
    found: dict[str, Misfit] = {}
    for case in cases:
        covered, platform = case.unanswered, case.thread.platform
        text = said_on(platform, covered[-1].decision.language) if covered and platform not in found else None
        if text is not None and (each := misfit(platform, text, covered, split)) is not None:
            found[platform] = each
    return [found[platform] for platform in sorted(found)]


def misfit(platform: str, text: str, covered: Sequence[Turn], split: bool) -> Misfit | None:
    """By what a platform would never take this text as the answer to these turns, or None."""
    newest = covered[-1]
    public = all(turn.public for turn in covered)
    return Reply(platform, text, newest.author.handle, visibility_of(covered), public).misfit(split)
