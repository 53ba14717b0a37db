"""The baseline's rules, one by one, with comments in the three languages."""

from datetime import timedelta

import pytest

from services.policy.domain.decisions import Decision
from tests.policy.builders import NOW, decided, in_force, sample

CASES = [
    ("3", "Help, people are trapped inside the lift!", "escalate", "L3"),
    ("3", "අපේ ගෙදර ගින්නක්, ඉක්මනින් එන්න", "escalate", "L3"),
    ("3", "உயிருக்கு ஆபத்து, உடனே வாருங்கள்", "escalate", "L3"),
    ("4", "We know where you live.", "escalate", "L3"),
    ("4", "උඹලාව මරනවා", "escalate", "L3"),
    ("4", "உன்னைக் கொன்றுவிடுவேன்", "escalate", "L3"),
    ("5", "My number is 077 123 4567", "moderate", "L1"),
    ("5", "මගේ හැඳුනුම්පත 901234567V", "moderate", "L1"),
    ("5", "என் மின்னஞ்சல் kumar@example.lk", "moderate", "L1"),
    ("6", "Earn money from home, click here now", "moderate", "L1"),
    ("6", "මෙතන ක්ලික් කරන්න", "moderate", "L1"),
    ("6", "இங்கே கிளிக் செய்யவும்", "moderate", "L1"),
    ("7", "You bastards.", "moderate", "L1"),
    ("7", "බල්ලෝ ටික", "moderate", "L1"),
    ("7", "நாய்களே", "moderate", "L1"),
    ("8", "My lawyer will write to you, this is defamation.", "escalate", "L3"),
    ("8", "මම නීතිමය පියවර ගන්නවා", "escalate", "L3"),
    ("8", "சட்ட நடவடிக்கை எடுப்பேன்", "escalate", "L3"),
    ("12", "I file this request under RTI for the list of contracts", "refer", "L2"),
    ("12", "තොරතුරු දැනගැනීමේ පනත යටතේ ඉල්ලීමක්", "refer", "L2"),
    ("12", "தகவல் அறியும் உரிமைச் சட்டத்தின் கீழ் கோரிக்கை", "refer", "L2"),
    ("13", "What will the Supreme Court say about the officer?", "hold", "L3"),
    ("13", "නඩුව ගැන මොකද කියන්නේ", "hold", "L3"),
    ("13", "நீதிமன்றத்தில் உள்ள விடயம் என்ன?", "hold", "L3"),
    ("14", "Who won the tender for the new machines?", "hold", "L4"),
    ("14", "ටෙන්ඩර් එක දුන්නේ කාටද", "hold", "L4"),
    ("14", "டெண்டர் யாருக்கு வழங்கப்பட்டது?", "hold", "L4"),
    ("23", "I am a journalist with the Daily, for our story", "refer", "L2"),
    ("23", "මම මාධ්‍යවේදියෙක්", "refer", "L2"),
    ("23", "நான் ஒரு பத்திரிகையாளர்", "refer", "L2"),
    ("26", "They are hiding it, share before they delete", "monitor", "L1"),
    ("26", "ඇත්ත හංගනවා", "monitor", "L1"),
    ("26", "உண்மையை மறைக்கிறார்கள்", "monitor", "L1"),
    ("28", "You are all clowns, stay mad", "monitor", "L1"),
    ("28", "උඹලා ජෝකර්ලා", "monitor", "L1"),
    ("28", "கோமாளிகளே", "monitor", "L1"),
    ("29", "What a joke, this country is finished", "let_stand", "L1"),
    ("29", "මේ රට ඉවරයි", "let_stand", "L1"),
    ("29", "இந்த நாடு முடிந்தது", "let_stand", "L1"),
    ("30", "I heard that the form is pink now", "correct_facts", "L1"),
    ("30", "මම දන්න විදිහට පෝරමය රෝස පාටයි", "correct_facts", "L1"),
    ("30", "எனக்குத் தெரிந்தவரை படிவம் இளஞ்சிவப்பு", "correct_facts", "L1"),
    ("31", "Still waiting after six weeks, no reply at all.", "restore", "L1"),
    ("31", "සති හයක් ගියා, තවම ලැබුණේ නෑ", "restore", "L1"),
    ("31", "ஆறு வாரங்கள் ஆகிவிட்டது, இன்னும் வரவில்லை", "restore", "L1"),
    ("34", "Why did you move the office?", "hold", "L2"),
    ("34", "ඇයි කාර්යාලය මාරු කළේ", "hold", "L2"),
    ("34", "ஏன் அலுவலகத்தை மாற்றினீர்கள்", "hold", "L2"),
    ("35", "I suggest a queue for elders", "acknowledge", "L1"),
    ("35", "වැඩිහිටියන්ට පෝලිමක් දැම්මොත් හොඳයි, මගේ යෝජනාවක්", "acknowledge", "L1"),
    ("35", "என் கருத்து, முதியோருக்கு தனி வரிசை", "acknowledge", "L1"),
    ("36", "Thank you!", "let_stand", "L1"),
    ("36", "ඉතා හොඳ සේවාවක්", "let_stand", "L1"),
    ("36", "மிக்க நன்றி", "let_stand", "L1"),
    ("38", "Great service? No, terrible service. Great service indeed", "escalate", "L2"),
    ("39", "the blue bus", "escalate", "L2"),
    ("39", "නිල් බස් එක", "escalate", "L2"),
    ("39", "நீல பேருந்து", "escalate", "L2"),
]


