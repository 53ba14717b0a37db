"""The language of a text: Sinhala, Tamil and English reliably, others where they show themselves, else none.

A wrong language is worse than none, so the table has more that must stay unknown than a reader may expect.
"""

import pytest

from services.ingest.domain.language import SAID, Language, identify

TEXTS: dict[str, list[str]] = {
    "en": [
        "When?",
        "Thanks",
        "Exchange rate today?",
        "Great job!",
        "closed",
        "When do you open?",
        "Thank you",
        "Thank you so much!",
        "Is the office open today?",
        "What documents do I need for a passport?",
        "How much is the fee for renewing a passport?",
        "Why is there no water in our street since yesterday?",
        "No water since Monday. Nobody answers the phone.",
        "My water bill is too high this month",
        "Your website is down again",
        "worst service ever, waited 3 hours for nothing",
        "Can I pay online?",
        "Please help, my passport is lost",
        "I applied two weeks ago and still no answer",
        "Are you serious??",
        "what about the dollar rate",
        "It doesn't work",
        "Don’t you people ever answer?",
        "Good morning, may I know when the Kandy branch opens?",
        "my nic is lost how can i get a new one",
        "WHEN WILL THE POWER BE BACK",
        "The road near our school is broken. Please repair it.",
        "power cut in Galle since 6am. any update?",
        "What does the word අයදුම්පත mean on the form that you gave me?",
        "Ayubowan, when do you open?",
        "Vanakkam! How can I renew my passport?",
        "I paid the water bill last week but the meter reader came again and said we owe more",
        "you guys are useless",
        "where is the nearest office",
        "This is a scam, don't send money to them",
        "Any idea when the online system will be working?",
        "why no reply?",
        "Is this page real? Someone asked me for my card number.",
        "The officer at the counter was rude to my mother",
        "Interest rates are killing small businesses, do something!",
        "Kudos to the team who fixed the pipe at night",
        "sir when will the epf be released",
        "Hello, my child was born abroad, how do we get her a passport?",
        "do we need an appointment",
        "still waiting",
        "how long",
        "I want to complain",
        "Can you send me the form?",
        "I can’t log in",
        "What's the address?",
        "We have had no water for three days",
        "open on saturday?",
    ],
    "si": [
        "කාර්යාලය විවෘතද?",
        "මගේ ගමන් බලපත්‍රය ගන්නේ කොහොමද?",
        "water bill එක වැඩියි",
        "passport එක ගන්නේ කොහොමද කියලා කියන්න",
        "online apply කරන්න පුළුවන්ද?",
        "ස්තූතියි 🙏🙏",
        "ඇයි water නැත්තේ",
        "@passports මගේ passport එක තාම නෑ https://example.lk/track/when",
    ],
    "ta": [
        "அலுவலகம் திறந்திருக்கிறதா?",
        "passport எப்படி apply பண்ணுவது?",
        "நன்றி",
        "தண்ணீர் bill அதிகமாக உள்ளது",
    ],
    "si-Latn": [
        "Kohomada?",
        "mage passport eka kohomada ganne",
        "mage passport eka kohomada gannē",
        "kohomada aluth passport ekak apply karanne kiyala kiyannako",
        "water bill eka wadiyi me masaye mokada karanne",
        "heta office eka open da kiyala danna puluwanda",
        "online karanna puluwan da passport eka",
        "NIC eka nathuwa passport ganna puluwanda",
        "ayyo mage bill eka wedi wela neda",
        "kiyada fee eka?",
        "mata passport ekak ganna one",
        "me office eke inna aya kisima wedak karanne ne",
        "kawadada labenne",
        "bohoma sthuthi",
    ],
    "ta-Latn": [
        "Vanakkam",
        "naan en passport-ai eppadi pudhuppikka vendum endru sollunga",
        "passport renew panna enna documents venum",
        "office eppo open aagum sollunga",
        "enga area la thanni illa romba kashtama irukku",
        "enna panrathu passport eppo kidaikkum",
        "enakku passport venum, eppadi apply pannanum?",
        "inga thanni varala rendu naala",
        "bill romba adhigama irukku yen",
    ],
    "de": [
        "Wann öffnen Sie am Sonntag und was muss ich mitbringen?",
        "Ich habe meinen Reisepass verloren, was soll ich tun?",
        "Wo ist das Büro?",
        "Danke für die schnelle Hilfe!",
        "Mein Pass ist abgelaufen",
    ],
    "fr": [
        "Quand est-ce que vous ouvrez le dimanche ?",
        "J'ai perdu mon passeport, que dois-je faire ?",
        "Merci beaucoup pour votre aide",
        "Bonjour, où est le bureau ?",
    ],
    "es": [
        "¿Cuándo abren los domingos?",
        "He perdido mi pasaporte, ¿qué puedo hacer?",
        "Hola, no tengo agua desde ayer",
    ],
    "pt": [
        "Quando vocês abrem aos domingos?",
        "Perdi o meu passaporte, o que posso fazer?",
        "Não tenho água em casa",
    ],
    "it": [
        "Quando aprite la domenica e cosa devo portare?",
        "Ho perso il mio passaporto, cosa posso fare?",
        "Non ho acqua da ieri",
    ],
    "nl": [
        "Wanneer gaan jullie open op zondag?",
        "Ik ben mijn paspoort kwijt, wat moet ik doen?",
        "Er is geen water in onze straat",
    ],
    "id": [
        "Kapan kantor Anda buka pada hari Minggu?",
        "Bagaimana cara memperpanjang paspor saya?",
        "Tidak ada air sejak kemarin, tolong",
    ],
    "hi-Latn": [
        "mera passport kab aayega bhai",
        "passport ke liye kya karna hoga",
    ],
    "th": [
        "เปิดกี่โมง",
    ],
    "he": [
        "מתי אתם פותחים?",
    ],
    "ko": [
        "언제 여나요?",
    ],
    "ja": [
        "何時に開きますか？",
    ],
    "dv": [
        "ކޮން އިރަކުން ހުޅުވަނީ؟",
    ],
    "el": [
        "Πότε ανοίγετε;",
    ],
    "ka": [
        "როდის იხსნება?",
    ],
    "hy": [
        "Ե՞րբ եք բացում",
    ],
    "ml": [
        "എപ്പോൾ തുറക്കും?",
    ],
    "te": [
        "ఎప్పుడు తెరుస్తారు?",
    ],
}

