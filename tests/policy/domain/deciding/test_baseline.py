"""The baseline's rules, one by one: what each finds, in the three languages where words decide, and whether it stops.

What a rule finds stands once in FOUND; the cases below it only say what a citizen wrote, and when. A rule that merely
adds to what others decide has a test of its own.
"""

import functools
import re
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from services.policy.adapters.policy_files import above
from services.policy.domain.comments import Comment, History
from services.policy.domain.deciding.conditions import waits_under
from services.policy.domain.deciding.decisions import Decision, PolicyInForce
from tests.policy.builders import NOW, a_policy, in_force, sample

YESTERDAY = (NOW - timedelta(days=1)).isoformat()
TOMORROW = (NOW + timedelta(days=1)).isoformat()

AFTER = {"id": "after", "name": "Read when nothing stopped", "stage": "rest", "when": {}, "then": {"duties": ["seen"]}}
TOPICS = [
    {"id": "ours", "phrases": {"en": ["forms"]}},
    {"id": "inside", "sensitivity": "S1", "phrases": {"en": ["the plan"]}},
    {"id": "theirs", "agency": "harbour", "phrases": {"en": ["ships"]}},
    {"id": "rumour-1", "damage": {"reputation": "D1"}, "phrases": {"en": ["the stamp"]}},
    {"id": "rumour-2", "damage": {"safety": "D2"}, "phrases": {"en": ["the queue"]}},
    {"id": "rumour-3", "damage": {"market": "D3"}, "phrases": {"en": ["the bank"]}},
    {"id": "money", "closed": "market", "phrases": {"en": ["rates"], "si": ["අනුපාත*"], "ta": ["விகித*"]}},
    {"id": "results", "embargo_until": TOMORROW, "phrases": {"en": ["exam results"]}},
    {"id": "released", "embargo_until": YESTERDAY, "phrases": {"en": ["budget speech"]}},
    {"id": "someone", "closed": "person", "phrases": {"en": ["Mr Perera"]}},
    {"id": "outage", "admitted": True, "phrases": {"en": ["the outage"]}},
    {"id": "spill", "admitted": True, "damage": {"safety": "D2"}, "phrases": {"en": ["the spill"]}},
    {"id": "hours", "phrases": {"en": ["office hours"], "si": ["කාර්යාල වේලාව"], "ta": ["அலுவலக நேரம்"]}},
]
LINES = [
    {
        "id": "hours",
        "topics": ["hours"],
        "text": {"en": "Nine to three.", "si": "නවයේ සිට තුනට.", "ta": "ஒன்பது முதல் மூன்று."},
        "ceiling": {"sensitivity": "S1", "damage": "D1"},
        "cleared_by": {"officer": "comms", "post": "Communications", "level": "L1"},
        "cleared_at": "2026-11-01T09:00:00Z",
    }
]
KNOWN = [
    {"account": "desk@daily.example", "kind": "press"},
    {"account": "member@parliament.example", "kind": "parliament"},
    {"account": "consul@embassy.example", "kind": "embassy"},
    {"account": "info@commission.example", "kind": "regulator"},
    {"account": "clerk@gov.example", "kind": "official"},
]


@functools.cache
def agency(period: str | None = None) -> PolicyInForce:
    """An agency with a few subjects, one cleared line and a rule at the very end."""
    periods = [{"kind": period, "from": YESTERDAY}] if period else []
    return in_force(topics=TOPICS, lines=LINES, known_authors=KNOWN, periods=periods, rules=[AFTER])


def decide(text: str, history: History | None = None, period: str | None = None, **about: Any) -> Decision:
    return agency(period).decide(Comment(text, **about), history or History(), NOW)


def of_baseline(decision: Decision) -> tuple[str, ...]:
    return tuple(rule for rule in decision.rules if rule != "after")


class Found(NamedTuple):
    """What one rule finds by itself. ``goes_on``: later rules are read."""

    disposition: str
    level: str
    clock: str
    minutes: int
    duties: tuple[str, ...] = ()
    signoffs: tuple[str, ...] = ()
    goes_on: bool = False