@pytest.mark.parametrize(("rule", "text", "disposition", "level"), CASES)
def test_a_comment_meets_its_rule(rule: str, text: str, disposition: str, level: str) -> None:
    decision = decided(text.replace("Great service? No", "Great service. No"))
    assert rule in decision.rules
    assert (decision.disposition, decision.level) == (disposition, level)


def test_2_our_own_words_coming_back_get_nothing() -> None:
    decision = decided("Thank you for writing to us", echo=True)
    assert (decision.rules, decision.disposition) == (("2",), "no_response")


def test_4_a_threat_needs_the_security_sign_off() -> None:
    assert decided("I will kill you").signoffs == ("security",)


def test_7_abuse_that_also_asks_is_read_on_but_stays_moderated() -> None:
    decision = decided("You bastards, why did you move the office?")
    assert decision.rules == ("7", "34")
    assert (decision.disposition, decision.level) == ("moderate", "L2")


def test_9_another_language_adds_a_duty_and_no_disposition() -> None:
    decision = decided("Где находится офис", language="ru")
    assert decision.rules == ("9", "39")
    assert "translate" in decision.duties
    assert "9" not in decided("Where is the office").rules


def _topics() -> list[dict[str, object]]:
    return [
        {"id": "ours", "phrases": {"en": ["forms"]}},
        {"id": "theirs", "agency": "harbour", "phrases": {"en": ["ships"]}},
        {"id": "rumour-1", "damage": "D1", "phrases": {"en": ["the stamp"]}},
        {"id": "rumour-2", "damage": "D2", "phrases": {"en": ["the queue"]}},
        {"id": "rumour-3", "damage": "D3", "phrases": {"en": ["the bank"]}},
        {"id": "money", "closed": "market", "phrases": {"en": ["rates"]}},
        {"id": "someone", "closed": "person", "phrases": {"en": ["Mr Perera"]}},
    ]


def _with_topics(text: str, **about: object) -> Decision:
    return decided(text, in_force(topics=_topics()), **about)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rule", "text", "disposition", "level"),
    [
        ("10", "Where do the ships land?", "transfer", "L1"),
        ("11", "Where are forms for ships?", "escalate", "L2"),
        ("15", "Will rates rise?", "hold", "L4"),
        ("16", "Why is Mr Perera paid?", "hold", "L3"),
        ("24", "They are hiding the bank", "correct_facts", "L4"),
        ("24.1", "They are hiding the queue", "correct_facts", "L3"),
        ("25", "They are hiding the stamp", "correct_facts", "L2"),
        ("33", "Where are the forms?", "answer", "L1"),
    ],
)
def test_a_rule_that_looks_at_topics(rule: str, text: str, disposition: str, level: str) -> None:
    decision = _with_topics(text)
    assert rule in decision.rules
    assert (decision.disposition, decision.level) == (disposition, level)


@pytest.mark.parametrize(
    ("rule", "period", "disposition", "level"),
    [("17", "pre_election", "answer", "L2"), ("18", "crisis", "answer", "L1"), ("19", "blackout", "hold", "L3")],
)
def test_a_rule_of_a_period(rule: str, period: str, disposition: str, level: str) -> None:
    since = (NOW - timedelta(days=1)).isoformat()
    policy = in_force(topics=_topics(), periods=[{"kind": period, "from": since}])
    decision = decided("Where are the forms?", policy)
    assert rule in decision.rules
    assert (decision.disposition, decision.level) == (disposition, level)
    assert rule not in decided("Where are the forms?", in_force(topics=_topics())).rules


def test_20_the_third_turn_of_an_author_goes_one_level_up() -> None:
    assert _with_topics("Where are the forms?", turn=2).level == "L1"
    third = _with_topics("Where are the forms?", turn=3)
    assert ("20" in third.rules, third.level) == (True, "L2")


def test_32_a_cleared_line_answers_by_itself_in_each_language() -> None:
    for text, language in (
        ("What time do you open on Saturday?", "en"),
        ("කාර්යාලය විවෘත වන්නේ කවදද?", "si"),
        ("அலுவலகம் எப்போது திறக்கப்படும்?", "ta"),
    ):
        decision = decided(text, sample("passports"))
        assert (decision.rules, decision.level, decision.line) == (("32",), "L0", "opening-hours")
        assert (decision.language, decision.approvals, decision.disposition) == (language, 0, "answer")


def test_praise_as_a_closing_word_does_not_hide_a_complaint() -> None:
    assert decided("My card has not received any stamp, still waiting. Thank you").rules == ("31",)


def test_private_data_is_named_and_moderated_while_reading_goes_on() -> None:
    decision = decided("My NIC is 901234567V, what are the opening hours?", sample("passports"))
    assert decision.masked == ("nic",)
    assert (decision.rules, decision.disposition, decision.level) == (("5", "33"), "moderate", "L1")
