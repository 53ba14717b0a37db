"""Which comments are one issue, and how many people raise it."""

import functools
import random
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import SameIssue
from services.policy.domain.same_issue.issues import Issue, Issues
from services.policy.domain.same_issue.likeness import Likeness, similarity, words_in
from services.policy.domain.same_issue.readings import Reading
from shared.events import Author, CommentReceived
from tests.policy.builders import NOW, in_force, received, sample

CLOSED = "The passport counter in Kandy was closed again this morning"
CLOSED_TOO = "The passport counter in Kandy was closed again today morning"
DRY = "No water in Kandy since this morning"
DRY_SI = "මහනුවර උදේ සිට වතුර නැහැ"
DRY_TA = "கண்டியில் காலை முதல் தண்ணீர் இல்லை"

UNLIKE = [
    "I paid the one day service fee in Battaramulla and still got no passport after two weeks",
    "Why do I have to bring my parents for my sister's passport when she is already nineteen",
    "The officer at window 7 was very kind to my grandmother, please thank him",
    "Can I renew a passport in Vavuniya or only in Colombo, the website says both",
    "Your token site crashes every morning at 8, please let somebody look at it",
    "My name is spelled wrongly on the new passport, who pays for a new one",
    "There was no parking for a wheelchair at the Matara office last Tuesday",
    "How many photographs do you need for a baby of three months",
    "Passports printed in September have pages that come loose",
    "An agent outside the gate asks five thousand rupees for a place in the queue",
    "No water in Nugegoda since Sunday and the bowser never came",
    "The meter reader left a bill of forty thousand for an empty house",
    "A pipe burst in front of the temple in Kelaniya, the road is a river now",
    "Brown water from the tap in Moratuwa, children have rashes",
    "Will the tariff go up again in January as the papers say",
    "මගේ පාස්පෝට් එක මාස තුනක් වෙලත් හම්බුණේ නෑ, කාටද කියන්නේ",
    "මාතර කාර්යාලයේ සෙනසුරාදා විවෘතද කියලා දැනගන්න පුළුවන්ද",
    "ගාස්තුව වැඩි කළේ ඇයි කියලා පැහැදිලි කරන්න",
    "කඩවත පාරේ ජල නළයක් පුපුරලා පැය හතරක් වෙනවා",
    "දවස් දෙකක් තිස්සේ නුගේගොඩ වතුර නැහැ, ළමයි පාසල් යන්නේ කොහොමද",
    "වතුර බිල දෙගුණයක් වෙලා, මීටරය බලන්න කවුරුවත් ආවේ නෑ",
    "නිලධාරී මහත්මයාට ස්තුතියි, අම්මාගේ වැඩේ ඉක්මනින් කළා",
    "උප්පැන්න සහතිකය නැතුව අලුත් පාස්පෝට් එකක් ගන්න පුළුවන්ද",
    "என் கடவுச்சீட்டு மூன்று மாதமாக வரவில்லை, யாரிடம் கேட்பது",
    "யாழ்ப்பாணம் அலுவலகம் சனிக்கிழமை திறந்திருக்குமா என்று சொல்லுங்கள்",
    "வவுனியாவில் இரண்டு நாட்களாக தண்ணீர் வரவில்லை, பௌசரும் வரவில்லை",
    "மட்டக்களப்பில் குழாய் உடைந்து சாலை முழுவதும் வெள்ளம்",
    "கட்டணம் ஏன் இவ்வளவு உயர்ந்தது என்று விளக்க வேண்டும்",
    "குழந்தைக்கு கடவுச்சீட்டு எடுக்க என்ன ஆவணங்கள் வேண்டும்",
    "அதிகாரி அம்மாவிடம் மிகவும் மரியாதையாக பேசினார், நன்றி",
]


class Heard:
    """Comments of one agency, one after the other, in one process."""

    def __init__(self, policy: PolicyInForce | None = None) -> None:
        self.policy = policy or sample("water-board")
        self.issues = Issues()
        self._count = 0

    def say(self, text: str, author: str | None = None, minutes: float = 0, **about: Any) -> Issue:
        """A comment by another person unless ``author`` is named; the issue that it belongs to."""
        self._count += 1
        event = received(
            text,
            agency=self.policy.policy.agency,
            comment=f"cmt_{self._count}",
            author=Author(id=author or f"citizen-{self._count}"),
            received_at=NOW + timedelta(minutes=minutes),
            **about,
        )
        return self.issues.join(event, self._like(event), self.policy.policy.same_issue)

    def read(self, text: str) -> Likeness:
        """What a comment is compared by, which belongs to no issue yet."""
        return self._like(received(text, agency=self.policy.policy.agency))

    def _like(self, event: CommentReceived) -> Likeness:
        like = Reading.of(event, self.policy).likeness
        assert like is not None
        return like


@functools.cache
def rules(**same_issue: Any) -> PolicyInForce:
    return in_force(same_issue=same_issue)