NEUTRAL = ("neutral_line", "same_words_to_all", "release_barrier", "access_ledger")
REBUTTAL = ("impact_note", "statement_first", "no_falsehood_in_heading")
BY_STATEMENT = ("approved_statement", "watch_spread")
TRIAGE = ("human_triage", "training_example")
FOUND = {
    "2": Found("no_response", "L0", "optional", 1440, ("count_only",)),
    "3": Found("escalate", "L3", "life_safety", 30, ("duty_officer", "emergency_number", "break_glass")),
    "4": Found("escalate", "L3", "life_safety", 30, ("security_contact", "keep_evidence"), ("security",)),
    "5": Found("moderate", "L1", "private_data", 60, ("mask", "hide", "answer_privately", "tell_why"), goes_on=True),
    "6": Found("moderate", "L1", "spam", 480, ("capture", "hide", "reason", "no_answer")),
    "7": Found("moderate", "L1", "moderation", 240, ("reason", "appeal_path", "second_person_to_remove")),
    "8": Found("escalate", "L3", "legal", 480, ("legal_hold",), ("legal",)),
    "10": Found("transfer", "L1", "transfer", 120, ("tell_the_citizen", "history_goes_along")),
    "11": Found("escalate", "L2", "several", 480, ("name_lead_agency", "one_answer", "joint_line"), goes_on=True),
    "12": Found("refer", "L2", "information_law", 6720, ("receipt", "information_officer", "not_informally")),
    "13": Found("hold", "L3", "legal", 480, ("neutral_line", "no_facts"), ("legal",)),
    "14": Found("hold", "L4", "l4", 1440, ("neutral_line",)),
    "15": Found("hold", "L4", "l4", 1440, NEUTRAL),
    "15.1": Found("hold", "L4", "l4", 1440, NEUTRAL),
    "19": Found("hold", "L1", "l1", 240, ("mark_clocks", "tell_head_of_division")),
    "23": Found("refer", "L2", "press", 60, ("press_office", "neutral_line")),
    "23.1": Found("refer", "L2", "press", 60, ("press_office", "neutral_line")),
    "24": Found("correct_facts", "L4", "false_claim", 120, REBUTTAL, goes_on=True),
    "24.1": Found("correct_facts", "L3", "false_claim", 120, REBUTTAL, goes_on=True),
    "25": Found("correct_facts", "L2", "l2", 480, BY_STATEMENT, goes_on=True),
    "26": Found("monitor", "L1", "optional", 1440, ("watch_spread", "raise_when_it_doubles")),
    "28": Found("monitor", "L1", "optional", 1440, ("tell_communications_if_it_lasts",)),
    "29": Found("let_stand", "L1", "optional", 1440),
    "30": Found("correct_facts", "L1", "l1", 240, ("source",)),
    "31": Found("restore", "L1", "service", 240, ("service_case", "private_channel", "report_outcome")),
    "32": Found("answer", "L0", "line", 60),
    "33": Found("answer", "L1", "l1", 240, ("link", "answer_in_thread", "facts_guard")),
    "34": Found("hold", "L2", "l2", 480, ("holding_reply", "candidate_for_a_line")),
    "35": Found("acknowledge", "L1", "optional", 1440, ("note_for_policy_owner", "no_promise")),
    "36": Found("let_stand", "L1", "optional", 1440, ("thank_or_share",)),
    "38": Found("escalate", "L2", "human_triage", 60, TRIAGE),
}

