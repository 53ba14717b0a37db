"""Who may take which step, and what an approval binds."""

from dataclasses import replace

import pytest

from services.policy.domain.authority.mandates import Mandate, OnBehalfOf, Weight
from services.policy.domain.clearance.approvals import (
    CeilingExceeded,
    Consent,
    Counting,
    DayIsSpent,
    Draft,
    NotYetYourTurn,
    NotYourAuthority,
    OwnDraft,
    Step,
    steps_of,
)
from services.policy.domain.clearance.deciders import (
    Decider,
    approval_step,
    may_decide,
    returning,
    signoff_step,
)
from services.policy.domain.clearance.seen import Seen
from services.policy.domain.roster import Ceiling, Officer
from tests.policy.builders import NOW, bare

SEEN = Seen("text", "en", ("cmt_1", 1), "mastodon", "acc-1", "n-1", "a/1@0", "S0", "D0")


def a_draft(level: str = "L4", signoffs: tuple[str, ...] = ()) -> Draft:
    steps = steps_of(bare().steps(level, signoffs))  # type: ignore[arg-type]
    return Draft(1, 1, "desk", "text", "en", SEEN.digest(), "a/1@0", steps, "open", NOW)


def weighing(weight: Weight) -> Draft:
    return replace(a_draft(), weight=weight)


def post(subject: str, **limits: object) -> Officer:
    found = bare().policy.officer(subject)
    assert found is not None
    return found.model_copy(update=limits)


def who(subject: str, **limits: object) -> Decider:
    return Decider(subject, (Mandate.of_post(post(subject, **limits)),))


def lent(subject: str, by: str, **limits: object) -> Mandate:
    """What ``by`` has, delegated."""
    given = {"instrument": "del_1", "on_behalf_of": OnBehalfOf(by, post(by).post), "chain": ("del_1",), **limits}
    return replace(Mandate.of_post(post(by)), subject=subject, post=post(subject).post, basis="delegation", **given)


def with_lent(subject: str, by: str, given_today: int = 0, **limits: object) -> Decider:
    own = Mandate.of_post(post(subject))
    return Decider(subject, (own, lent(subject, by, **limits)), {"del_1": given_today})


def take(draft: Draft, subject: str) -> Draft:
    index, mandate = approval_step(draft, who(subject))
    return draft.taken(index, Consent.by(mandate, NOW, draft.digest))


@pytest.mark.parametrize("level", ["L1", "L2", "L3", "L4"])
def test_the_ladder_of_the_baseline(level: str) -> None:
    expected = {"L1": ["L1"], "L2": ["L2"], "L3": ["L2", "L3"], "L4": ["L2", "L3", "L4"]}
    assert [step.level for step in a_draft(level).steps] == expected[level]


def test_an_officer_takes_the_highest_step_open_to_them() -> None:
    draft = take(a_draft(), "head")
    assert [step.taken is not None for step in draft.steps] == [False, False, True]
    draft = take(draft, "division")
    assert [step.taken is not None for step in draft.steps] == [False, True, True]


@pytest.mark.parametrize(
    "order", [("comms", "division", "head"), ("head", "division", "comms"), ("head", "comms", "legal")]
)
def test_parallel_steps_clear_in_any_order(order: tuple[str, ...]) -> None:
    draft = a_draft()
    for subject in order:
        assert not draft.is_cleared
        draft = take(draft, subject)
    assert draft.is_cleared


def test_the_author_never_counts() -> None:
    with pytest.raises(OwnDraft):
        take(a_draft("L1"), "desk")


def test_one_person_takes_one_step() -> None:
    with pytest.raises(NotYourAuthority):
        take(take(a_draft(), "head"), "head")


def test_below_the_level_nothing_can_be_taken() -> None:
    with pytest.raises(NotYourAuthority):
        take(a_draft("L2"), "desk-2")


def test_a_sign_off_is_for_its_specialist() -> None:
    draft = a_draft("L3", ("legal",))
    assert signoff_step(draft, who("legal"), "legal")[0] == 2
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, who("head"), "legal")
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, who("legal"), "security")


