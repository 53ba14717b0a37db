"""A receipt as a page for the citizen who asks what became of their comment."""

from typing import Any

from services.publisher.adapters.record.page import back_to, document, safe
from services.publisher.domain.record import Page

OUTCOMES = {
    "open": "Your comment is being dealt with.",
    "answered": "Your comment was answered.",
    "not_answered": "Your comment was not answered.",
    "hidden": "Your comment was hidden.",
    "transferred": "Your comment was handed to another agency, which decides about it.",
}
REASONS = {
    "needs_no_answer": "it needed no answer",
    "against_house_rules": "it was against the house rules",
    "referred": "another body was named that can answer it",
    "deleted_by_its_author": "it was deleted by whoever wrote it",
    "not_possible": "its platform no longer allowed an answer",
    "other": "another reason",
}
LEVELS = {
    "L0": "automatic",
    "L1": "desk officer",
    "L2": "communications",
    "L3": "head of a division",
    "L4": "head of the agency",
    "L5": "centre of government",
}
LEAD = "A receipt: what became of one comment, how it was decided and how long it took."
LATER = "not yet: receipts are entered at the end of each day (UTC)"
MANNERS = {
    "cleared": "cleared for this case",
    "prepared_line": "wording that was cleared beforehand",
    "break_glass": "released at once by one authority, in danger to life",
}


def receipt_page(page: Page, said: dict[str, Any]) -> bytes:
    """The receipt ``said`` as it is stated in JSON, in words."""
    lines = "\n".join(f"<div><dt>{name}</dt><dd>{safe(str(value))}</dd></div>" for name, value in _lines(said))
    outcome = OUTCOMES[said["outcome"]]
    told = f'<article>\n<h2 class="words">{outcome}</h2>\n<dl>\n{lines}\n</dl>\n</article>'
    return document(page, f"{outcome} – {page.name}", f"{told}\n{back_to(page)}", lead=LEAD)


def _lines(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """What there is to say, by its name; what nobody can say (yet) is left out."""
    clock, entered = said["clock"], said["entered"]
    found = {
        "Reason": REASONS.get(said["reason"] or ""),
        "Hidden under the house rule": said["hidden_under"],
        "Released on level": _level(said["level"]) if said["outcome"] == "answered" else None,
        "How it was released": MANNERS.get(said["manner"] or ""),
        "Approvals": said["approvals"] or None,
        "Sign-offs by specialists": said["signoffs"] or None,
        "Time it took": _duration(clock["actual_minutes"]),
        "Time it should take at most": _duration(clock["target_minutes"]),
        "Corrections since": said["corrections"] or None,
        "Taken back": "yes" if said["retracted"] else None,
        "Version of the policy": said["policy_version"],
        "Rules of the policy": ", ".join(said["rules"] or ()) or None,
        "Entered in the register": f"line {entered['number']}, {entered['day']}" if entered else LATER,
        "Number of this receipt": said["receipt"],
    }
    return [(name, value) for name, value in found.items() if value is not None]


def _level(level: str | None) -> str | None:
    return f"{level}: {LEVELS[level]}" if level in LEVELS else level


def _duration(minutes: int | None) -> str | None:
    if minutes is None:
        return None
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "day"), (rest // 60, "hour"), (rest % 60, "minute")]
    told = [f"{number} {unit}" if number == 1 else f"{number} {unit}s" for number, unit in parts if number]
    return " ".join(told) or "less than a minute"