WEIGHED = [
    ("24.3", "24", "L4", "They are hiding it: the vaccine makes you infertile"),
    ("24.3", "24", "L4", "ඇත්ත හංගනවා, වතුරේ රසායන ද්‍රව්‍ය"),
    ("24.3", "24", "L4", "உண்மையை மறைக்கிறார்கள், தண்ணீரில் விஷம்"),
    ("24.4", "24", "L4", "They are hiding the ghost voters"),
    ("24.4", "24", "L4", "ඇත්ත හංගනවා, මැතිවරණය බොරුවක්"),
    ("24.4", "24", "L4", "உண்மையை மறைக்கிறார்கள், கள்ள வாக்கு"),
    ("24.5", "24", "L4", "They are hiding it, banks will close on Monday"),
    ("24.5", "24", "L4", "ඇත්ත හංගනවා, බැංකු වහනවා"),
    ("24.5", "24", "L4", "உண்மையை மறைக்கிறார்கள், வங்கிகள் மூடப்படும்"),
    ("24.6", "24.1", "L3", "They are hiding it, share before they delete"),
    ("24.6", "24.1", "L3", "ඇත්ත හංගනවා, හැමෝටම කියන්න"),
    ("24.6", "24.1", "L3", "உண்மையை மறைக்கிறார்கள், எல்லாருக்கும் அனுப்புங்கள்"),
    ("25.3", "25", "L2", "They are hiding it, a racket"),
    ("25.3", "25", "L2", "ඇත්ත හංගනවා, අපිව රවට්ටනවා"),
    ("25.3", "25", "L2", "உண்மையை மறைக்கிறார்கள், மக்களை ஏமாற்றுகிறார்கள்"),
]

WORDS = [
    ("3", "Help, people are trapped inside the lift!"),
    ("3", "අපේ ගෙදර ගින්නක්, ඉක්මනින් එන්න"),
    ("3", "உயிருக்கு ஆபத்து, உடனே வாருங்கள்"),
    ("4", "We know where you live."),
    ("4", "උඹලාව මරනවා"),
    ("4", "உன்னைக் கொன்றுவிடுவேன்"),
    ("5", "My number is 077 123 4567"),
    ("5", "මගේ හැඳුනුම්පත 901234567V"),
    ("5", "என் மின்னஞ்சல் kumar@example.lk"),
    ("6", "Earn money from home, click here now"),
    ("6", "මෙතන ක්ලික් කරන්න"),
    ("6", "இங்கே கிளிக் செய்யவும்"),
    ("7", "You bastards."),
    ("7", "බල්ලෝ ටික"),
    ("7", "நாய்களே"),
    ("8", "My lawyer will write to you, this is defamation."),
    ("8", "මම නීතිමය පියවර ගන්නවා"),
    ("8", "சட்ட நடவடிக்கை எடுப்பேன்"),
    ("10", "The ships are late"),
    ("11", "The forms for the ships"),
    ("12", "I file this request under RTI for the list of contracts"),
    ("12", "තොරතුරු දැනගැනීමේ පනත යටතේ ඉල්ලීමක්"),
    ("12", "தகவல் அறியும் உரிமைச் சட்டத்தின் கீழ் கோரிக்கை"),
    ("13", "What will the Supreme Court say about the officer?"),
    ("13", "නඩුව ගැන මොකද කියන්නේ"),
    ("13", "நீதிமன்றத்தில் உள்ள விடயம் என்ன?"),
    ("14", "Who won the tender for the new machines?"),
    ("14", "ටෙන්ඩර් එක දුන්නේ කාටද"),
    ("14", "டெண்டர் யாருக்கு வழங்கப்பட்டது?"),
    ("15", "Will rates rise?"),
    ("15", "අනුපාත වැඩි වෙයිද?"),
    ("15", "விகிதம் உயருமா?"),
    ("15.1", "When do the exam results come out?"),
    ("23", "I am a journalist with the Daily, for our story"),
    ("23", "මම මාධ්‍යවේදියෙක්"),
    ("23", "நான் ஒரு பத்திரிகையாளர்"),
    ("24", "They are hiding the bank"),
    ("24.1", "They are hiding the queue"),
    ("25", "They are hiding the stamp"),
    ("26", "They are hiding it from us"),
    ("26", "ඇත්ත හංගනවා"),
    ("26", "உண்மையை மறைக்கிறார்கள்"),
    ("28", "You are all clowns, stay mad"),
    ("28", "උඹලා ජෝකර්ලා"),
    ("28", "கோமாளிகளே"),
    ("29", "What a joke, this country is finished"),
    ("29", "මේ රට ඉවරයි"),
    ("29", "இந்த நாடு முடிந்தது"),
    ("30", "I heard that the form is pink now"),
    ("30", "මම දන්න විදිහට පෝරමය රෝස පාටයි"),
    ("30", "எனக்குத் தெரிந்தவரை படிவம் இளஞ்சிவப்பு"),
    ("31", "Still waiting after six weeks, no reply at all."),
    ("31", "සති හයක් ගියා, තවම ලැබුණේ නෑ"),
    ("31", "ஆறு வாரங்கள் ஆகிவிட்டது, இன்னும் வரவில்லை"),
    ("32", "What are your office hours?"),
    ("32", "කාර්යාල වේලාව කීයටද?"),
    ("32", "அலுவலக நேரம் என்ன?"),
    ("33", "Where are the forms?"),
    ("34", "Why did you move the office?"),
    ("34", "ඇයි කාර්යාලය මාරු කළේ"),
    ("34", "ஏன் அலுவலகத்தை மாற்றினீர்கள்"),
    ("35", "I suggest a queue for elders"),
    ("35", "වැඩිහිටියන්ට පෝලිමක් දැම්මොත් හොඳයි, මගේ යෝජනාවක්"),
    ("35", "என் கருத்து, முதியோருக்கு தனி வரிசை"),
    ("36", "Thank you!"),
    ("36", "ඉතා හොඳ සේවාවක්"),
    ("36", "மிக்க நன்றி"),
    ("38", "Great service. No, terrible service."),
    ("38", "හොඳ සේවාවක් ද මේ, නරක සේවාවක්"),
    ("38", "நல்ல சேவை இல்லை, மோசமான சேவை"),
]