UNKNOWN = [
    "passport fees",
    "Passport",
    "ok",
    "hi",
    "Nimal Perera",
    "lol",
    "Kiedy otwieracie w niedzielę i co muszę przynieść?",
    "Pazar günü ne zaman açıyorsunuz?",
    "När öppnar ni på söndag och vad behöver jag ta med?",
    "Hvornår åbner I om søndagen?",
    "Milyen papírok kellenek az útlevélhez?",
    "Mitä papereita tarvitsen passia varten?",
    "Tôi cần giấy tờ gì để làm hộ chiếu?",
    "Kailan po kayo nagbubukas tuwing Linggo?",
    "Ofisi inafunguliwa lini siku ya Jumapili?",
    "Когда вы открываетесь?",
    "متى تفتحون؟",
    "آپ کب کھولتے ہیں؟",
    "आप कब खुलते हैं?",
    "你们几点开门",
    "12:30 !!!",
    "🙂🙂",
    "👍👍 #lka",
    "https://example.lk/when/do/you/open",
    "@passports",
    "Colombo Galle Kandy Jaffna Matara",
    "la la la",
    "asdf qwer zxcv",
    "haha hehe",
    "Jag har tappat bort mitt pass, vad ska jag göra nu?",
    "Zgubiłem paszport, co mam teraz zrobić? Proszę o pomoc",
    "Pasaportumu kaybettim, şimdi ne yapmalıyım?",
    "Ztratil jsem pas, co mám teď dělat?",
    "Mi-am pierdut pașaportul, ce trebuie să fac acum?",
    "Elvesztettem az útlevelemet, mit tegyek most?",
    "Jeg har mistet passet mitt, hva skal jeg gjøre nå?",
    "Nawala ko ang passport ko, ano ang dapat kong gawin?",
    "Nimepoteza pasipoti yangu, nifanye nini sasa?",
    "Tôi bị mất hộ chiếu, tôi phải làm gì bây giờ?",
    "Ek het my paspoort verloor, wat moet ek nou doen?",
    "Kadotin passini, mitä minun pitää tehdä nyt?",
    "Baasaboorkayga ayaa iga lumay",
    "De la Mar Colombo",
    "Hotel Le Grand Galle",
    "Los Angeles",
    "Die Hard",
    "No. 12, Main Street, Colombo 07",
    "A B C D",
    "Sri Lanka vs India match",
    "eh? uh oh",
]
"""What says too little, or is in a language that neither its script nor these words tell."""


