"""The classifier that every agency begins with, as it is shipped."""

import json
from collections import Counter

import pytest

from services.policy.adapters.cli.common_training import common_comments, digest_of
from services.policy.adapters.common_classifier import MODEL, common_classifier
from services.policy.domain.scales import KINDS
from services.policy.domain.triage.classification import Lexicon
from services.policy.domain.triage.phrases import normalised
from tests.policy.builders import bare
from tests.policy.labelled.sample import labelled


def test_the_shipped_model_is_that_of_the_comments_beside_it() -> None:
    stored = json.loads(MODEL.read_text("utf-8"))
    assert stored["comments"] == digest_of(common_comments())
    assert stored["comments"].startswith(common_classifier().version.removeprefix("common@"))


def test_it_sorts_comments_that_it_learned_from() -> None:
    comments = common_comments()[::10]
    right = sum(common_classifier().classify(bare().cues(each.text)).kind == each.kind for each in comments)
    assert right > 0.9 * len(comments)


def test_every_kind_that_words_can_tell_has_comments_enough() -> None:
    counts = Counter(each.kind for each in common_comments())
    assert {kind: counts[kind] for kind in KINDS if counts[kind] < 100} == {"private_data": 0}


def test_no_comment_stands_twice_or_in_the_labelled_sample() -> None:
    texts = Counter(normalised(each.text) for each in common_comments())
    assert [text for text, count in texts.items() if count > 1] == []
    assert not texts.keys() & {normalised(label.text) for label in labelled()}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Come out of that office and see what we do to you", "threat"),
        ("අපේ ගේ ඉස්සරහ ළිඳට ළමයෙක් වැටුණා, ඉක්මනට එන්න", "emergency"),
        ("அந்த கவுண்டரில் இருக்கிறவனை வெளியே வரச் சொல்லு, கை கால் உடையும்", "threat"),
    ],
)
def test_danger_is_heard_in_words_that_no_policy_lists(text: str, kind: str) -> None:
    assert kind in common_classifier().classify(bare().cues(text)).kinds


@pytest.mark.parametrize("text", ["And who decided that?", "no water here since yesterday", "see you tomorrow at nine"])
def test_what_is_said_every_day_is_no_danger(text: str) -> None:
    assert common_classifier().classify(bare().cues(text)).kinds.isdisjoint({"threat", "emergency"})


def test_what_the_lexicon_found_for_safety_or_by_law_stands() -> None:
    for text in ("I will sue you", "Help, people are trapped inside the lift!", "Earn money from home, click here"):
        cues = bare().cues(text)
        assert Lexicon().classify(cues).kinds <= common_classifier().classify(cues).kinds
