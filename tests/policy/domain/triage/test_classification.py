"""The port of classifiers, which the lexicon and what was learned both keep, and how the two get on."""

import math
from collections.abc import Collection, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.policy.domain.learning.learned import SAFEGUARDED, Learned
from services.policy.domain.learning.linear_model import LinearModel
from services.policy.domain.scales import KINDS, Kind
from services.policy.domain.triage.classification import Classifier, Cues, Lexicon, Verdict
from services.policy.domain.triage.phrases import normalised
from tests.policy.builders import bare, decided


def cues(
    text: str = "the blue bus",
    *,
    phrases: Mapping[Kind, int] | None = None,
    patterns: Collection[Kind] = (),
    alone: Collection[Kind] = (),
    private: bool = False,
) -> Cues:
    return Cues(normalised(text), phrases or {}, patterns, alone, private)


def said(text: str) -> Verdict:
    """What the lexicon says of a text none of whose words it knows."""
    return Lexicon().classify(cues(text, patterns=["question"] if "?" in text else []))


def learned(**likely: float) -> Learned:
    """A classifier whose model holds each kind as likely as told, whatever the text; all others hardly."""
    bias = [math.log(likely.get(kind, 1e-6)) for kind in KINDS]
    return Learned(Lexicon(), LinearModel(KINDS, bias, {}, {}), "a/1@000000000000")


CLASSIFIERS = [Lexicon(), learned(question=0.5, complaint=0.5), learned(praise=1.0), learned(spam=1.0)]

some_kinds = st.sets(st.sampled_from(KINDS), max_size=3)
some_cues = st.builds(
    lambda text, phrases, patterns, alone, private: cues(
        text, phrases=phrases, patterns=sorted(patterns), alone=sorted(alone), private=private
    ),
    st.text(max_size=60),
    st.dictionaries(st.sampled_from(KINDS), st.integers(1, 4), max_size=3),
    some_kinds,
    some_kinds,
    st.booleans(),
)


@pytest.mark.parametrize("classifier", CLASSIFIERS)
@given(given_cues=some_cues)
def test_a_verdict_names_a_kind_and_how_sure_it_is(classifier: Classifier, given_cues: Cues) -> None:
    verdict = classifier.classify(given_cues)
    assert verdict.kind in verdict.kinds
    assert verdict.kinds <= set(KINDS)
    assert 0 <= verdict.confidence < 1
    assert classifier.classify(given_cues) == verdict
    assert classifier.version


@given(given_cues=some_cues, likely=st.dictionaries(st.sampled_from(KINDS), st.floats(0.001, 1), max_size=5))
def test_no_model_takes_away_what_the_lexicon_found_for_safety_or_by_law(
    given_cues: Cues, likely: dict[str, float]
) -> None:
    by_words = Lexicon().classify(given_cues)
    both = learned(**likely).classify(given_cues)
    assert by_words.kinds & SAFEGUARDED <= both.kinds
    if by_words.kinds & SAFEGUARDED:
        assert both.kinds - by_words.kinds <= {"emergency", "threat"}


def test_danger_is_heard_sooner_than_other_kinds_and_only_loudly_where_something_else_was_found() -> None:
    def kinds(text: str, **likely: float) -> frozenset[Kind]:
        return learned(**likely).classify(cues(text, patterns=["question"] if "?" in text else [])).kinds

    assert kinds("the blue bus", threat=0.6, other=0.4) == {"threat"}
    assert kinds("the blue bus", threat=0.5, other=0.5) == {"other"}
    assert kinds("the blue bus", emergency=0.8, other=0.2) == {"other"}
    assert kinds("the blue bus", emergency=0.95, other=0.05) == {"emergency"}
    assert kinds("the blue bus?", threat=0.6, question=0.4) == {"question"}
    assert kinds("the blue bus?", threat=0.99, question=0.01) == {"question", "threat"}


def test_where_there_may_be_danger_nobody_is_sure() -> None:
    verdict = learned(emergency=0.8, other=0.2).classify(cues("the blue bus"))
    assert (verdict.kinds, verdict.two_voices) == (frozenset({"other"}), True)


@pytest.mark.parametrize(
    "text",
    [
        "is there any way to apply online",
        "I came twice. do you work on Mondays",
        "why no water in Wattala",
        "how to renew please",
        "අයදුම්පත් අන්තර්ජාලයෙන් ගන්නවද",
        "පෝලිම දිගයි. අද ඉවර වෙයිද සර්",
        "හෙට වතුර දෙනවාද 🙏",
        "இன்று தண்ணீர் வருமா",
        "புதிய படிவம் வந்ததா ஐயா",
        "நாளை வரலாமா. நன்றி",
    ],
)
def test_a_question_is_known_by_its_grammar(text: str) -> None:
    assert "question" in said(text).kinds