def test_what_several_people_say_alike_is_one_issue_on_every_platform() -> None:
    heard = Heard()
    first = heard.say(CLOSED, platform="facebook")
    for platform, text in [("x", CLOSED.upper()), ("telegram", f"{CLOSED}!!! 😡"), ("youtube", CLOSED_TOO)]:
        assert heard.say(text, platform=platform) is first
    assert (first.raised_by, first.comments) == (4, 4)


def test_unlike_comments_are_as_many_issues() -> None:
    for agency in ("passports", "water-board"):
        heard = Heard(sample(agency))
        assert len({heard.say(text).id for text in UNLIKE}) == len(UNLIKE) == 30
        assert {len(heard.say(text).authors) for text in UNLIKE} == {2}


@settings(deadline=None, max_examples=60)
@given(st.lists(st.sampled_from(UNLIKE), min_size=1, max_size=30), st.randoms())
def test_reworded_and_mixed_comments_find_their_own(texts: list[str], drawn: random.Random) -> None:
    heard, opened = Heard(), {text: "" for text in texts}
    for text in opened:
        opened[text] = heard.say(text).id
    for text in texts:
        words = text.split()
        drawn.shuffle(words)
        assert heard.say(f"{' '.join(words).upper()} !!").id == opened[text]


def test_an_issue_does_not_drift_from_comment_to_comment() -> None:
    heard, words = Heard(), [f"word{n}" for n in range(30)]
    issues = [heard.say(" ".join(words[n : n + 20])) for n in range(11)]
    assert issues[0] is issues[1] is issues[2]
    assert issues[10] is not issues[0]
    for issue, n in zip(issues, range(11), strict=True):
        assert similarity(issue.words, words_in(" ".join(words[n : n + 20]))) >= 0.6


def test_how_alike_is_alike_is_for_the_policy_to_say() -> None:
    for at_least, same in ((0.5, True), (0.95, False)):
        heard = Heard(rules(similarity=at_least))
        assert (heard.say(CLOSED) is heard.say(CLOSED_TOO)) is same


def test_one_person_is_counted_once_however_often_they_write() -> None:
    heard = Heard()
    for minute in range(10):
        issue = heard.say(CLOSED, "one", minute)
    assert (issue.raised_by, issue.comments) == (1, 10)


def test_the_same_id_on_two_platforms_is_two_people() -> None:
    heard = Heard()
    heard.say(CLOSED, "17", platform="x")
    assert heard.say(CLOSED, "17", platform="facebook").raised_by == 2


def test_only_those_within_the_window_are_counted() -> None:
    heard = Heard(rules(window_minutes=60))
    heard.say(CLOSED, "early")
    assert heard.say(CLOSED, "later", 50).raised_by == 2
    assert heard.say(CLOSED, "later still", 70).raised_by == 2
    assert heard.say(CLOSED, "early", 71).raised_by == 3


def test_an_issue_ends_when_nobody_raised_it_for_a_window() -> None:
    heard = Heard(rules(window_minutes=60))
    first = heard.say(CLOSED)
    assert heard.say(CLOSED, minutes=60) is first
    assert heard.say(CLOSED, minutes=121) is not first


@settings(deadline=None)
@given(st.permutations([(author, minute) for author in "abcdef" for minute in (0, 7, 40)]))
def test_the_order_of_arrival_does_not_change_the_count(said: list[tuple[str, int]]) -> None:
    heard = Heard()
    for author, minute in said:
        issue = heard.say(CLOSED, author, minute)
    assert (issue.raised_by, issue.comments, len(heard.issues.raised)) == (6, 18, 1)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 300), st.integers(0, 2)), min_size=1))
def test_several_processes_together_count_as_one_would(said: list[tuple[int, int, int]]) -> None:
    whole, *parts = (Heard(rules(window_minutes=120)).say(CLOSED, "first") for _ in range(4))
    for author, minute, part in said:
        for issue in (whole, parts[part]):
            issue.add(author, NOW + timedelta(minutes=minute))
    stored, *others = parts
    for other in others:
        stored.merge(other)
    assert stored.authors == whole.authors
    assert stored.last_at == whole.last_at


def test_the_latest_authors_are_kept_where_there_are_more_than_are_counted() -> None:
    heard = Heard(rules(surge_at=10))
    for n in range(600):
        issue = heard.say(CLOSED, f"a{n}", n / 100)
    assert issue.raised_by == 600
    kept = issue.latest_authors()
    left_out = {issue.authors[author] for author in issue.authors.keys() - kept.keys()}
    assert (len(kept), left_out) == (512, {min(issue.authors.values())})


def surges(issue: Issue) -> bool:
    issue.note_surge()
    return issue.surge_begins


def test_a_surge_begins_once_at_the_policys_count_and_may_begin_again() -> None:
    heard = Heard(rules(surge_at=5, window_minutes=60))
    assert [surges(heard.say(CLOSED, minutes=n)) for n in range(7)] == [*[False] * 4, True, False, False]
    issue = heard.say(CLOSED, minutes=8)
    assert issue.surging_since == NOW + timedelta(minutes=4)
    assert [surges(heard.say(CLOSED, minutes=minute)) for minute in (60, 110, 165)] == [False] * 3
    assert issue.surging_since is None
    assert [surges(heard.say(CLOSED, minutes=170 + n)) for n in range(5)].count(True) == 1


