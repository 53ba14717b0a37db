"""A receipt as a page for the citizen who asks what became of their comment."""

from typing import Any

from services.publisher.adapters.record.page import document, safe
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
MANNERS = {
    "cleared": "cleared for this case",
    "prepared_line": "wording that was cleared beforehand",
    "break_glass": "released at once by one authority, in danger to life",
}


def receipt_page(page: Page, said: dict[str, Any]) -> bytes:
    """The receipt ``said`` as it is stated in JSON, in words."""
    lines = "\n".join(f"<div><dt>{name}</dt><dd>{safe(str(value))}</dd></div>" for name, value in _lines(said))
    content = f'<article>\n<p class="words">{OUTCOMES[said["outcome"]]}</p>\n<dl>\n{lines}\n</dl>\n</article>'
    return document(page, f"Receipt – {page.name}", content)


def _lines(said: dict[str, Any]) -> list[tuple[str, Any]]:
    """What there is to say, by its name; what nobody can say (yet) is left out."""
    clock, entered = said["clock"], said["entered"]
    found = {
        "Reason": REASONS.get(said["reason"] or ""),
        "Hidden under the house rule": said["hidden_under"],
        "Released on level": said["level"] if said["outcome"] == "answered" else None,
        "How it was released": MANNERS.get(said["manner"] or ""),
        "Approvals": said["approvals"] or None,
        "Sign-offs by specialists": said["signoffs"] or None,
        "Time it took": _duration(clock["actual_minutes"]),
        "Time it should take at most": _duration(clock["target_minutes"]),
        "Corrections since": said["corrections"] or None,
        "Taken back": "yes" if said["retracted"] else None,
        "Policy": said["policy_version"],
        "Rules": ", ".join(said["rules"] or ()) or None,
        "Entered in the register": entered and f"line {entered['number']}, {entered['day']}",
        "Receipt": said["receipt"],
    }
    return [(name, value) for name, value in found.items() if value is not None]


def _duration(minutes: int | None) -> str | None:
    if minutes is None:
        return None
    days, rest = divmod(minutes, 24 * 60)
    parts = [(days, "d"), (rest // 60, "h"), (rest % 60, "min")]
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "less than a minute"
