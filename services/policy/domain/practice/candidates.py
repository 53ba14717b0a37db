"""What at least two agencies do alike beyond the baseline: proposed for it, so that the next agency begins with it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from services.policy.domain.differences.spoken import counted, several, some
from services.policy.domain.policies import Policy, Rule, Topic
from services.policy.domain.practice.comparison import SECTIONS, Entry, Section, alikes

ENOUGH = 2
"""Agencies that must do a thing alike."""

_NAMING = frozenset({"name"})


class Candidate(NamedTuple):
    """A proposal for the baseline. ``names``: what each agency calls it; ``value``: what it says, or the phrases that
    would join; ``needs``: topics and clocks that it speaks of and the baseline lacks."""

    section: str
    names: Mapping[str, str]
    sentence: str
    value: Mapping[str, Any]
    needs: tuple[str, ...] = ()


def candidates(policies: Sequence[Policy], baseline: Policy) -> list[Candidate]:
    """Everything that the agencies' practice proposes, section by section."""
    return [each for section in SECTIONS for each in _of_section(section, policies, baseline)]


def _of_section(section: Section, policies: Sequence[Policy], baseline: Policy) -> Iterator[Candidate]:
    known = {entry.id: entry for entry in section.entries(baseline)}
    theirs = [entry for policy in policies for entry in section.entries(policy)]
    own = [entry for entry in theirs if entry.id not in known or entry.key != known[entry.id].key]
    settled: set[str] = set()
    for alike in alikes([entry for entry in own if entry.id not in known], _content):
        if _are_enough(alike):
            settled.update(entry.id for entry in alike)
            sentence, value = _alike(section, alike)
            yield Candidate(section.name, _names(alike), sentence, value, _needs(alike, baseline))
    for alike in alikes([entry for entry in own if entry.id in known], lambda entry: f"{entry.id} {entry.key}"):
        if _are_enough(alike):
            settled.add(alike[0].id)
            sentences = section.differs(alike[0], known[alike[0].id], baseline)
            yield Candidate(section.name, _names(alike), " ".join(sentences), alike[0].value, _needs(alike, baseline))
    yield from _words(section, [entry for entry in own if entry.id not in settled], known)


def _words(section: Section, own: Sequence[Entry], known: Mapping[str, Entry]) -> Iterator[Candidate]:
    """Phrases that several agencies have for a topic or kind which they otherwise see each in its own way."""
    by_id: dict[str, list[Entry]] = defaultdict(list)
    for entry in own:
        by_id[entry.id].append(entry)
    for name, entries in by_id.items():
        said = {
            entry.agency: _phrases(entry) - (_phrases(known[name]) if name in known else set()) for entry in entries
        }
        shared = {
            phrase for phrase, times in Counter(p for each in said.values() for p in each).items() if times >= ENOUGH
        }
        if not shared:
            continue
        phrases: dict[str, list[str]] = defaultdict(list)
        for language, text in sorted(shared):
            phrases[language].append(text)
        names = {agency: name for agency, theirs in said.items() if theirs & shared}
        examples = "; ".join(f"{language}: {some(texts)}" for language, texts in phrases.items())
        number = counted(len(shared), "phrase")
        sentence = f"{section.thing} {name}: {number} that {len(names)} agencies have in common ({examples})."
        yield Candidate(section.name, names, sentence, {"phrases": dict(phrases)})


def _phrases(entry: Entry) -> set[tuple[str, str]]:
    by_language: Mapping[str, Sequence[str]] = entry.value.get("phrases", {})
    return {(language, text) for language, texts in by_language.items() for text in texts}


def _content(entry: Entry) -> str:
    """What makes two alike whatever they are called: of a topic its phrases, for how grave it is each agency knows."""
    phrases = entry.value.get("phrases")
    if isinstance(entry.part, Topic) and phrases:
        return json.dumps({language: sorted(texts) for language, texts in phrases.items()}, sort_keys=True)
    return json.dumps({key: said for key, said in entry.value.items() if key not in _NAMING}, sort_keys=True)


def _are_enough(alike: Sequence[Entry]) -> bool:
    return len({entry.agency for entry in alike}) >= ENOUGH


def _names(alike: Sequence[Entry]) -> dict[str, str]:
    return {entry.agency: entry.id for entry in alike}


def _alike(section: Section, alike: Sequence[Entry]) -> tuple[str, Mapping[str, Any]]:
    names, first = _names(alike), alike[0]
    whole = all(_content(entry) == _content(first) and _besides(entry) == _besides(first) for entry in alike)
    what, value = (
        ("say the same", first.value) if whole else ("have the same phrases", {"phrases": first.value["phrases"]})
    )
    if len(set(names.values())) == 1:
        return f"{section.thing} {first.id}: {several(names)} {what}.", value
    called = several(f"{name} ({agency})" for agency, name in names.items())
    return f"{section.thing}s {called} {what} under different names.", value


def _besides(entry: Entry) -> dict[str, Any]:
    return {key: said for key, said in entry.value.items() if key not in _NAMING | {"phrases"}}


def _needs(alike: Sequence[Entry], baseline: Policy) -> tuple[str, ...]:
    part = alike[0].part
    if not isinstance(part, Rule):
        return ()
    topics = {topic.id for topic in baseline.topics}
    needed = [f"topics.{topic}" for topic in (*part.when.topic, *part.when.not_topic) if topic not in topics]
    clock = part.then.clock
    return (*needed, *([f"clocks.{clock}"] if clock is not None and clock not in baseline.clocks else []))
