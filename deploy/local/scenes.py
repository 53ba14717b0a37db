"""The demo's scenes: what citizens write, and how each should end.

Each scene says by which road it comes, to which agency, and what that agency's policy should make of it.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scene:
    """One comment. ``reply`` is what an officer writes where one must; None where no reply is due."""

    agency: str
    platform: str
    text: str
    rule: str
    level: str
    disposition: str
    published: bool = True
    reply: str | None = None


SCENES = (
    Scene("passports", "facebook", "What are your opening hours on Saturday?", "32", "L0", "answer"),
    Scene("passports", "facebook", "කාර්යාලය විවෘත වේලාව කීයටද?", "32", "L0", "answer"),
    Scene("passports", "mastodon", "கடவுச்சீட்டு கட்டணம் எவ்வளவு?", "32", "L0", "answer"),
    Scene(
        "passports",
        "rest",
        "I have waited three months for my renewal and nobody answers the phone. Terrible service.",
        "31",
        "L1",
        "restore",
        reply="We are sorry about the wait. Please send your token number by private message and we will look today.",
    ),
    Scene(
        "passports",
        "facebook",
        "Thank you! The staff were wonderful, everything done in an hour.",
        "36",
        "L1",
        "let_stand",
        published=False,
    ),
    Scene(
        "passports",
        "rest",
        "I suggest you open one counter in the evening for people who work.",
        "35",
        "L1",
        "acknowledge",
        reply="Thank you for the suggestion; it goes to the unit that plans our counters.",
    ),
    Scene(
        "central-bank",
        "mastodon",
        "Will the exchange rate fall next week? Should I buy dollars now?",
        "15",
        "L4",
        "hold",
        reply="The Bank does not comment on future rates. Decisions are announced to everyone at the same time.",
    ),
    Scene(
        "central-bank",
        "rest",
        "ලබන සතියේ පොලී අනුපාත අඩු කරනවාද?",
        "15",
        "L4",
        "hold",
        reply="අනාගත අනුපාත ගැන බැංකුව අදහස් දක්වන්නේ නැත. තීරණ සියලු දෙනාටම එකවර දැනුම් දෙනු ලැබේ.",
    ),
    Scene("central-bank", "mastodon", "கிழிந்த நோட்டுகளை எங்கே மாற்றலாம்?", "32", "L0", "answer"),
    Scene(
        "water-board",
        "mastodon",
        "A main has burst near the temple and the road is flooded.",
        "water.burst",
        "L2",
        "acknowledge",
        reply="Thank you. A repair crew is on its way; please keep clear of the water.",
    ),
    Scene(
        "water-board",
        "rest",
        "අපේ පැත්තේ වතුර දුඹුරු පාටයි. බොන්න හොඳද?",
        "water.unsafe",
        "L3",
        "escalate",
        reply="කරුණාකර දැනට එම ජලය පානය නොකරන්න. සාම්පල පරීක්ෂා කරමින් පවතින අතර ප්‍රතිඵල මෙහි දැනුම් දෙනු ලැබේ.",
    ),
    Scene("water-board", "standard", "Where do I report a leak?", "32", "L0", "answer"),
    Scene(
        "water-board",
        "mastodon",
        "காலை முதல் தண்ணீர் வரவில்லை.",
        "water.outage",
        "L1",
        "restore",
        reply="மன்னிக்கவும். பழுது பார்க்கும் பணி நடைபெறுகிறது; இன்று மாலைக்குள் விநியோகம் சீராகும்.",
    ),
)
