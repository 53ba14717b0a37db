"""Whatever is granted in whatever order, nobody has more than the first grantor; and what has lapsed stays lapsed."""

from dataclasses import replace
from datetime import datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy import authority
from services.policy.domain.authority.grants import Asked, GrantRefused, Place, grant
from services.policy.domain.authority.instruments import DelegationInstrument
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.authority.powers import Powers
from services.policy.domain.clearance.approvals import NotYourAuthority
from services.policy.domain.roster import Ceiling, Officer
from services.policy.domain.scales import DAMAGES, SENSITIVITIES
from tests.policy.builders import NOW
from tests.policy.domain.authority.building import DAY, TOPICS, election

PEOPLE = ("a", "b", "c", "d", "e")
PLATFORMS = ("x", "mastodon")
SPECIALISMS = ("facts", "legal")

some_topics = st.lists(st.sampled_from(TOPICS), unique=True, max_size=2).map(tuple)
some_platforms = st.lists(st.sampled_from(PLATFORMS), unique=True, max_size=1).map(tuple)
some_specialisms = st.lists(st.sampled_from(SPECIALISMS), unique=True).map(tuple)
ceilings = st.builds(Ceiling, sensitivity=st.sampled_from(SENSITIVITIES), damage=st.sampled_from(DAMAGES))
levels = st.sampled_from(("L1", "L2", "L3", "L4"))
moments = st.integers(0, 40).map(lambda days: NOW + days * DAY)


@st.composite
def officers(draw: st.DrawFn, subject: str) -> Officer:
    return Officer(
        subject=subject,
        post=f"Post {subject}",
        level=draw(levels),
        specialisms=draw(some_specialisms),
        ceiling=draw(st.none() | ceilings),
        topics=draw(some_topics),
        until=draw(st.none() | moments),
    )


rosters = st.tuples(*(officers(subject) for subject in PEOPLE))


@st.composite
def wishes(draw: st.DrawFn) -> tuple[str, Asked, datetime]:
    to_post = draw(st.booleans())
    delegate = draw(st.sampled_from(PEOPLE))
    begins = draw(moments)
    wish = Asked(
        ceiling=draw(ceilings),
        from_=begins,
        until=begins + draw(st.integers(0, 30)) * DAY,
        delegate=None if to_post else delegate,
        delegate_post=f"Post {delegate}" if to_post else None,
        level=draw(st.none() | levels),
        topics=draw(some_topics),
        platforms=draw(some_platforms),
        specialisms=draw(some_specialisms),
        number_a_day=draw(st.none() | st.integers(1, 3)),
        sub_delegation=draw(st.booleans()),
        cleared_lines_only=draw(st.booleans()),
    )
    return draw(st.sampled_from(PEOPLE)), wish, draw(moments)


def granted(powers: Powers, grants: list[tuple[str, Asked, datetime]]) -> Powers:
    for number, (grantor, wish, at) in enumerate(sorted(grants, key=lambda each: each[2])):
        try:
            made = grant(wish, grantor, Place("test-agency", powers, TOPICS, at), f"del_{number}")
        except (GrantRefused, NotYourAuthority):
            continue
        powers = replace(powers, delegations=(*powers.delegations, made))
    return powers


def within(lent: Mandate, power: Mandate) -> dict[str, bool]:
    """In which dimensions what is lent lies within a power."""
    return {
        "cleared_lines_only": lent.cleared_lines_only or not power.cleared_lines_only,
        "level": lent.level <= power.level,
        "sensitivity": lent.ceiling.sensitivity <= power.ceiling.sensitivity,
        "damage": lent.ceiling.damage <= power.ceiling.damage,
        "topics": not power.topics or (bool(lent.topics) and set(lent.topics) <= set(power.topics)),
        "platforms": not power.platforms or (bool(lent.platforms) and set(lent.platforms) <= set(power.platforms)),
        "specialisms": set(lent.specialisms) <= set(power.specialisms),
        "numbers": set(power.limits) <= set(lent.limits),
        "until": power.until is None or (lent.until is not None and lent.until <= power.until),
    }


@settings(max_examples=300, deadline=None)
@given(rosters, rosters, st.lists(wishes(), min_size=2, max_size=12), moments)
def test_nobody_ever_has_more_than_the_first_grantor(
    before: tuple[Officer, ...], after: tuple[Officer, ...], grants: list[tuple[str, Asked, datetime]], now: datetime
) -> None:
    powers = replace(granted(Powers(before), grants), roster=after)
    for subject in PEOPLE:
        for lent in powers.of(subject, now):
            if lent.basis != "delegation":
                continue
            root = powers.by_id[lent.chain[-1]]
            first = [each for each in powers.held(root.delegator, now) if each.post == root.delegator_post]
            assert all(within(lent, first[0]).values()), within(lent, first[0])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(wishes(), min_size=1, max_size=8),
    st.lists(st.tuples(rosters, st.booleans(), st.none() | st.sampled_from(PEOPLE)), min_size=1, max_size=6),
    rosters,
)
def test_a_lapse_is_final_whatever_happens_afterwards(
    grants: list[tuple[str, Asked, datetime]],
    changes: list[tuple[tuple[Officer, ...], bool, str | None]],
    roster: tuple[Officer, ...],
) -> None:
    powers = granted(Powers(roster), grants)
    lapsed: set[str] = set()
    for day, (seated, before_election, revoking) in enumerate(changes):
        now = NOW + (41 + day) * DAY if day else max((each[2] for each in grants), default=NOW)
        powers = replace(powers, roster=seated, periods=(election(now),) if before_election else ())
        put: dict[str, DelegationInstrument] = {}
        for instrument in powers.delegations:
            if instrument.delegator == revoking:
                try:
                    put |= {each.id: each for each, _ in authority.revoke(instrument, revoking, "done", powers, now)}
                except authority.OverAlready:
                    continue
        put |= {each.id: each for each, _ in authority.lapse(powers, now) if each.id not in put}
        powers = replace(powers, delegations=tuple(put.get(each.id, each) for each in powers.delegations))
        assert not lapsed & powers.standing(now)
        lapsed |= {each.id for each in powers.delegations if powers.lapse(each, now) is not None}
        assert set(put) <= lapsed