def agrees(decision: Decision, rule: str) -> None:
    found = FOUND[rule]
    assert of_baseline(decision) == (rule,)
    assert (decision.disposition, decision.level) == (found.disposition, found.level)
    assert (decision.clock, decision.answer_within) == (found.clock, found.minutes)
    assert decision.signoffs == found.signoffs
    assert set(found.duties) <= set(decision.duties)
    assert ("after" in decision.rules) == found.goes_on


@pytest.mark.parametrize(("rule", "text"), WORDS)
def test_words_meet_their_rule(rule: str, text: str) -> None:
    agrees(decide(text), rule)


def test_every_rule_of_the_practice_is_here_and_has_its_test() -> None:
    rules = [rule["id"] for rule in above().baseline["rules"]]
    assert {rule for rule in rules if "." not in rule} == {str(number) for number in range(2, 40)}
    assert {rule.split(".")[0] for rule in rules} == {str(number) for number in range(2, 40)}
    tested = {rule for rule, _ in WORDS} | {rule for rule, *_ in WEIGHED}
    tested |= {found[1].replace("_", ".") for name in globals() if (found := re.match(r"test_(\d+(?:_\d+)?)_", name))}
    assert set(rules) <= tested


def test_1_everything_that_arrives_gets_a_clock_and_names_its_policy() -> None:
    for text in ("the blue bus", "", "...", "Where are the forms?"):
        decision = decide(text)
        assert decision.clock in agency().policy.clocks
        assert decision.answer_within > 0
        assert decision.policy_version == agency().policy.version


def test_2_our_own_words_coming_back_get_nothing() -> None:
    agrees(decide("Thank you for writing to us", echo=True), "2")


def test_3_an_emergency_is_a_matter_of_safety() -> None:
    decision = decide("people are trapped inside")
    assert (decision.damage, decision.explanation["damages"]) == ("D3", {"safety": "D3"})


def test_5_private_data_is_masked_while_reading_goes_on() -> None:
    decision = decide("My NIC is 901234567V, where are the forms?")
    assert (of_baseline(decision), decision.masked) == (("5", "33"), ("nic",))
    assert (decision.disposition, decision.level, decision.clock) == ("moderate", "L1", "private_data")


SPAM = "Earn money from home, click here, buy now"


def test_6_1_spam_that_a_person_judged_before_is_hidden_by_itself() -> None:
    decision = decide(SPAM, History(judged="spam"))
    assert of_baseline(decision) == ("6.1", "6")
    assert (decision.disposition, decision.level, decision.approvals) == ("moderate", "L0", 0)
    assert {"capture", "hide", "reason"} <= set(decision.duties)


@pytest.mark.parametrize(("text", "judged"), [(SPAM, None), (SPAM, "complaint"), ("Earn money, my friends", "spam")])
def test_6_spam_that_nobody_judged_or_that_is_less_than_sure_waits_for_a_person(text: str, judged: Any) -> None:
    decision = decide(text, History(judged=judged))
    assert (of_baseline(decision), decision.level, decision.approvals) == (("6",), "L1", 1)


