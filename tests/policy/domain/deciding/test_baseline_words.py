"""The baseline's words: how people write, short and informal, in three languages and in Latin letters.

An emergency missed is worse than one too many; but what is only a figure of speech calls nobody out at night.
"""

import pytest

from tests.policy.builders import decided

EMERGENCIES = [
    "Please help, my neighbour's house is on fire!",
    "there is a fire at the market near clock tower send someone",
    "The bus caught fire near Kandy",
    "my mother is not breathing",
    "people have collapsed in the queue",
    "man fainted in queue please send ambulance",
    "a child fell into the manhole in front of the school",
    "Emergency! two men drowning near the tank",
    "someone is drowning at the beach",
    "We are stuck on the roof, water is rising fast",
    "live wire fallen on the road kids playing here",
    "gas leak at apartment complex in Wellawatte",
    "landslide in Badulla, houses buried",
    "I don't want to live anymore",
    "I feel like ending my life, nobody listens",
    "HELP!!!",
    "A lady just collapsed at counter 6, no doctor here",
    "bus overturned near Kadugannawa many injured",
    "there is smoke coming from the building, people running",
    "transformer near the pump house exploded",
    "child stuck in your pipe trench, water filling",
    "අපේ ගේ ගිනි අරගෙන ඉක්මනට එන්න",
    "ළමයෙක් ළිඳට වැටිලා උදව් කරන්න",
    "ගෙදරට වතුර ඇවිත් අපි වහලේ උඩ හිරවෙලා ඉන්නේ",
    "කරන්ට් එක වැදිලා කෙනෙක් වැටිලා ඉන්නවා",
    "නාය ගිහින් ගෙවල් යටවෙලා",
    "මට ජීවත් වෙලා වැඩක් නෑ",
    "අම්මාට හුස්ම ගන්න අමාරුයි ඇම්බියුලන්ස් එකක් එවන්න",
    "gedara gini aran ikmanata enna",
    "வீடு தீப்பிடித்து எரிகிறது உடனே வாருங்கள்",
    "குழந்தை கிணற்றில் விழுந்துவிட்டது",
    "வெள்ளத்தில் சிக்கியுள்ளோம் காப்பாற்றுங்கள்",
    "மின்சாரம் தாக்கி ஒருவர் விழுந்து கிடக்கிறார்",
    "அப்பா மயங்கி விழுந்துவிட்டார் ஆம்புலன்ஸ் அனுப்புங்கள்",
    "எனக்கு வாழ விருப்பமில்லை",
]

FIGURES_OF_SPEECH = [
    "Waiting in this queue is killing me, three hours already",
    "How do I get an emergency passport for my son?",
    "Is there an emergency hotline number?",
    "People are drowning in red tape here",
    "That smile was to die for, excellent service",
    "I am dying to know when you open",
    "Fire the officer at counter 4, so rude",
    "The opposition won by a landslide last year",
    "Your office kills all hope, what a shame",
    "I am giving birth certificate and NIC, is that enough?",
    "The petition to fire the director caught on",
    "Prices exploded this year",
    "මගේ තාත්තා නැති වුණා, වතුර බිලේ නම මාරු කරන්නේ කොහොමද",
    "මේ රට බේරගන්න බෑ",
    "என் தந்தை இறந்துவிட்டார், இணைப்பை எப்படி மாற்றுவது?",
    "மக்கள் தண்ணீர் இன்றி தத்தளிக்கிறார்கள்",
]


@pytest.mark.parametrize("text", EMERGENCIES)
def test_an_emergency_is_heard(text: str) -> None:
    assert decided(text).rules == ("3",)


@pytest.mark.parametrize("text", FIGURES_OF_SPEECH)
def test_a_figure_of_speech_is_no_emergency_and_no_threat(text: str) -> None:
    assert {"3", "4"}.isdisjoint(decided(text).rules)


