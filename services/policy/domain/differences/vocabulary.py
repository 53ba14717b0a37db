"""What differs in the words of a policy: its topics with their weight, and the words by which kinds are known."""

from collections.abc import Iterator, Sequence

from services.policy.domain.differences.spoken import counted, instead, phrases_besides, some
from services.policy.domain.differences.told import Difference, Told, compared
from services.policy.domain.policies import KindWords, Phrases, Policy, Topic


def topics(before: Policy, now: Policy) -> Iterator[Difference]:
    """Subjects, by id."""
    return compared(
        "topics",
        {topic.id: topic for topic in before.topics},
        {topic.id: topic for topic in now.topics},
        title=lambda name, _: f"Topic {name}:",
        changed=_topic,
        added=lambda topic: Told(f"this is new, with {_number_of(topic.phrases)}{_weight(topic)}."),
        removed=lambda topic: Told("this is gone.", False if topic.closed or topic.sensitivity > "S0" else None),
    )


def kinds(before: Policy, now: Policy) -> Iterator[Difference]:
    """The words of each kind of comment."""
    return compared(
        "kinds",
        {words.kind: words for words in before.kinds},
        {words.kind: words for words in now.kinds},
        title=lambda name, _: f"Kind {name}:",
        changed=_kind,
        added=lambda words: Told(f"this has words now, {_number_of(words.phrases)}."),
        removed=lambda _: Told("this has no words any more."),
    )


def phrases_of(before: Phrases, now: Phrases, thing: str = "phrase") -> Iterator[Told]:
    """``3 phrases more (en: tariff, price …)``, and fewer."""
    for these, others, how in ((now, before, "more"), (before, now, "fewer")):
        number, examples = phrases_besides(these, others)
        if number:
            yield Told(f"{counted(number, thing)} {how} ({examples}).")


def _topic(before: Topic, now: Topic) -> Iterator[Told]:
    yield from phrases_of(before.phrases, now.phrases)
    if before.sensitivity != now.sensitivity:
        yield Told(f"sensitivity {instead(now.sensitivity, before.sensitivity)}.", now.sensitivity > before.sensitivity)
    if before.damage != now.damage:
        worse = None if before.worst == now.worst else now.worst > before.worst
        yield Told(f"damage {instead(now.damage, before.damage)}.", worse)
    if before.closed != now.closed:
        yield _closing(before, now)
    if before.embargo_until != now.embargo_until:
        if now.embargo_until is None:
            yield Told("no longer under embargo.", False)
        else:
            yield Told(f"under embargo until {now.embargo_until.isoformat()}.", before.embargo_until is None or None)
    if before.admitted != now.admitted:
        yield Told("a fault that the agency has admitted." if now.admitted else "no longer an admitted fault.")
    for key, says in (("unit", "answered by unit"), ("agency", "the business of agency")):
        if getattr(before, key) != getattr(now, key):
            yield Told(f"{says} {instead(getattr(now, key), getattr(before, key))}.")


def _closing(before: Topic, now: Topic) -> Told:
    if now.closed is None:
        return Told(f"no longer closed as {before.closed}.", False)
    if before.closed is None:
        return Told(f"now closed as {now.closed}.", True)
    return Told(f"closed as {now.closed} instead of {before.closed}.")


def _kind(before: KindWords, now: KindWords) -> Iterator[Told]:
    yield from phrases_of(before.phrases, now.phrases)
    yield from phrases_of(before.alone, now.alone, "phrase that counts alone")
    yield from patterns_of(before.patterns, now.patterns)


def patterns_of(before: Sequence[str], now: Sequence[str]) -> Iterator[Told]:
    """``1 pattern more ([?])``, and fewer."""
    for these, others, how in ((now, before, "more"), (before, now, "fewer")):
        if besides := [pattern for pattern in these if pattern not in others]:
            yield Told(f"{counted(len(besides), 'pattern')} {how} ({some(besides)}).")


def _number_of(phrases: Phrases) -> str:
    return counted(sum(map(len, phrases.values())), "phrase")


def _weight(topic: Topic) -> str:
    said = [each for each in (str(topic.sensitivity), str(topic.worst)) if each not in ("S0", "D0")]
    said += [f"closed as {topic.closed}"] if topic.closed else []
    return f" and {', '.join(said)}" if said else ""