def test_7_abuse_that_also_asks_is_read_on_but_stays_moderated() -> None:
    decision = decide("You bastards, why did you move the office?")
    assert of_baseline(decision) == ("7", "34")
    assert (decision.disposition, decision.level) == ("moderate", "L2")


@pytest.mark.parametrize(
    "text",
    [
        "In my opinion this government is corrupt and the minister should resign",
        "Useless government, only thieves",
        "හොර ආණ්ඩුවක්, ලැජ්ජයි",
        "மேலும் கேவலமான நிர்வாகம், அமைச்சர் பதவி விலக வேண்டும்",
    ],
)
def test_7_opinion_and_blame_of_those_who_govern_are_never_moderated(text: str) -> None:
    assert decide(text).disposition != "moderate"


def test_9_another_language_adds_duties_and_a_person_sorts_it() -> None:
    decision = decide("Где находится офис?", language="ru")
    assert of_baseline(decision) == ("9", "38")
    assert {"translate", "keep_original", "answer_in_their_language"} <= set(decision.duties)
    assert "9" not in decide("Where is the office").rules


def test_10_another_agencys_business_is_transferred_before_its_kind_is_looked_at() -> None:
    agrees(decide("Why are the ships late? Terrible service"), "10")


def test_15_1_an_embargo_ends_with_its_hour() -> None:
    assert of_baseline(decide("When is the budget speech?")) == ("33",)


def test_16_a_person_or_firm_is_spoken_of_in_private() -> None:
    decision = decide("I suggest Mr Perera gets another desk")
    assert of_baseline(decision) == ("16", "35")
    assert (decision.level, decision.sensitivity) == ("L3", "S3")
    assert (decision.clock, decision.answer_within) == ("legal", 480)
    assert {"private_channel", "no_confirmation_in_public", "identity_check"} <= set(decision.duties)


@pytest.mark.parametrize(
    "text",
    [
        "Still waiting after six weeks because Dr. Fernando lost my form",
        "Still waiting, and Quick Leasing (Pvt) Ltd has the money",
        "සති හයක් ගියා, සුනිල් මහත්තයා නිසා තවම ලැබුණේ නෑ",
        "இன்னும் வரவில்லை, திரு. குமார் காரணம்",
    ],
)
def test_16_1_who_blames_somebody_by_name_is_heard_in_private(text: str) -> None:
    decision = decide(text)
    assert of_baseline(decision) == ("16.1", "31")
    assert (decision.level, decision.sensitivity) == ("L3", "S3")
    assert "identity_check" in decision.duties


def test_16_1_who_thanks_somebody_by_name_is_thanked() -> None:
    assert "16.1" not in decide("Thank you Mrs. Perera, excellent service").rules


def test_17_before_an_election_everything_goes_one_level_up() -> None:
    decision = decide("Where are the forms?", period="pre_election")
    assert of_baseline(decision) == ("17", "33")
    assert (decision.level, decision.clock) == ("L2", "l1")
    assert {"propriety_check", "factual_only", "no_new_delegations"} <= set(decision.duties)
    assert "17" not in decide("Where are the forms?").rules


@pytest.mark.parametrize("text", ["Which party does the minister support?", "ආණ්ඩු පක්ෂයට ඡන්දය දෙන්න", "எந்தக் கட்சி வெல்லும்?"])
def test_17_1_a_party_or_candidate_before_an_election_is_let_stand(text: str) -> None:
    decision = decide(text, period="pre_election")
    assert of_baseline(decision) == ("17", "17.1")
    assert (decision.disposition, "after" in decision.rules) == ("let_stand", False)
    assert "17.1" not in decide(text).rules


def test_17_1_a_complaint_that_names_a_party_is_still_a_complaint() -> None:
    complaint = "Your officer told me to vote for him and I am still waiting for my card"
    assert decide(complaint, period="pre_election").disposition == "restore"


