"""Stored comments through a replay: what was known then is read back, and nothing is written."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.policy.adapters import replaying
from services.policy.adapters.replaying import Asked, reading, replay_stored
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Rule
from services.policy.domain.replaying.replay_results import Results
from shared.database import EVERY_AGENCY
from shared.events import Author
from tests.policy.adapters.support import Policy, running_policy
from tests.policy.builders import NOW, edited, received, sample

pytestmark = pytest.mark.asyncio

TEXTS = (
    "What time do you open on Saturday?",
    "Still waiting for my passport, terrible service",
    "The counter at the bridge is closed again",
    "Thank you, well done!",
    "My lawyer will sue you",
    "ඊයේ ඉඳන් බලාගෙන ඉන්නවා",
    "கடவுச்சீட்டு கட்டணம் எவ்வளவு?",
    "Call me on 071 234 5678",
    "You dogs",
    "nonsense",
)
MONTH = Asked("passports", NOW - timedelta(days=30), NOW + timedelta(days=1))


def of(policy: PolicyInForce, **sections: Any) -> PolicyInForce:
    """The same policy with other sections."""
    return PolicyInForce(policy.policy.model_copy(update=sections))


def with_a_rule(agency: str = "passports") -> PolicyInForce:
    rule = Rule.model_validate(
        {"id": "test.bridge", "name": "Bridges", "when": {"phrase": {"en": ("bridge",)}}, "then": {"level": "L3"}}
    )
    policy = sample(agency)
    return of(policy, rules=(rule, *policy.policy.rules))


async def said(_: int, __: int) -> None:
    """Nobody listens."""


async def replayed(policy: Policy, draft: PolicyInForce, asked: Asked = MONTH) -> Results:
    return await replay_stored(policy.database, draft, asked, said)


async def take_in(policy: Policy, count: int) -> None:
    """``count`` comments of ten sorts, by people who write several times to five threads."""
    for start in range(0, count, 100):
        events = [
            received(
                TEXTS[number % len(TEXTS)],
                comment=f"cmt_{number:04}",
                thread=f"thread-{number % 5}",
                author=Author(id=f"citizen-{number % 7}", followers=number * 300),
                public=number % 3 > 0,
                reach=number % 4 * 1000 if number % 11 else None,
                received_at=NOW + timedelta(seconds=number),
            )
            for number in range(start, min(start + 100, count))
        ]
        await policy.receive(*events, moment=NOW + timedelta(seconds=start))


async def test_five_hundred_comments_under_the_policy_in_force_go_alike() -> None:
    async with running_policy() as policy:
        await take_in(policy, 500)
        results = await replayed(policy, sample("passports"))
        assert (results.totals.comments, results.items) == (500, [])
        assert (await replayed(policy, sample("passports"))).summary() == results.summary()


async def test_one_more_rule_changes_exactly_the_comments_that_it_matches() -> None:
    async with running_policy() as policy:
        await take_in(policy, 100)
        changed = {item["comment"] for item in (await replayed(policy, with_a_rule())).items}
        assert changed == {f"cmt_{number:04}" for number in range(100) if "bridge" in TEXTS[number % 10]}


async def test_a_replay_leaves_nothing_behind() -> None:
    everything = "SELECT (SELECT count(*) FROM outbox), (SELECT count(*) FROM audit), (SELECT count(*) FROM turn)"
    async with running_policy() as policy:
        await take_in(policy, 20)
        before = await policy.rows(everything)
        assert (await replayed(policy, with_a_rule())).totals.changed == 2
        assert await policy.rows(everything) == before


async def test_within_a_replay_nothing_can_be_written() -> None:
    async with running_policy() as policy, replaying.reading(policy.database) as connection:
        assert (await connection.execute(text("SHOW transaction_read_only"))).scalar_one() == "on"


async def test_decisions_older_than_their_circumstances_are_decided_from_what_is_left() -> None:
    async with running_policy() as policy:
        await policy.receive(received(TEXTS[1]), received(TEXTS[0], comment="cmt_2", thread="thread-2"))
        async with policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE turn SET decision = (decision::jsonb - 'circumstances')::json"))
        results = await replayed(policy, sample("passports"))
        assert (results.totals.comments, results.totals.changed) == (2, 0)


async def test_our_own_words_are_known_as_such_without_circumstances_too() -> None:
    async with running_policy() as policy:
        await policy.receive(received(TEXTS[1], author=Author(id="acc-1")))
        async with policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE turn SET decision = (decision::jsonb - 'circumstances')::json"))
        assert (await replayed(policy, sample("passports"))).items == []


async def test_a_comment_that_was_made_private_since_counts_as_what_it_was() -> None:
    async with running_policy() as policy:
        await policy.receive(received(TEXTS[0]))
        await policy.receive(edited(TEXTS[0], public=False))
        (row,) = await policy.rows("SELECT public FROM turn")
        assert not row.public
        only_public = Rule.model_validate(
            {"id": "p", "name": "Public", "when": {"public": True}, "then": {"level": "L4"}}
        )
        draft = of(sample("passports"), rules=(only_public, *sample("passports").policy.rules))
        (item,) = (await replayed(policy, draft)).items
        assert item["new"]["level"] == "L4"


async def test_seen_by_nobody_is_not_seen_by_an_unknown_number() -> None:
    async with running_policy() as policy:
        await policy.receive(
            received(TEXTS[1], reach=0), received(TEXTS[1], comment="cmt_2", thread="thread-2", reach=None)
        )
        unseen = Rule.model_validate(
            {"id": "u", "name": "Unseen", "when": {"seen_by_at_most": 0}, "then": {"level": "L4"}}
        )
        draft = of(sample("passports"), rules=(unseen, *sample("passports").policy.rules))
        assert [item["comment"] for item in (await replayed(policy, draft)).items] == ["cmt_1"]


async def test_only_the_agencys_comments_of_the_time_are_replayed_in_the_order_of_their_receipt() -> None:
    async with running_policy() as policy:
        for number, minutes in enumerate((30, 10, 20, 0, 40)):
            at = NOW + timedelta(minutes=minutes)
            await policy.receive(
                received(TEXTS[2], comment=f"cmt_{minutes:02}", thread=f"thread-{number}", received_at=at)
            )
        await policy.receive(received(TEXTS[2], agency="water-board", comment="cmt_99"))
        asked = replace(MONTH, since=NOW + timedelta(minutes=10), until=NOW + timedelta(minutes=40))
        items = (await replayed(policy, with_a_rule(), asked)).items
        assert [item["comment"] for item in items] == ["cmt_10", "cmt_20", "cmt_30"]
        first = await replayed(policy, with_a_rule(), replace(asked, limit=2))
        assert [item["comment"] for item in first.items] == ["cmt_10", "cmt_20"]


async def test_comments_of_one_moment_are_each_replayed_once_across_batches() -> None:
    count = replaying.BATCH * 2 + 1
    async with running_policy() as policy:
        events = [received(TEXTS[2], comment=f"cmt_{number:04}", thread=f"t-{number}") for number in range(count)]
        await policy.receive(*events)
        items = (await replayed(policy, with_a_rule())).items
        assert sorted(item["comment"] for item in items) == [event.comment for event in events]


async def test_a_sample_is_drawn_alike_each_time_and_lies_within_a_larger_one() -> None:
    async with running_policy() as policy:
        await take_in(policy, 200)
        draft = of(sample("passports"), clocks=_slower(sample("passports")))
        drawn = {}
        for share in (0.2, 0.5, 1.0):
            results = await replayed(policy, draft, replace(MONTH, share=share))
            assert (await replayed(policy, draft, replace(MONTH, share=share))).summary() == results.summary()
            drawn[share] = {item["comment"] for item in results.items}
        assert set() < drawn[0.2] < drawn[0.5] < drawn[1.0]


def _slower(policy: PolicyInForce) -> dict[str, Any]:
    return {name: clock.model_copy(update={"answer": clock.answer * 2}) for name, clock in policy.policy.clocks.items()}


async def test_posts_are_those_of_the_roster_then() -> None:
    async with running_policy() as policy:
        await policy.receive(received(TEXTS[1]))
        assert (await replayed(policy, sample("passports"))).items == []
        async with policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(_RENAME_POSTS)
        (item,) = (await replayed(policy, sample("passports"))).items
        assert (item["changed"], item["new"]["owner"]) == (("owner",), "Renamed")


async def test_progress_is_told_batch_by_batch() -> None:
    told: list[tuple[int, int]] = []

    async def note(done: int, total: int) -> None:
        told.append((done, total))

    async with running_policy() as policy:
        await take_in(policy, replaying.BATCH + 20)
        await replay_stored(policy.database, sample("passports"), MONTH, note)
    assert told == [(replaying.BATCH, replaying.BATCH + 20), (replaying.BATCH + 20, replaying.BATCH + 20)]


_RENAME_POSTS = text("""
    UPDATE roster SET officers = (
        SELECT json_agg(jsonb_set(one, '{post}', '"Renamed"')) FROM jsonb_array_elements(officers::jsonb) AS one)
    WHERE agency = 'passports'
""")


async def test_what_is_read_for_a_replay_may_take_longer_than_a_request_waits() -> None:
    async with running_policy() as policy, reading(policy.database) as connection:
        assert (await connection.execute(text("SHOW statement_timeout"))).scalar_one() == "1min"