@pytest.mark.parametrize("judged", [None, "spam"])
def test_spam_from_many_is_no_surge(judged: Any) -> None:
    heard = Heard(rules(surge_at=2))
    text = "I earn 900 daily at home, ask me how" if judged else "Click here to earn money fast from home"
    issue = heard.say(text)
    issue.judged = judged
    for _ in range(5):
        heard.say(text)
    assert (issue.comments, issue.raised_by, surges(issue)) == (6, 1, False)


def test_what_a_person_judged_is_recognised_after_its_window() -> None:
    heard = Heard()
    issue = heard.say(CLOSED)
    issue.judged = "complaint"
    later = heard.say(CLOSED, minutes=60 * 24 * 7)
    assert later is issue
    assert later.raised_by == 1


def everyone(heard: Heard, said: Iterable[str]) -> list[int]:
    return [heard.say(text).raised_by for text in said]


def test_the_same_in_three_languages_is_counted_together() -> None:
    said = [DRY] * 4 + [DRY_SI] * 3 + [DRY_TA] * 3
    assert everyone(Heard(), said)[-1] == 10
    for seed in range(20):
        random.Random(seed).shuffle(said)
        heard = Heard()
        everyone(heard, said)
        assert {heard.say(text, "citizen-1").raised_by for text in (DRY, DRY_SI, DRY_TA)} <= {10, 11}


def test_one_voice_in_another_language_proves_nothing() -> None:
    assert everyone(Heard(), [DRY, DRY, DRY, DRY_SI, DRY_TA]) == [1, 2, 3, 1, 1]


def test_of_several_issues_on_a_subject_the_widest_speaks_for_its_language() -> None:
    heard = Heard()
    everyone(heard, ["no water again in our lane near the old mill"] * 2 + [DRY] * 5)
    assert everyone(heard, [DRY_SI] * 2) == [1, 7]


def test_other_languages_are_counted_within_the_window_only() -> None:
    heard = Heard()
    heard.say(DRY)
    heard.say(DRY)
    heard.say(DRY_SI, minutes=110)
    assert heard.say(DRY_SI, minutes=110).raised_by == 4
    assert heard.say(DRY_SI, minutes=119).raised_by == 5
    assert heard.say(DRY_SI, minutes=122).raised_by == 4


def test_other_languages_count_only_where_the_policy_says_so() -> None:
    topics = [{"id": "outage", "phrases": {"en": ["no water"], "si": ["වතුර නැහැ"]}}]
    for across, count in ((True, 4), (False, 2)):
        heard = Heard(in_force(topics=topics, same_issue={"across_languages": across}))
        assert everyone(heard, [DRY, DRY, DRY_SI, DRY_SI])[-1] == count


def test_a_surge_in_several_languages_begins_once() -> None:
    heard = Heard()
    begun = [surges(heard.say(text)) for text in [DRY] * 5 + [DRY_SI] * 5 + [DRY] * 3 + [DRY_TA] * 3]
    assert begun.count(True) == 1
    assert begun[9]


def test_an_issue_still_alone_gives_way_under_the_keys_that_it_shares() -> None:
    heard, words = Heard(), [f"w{n}" for n in range(24)]
    alone = heard.say(" ".join(words))
    near = heard.say(" ".join([*words[:12], *(f"x{n}" for n in range(12))]))
    assert near is not alone
    assert heard.say(" ".join(words)) is alone, "its very words still lead to it"


def test_keys_are_written_when_new_and_again_before_they_let_go() -> None:
    heard = Heard(rules(window_minutes=100))
    issue = heard.say(CLOSED)
    keys = heard.issues.to_be_held()
    assert len(keys) == 5
    again = Issues()
    again.fill(issue, dict.fromkeys(keys, issue.ends_at))
    heard.issues = again
    heard.say(CLOSED, minutes=20)
    assert again.to_be_held() == {}
    heard.say(CLOSED, minutes=30)
    assert again.to_be_held().keys() == keys.keys()


def test_an_issue_of_one_comment_is_forgotten_sooner() -> None:
    within = SameIssue(window_minutes=60)
    heard = Heard(rules(**within.model_dump()))
    issue = heard.say(CLOSED)
    assert issue.forget_at == NOW + timedelta(hours=3)
    heard.say(CLOSED)
    assert issue.forget_at > NOW + timedelta(days=29)


def test_a_judgement_is_of_the_very_words_that_were_judged() -> None:
    heard = Heard()
    issue = heard.say("Click here to earn money online, double your money, join my telegram now")
    issue.judged = "spam"
    same = heard.read("Click HERE to earn money online, double your money: join my telegram now!")
    other = heard.read("Is this your office? Is it real? Click here to earn money online, join my telegram now")
    assert (issue.judged_for(same), issue.judged_for(other)) == ("spam", None)
