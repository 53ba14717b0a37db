"""Three agencies, three policies: the same question goes different ways."""

import pytest

from tests.policy.builders import decided, sample


@pytest.mark.parametrize(
    ("agency", "text", "rule", "level", "disposition"),
    [
        ("passports", "What are your opening hours on Saturday?", "32", "L0", "answer"),
        ("passports", "කාර්යාලය විවෘත වේලාව කීයටද?", "32", "L0", "answer"),
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
