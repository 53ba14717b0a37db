"""The map of who could answer what: rows, stretches, and that each moment is as a look at that moment finds it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.policy.domain.answering.drills import new_holes
from services.policy.domain.answering.holes import Hole, holes
from services.policy.domain.answering.maps import MOST_DAYS
from services.policy.domain.answering.paths import missing, team_at
from services.policy.domain.answering.subjects import rows_of
from services.policy.domain.authority.instruments import ActingAppointment, DelegationInstrument
from services.policy.domain.authority.presence import Leave
from services.policy.domain.roster import Ceiling, Officer
from tests.policy.domain.answering.building import (
    MONDAY,
    PEOPLE,
    TOPICS,
    agency,
    colombo,
    lack_at,
    leave,
    mapped,
    presence,
)

HOUR = timedelta(hours=1)
POLICY = agency()


def test_a_row_for_each_weight_and_none_for_what_another_agency_answers() -> None:
    rows = rows_of(POLICY, presence(POLICY).powers)
    own = [row for row in rows if set(row.topics) <= {"fees", "visas", "trade"}]
    told = [(row.topics, row.kinds, row.sensitivities, row.level, len(row.path.steps)) for row in own]
    assert told == [
        ((), (), ("S0", "S1"), "L1", 1),
        ((), (), ("S2",), "L2", 1),
        ((), (), ("S3",), "L3", 2),
        ((), (), ("S4",), "L4", 3),
        (("fees",), (), ("S0", "S1"), "L1", 1),
        (("fees",), (), ("S2",), "L2", 1),
        (("fees",), (), ("S3",), "L3", 2),
        (("fees",), (), ("S4",), "L4", 3),
        (("visas",), (), ("S2",), "L2", 1),
        (("visas",), (), ("S3",), "L3", 2),
        (("visas",), (), ("S4",), "L4", 3),
        ((), ("emergency",), ("S0",), "L3", 2),
        ((), ("threat",), ("S0",), "L3", 3),
    ]
    assert [row.around_the_clock for row in own] == [False] * 11 + [True] * 2


def test_subjects_of_the_same_owners_are_one_row() -> None:
    alike = [*TOPICS, {"id": "photos", "phrases": {"en": ["photo"]}}, {"id": "queues", "phrases": {"en": ["queue"]}}]
    own = {"subject": "queues", "post": "Queues", "level": "L2", "topics": ["queues"]}
    rows = rows_of(there := agency([*PEOPLE, own], topics=alike), presence(there).powers)
    assert {(), ("fees", "photos"), ("queues",)} <= {row.topics for row in rows}
    every = [topic for row in rows if "S4" in row.sensitivities for topic in row.topics]
    assert sorted(every) == sorted(topic.id for topic in there.policy.topics if topic.id != "trade")


def test_a_row_is_answerable_in_the_hours_and_not_at_night() -> None:
    found = mapped(POLICY, presence(POLICY))
    for said, answerable in (
        ("2026-11-23 16:29", True),
        ("2026-11-23 16:30", False),
        ("2026-11-24 08:29", False),
        ("2026-11-24 08:30", True),
        ("2026-11-28 12:00", False),
    ):
        for sensitivity in ("S0", "S2", "S3", "S4"):
            assert (lack_at(found, "fees", sensitivity, colombo(said)) is None) == answerable, said


def test_the_author_of_a_draft_is_not_counted_as_their_own_approver() -> None:
    two = agency([PEOPLE[4], PEOPLE[5]])
    found = mapped(two, presence(two))
    assert lack_at(found, "fees", "S2", MONDAY) is None
    assert lack_at(found, "fees", "S3", MONDAY) == "nobody is left to write the draft, and its author takes no step"
    one = agency([PEOPLE[5]])
    alone = mapped(one, presence(one))
    assert lack_at(alone, "fees", "S0", MONDAY) == "nobody is left to write the draft, and its author takes no step"
    assert lack_at(alone, "fees", "S3", MONDAY) == "2 steps need 2 different persons, and there are not as many"


def test_a_stand_in_counts_as_the_post_and_only_as_one_person() -> None:
    away = leave("deputy", "2026-11-23 08:00", "2026-11-25 00:00")
    stand_in = ActingAppointment("act_1", "test-agency", "comms", "Deputy", MONDAY, MONDAY + 24 * HOUR, "head", MONDAY)
    three = agency([PEOPLE[0], PEOPLE[2], PEOPLE[4]])
    assert lack_at(mapped(three, presence(three, away)), "fees", "S3", MONDAY) is not None
    found = mapped(three, presence(three, away, acting=(stand_in,)))
    assert lack_at(found, "fees", "S3", MONDAY) == "2 steps need 2 different persons, and there are not as many"
    four = agency([PEOPLE[0], PEOPLE[2], PEOPLE[3], PEOPLE[4]])
    found = mapped(four, presence(four, away, acting=(stand_in,)))
    assert lack_at(found, "fees", "S3", MONDAY) is None
    assert lack_at(found, "fees", "S3", MONDAY + 24 * HOUR) is not None


def instrument(delegator: str, post: str, delegate: str, **changes: Any) -> DelegationInstrument:
    about: dict[str, Any] = {
        "id": f"del_{delegate}",
        "agency": "test-agency",
        "delegator": delegator,
        "delegator_post": post,
        "delegate": delegate,
        "delegate_post": None,
        "level": "L3",
        "ceiling": Ceiling(sensitivity="S3", damage="D3"),
        "from_": MONDAY - HOUR,
        "until": MONDAY + 48 * HOUR,
        "granted_at": MONDAY - HOUR,
    }
    return DelegationInstrument(**{**about, **changes})


def test_a_delegation_counts_up_to_its_ceilings_for_its_subjects_and_its_time() -> None:
    away = (
        leave("deputy", "2026-11-23 08:00", "2026-11-30 00:00"),
        leave("head", "2026-11-23 08:00", "2026-11-30 00:00"),
    )
    given = instrument("deputy", "Deputy", "comms", topics=("fees",))
    found = mapped(POLICY, presence(POLICY, *away, delegations=(given,)))
    assert lack_at(found, "fees", "S3", MONDAY) is None
    assert lack_at(found, "visas", "S3", MONDAY) == "nobody may take the approval on L3"
    assert lack_at(found, "fees", "S4", MONDAY) is not None
    assert lack_at(found, "fees", "S3", MONDAY + 48 * HOUR) is not None
    elsewhere = instrument("deputy", "Deputy", "comms", platforms=("mastodon",))
    found = mapped(POLICY, presence(POLICY, *away, delegations=(elsewhere,)))
    assert lack_at(found, "fees", "S3", MONDAY) is not None


def test_a_map_has_few_stretches_and_goes_no_further_than_a_month() -> None:
    found = mapped(POLICY, presence(POLICY), days=400)
    assert found.end == MONDAY + timedelta(days=MOST_DAYS)
    stretches = found.stretches(found.rows[0])
    assert len(stretches) == 2 * 23 + 1
    assert [stretches[0].from_, stretches[-1].until] == [found.start, found.end]
    assert all(one.until == other.from_ for one, other in pairwise(stretches))


NIGHTS = [{"days": [1, 3, 5, 7], "from": "16:00", "to": "24:00"}, {"days": [2, 4, 6], "from": "00:00", "to": "09:00"}]
NAMES = [each["subject"] for each in PEOPLE]
persons = st.sampled_from(NAMES)
spans = st.tuples(st.integers(-24, 200), st.integers(1, 120)).map(
    lambda said: (MONDAY + said[0] * HOUR, MONDAY + (said[0] + said[1]) * HOUR)
)
leaves = st.builds(lambda who, span: Leave("lve_1", "test-agency", who, *span, who, span[0]), persons, spans)
stand_ins = st.builds(
    lambda who, post, span: ActingAppointment("act_1", "test-agency", who, post["post"], *span, "head", MONDAY),
    persons,
    st.sampled_from(PEOPLE),
    spans,
)
instruments = st.builds(
    lambda giver, to, span, s, d, topics: instrument(
        giver["subject"],
        giver["post"],
        to,
        level=giver["level"],
        ceiling=Ceiling(sensitivity=s, damage=d),
        from_=span[0],
        until=span[1],
        topics=topics,
    ),
    st.sampled_from(PEOPLE[2:]),
    persons,
    spans,
    st.sampled_from(["S1", "S2", "S3"]),
    st.sampled_from(["D1", "D3"]),
    st.sampled_from([(), ("fees",), ("visas",)]),
).filter(lambda given: given.delegator != given.delegate)
rosters = st.lists(st.sampled_from([None, "hours", "nights", "later"]), min_size=len(PEOPLE), max_size=len(PEOPLE))


def with_roster(said: list[str | None]) -> list[dict[str, Any]]:
    more: dict[str | None, dict[str, Any]] = {
        None: {},
        "hours": {"hours": [{"days": [1, 2, 3], "from": "10:00", "to": "14:00"}]},
        "nights": {"hours": NIGHTS, "on_holidays": True},
        "later": {"from": MONDAY + 30 * HOUR, "until": MONDAY + 90 * HOUR},
    }
    return [{**each, **more[how]} for each, how in zip(PEOPLE, said, strict=True)]


@settings(max_examples=60, deadline=None)
@given(
    rosters,
    st.lists(leaves, max_size=3),
    st.lists(stand_ins, max_size=2),
    st.lists(instruments, max_size=2),
    st.lists(st.integers(0, 7 * 24 * 60 - 1), min_size=6, max_size=6),
)
def test_the_map_at_any_minute_is_what_a_look_at_that_minute_finds(
    roster: list[str | None], away: list[Leave], acting: Any, given: Any, minutes: list[int]
) -> None:
    officers = tuple(Officer.model_validate(each, strict=False) for each in with_roster(roster))
    there = presence(POLICY, *away, roster=officers, acting=tuple(acting), delegations=tuple(given))
    found = mapped(POLICY, there)
    for minute in minutes:
        moment = MONDAY + timedelta(minutes=minute)
        for row in found.rows:
            for sensitivity in row.row.sensitivities:
                weight = replace(row.row.path.weight, sensitivity=sensitivity)
                looked = missing(row.row.path._replace(weight=weight), team_at(there, moment))
                (stretch,) = (each for each in found.stretches(row) if each.from_ <= moment < each.until)
                assert stretch.missing == looked


@settings(max_examples=40, deadline=None)
@given(rosters, st.lists(leaves, max_size=2), st.sets(persons, min_size=1, max_size=3))
def test_people_who_are_away_throughout_are_as_if_they_held_no_post(
    roster: list[str | None], away: list[Leave], gone: set[str]
) -> None:
    """Where nothing was delegated or stood in for: what they gave others stands while they are away."""
    officers = tuple(Officer.model_validate(each, strict=False) for each in with_roster(roster))
    found = mapped(POLICY, presence(POLICY, *away, roster=officers))
    drill, new = new_holes(found, gone)
    removed = presence(POLICY, *away, roster=tuple(each for each in officers if each.subject not in gone))
    without = mapped(POLICY, removed, rows=[each.row for each in found.rows])
    assert [drill.stretches(row) for row in drill.rows] == [without.stretches(row) for row in without.rows]
    before = {(hole.row, hole.from_, hole.until) for hole in holes(found)}
    assert [hole for hole in places(holes(without)) if hole not in before] == places(new)


def places(found: Iterable[Hole]) -> list[Any]:
    return [(hole.row, hole.from_, hole.until) for hole in found]
