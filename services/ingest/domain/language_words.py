"""The small words by which languages in Latin letters are told apart, as people type them.

Pronouns, particles, question words and the commonest verbs: what every sentence has and what is not borrowed. Words
that another language has as well may stand under both, so that they count for neither. Sinhala and Tamil have no
agreed spelling in Latin letters, so the usual ones are all here.
"""

from collections.abc import Mapping
from typing import Final

_WORDS: Final[Mapping[str, str]] = {
    "en": """
        a about after again ain't all already also always am an and another any anyone are aren't as ask at back bad be
        because been before being best better both broken but by call called came can can't cannot closed come could
        couldn't day days did didn't do does doesn't doing don't done each even ever every everyone for from get gets
        getting give go going gone good got great had has hasn't have haven't having he hello help her here him his hope
        hours how i i'd i'll i'm i've if in is isn't it it's its just keep know last let let's like long made make many
        may me month months more most much must my need needed needs never new next no nobody nor not nothing now of off
        on once only open opening or other our out over paid people please pls plz rude sad seen sent shame shouldn't
        show since so some someone something soon sorry still such take tell than thank thanks that that's the their
        them then there there's these they thing this those through to today told tomorrow too took under understand
        until up us useless very wait waited waiting want wanted wants was wasn't way we we're we've week weeks well
        went were weren't what what's when where which while who whose why will with within without won't working worst
        would wouldn't wrong year years yes yesterday yet you you're you've your
        """,
    "si-Latn": """
        aluth anna awa balanawa balanna be bohoma danna dannawada danne deela denawa denna denne eka ekak ekata eke eken
        ekka eyala ganna ganne gatta gena giya habai hadanna hariyata heta hinda honda hondai inna innawa itin kala kale
        karala karanawa karanna karanne karapu karoth kauda kawadada kawda keeyada kenek kiwwa kiyada kiyala kiyana
        kiyanawa kiyanna kiyanne kochchara kohada kohe koheda kohenda kohomada komada labenne mage magen mata mokada
        mokadda mokak mokakda mokakwath monawada nadda naha nathnam naththan nathuwa ne neda nehe ona one oona oya oyage
        oyala oyalage passe puluwan puluwanda pulwan pulwanda salli sthuthi sthuthiyi stuti thama thawa thiyanawa
        thiyanne thiyenawa thiyenawada thiyenne tiyanawa tiyenawa tiyenne unath wadiyi wage walata wasa wedak wela
        welawa wenawa wenna wenne weyi wuna yanna yanne yawanna yawanne
        """,
    "ta-Latn": """
        aachu aagum aaguma aana achu agum aiya amma anga anna appadi appo athu avanga edhu eduka edukka eduthu ellam
        enakku enaku endha enga engal enge enna ennoda entha epadi epdi eppadi eppo eppothu evalavu evlo illa illai
        illaya inga inge ippa ippo irukka irukku iruku irunthu ithu kidaikkum kidaikum kidaikuma konjam kudukka kudunga
        mattum mudiyala mudiyathu mudiyum mudiyuma naan nalla namma nan nandri neenga nga onnum panna pannanum pannu
        pannunga panrathu pathi podanum poga ponga puriyala romba seiya seiyanum sollunga solunga sonnanga thaan thanga
        theriyala theriyuma unga ungal ungaluku vaanga vanakkam vandhu vanga varala varum varuma vendam vendum venum
        yaar yaru yen
        """,
    "de": """
        aber alle als am an auch auf aus bei bin bis bitte brauche da danke dann das dass dem den der des die dir doch
        du durch ein eine einem einen einer er es für gibt habe haben hat hier ich ihr ihre ihren im in ist ja kann kein
        keine können man mehr mein meine meinen mich mir mit muss müssen nach nicht noch nun nur oder ohne schon sehr
        seit sie sind so um und uns unser vom von vor wann war warum was wenn wer werden wie wir wird wo zu zum zur
        öffnen über
        """,
    "fr": """
        alors au aussi aux avec avez avons bien bonjour c'est ce cela ces cette combien comment dans de depuis des dois
        du elle en est est-ce et faire fait faut il ils j'ai je jour jours l'on la le les leur lui ma mais me merci mes
        moi mon n'est ne nos notre nous on ont ou ouvrez où par pas peut peux plus pour pourquoi qu'il quand que quel
        quelle qui sans se ses si son sont sur tout trop très un une vos votre vous à était être
        """,
    "es": """
        a ahora al algo aquí así bien buenos como con cuál cuándo cuánto cómo de del desde día días dónde e el ella en
        entre es esta este esto estoy está están favor fue gracias ha hace hasta hay he hola la las le lo los mas me mi
        mis muy más nada ni no nos nuestro o para pero por porque puede puedo que quiero qué se ser si sin sobre soy su
        sus sí también tengo tiene todo tu un una usted ustedes y ya yo
        """,
    "pt": """
        a ainda ao aos as até bem bom com como da das de depois do dos e ela ele em entre então era essa esse esta estou
        está estão eu foi há isso isto já la mais mas me meu meus minha muito na nas nem no nos nossa não o obrigada
        obrigado onde os ou para pela pelo pode por porque posso preciso quando quanto que quem se sem ser seu sua são
        também tem tenho um uma você vocês é
        """,
    "it": """
        a ai al alla anche ancora avete buongiorno c'è che chi ci come con cosa così da dal dalla dei del della delle
        devo di dopo dove e fare gli grazie ha hanno ho il in io la le lei lo loro ma mi mia mio molto nel nella noi non
        nostro o ogni per perché più posso può quando quanto quella questa questo se sei senza si sono sta stato su sul
        tra tutto un una vi voi vostro è
        """,
    "nl": """
        aan al alle als ben bent bij dan dat de deze die dit doe door een en er geen goed graag haar had hallo heb
        hebben heeft het hier hij hoe hoeveel ik in is ja je jullie kan kunnen maar me meer met mij mijn moet moeten
        naar niet nog nu of om ons onze ook op open over te toch tot u uit uw van veel voor waar waarom wanneer wat we
        wel wie wij wil worden wordt zal ze zich zijn zonder
        """,
    "id": """
        ada adalah aku anda apa apakah atau bagaimana bagi bahwa baik banyak belum berapa bisa boleh buka bukan dalam
        dan dapat dari dengan di dia hanya hari harus ini itu juga kalau kami kamu kantor kapan karena kasih ke kenapa
        kepada kita lagi lebih maka mana masih mau mengapa mereka mohon oleh pada perlu saat saja sangat saya sebagai
        sudah tapi telah terima tidak tolong untuk yang
        """,
    "hi-Latn": """
        aap aapka abhi accha aur bahut bhi ek hai hain ho hoga hota hua hum iska jab jaldi jo ka kab kahan kaise karna
        karne karo karta ke ki kisi ko kya kyon kyu kyun liye main mein mera mere meri mujhe nahi nahin par raha rahe se
        tha toh tum usko wo woh ya yeh
        """,
}

LANGUAGES: Final = frozenset(_WORDS)
"""The tags that words can tell."""


def _by_word() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for tag, words in _WORDS.items():
        for word in frozenset(words.split()):
            found[word] = (*found.get(word, ()), tag)
    return found


TAGS_OF: Final[Mapping[str, tuple[str, ...]]] = _by_word()
"""The languages that each small word belongs to."""
