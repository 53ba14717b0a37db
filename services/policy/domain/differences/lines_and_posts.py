"""What differs in cleared lines, in periods and known authors, and beside the policy: in posts and hours."""

from collections import Counter
from collections.abc import Iterator

from services.policy.domain.differences.spoken import instead, several, spaced, value
from services.policy.domain.differences.told import Difference, Told, compared
from services.policy.domain.parts import Part
from services.policy.domain.policies import Line, Period, Policy
from services.policy.domain.roster import Officer


def lines(before: Policy, now: Policy) -> Iterator[Difference]:
    """Cleared wording, by id. What may go out by itself asks for less care."""
    return compared(
        "lines",
        {line.id: line for line in before.lines},
        {line.id: line for line in now.lines},
        title=lambda name, _: f"Line {name}",
        changed=_line,
        added=lambda line: Told(f"is new, {_about(line)}, cleared on {line.cleared_by.level}.", False),
        removed=lambda _: Told("is gone.", True),
    )


def _about(line: Line) -> str:
    return f"about {several(line.topics)}" if line.topics else "on every subject"


def _line(before: Line, now: Line) -> Iterator[Told]:
    if before.purpose != now.purpose:
        yield Told(f"is {instead(now.purpose, before.purpose)}.")
    for language in dict.fromkeys([*now.text, *before.text]):
        if change := _change("text", before.text.get(language), now.text.get(language)):
            yield Told(f"{change} in {language}.")
    ours, theirs = ({(each.language, each.platform): each.text for each in line.variants} for line in (now, before))
    for place in dict.fromkeys([*ours, *theirs]):
        if change := _change("variant", theirs.get(place), ours.get(place)):
            yield Told(f"{change} in {' for '.join(place)}.")
    for name, says in (("topics", "speaks on"), ("kinds", "answers")):
        old, new = getattr(before, name), getattr(now, name)
        if more := [each for each in new if each not in old]:
            yield Told(f"now also {says} {several(more)}.", False)
        if fewer := [each for each in old if each not in new]:
            yield Told(f"no longer {says} {several(fewer)}.", True)
    if before.ceiling != now.ceiling:
        old_most, new_most = ((each.ceiling.sensitivity, each.ceiling.damage) for each in (before, now))
        yield Told(f"goes up to {'/'.join(new_most)} instead of {'/'.join(old_most)}.", _lower(old_most, new_most))
    yield from _fields(before.preconditions, now.preconditions, "asks that")
    if before.cleared_by != now.cleared_by:
        cleared = [f"{each.cleared_by.post} ({each.cleared_by.level})" for each in (now, before)]
        yield Told(f"was cleared by {instead(*cleared)}.")
    if before.cleared_at != now.cleared_at:
        yield Told(f"was cleared at {instead(now.cleared_at.isoformat(), before.cleared_at.isoformat())}.")


def _change(what: str, before: str | None, now: str | None) -> str | None:
    """What became of a wording, or None where it is as it was."""
    if before == now:
        return None
    return f"has a {what}" if before is None else f"has no {what} any more" if now is None else f"has another {what}"


def _lower(before: tuple[str, str], now: tuple[str, str]) -> bool | None:
    if all(new <= old for new, old in zip(now, before, strict=True)):
        return True
    return False if all(new >= old for new, old in zip(now, before, strict=True)) else None


def circumstances(before: Policy, now: Policy) -> Iterator[Difference]:
    """Periods, and authors known by their accounts."""
    yield from compared(
        "periods",
        _periods(before),
        _periods(now),
        title=lambda _, period: f"The {spaced(period.kind)} period from {period.from_:%Y-%m-%d}",
        changed=lambda old, new: _fields(old, new, "has"),
        added=lambda _: Told("is new.", True),
        removed=lambda _: Told("is gone.", False),
    )
    yield from compared(
        "known_authors",
        {f"{each.account} {each.platform or ''}".strip(): each for each in before.known_authors},
        {f"{each.account} {each.platform or ''}".strip(): each for each in now.known_authors},
        title=lambda name, _: f"The author {name}",
        changed=lambda old, new: _fields(old, new, "has"),
        added=lambda author: Told(f"is known as {author.kind}."),
        removed=lambda _: Told("is not known any more."),
    )


def _periods(policy: Policy) -> dict[str, Period]:
    return {f"{period.kind} {period.from_.isoformat()}": period for period in policy.periods}


def posts(before: Policy, now: Policy) -> Iterator[Difference]:
    """Who holds which post, and when the agency works."""
    yield from compared(
        "officers",
        _entries(before),
        _entries(now),
        title=lambda _, officer: f"{officer.post} ({officer.subject})",
        changed=lambda old, new: _fields(old, new, "has"),
        added=lambda officer: Told(f"is a new post on level {officer.level}."),
    )
    for told in _fields(before.calendar, now.calendar, "has"):
        yield Difference("calendar", "calendar", "changed", f"The calendar {told.sentence}")


def _entries(policy: Policy) -> dict[str, Officer]:
    """Posts by who holds them; a person's further ones by their places after the first."""
    times: Counter[str] = Counter()
    found: dict[str, Officer] = {}
    for officer in policy.officers:
        times[officer.subject] += 1
        place = times[officer.subject]
        found[officer.subject if place == 1 else f"{officer.subject} {place}"] = officer
    return found


def _fields(before: Part, now: Part, says: str) -> Iterator[Told]:
    """Any two pieces of a policy, field by field."""
    old, new = (each.model_dump(mode="json", by_alias=True) for each in (before, now))
    for key in new:
        if old[key] == new[key]:
            continue
        if isinstance(new[key], list) and any(isinstance(each, dict) for each in (*new[key], *old[key])):
            yield Told(f"{says} other {spaced(key)}.")
        else:
            yield Told(f"{says} {spaced(key)} {value(new[key])} instead of {value(old[key])}.")
