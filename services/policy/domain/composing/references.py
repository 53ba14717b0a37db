"""What no model of a single section can see: names in a policy that nothing bears, names borne twice, references that
go in a circle, words that can never be found, and more of anything than can be read in time."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator

from services.policy.domain.policies import Phrases, Policy, Wording
from services.policy.domain.roster import Officer
from services.policy.domain.scales import LEVELS
from services.policy.domain.triage.phrases import BadPattern, PatternSet, words_of
from services.policy.domain.variants import without_place

MOST_RULES = 5_000
MOST_PHRASES = 120_000
MOST_PATTERNS = 2_000


def dangling(policy: Policy) -> Iterator[tuple[str, str]]:
    """Pairs of a path and a sentence for every name that does not hold; of a policy too great, only that."""
    if policy.default_language not in policy.languages:
        yield "default_language", f"{policy.default_language} is not among the languages"
    if too_many := list(_sizes(policy)):
        yield from too_many
        return
    yield from _words(policy)
    yield from _rules(policy)
    yield from _clocks(policy)
    yield from _lines(policy)
    yield from _posts(policy)
    topics = {topic.id for topic in policy.topics}
    for officer in policy.officers:
        for topic in sorted(set(officer.topics) - topics):
            yield f"officers.{officer.subject}.topics", f"there is no topic {topic}"
    for section, names in (
        ("rules", [rule.id for rule in policy.rules]),
        ("lines", [line.id for line in policy.lines]),
    ):
        for name, times in sorted(Counter(names).items()):
            if times > 1:
                yield f"{section}.{name}", "this name is borne twice"


def _posts(policy: Policy) -> Iterator[tuple[str, str]]:
    """A person may hold several posts, and one of them again later; not one of them twice at a time."""
    held: dict[tuple[str, str], list[Officer]] = defaultdict(list)
    for officer in policy.officers:
        entries = held[officer.subject, officer.post]
        if any(officer.overlaps(other) for other in entries):
            yield f"officers.{officer.subject}", f"holds {officer.post} twice at one time"
        entries.append(officer)


def _sizes(policy: Policy) -> Iterator[tuple[str, str]]:
    phrases = sum(len(several) for _, by_language in _phrases_of(policy) for several in by_language.values())
    patterns = sum(len(several) for _, several in _patterns_of(policy))
    for path, what, number, most in (
        ("rules", "rules", len(policy.rules), MOST_RULES),
        ("topics", "phrases", phrases, MOST_PHRASES),
        ("kinds", "patterns", patterns, MOST_PATTERNS),
    ):
        if number > most:
            yield path, f"a policy has at most {most:,} {what}, and here are {number:,}"


def _words(policy: Policy) -> Iterator[tuple[str, str]]:
    for path, by_language in _phrases_of(policy):
        for language, phrases in by_language.items():
            for phrase in phrases:
                if not words_of(phrase):
                    yield f"{path}.{language}.{phrase}", f"the phrase {phrase!r} has no words"
    for path, patterns in _patterns_of(policy):
        for pattern in patterns:
            try:
                PatternSet([(pattern, path)])
            except BadPattern:
                yield f"{path}.{pattern}", f"{pattern!r} is no pattern that RE2 can take"


def _phrases_of(policy: Policy) -> Iterator[tuple[str, Phrases]]:
    yield from ((f"topics.{topic.id}.phrases", topic.phrases) for topic in policy.topics)
    for words in policy.kinds:
        yield f"kinds.{words.kind}.phrases", words.phrases
        yield f"kinds.{words.kind}.alone", words.alone
    yield from ((f"rules.{rule.id}.when.phrase", rule.when.phrase) for rule in policy.rules)
    yield from ((f"lines.{line.id}.preconditions.unless", line.preconditions.unless) for line in policy.lines)


def _patterns_of(policy: Policy) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((f"kinds.{words.kind}.patterns", words.patterns) for words in policy.kinds)
    yield from ((f"rules.{rule.id}.when.pattern", rule.when.pattern) for rule in policy.rules)


def _rules(policy: Policy) -> Iterator[tuple[str, str]]:
    topics = {topic.id for topic in policy.topics}
    for rule in policy.rules:
        for field, named in (("topic", rule.when.topic), ("not_topic", rule.when.not_topic)):
            for topic in sorted(set(named) - topics):
                yield f"rules.{rule.id}.when.{field}", f"there is no topic {topic}"
        if rule.then.clock is not None and rule.then.clock not in policy.clocks:
            yield f"rules.{rule.id}.then.clock", f"there is no clock {rule.then.clock}"


def _clocks(policy: Policy) -> Iterator[tuple[str, str]]:
    for level in LEVELS[1:]:
        if level.lower() not in policy.clocks:
            yield f"clocks.{level.lower()}", "each level from L1 needs a clock of its name"
    for name, clock in policy.clocks.items():
        if clock.faster is None:
            continue
        faster = policy.clocks.get(clock.faster)
        if faster is None:
            yield f"clocks.{name}.faster", f"there is no clock {clock.faster}"
        elif faster.answer >= clock.answer:
            yield f"clocks.{name}.faster", f"{clock.faster} is no faster: {faster.answer} minutes, not {clock.answer}"


def _lines(policy: Policy) -> Iterator[tuple[str, str]]:
    topics = {topic.id for topic in policy.topics}
    for line in policy.lines:
        for field, sentence in (*_names_of(line, topics, policy.languages), *ill_fitting_in(line, policy)):
            yield f"lines.{line.id}.{field}", sentence


def dangling_in(wording: Wording, policy: Policy) -> Iterator[tuple[str, str]]:
    """Pairs of a field and a sentence for what a line says that does not hold under this policy."""
    yield from _names_of(wording, {topic.id for topic in policy.topics}, policy.languages)
    for language, phrases in wording.preconditions.unless.items():
        for phrase in phrases:
            if not words_of(phrase):
                yield f"preconditions.unless.{language}", f"the phrase {phrase!r} has no words"


def ill_fitting_in(wording: Wording, policy: Policy) -> Iterator[tuple[str, str]]:
    """The same for the variants that their platforms would never take."""
    for place, variant in enumerate(wording.variants):
        if (misfit := variant.misfit(policy.replies.split)) is not None:
            takes = f"{misfit.least} to {misfit.most}" if misfit.least else f"{misfit.most}"
            yield f"variants.{place}.text", f"{misfit.length} {misfit.unit}, where {variant.platform} takes {takes}"


def _names_of(wording: Wording, topics: Collection[str], languages: Collection[str]) -> Iterator[tuple[str, str]]:
    for topic in sorted(set(wording.topics).difference(topics)):
        yield "topics", f"there is no topic {topic}"
    for language in sorted(set(wording.text).difference(languages)):
        yield "text", f"{language} is not a language of this agency"
    for place, sentence in without_place(wording.variants, wording.text):
        yield f"variants.{place}", sentence