def test_18_in_a_crisis_the_clock_is_the_crisis_and_no_line_of_quiet_days_goes_out() -> None:
    decision = decide("What are your office hours?", period="crisis")
    assert of_baseline(decision) == ("18", "18.1")
    assert (decision.clock, decision.answer_within, decision.disposition) == ("crisis", 60, "hold")
    assert (decision.level, decision.line, decision.approvals) == ("L2", None, 1)
    assert {"crisis_lines_only", "holding_reply", "pause_planned_posts"} <= set(decision.duties)
    assert "after" in decide("the blue bus", period="crisis").rules


def test_18_1_a_line_of_the_crisis_pack_goes_out_in_a_crisis() -> None:
    lines = [{**line, "preconditions": {"in_crisis": True}} for line in LINES]
    crisis = [{"kind": "crisis", "from": YESTERDAY}]
    policy = in_force(topics=TOPICS, lines=lines, periods=crisis)
    decision = policy.decide(Comment("What are your office hours?"), History(), NOW)
    assert (decision.rules[:2], decision.level, decision.clock) == (("18", "32"), "L0", "crisis")


@pytest.mark.parametrize("text", ["Still waiting after six weeks, no reply", "I heard that the form is pink now"])
def test_18_2_in_a_crisis_what_only_a_person_could_answer_is_held(text: str) -> None:
    decision = decide(text, period="crisis")
    assert of_baseline(decision) == ("18", "18.2")
    assert (decision.disposition, decision.level, decision.clock) == ("hold", "L2", "crisis")


def test_19_in_a_blackout_everything_waits() -> None:
    agrees(decide("Where are the forms?", period="blackout"), "19")


def test_20_the_third_turn_of_an_author_goes_one_level_up() -> None:
    assert decide("Where are the forms?", History(turn=2)).level == "L1"
    third = decide("Where are the forms?", History(turn=3))
    assert (of_baseline(third), third.level, "turn_budget" in third.duties) == (("20", "33"), "L2", True)


def test_20_1_a_conversation_that_turns_hostile_goes_one_level_up() -> None:
    calm, hostile = History(turn=2, earlier_kinds=("question",)), History(turn=2, earlier_kinds=("venting",))
    decision = decide("What a circus, you clowns", calm)
    assert (decision.level, "conversation_drift" in decision.duties) == ("L2", True)
    assert "20.1" not in decide("What a circus, you clowns", hostile).rules
    assert "20.1" not in decide("What a circus, you clowns").rules


MANY = History(same_issue=10)


def test_21_what_many_ask_gets_one_answer_at_l2_in_four_hours() -> None:
    decision = decide("I suggest a queue for elders", MANY)
    assert of_baseline(decision) == ("21", "35")
    assert (decision.level, decision.clock, decision.answer_within) == ("L2", "surge", 240)
    assert {"one_answer_for_all", "early_warning"} <= set(decision.duties)
    assert "21" not in decide("I suggest a queue for elders", History(same_issue=9)).rules


def test_21_an_unchanged_cleared_line_still_answers_many() -> None:
    decision = decide("What are your office hours?", MANY)
    assert (of_baseline(decision), decision.level, decision.line) == (("21", "32"), "L0", "hours")


@pytest.mark.parametrize("about", [{"reach": 2000}, {"followers": 50_000}])
def test_22_what_many_see_goes_to_l2_on_the_next_faster_clock_and_no_more_secret(about: dict[str, int]) -> None:
    decision = decide("Still waiting, no reply", **about)
    assert of_baseline(decision) == ("22", "31")
    assert (decision.level, decision.clock, decision.sensitivity) == ("L2", "false_claim", "S0")
    assert "22" not in decide("Still waiting, no reply", reach=1999, followers=49_999).rules


@pytest.mark.parametrize("handle", ["desk@daily.example", "member@parliament.example", "consul@embassy.example"])
def test_23_1_known_accounts_are_referred_whatever_they_write(handle: str) -> None:
    agrees(decide("Where are the forms?", handle=handle), "23.1")


def test_23_1_a_regulator_is_known_and_another_official_is_not() -> None:
    agrees(decide("Why did you move the office?", author="info@commission.example"), "23.1")
    assert "23.1" not in decide("Why did you move the office?", handle="clerk@gov.example").rules