@pytest.mark.parametrize(
    "text",
    [
        "I will burn down your office if you don't fix this",
        "There is a bomb in your building",
        "your officers should be shot",
        "තොපිව මරලා දානවා",
        "කාර්යාලයට බෝම්බ ගහනවා",
        "உங்களை வெட்டுவேன்",
        "அலுவலகத்தை கொளுத்துவோம்",
    ],
)
def test_a_threat_is_heard(text: str) -> None:
    assert decided(text).rules == ("4",)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("spam", "Click here to win a free phone"),
        ("spam", "download now http://free.example/update.apk"),
        ("spam", "ගෙදර ඉඳන් සල්ලි හොයන්න පුළුවන් ක්‍රමයක්"),
        ("spam", "வீட்டிலிருந்தே தினமும் சம்பாதிக்கலாம்"),
        ("abuse", "f**k you all"),
        ("abuse", "තොපි ඔක්කොම පකයෝ"),
        ("legal", "Take down my photo from your page, I never agreed"),
        ("legal", "මම නඩුවක් දානවා"),
        ("legal", "வழக்கு போடுவேன்"),
        ("information_request", "How can I file an RTI?"),
        ("information_request", "තොරතුරු පනත යටතේ ඉල්ලුම් කරන්නේ කොහොමද"),
        ("information_request", "ஆர்டிஐ விண்ணப்பம் எங்கே கொடுப்பது?"),
        ("press", "This is Kamala from the Daily Mirror, can you confirm the number?"),
        ("press", "The Embassy of Norway requests a meeting with the Controller"),
        ("press", "මම පුවත්පතකින් කතා කරන්නේ"),
        ("press", "நான் ஒரு செய்தியாளர்"),
        ("false_claim", "They are secretly adding chemicals"),
        ("false_claim", "ඇත්ත වසන් කරනවා මේ අය"),
        ("false_claim", "அரசு உண்மையை மறைக்கிறது"),
        ("mistaken_fact", "Is it true that the fee went up?"),
        ("mistaken_fact", "ගාස්තුව වැඩි වුණා කියලා ආරංචියි"),
        ("mistaken_fact", "கட்டணம் கூடியது என்று கேள்விப்பட்டேன்"),
        ("complaint", "been to your office 4 times, they say come tomorrow, pathetic"),
        ("complaint", "waited 5 hours and nothing"),
        ("complaint", "website not working since morning"),
        ("complaint", "its been 3 months already"),
        ("complaint", "Mage passport eka thama awe na"),
        ("complaint", "කෝල් කළාම කවුරුත් ගන්නේ නෑ"),
        ("complaint", "පැය 4ක් පෝලිමේ හිටියා"),
        ("complaint", "මාස තුනක් වුණා තාම ආවේ නෑ"),
        ("complaint", "மூன்று மாதம் ஆச்சு இன்னும் வரல"),
        ("complaint", "மணிக்கணக்கில் காத்திருந்தோம்"),
        ("complaint", "passport innum varala"),
        ("question", "how to renew passport"),
        ("question", "can someone tell me the fee pls"),
        ("question", "documents needed for child passport"),
        ("question", "passport ekata salli keeyada"),
        ("question", "හෙට ඇරලා තියෙනවද"),
        ("question", "විස්තර ටිකක් දෙන්න"),
        ("question", "passport eppadi renew pannurathu"),
        ("question", "நாளை திறந்திருக்குமா"),
        ("suggestion", "It would be nice if you opened on Saturdays"),
        ("suggestion", "ඔන්ලයින් ගෙවන්න ක්‍රමයක් තිබ්බොත් හොඳයි"),
        ("suggestion", "ஆன்லைன் கட்டணம் இருந்தால் நல்லது"),
        ("opinion", "I disagree with this new rule"),
        ("opinion", "මම හිතන්නේ මේ තීරණය වැරදියි"),
        ("opinion", "இது தவறான முடிவு"),
        ("praise", "Got it in one day. Very impressed!"),
        ("praise", "👍"),
        ("praise", "ගොඩක් ස්තුතියි, ඉක්මනින් වැඩේ වුණා"),
        ("praise", "bohoma sthuthi"),
        ("praise", "ரொம்ப நன்றி, விரைவான சேவை"),
        ("venting", "shame on you"),
        ("venting", "epa wela inne me rata gena"),
        ("venting", "கேவலமான நிர்வாகம்"),
        ("baiting", "you idiots can't stop me"),
        ("baiting", "මෝඩයෝ"),
        ("baiting", "முட்டாள்களே"),
        ("other", "Good morning"),
        ("other", "the blue bus"),
    ],
)
def test_a_kind_is_known_by_everyday_words(kind: str, text: str) -> None:
    assert decided(text).kind == kind


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("question", "My visa interview at the embassy is on Monday, when will my passport come?"),
        ("complaint", "Our member of parliament does nothing, still no water"),
        ("complaint", "No one came to cover up the hole, still not done"),
        ("complaint", "When I click the link the page does not work"),
        ("question", "How do I remove my name from the bill?"),
        ("question", "Is this instant loan app licensed by you?"),
    ],
)
def test_who_only_mentions_a_thing_is_not_taken_for_it(kind: str, text: str) -> None:
    assert decided(text).kind == kind