@pytest.mark.parametrize(
    "text",
    [
        "the office is where it was",
        "do the right thing",
        "ඔබද එන්න",
        "මෙක ලස්සනයි නේද",
        "සඳ",
        "அம்மா",
        "என் விசா",
        "இந்தியா",
    ],
)
def test_what_only_looks_like_a_question_is_none(text: str) -> None:
    assert "question" not in said(text).kinds


def test_praise_that_also_asks_is_a_question_and_does_not_end_unanswered() -> None:
    decision = decided("Great service! Is there any chance to pay online")
    assert (decision.kind, decision.disposition) == ("question", "hold")


@pytest.mark.parametrize("text", ["Sleeping again?!!", "Who are these geniuses? 🤣", "මේ මොන විකාරයක්ද!!"])
def test_a_jeered_question_goes_to_a_person(text: str) -> None:
    verdict = said(text)
    assert verdict.kinds == {"question", "venting"}
    assert verdict.confidence < bare().policy.least_confidence


def test_an_offer_behind_a_link_is_spam_unless_something_else_is_said() -> None:
    assert said("Forex profit every day https://t.me/x").kinds == {"spam"}
    assert said("ලාභයක් ඕන අය www.example.win").kinds == {"spam"}
    assert "spam" not in said("Is https://example.lk with its cash prize real?").kinds
    assert "spam" not in said("The form is at https://example.lk").kinds
    assert "spam" not in said("The bank should offer a discount").kinds


def test_agreement_makes_surer() -> None:
    words = cues(phrases={"complaint": 1})
    alone = Lexicon().classify(words)
    both = learned(complaint=0.8, question=0.2).classify(words)
    assert both.kinds == alone.kinds
    assert both.confidence > alone.confidence


def test_disagreement_leaves_it_to_a_person() -> None:
    words = cues(phrases={"complaint": 1})
    both = learned(venting=0.8, complaint=0.06, question=0.14).classify(words)
    assert both.kind == "complaint"
    assert both.two_voices
    assert both.confidence < 0.7


def test_a_model_that_is_much_surer_decides() -> None:
    words = cues(patterns=["question"])
    assert learned(venting=0.98, question=0.02).classify(words) == Verdict(frozenset({"venting"}), 0.896)
    many_words = learned(venting=0.98, question=0.02).classify(cues(phrases={"question": 3}))
    assert (many_words.kind, many_words.confidence < 0.7) == ("question", True)


def test_where_the_lexicon_finds_nothing_the_model_speaks_alone() -> None:
    assert learned(complaint=0.8, praise=0.2).classify(cues()).kinds == {"complaint"}
    unsure = learned(complaint=0.5, praise=0.4, venting=0.1).classify(cues())
    assert (unsure.kind, unsure.confidence < 0.7) == ("complaint", True)


def test_a_model_names_a_kind_with_duties_of_safety_only_when_it_is_sure() -> None:
    assert learned(spam=0.95, other=0.05).classify(cues()).kinds == {"spam"}
    guess = learned(spam=0.6, other=0.2, praise=0.2).classify(cues())
    assert (guess.kinds, guess.two_voices) == ({"other"}, True)


def test_praise_and_blame_in_one_breath_are_settled_only_by_a_model_that_is_nearly_sure() -> None:
    words = cues(phrases={"praise": 1, "complaint": 1})
    assert learned(complaint=0.8, praise=0.2).classify(words).two_voices
    assert learned(complaint=0.97, praise=0.03).classify(words).kinds == {"complaint"}


def test_a_comment_of_several_kinds_keeps_them_as_far_as_the_model_believes_in_them() -> None:
    words = cues(phrases={"complaint": 1, "question": 1})
    assert learned(complaint=0.5, question=0.5).classify(words).kinds == {"complaint", "question"}
    assert learned(complaint=0.9, question=0.1).classify(words).kinds == {"complaint", "question"}
    assert learned(complaint=0.1, question=0.9).classify(words).kinds == {"question"}


def test_of_a_kind_that_it_never_learned_a_model_says_nothing() -> None:
    narrow = Learned(Lexicon(), LinearModel(["question", "praise"], [9.0, 0.0], {}, {}), "a/1@000000000000")
    words = cues(phrases={"complaint": 1})
    assert narrow.classify(words) == Lexicon().classify(words)


def test_a_decision_names_the_classifier_that_sorted_its_comment() -> None:
    taught = bare().with_classifier(learned(complaint=0.97, praise=0.03))
    assert decided("the blue bus").explanation["classifier"] == "lexicon"
    decision = decided("the blue bus", taught)
    assert (decision.kind, decision.explanation["classifier"]) == ("complaint", "a/1@000000000000")
    assert decision.policy_version == decided("the blue bus").policy_version
