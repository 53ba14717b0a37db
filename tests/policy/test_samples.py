"""Three agencies, three policies: the same question goes different ways."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.policy.domain.calendars import WorkingTime
from tests.policy.builders import NOW, OFFICERS, decided, in_force, officer, sample


@pytest.mark.parametrize(
    ("agency", "text", "rule", "level", "disposition"),
    [
        ("passports", "What are your opening hours on Saturday?", "32", "L0", "answer"),
        ("passports", "කාර්යාලය විවෘත වේලාව කීයටද?", "32", "L0", "answer"),
        ("passports", "தண்ணீர் கட்டணம் அதிகம்", "10", "L1", "transfer"),
        ("passports", "கடவுச்சீட்டு கட்டணம் எவ்வளவு?", "32", "L0", "answer"),
        ("passports", "අවශ්‍ය ලේඛන මොනවාද?", "32", "L0", "answer"),
        ("passports", "When will my passport be ready?", "34", "L2", "hold"),
        ("passports", "I have waited three months and nobody answers the phone.", "31", "L1", "restore"),
        ("passports", "I suggest you open one counter in the evening.", "35", "L1", "acknowledge"),
        ("passports", "What is the exchange rate today?", "10", "L1", "transfer"),
        ("water-board", "Where do I report a leak?", "32", "L0", "answer"),
        ("water-board", "ජල බිල ගෙවන්නේ කොහෙද?", "32", "L0", "answer"),
        ("water-board", "கசிவு குறித்து அறிவிப்பது எப்படி?", "32", "L0", "answer"),
        (
            "water-board",
            "A main has burst near the temple and the road is flooded.",
            "water.burst",
            "L2",
            "acknowledge",
        ),
        ("water-board", "අපේ පැත්තේ වතුර දුඹුරු පාටයි. බොන්න හොඳද?", "water.unsafe", "L3", "escalate"),
        ("water-board", "காலை முதல் தண்ணீர் வரவில்லை.", "water.outage", "L1", "restore"),
        ("water-board", "Why the tariff increase?", "34", "L3", "hold"),
        ("central-bank", "Will the exchange rate fall next week? Should I buy dollars now?", "15", "L4", "hold"),
        ("central-bank", "ලබන සතියේ පොලී අනුපාත අඩු කරනවාද?", "15", "L4", "hold"),
        ("central-bank", "பணவீக்கம் எவ்வளவு?", "15", "L4", "hold"),
        ("central-bank", "ඩොලරය කීයද?", "15", "L4", "hold"),
        ("central-bank", "டொலரின் விலை என்ன?", "15", "L4", "hold"),
        ("central-bank", "They are hiding the reserves", "15", "L4", "hold"),
        ("central-bank", "கிழிந்த நோட்டுகளை எங்கே மாற்றலாம்?", "32", "L0", "answer"),
        ("central-bank", "Where can I exchange coins?", "32", "L0", "answer"),
        ("central-bank", "When is the counter open, and will the rupee fall?", "15", "L4", "hold"),
    ],
)
def test_an_agency_decides_by_its_own_policy(agency: str, text: str, rule: str, level: str, disposition: str) -> None:
    decision = decided(text, sample(agency))
    assert rule in decision.rules
    assert (decision.level, decision.disposition) == (level, disposition)


def test_what_moves_markets_is_owned_by_the_governor() -> None:
    decision = decided("Will you devalue the rupee?", sample("central-bank"))
    assert (decision.owner, decision.sensitivity, decision.approvals) == ("Governor", "S4", 3)
    assert decision.line is None


@pytest.mark.parametrize(
    ("agency", "text", "rule", "level"),
    [
        ("passports", "What time u close today", "32", "L0"),
        ("passports", "fee for renewal", "32", "L0"),
        ("passports", "Office eka arinne keeyatada", "32", "L0"),
        ("passports", "නිවාඩු දවස්වල විවෘතද", "32", "L0"),
        ("passports", "என்ன ஆவணங்கள் தேவை", "32", "L0"),
        ("passports", "Applied for my passport in August and still nothing", "31", "L1"),
        ("passports", "My water bill is wrong, whom should I call?", "10", "L1"),
        ("water-board", "how to pay my bill online", "32", "L0"),
        ("water-board", "no water in Nugegoda since yesterday", "water.outage", "L1"),
        ("water-board", "Wathura na ude indan", "water.outage", "L1"),
        ("water-board", "pipe burst near Borella junction, water gushing", "water.burst", "L2"),
        ("water-board", "Can we drink the water after the flood?", "water.unsafe", "L3"),
        ("water-board", "அழுத்தம் குறைவு, தண்ணி வரல", "water.outage", "L1"),
        ("central-bank", "LKR to USD today", "15", "L4"),
        ("central-bank", "should i withdraw my savings", "15", "L4"),
        ("central-bank", "රුපියල වැටෙයිද", "15", "L4"),
        ("central-bank", "ரூபாயின் மதிப்பு குறையுமா", "15", "L4"),
        ("central-bank", "where can i exchange a torn 1000 rupee note", "32", "L0"),
        ("central-bank", "ඉරුණු රුපියල් 1000 නෝට්ටුවක් මාරු කරන්නේ කොහෙද", "32", "L0"),
    ],
)
def test_an_agency_understands_how_people_write(agency: str, text: str, rule: str, level: str) -> None:
    decision = decided(text, sample(agency))
    assert rule in decision.rules
    assert decision.level == level


@pytest.mark.parametrize(
    "text", ["I forgot my default password", "The company reserves the right to refuse", "It costs 500 rupees"]
)
def test_words_of_the_market_in_another_sense_do_not_go_to_the_governor(text: str) -> None:
    assert decided(text, sample("central-bank")).level < "L4"


def test_a_unit_adds_to_its_agencys_policy_and_silences_none_of_it() -> None:
    decision = decided("What is the pH level in Kandy?", sample("water-board"))
    assert (decision.rules, decision.disposition, decision.level) == (("laboratory.results", "34"), "hold", "L2")
    assert (decision.signoffs, decision.owner) == (("facts",), "Water quality laboratory")
    unsafe = decided("Is the water safe to drink? What do the test results say?", sample("water-board"))
    assert (unsafe.rules, unsafe.level) == (("water.unsafe",), "L3")


@pytest.mark.parametrize("agency", ["central-bank", "passports", "water-board"])
def test_an_agency_works_in_colombo_and_rests_at_noon_and_on_holidays(agency: str) -> None:
    calendar = sample(agency).policy.calendar
    working = WorkingTime(calendar)
    colombo = ZoneInfo(calendar.time_zone)
    eve = datetime(2026, 12, 24, 17, tzinfo=colombo)
    # Christmas is a Friday; the call centre of the Water Board works on Saturdays.
    resumed = working.after(eve, 1)
    assert resumed is not None
    assert resumed.astimezone(colombo).date() == date(2026, 12, 26 if agency == "water-board" else 28)
    mondays = sorted((hours.from_, hours.to) for hours in calendar.hours if 1 in hours.days)
    assert len(mondays) == 2
    assert mondays[0][1] < mondays[1][0]


@pytest.mark.parametrize(
    ("agency", "subject", "topic", "other"),
    [
        ("central-bank", "bank-statistics", "prices-and-reserves", "exchange-rate"),
        ("passports", "passports-renewals", "fees", "security-features"),
        ("water-board", "water-quality", "contamination", "tariff-revision"),
    ],
)
def test_a_post_may_stand_for_some_subjects_only(agency: str, subject: str, topic: str, other: str) -> None:
    post = officer(agency, subject)
    assert post.stands_for([topic])
    assert not post.stands_for([topic, other])


@pytest.mark.parametrize("held", [{"until": NOW.isoformat()}, {"from": "2027-01-01T00:00:00Z"}])
def test_who_does_not_hold_a_post_now_owns_nothing(held: dict[str, str]) -> None:
    gone = [{**each, **(held if each["level"] == "L4" else {})} for each in OFFICERS]
    successor = {"subject": "successor", "post": "New Head", "level": "L4"}
    secret = {"id": "secret", "sensitivity": "S4", "phrases": {"en": ["secret"]}}
    assert decided("a secret", in_force(officers=[*gone, successor], topics=[secret])).owner == "New Head"
    assert decided("a secret", in_force(officers=gone, topics=[secret])).owner == "Head of agency"


@pytest.mark.parametrize("agency", ["central-bank", "passports", "water-board"])
def test_an_editor_is_referred_to_the_press_office(agency: str) -> None:
    decision = decided("And who decided that?", sample(agency), handle="newsdesk@daily.example")
    assert (decision.rules, decision.disposition, decision.level) == (("23.1",), "refer", "L2")