@pytest.mark.parametrize(
    ("rule", "text", "history", "reach", "level"),
    [
        ("24.2", "They are hiding the stamp", History(), 5000, "L3"),
        ("25.1", "They are hiding it", History(), 5000, "L2"),
        ("25.2", "They are hiding it", MANY, None, "L2"),
    ],
)
def test_24_2_25_1_25_2_a_false_claim_weighs_more_where_it_spreads(
    rule: str, text: str, history: History, reach: int | None, level: str
) -> None:
    decision = decide(text, history, reach=reach)
    assert rule in decision.rules
    assert (decision.disposition, decision.level) == ("correct_facts", level)


@pytest.mark.parametrize(("weighs", "then", "level", "text"), WEIGHED)
def test_a_false_claim_weighs_by_what_it_can_do(weighs: str, then: str, level: str, text: str) -> None:
    decision = decide(text)
    assert of_baseline(decision)[:2] == (weighs, then)
    assert (decision.disposition, decision.level) == ("correct_facts", level)


def test_25_1_what_many_see_is_corrected_and_not_only_watched() -> None:
    assert "26" not in decide("They are hiding it", reach=5000).rules


def test_25_2_what_many_repeat_is_corrected_and_not_only_watched() -> None:
    assert "26" not in decide("They are hiding it", MANY).rules


def test_24_2_a_claim_that_many_see_is_rebutted_within_the_hour() -> None:
    decision = decide("They are hiding the stamp", reach=5000)
    assert (decision.clock, decision.answer_within) == ("crisis", 60)
    assert set(REBUTTAL) <= set(decision.duties)


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Still waiting because of the outage", ("27", "31")),
        ("In my opinion the outage is a scandal", ("27", "35")),
        ("They are hiding the outage", ("27",)),
        ("I heard that the outage goes on", ("27", "30")),
    ],
)
def test_27_blame_for_an_admitted_fault_is_admitted_and_never_called_false(text: str, rules: tuple[str, ...]) -> None:
    decision = decide(text)
    assert of_baseline(decision) == rules
    assert (decision.disposition, decision.level, decision.answer_within <= 480) == ("answer", "L2", True)
    assert {"admit_and_say_what_is_done", "no_argument", "commitment_owner"} <= set(decision.duties)
    assert "after" in decide("They are hiding the outage").rules


def test_27_praise_and_questions_about_an_admitted_fault_go_their_own_way() -> None:
    assert of_baseline(decide("Well done with the outage")) == ("36",)
    assert "27" not in decide("When does the outage end?").rules


def test_27_1_an_admitted_fault_that_did_harm_is_for_the_head_of_division() -> None:
    decision = decide("They are hiding the spill")
    assert of_baseline(decision) == ("27", "27.1")
    assert (decision.disposition, decision.level) == ("answer", "L3")


def test_31_1_a_complaint_for_the_second_time_goes_to_l2() -> None:
    decision = decide("Still waiting, no reply", History(turn=2, earlier_kinds=("complaint",)))
    assert of_baseline(decision) == ("31.1", "31")
    assert (decision.disposition, decision.level, decision.clock) == ("restore", "L2", "service")


def test_31_harm_raises_a_complaint_by_the_matrix() -> None:
    assert decide("Still waiting in the queue").level == "L2"


def test_32_a_cleared_line_of_a_sample_answers_in_each_language() -> None:
    for text, language in (
        ("What time do you open on Saturday?", "en"),
        ("කාර්යාලය විවෘත වන්නේ කවදද?", "si"),
        ("அலுவலகம் எப்போது திறக்கப்படும்?", "ta"),
    ):
        decision = sample("passports").decide(Comment(text), History(), NOW)
        assert (decision.rules, decision.level, decision.line) == (("32",), "L0", "opening-hours")
        assert (decision.language, decision.approvals, decision.disposition) == (language, 0, "answer")


def test_34_a_question_about_what_is_not_published_waits_for_a_new_line() -> None:
    assert of_baseline(decide("Where is the plan?")) == ("34",)


OLD = NOW - timedelta(days=31)