def test_an_approval_is_no_sign_off_and_the_other_way_round() -> None:
    draft = take(a_draft("L3", ("legal",)), "legal")
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, who("legal"), "legal")
    assert not draft.is_cleared


def test_a_ceiling_limits_the_holder_of_a_post() -> None:
    limited = who("head", ceiling=Ceiling(sensitivity="S3", damage="D2"))
    with pytest.raises(CeilingExceeded):
        approval_step(weighing(Weight("S3", "D3")), limited)
    assert approval_step(weighing(Weight("S3", "D2")), limited)[0] == 2
    assert not may_decide(weighing(Weight("S4", "D0")), limited)


@pytest.mark.parametrize("topics", [("fees",), ("fees", "queues"), ()])
def test_a_post_for_some_subjects_decides_on_these_and_on_nothing_else(topics: tuple[str, ...]) -> None:
    limited = who("head", topics=("fees", "visas"))
    assert may_decide(weighing(Weight("S0", "D0", topics)), limited) == (topics == ("fees",))
    if topics != ("fees",):
        with pytest.raises(NotYourAuthority, match="does not stand for the subject"):
            approval_step(weighing(Weight("S0", "D0", topics)), limited)


def test_may_decide_says_what_the_steps_say() -> None:
    draft = a_draft("L2", ("legal",))
    answers = {subject: may_decide(draft, who(subject)) for subject in ("desk", "desk-2", "comms", "legal")}
    assert answers == {"desk": False, "desk-2": False, "comms": True, "legal": True}


def test_a_delegate_takes_the_delegators_step_and_says_for_whom() -> None:
    index, mandate = approval_step(a_draft(), with_lent("desk-2", "head"))
    consent = Consent.by(mandate, NOW, "0" * 64)
    assert index == 2
    assert (consent.officer, consent.post, consent.level) == ("desk-2", "Second Desk", "L4")
    assert (consent.instrument, consent.on_behalf_of) == ("del_1", OnBehalfOf("head", "Head"))


def test_the_own_post_is_used_before_what_is_borrowed() -> None:
    _, mandate = approval_step(a_draft("L2"), with_lent("comms", "head"))
    assert (mandate.basis, mandate.post) == ("post", "Communications")


def test_a_delegation_lends_the_level_and_no_second_step() -> None:
    delegate = with_lent("comms", "head")
    index, mandate = approval_step(a_draft(), delegate)
    draft = a_draft().taken(index, Consent.by(mandate, NOW, "0" * 64))
    assert len(draft.steps) == 3
    with pytest.raises(NotYourAuthority):
        approval_step(draft, delegate)
    with pytest.raises(OwnDraft):
        approval_step(replace(a_draft(), author="comms"), delegate)


@pytest.mark.parametrize(
    ("weight", "exceeded"),
    [
        (Weight("S2", "D3"), ("damage",)),
        (Weight("S4", "D2"), ("sensitivity",)),
        (Weight("S4", "D4"), ("sensitivity", "damage")),
    ],
)
def test_the_ceiling_that_is_exceeded_is_named_with_its_instrument(weight: Weight, exceeded: tuple[str, ...]) -> None:
    ceiling = Ceiling(sensitivity="S3", damage="D2")
    with pytest.raises(CeilingExceeded, match="del_1") as refused:
        approval_step(weighing(weight), with_lent("desk-2", "head", ceiling=ceiling))
    assert refused.value.exceeded == exceeded
    assert all(f"{getattr(weight, name)} lies above" in str(refused.value) for name in exceeded)


def test_a_delegation_is_for_its_platforms() -> None:
    delegate = with_lent("desk-2", "head", platforms=("x",))
    with pytest.raises(NotYourAuthority, match="platform"):
        approval_step(weighing(Weight("S0", "D0", platform="mastodon")), delegate)
    assert approval_step(weighing(Weight("S0", "D0", platform="x")), delegate)[0] == 2


def test_the_number_of_a_day_is_the_last() -> None:
    limits = (("del_1", 2),)
    assert may_decide(a_draft(), with_lent("desk-2", "head", 1, limits=limits))
    with pytest.raises(DayIsSpent, match="2 a day"):
        approval_step(a_draft(), with_lent("desk-2", "head", 2, limits=limits))