@pytest.mark.parametrize(("tag", "text"), [(tag, text) for tag, texts in TEXTS.items() for text in texts])
def test_a_text_is_known_by_its_script_or_its_small_words(tag: str, text: str) -> None:
    found = identify(text)
    assert found is not None
    assert found.tag == tag
    assert 0.5 <= found.confidence <= 1


@pytest.mark.parametrize("text", UNKNOWN)
def test_what_says_too_little_stays_unknown(text: str) -> None:
    assert identify(text) is None


@pytest.mark.parametrize(
    "text", ["", " \n", "🙂🙂", "12:30", "#LKA", "@passports", "https://example.lk/when/do/you/open"]
)
def test_where_nothing_is_said_the_platforms_word_does_not_help(text: str) -> None:
    assert identify(text, "en") is None


@pytest.mark.parametrize(
    ("text", "said", "tag"),
    [
        ("passport fees", "en", "en"),
        ("passport fees", "en-GB", "en-GB"),
        ("Kohomada", "id", "id"),
        ("When?", "en-GB", "en-GB"),
        ("Milyen papírok kellenek az útlevélhez?", "hu", "hu"),
        ("آپ کب کھولتے ہیں؟", "ur", "ur"),
        ("你们几点开门", "zh-Hans", "zh-Hans"),
        ("කාර්යාලය විවෘතද?", "en", "si"),
        ("water bill එක වැඩියි", "en", "si"),
        ("When do you open on Sundays?", "si", "en"),
        ("mage passport eka kohomada renew karanne", "en", "si-Latn"),
        ("mage passport eka kohomada renew karanne", "si", "si-Latn"),
    ],
)
def test_the_platforms_word_is_believed_where_the_text_says_little(text: str, said: str, tag: str) -> None:
    found = identify(text, said)
    assert found is not None
    assert found.tag == tag


@pytest.mark.parametrize("said", ["und", "zxx", "mul", "qme", "qst", "", "not a tag", "<script>", None, 5, ["en"]])
def test_what_is_no_language_is_not_believed(said: object) -> None:
    assert identify("passport fees", said) is None


def test_another_script_disproves_the_setting_of_an_app() -> None:
    assert identify("Когда вы открываетесь?", "en") is None
    assert identify("Когда вы открываетесь?", "ru") == Language("ru", SAID)


def test_scripts_are_surer_than_words_and_words_surer_the_more_there_are() -> None:
    script, much, little, romanised = map(
        identify,
        [
            "කාර්යාලය විවෘතද?",
            "When do you open and what do I need to bring with me?",
            "I can see the Galle Colombo Matara Jaffna express",
            "mage passport eka kohomada renew karanne kiyala kiyanna puluwanda",
        ],
    )
    assert script is not None
    assert much is not None
    assert little is not None
    assert romanised is not None
    assert script.confidence == 1.0
    assert script.confidence > much.confidence > little.confidence
    assert much.confidence > romanised.confidence


@pytest.mark.parametrize("part", ["a", "the ", "'", "é", "@", "https://", "ක", "a\u200d", "#x", "\x00", "\ud800", "🙂"])
def test_a_long_and_hostile_text_is_read_by_its_beginning(part: str) -> None:
    identify(part * 40_000, "en")