def test_37_what_is_old_and_was_hardly_seen_gets_no_answer() -> None:
    decision = decide("the blue bus", sent_at=OLD, reach=9)
    assert of_baseline(decision) == ("37",)
    assert (decision.disposition, decision.level, decision.clock) == ("no_response", "L1", "optional")
    assert "reason_in_receipt" in decision.duties


@pytest.mark.parametrize(
    ("text", "sent_at", "reach"),
    [
        ("the blue bus", NOW - timedelta(days=29), 9),
        ("the blue bus", OLD, 10),
        ("the blue bus", OLD, None),
        ("the blue bus?", OLD, 9),
        ("the blue bus and the queue", OLD, 9),
        ("the blue bus, still waiting", OLD, 9),
    ],
)
def test_37_a_question_a_harm_or_a_reader_more_is_worth_an_answer(text: str, sent_at: Any, reach: int | None) -> None:
    assert "37" not in decide(text, sent_at=sent_at, reach=reach).rules


def test_38_1_where_one_rule_wants_silence_and_another_an_answer_a_person_decides() -> None:
    decision = decide("They are hiding the stamp, you are all clowns")
    assert of_baseline(decision) == ("25", "28", "38.1")
    assert (decision.disposition, decision.level, decision.clock) == ("escalate", "L2", "human_triage")
    assert set(TRIAGE) <= set(decision.duties)


@pytest.mark.parametrize("text", ["the blue bus", "නිල් බස් එක", "நீல பேருந்து"])
def test_39_where_nothing_fits_a_person_decides(text: str) -> None:
    decision = decide(text)
    assert of_baseline(decision) == ("39",)
    assert (decision.disposition, decision.level) == ("escalate", "L2")
    assert (decision.clock, decision.answer_within) == ("human_triage", 60)
    assert {"human_triage", "gap"} <= set(decision.duties)


@pytest.mark.parametrize(
    ("rule", "text", "about"),
    [
        ("26", "They are hiding it, number {}", {}),
        ("28", "clowns, number {}", {}),
        ("29", "what a joke, number {}", {}),
        ("37", "the blue bus, number {}", {"sent_at": OLD, "reach": 0}),
    ],
)
def test_of_what_ends_without_an_answer_a_twentieth_is_looked_at_again(
    rule: str, text: str, about: dict[str, Any]
) -> None:
    decisions = [decide(text.format(number), **about) for number in range(2000)]
    assert all(of_baseline(decision) == (rule,) for decision in decisions)
    assert 60 <= sum("second_look" in decision.duties for decision in decisions) <= 140


def test_only_one_rule_is_looked_at_for_every_comment() -> None:
    unconditional = {rule.id for rule in a_policy().rules if rule.when.conflict is None and not waits_under(rule)}
    assert unconditional == {"39"}


def test_praise_as_a_closing_word_does_not_hide_a_complaint() -> None:
    assert of_baseline(decide("My card has not received any stamp, still waiting. Thank you")) == ("31",)


def test_what_stands_far_behind_is_read_as_well() -> None:
    long = "What are your office hours? " + "." * 30_000
    assert decide(long + " Help, people are trapped inside the lift!").level == "L3"
    hidden = decide(long + " My phone is 0771234567")
    assert (hidden.line, hidden.masked) == (None, ("phone",))


@pytest.mark.parametrize(
    "text", ["clowns, I will sue you", "clowns, under the right to information act I request the file"]
)
def test_7_abuse_does_not_end_what_else_is_asked(text: str) -> None:
    assert {"8", "12"} & set(decide("You bastards, " + text).rules)


def test_2_our_own_words_are_nobodys_business_whatever_they_are_about() -> None:
    decision = decide("The court case and the draft bill", echo=True)
    assert (decision.disposition, decision.level, decision.approvals) == ("no_response", "L0", 0)


def test_a_phone_number_does_not_make_a_false_claim_lighter() -> None:
    claim = "They are hiding it, share before they delete"
    assert decide(claim + ". Call 0771234567").level == decide(claim).level == "L3"


def test_37_what_nobody_understood_is_sorted_by_a_person_however_old() -> None:
    for text in ("请帮助我，我的孩子快死了", "Thank you, excellent service! Still waiting after six weeks, no reply"):
        assert decide(text, sent_at=OLD, reach=3).disposition == "escalate"