def test_a_sign_off_can_be_lent_only_with_its_specialism() -> None:
    draft = a_draft("L3", ("legal",))
    assert signoff_step(draft, with_lent("desk-2", "legal"), "legal")[1].instrument == "del_1"
    with pytest.raises(NotYourAuthority):
        signoff_step(draft, with_lent("desk-2", "legal", specialisms=()), "legal")


def test_what_is_above_the_ceiling_cannot_be_sent_back_either() -> None:
    limited = who("head", ceiling=Ceiling(sensitivity="S1", damage="D1"))
    with pytest.raises(CeilingExceeded):
        returning(weighing(Weight("S2", "D0")), limited)
    with pytest.raises(NotYourAuthority, match="subject"):
        returning(weighing(Weight("S0", "D0", ("visas",))), who("head", topics=("fees",)))
    assert returning(weighing(Weight("S1", "D1")), limited).post == "Head"
    assert returning(replace(weighing(Weight("S2", "D0")), author="head"), limited).post == "Head"


def test_a_consent_counts_while_its_instrument_stands_and_its_giver_has_not_stepped_aside() -> None:
    index, mandate = approval_step(a_draft(), with_lent("desk-2", "head"))
    draft = take(a_draft().taken(index, Consent.by(mandate, NOW, "0" * 64)), "division")
    taken = {
        name: [step.taken is not None for step in draft.recounted(counting).steps]
        for name, counting in {
            "standing": Counting(frozenset(["del_1"])),
            "lapsed": Counting(),
            "recused": Counting(frozenset(["del_1"]), frozenset(["division"])),
        }.items()
    }
    assert taken == {"standing": [False, True, True], "lapsed": [False, True, False], "recused": [False, False, True]}
    released = replace(draft, state="released")
    assert released.recounted(Counting()) == released


@pytest.mark.parametrize(
    "change",
    [
        {"text": "text."},
        {"language": "si"},
        {"head": ("cmt_2", 1)},
        {"head": ("cmt_1", 2)},
        {"platform": "x"},
        {"account": "acc-2"},
        {"reply_to": "n-2"},
        {"policy_version": "a/2@1"},
        {"sensitivity": "S1"},
        {"damage": "D1"},
        {"statements": (("fee", "3"),)},
        {"statements": (("fee", "4"),)},
        {"valid_until": NOW},
    ],
)
def test_anything_that_changes_gives_another_digest(change: dict[str, object]) -> None:
    other = replace(SEEN, **change)  # type: ignore[arg-type]
    assert other.digest() != SEEN.digest()
    assert len(other.digest()) == 64


def staged(*steps: Step) -> Draft:
    return replace(a_draft(), steps=steps)


def test_a_step_waits_for_those_of_earlier_stages() -> None:
    draft = staged(Step("approval", "L2"), Step("approval", "L3", stage=2), Step("signoff", "L1", "legal", stage=3))
    with pytest.raises(NotYetYourTurn):
        signoff_step(draft, who("legal"), "legal")
    with pytest.raises(NotYetYourTurn):
        approval_step(replace(draft, steps=(*draft.steps[1:], Step("signoff", "L1", "facts"))), who("division"))
    draft = take(take(draft, "comms"), "division")
    assert signoff_step(draft, who("legal"), "legal")[0] == 2


def test_who_may_take_an_earlier_step_takes_that_one() -> None:
    draft = staged(Step("approval", "L2"), Step("approval", "L3", stage=2))
    assert approval_step(draft, who("head"))[0] == 0


def test_a_step_may_be_for_the_holders_of_certain_posts() -> None:
    draft = staged(Step("approval", "L2", posts=("Division", "Legal")))
    with pytest.raises(NotYourAuthority):
        approval_step(draft, who("head"))
    assert approval_step(draft, who("legal"))[0] == 0
    assert approval_step(draft, with_lent("desk-2", "division"))[0] == 0


def test_a_quorum_takes_as_many_persons() -> None:
    draft = staged(*[Step("approval", "L2") for _ in range(3)])
    for subject in ("comms", "division"):
        draft = take(draft, subject)
    assert not draft.is_cleared
    assert take(draft, "legal").is_cleared
