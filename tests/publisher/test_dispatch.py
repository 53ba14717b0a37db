"""The story of a publication from claim to settlement, with time moved by hand."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.outcomes import CredentialsDead, Refused, Throttled, Unavailable
from services.publisher.domain.publications import Nature
from services.publisher.domain.settlements import RetryPolicy
from services.publisher.ports import Channel
from tests.publisher.builders import NOW, a_progress, a_publication
from tests.publisher.fakes import FakeBell, FakeChannel, FakeClaims

pytestmark = pytest.mark.asyncio(loop_scope="session")

FACEBOOK = Nature(can_look=True, absence_proves=True)
MASTODON = Nature(idempotent_for=timedelta(hours=1), can_look=True)


def a_dispatcher(claims: FakeClaims, limits: Limits | None = None, **channels: Channel) -> Dispatcher:
    return Dispatcher(
        claims, channels, FakeBell(), RetryPolicy(), limits or Limits(), watch=claims.watch, chance=lambda: 0.5
    )


async def run(dispatcher: Dispatcher, claims: FakeClaims, seconds: float, step: float = 0.5) -> None:
    """Let the fake clock run for ``seconds``."""
    until = claims.seconds + seconds
    while claims.seconds <= until:
        await dispatcher.claim_and_start()
        await dispatcher.finish()
        claims.seconds += step


async def test_an_accepted_then_dropped_reply_ends_in_exactly_one() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK, "take_and_drop")
    await run(a_dispatcher(claims, facebook=channel), claims, 1.5)
    row = claims.rows[publication.publication]
    assert (row.progress.state, row.native_id, row.attempts) == ("published", "native-1", ["unknown", "found"])
    assert (channel.sends, len(channel.replies)) == (1, 1)


async def test_a_hanging_reply_is_sent_again_only_after_the_settle_time() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK, "hang")
    dispatcher = a_dispatcher(claims, facebook=channel)
    await run(dispatcher, claims, 599)
    assert channel.sends == 1
    await run(dispatcher, claims, 3)
    row = claims.rows[publication.publication]
    assert (row.progress.state, channel.sends, len(channel.replies)) == ("published", 2, 1)


async def test_a_holding_reply_that_nobody_could_look_up_is_not_sent_after_all() -> None:
    holding = a_publication(purpose="holding")
    claims, channel = FakeClaims(holding), FakeChannel(FACEBOOK)
    waiting = a_progress("unknown", sent_at=NOW, reason="no_answer", needs_person=True)
    claims.rows[holding.publication].progress = waiting
    claims.seconds = 660
    await run(a_dispatcher(claims, facebook=channel), claims, 2)
    assert (claims.rows[holding.publication].progress.state, channel.looks, channel.sends) == ("failed", 1, 0)


async def test_an_idempotent_platform_gets_the_same_key_again_at_once() -> None:
    publication = a_publication(platform="mastodon")
    claims = FakeClaims(publication)
    channel = FakeChannel(MASTODON, "take_and_drop", "take_and_drop")
    await run(a_dispatcher(claims, mastodon=channel), claims, 4)
    assert claims.rows[publication.publication].progress.state == "published"
    assert (channel.sends, channel.looks, len(channel.replies)) == (3, 0, 1)


async def test_a_throttle_silences_the_whole_account_for_as_long_as_it_asks() -> None:
    claims = FakeClaims(a_publication(thread="1"), a_publication(thread="2"))
    channel = FakeChannel(FACEBOOK, Throttled(5))
    dispatcher = a_dispatcher(claims, replace(Limits(), each=1), facebook=channel)
    await run(dispatcher, claims, 4.4)
    assert channel.sends == 1
    await run(dispatcher, claims, 2)
    assert {row.progress.state for row in claims.rows.values()} == {"published"}


async def test_a_gone_parent_fails_as_not_possible() -> None:
    publication = a_publication()
    claims = FakeClaims(publication)
    channel = FakeChannel(FACEBOOK, Refused("not_possible", "the comment is gone"))
    await run(a_dispatcher(claims, facebook=channel), claims, 1)
    progress = claims.rows[publication.publication].progress
    assert (progress.state, progress.reason) == ("failed", "not_possible")


async def test_dead_credentials_park_and_degrade_until_new_ones_come() -> None:
    publication = a_publication()
    claims = FakeClaims(publication)
    channel = FakeChannel(FACEBOOK, *[CredentialsDead("code 190")] * 3)
    dispatcher = a_dispatcher(claims, facebook=channel)
    await run(dispatcher, claims, 4)
    assert claims.rows[publication.publication].progress.state == "pending"
    assert (channel.sends, len(claims.degraded)) == (1, 1)
    channel.script.clear()
    claims.paused.clear()
    await run(dispatcher, claims, 0.5)
    assert claims.rows[publication.publication].progress.state == "published"
    assert not claims.degraded


async def test_an_account_without_credentials_sends_nothing() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK)
    claims.credentials = None  # type: ignore[assignment]
    await run(a_dispatcher(claims, facebook=channel), claims, 1)
    assert (channel.sends, claims.rows[publication.publication].attempts) == (0, ["credentials_dead"])


async def test_replies_of_a_thread_appear_in_the_order_of_their_release() -> None:
    publications = [a_publication(thread="1", text=str(number)) for number in range(5)]
    claims, channel = FakeClaims(*publications), FakeChannel(FACEBOOK, "take", "take_and_drop")
    await run(a_dispatcher(claims, facebook=channel), claims, 10)
    assert [key for key, _ in channel.replies] == [one.publication for one in publications]


async def test_two_equal_replies_are_not_taken_for_each_other() -> None:
    first, second = (a_publication(text="The same line.") for _ in range(2))
    claims, channel = FakeClaims(first, second), FakeChannel(FACEBOOK, "take", "hang")
    await run(a_dispatcher(claims, facebook=channel), claims, 620)
    assert len(channel.replies) == 2
    assert {row.progress.state for row in claims.rows.values()} == {"published"}


async def test_a_hanging_account_does_not_block_the_others() -> None:
    dead = [a_publication(platform="mastodon", account="dead", thread=str(n)) for n in range(20)]
    alive = a_publication(thread="alive")
    claims = FakeClaims(*dead, alive)
    hanging, channel = FakeChannel(MASTODON), FakeChannel(FACEBOOK)
    hanging.gate = asyncio.Event()
    dispatcher = a_dispatcher(claims, replace(Limits(), most=8, each=4), mastodon=hanging, facebook=channel)
    await dispatcher.claim_and_start()
    await asyncio.sleep(0.01)
    assert claims.rows[alive.publication].progress.state == "published"
    assert hanging.sends == 4
    hanging.gate.set()
    await dispatcher.finish()


async def test_an_account_that_does_not_answer_is_tried_one_at_a_time() -> None:
    publications = [a_publication(thread=str(n)) for n in range(10)]
    claims, channel = FakeClaims(*publications), FakeChannel(FACEBOOK, *[Unavailable("refused")] * 4)
    dispatcher = a_dispatcher(claims, replace(Limits(), most=8, each=4), facebook=channel)
    await run(dispatcher, claims, 0)
    assert channel.sends == 4
    claims.seconds += 1
    await dispatcher.claim_and_start()
    await dispatcher.finish()
    assert channel.sends == 5


async def test_what_waited_too_long_under_its_lease_is_left_as_it_was() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK)
    dispatcher = a_dispatcher(claims, facebook=channel)
    await dispatcher.claim_and_start()
    claims.seconds += 16
    await dispatcher.finish()
    row = claims.rows[publication.publication]
    assert (channel.sends, row.progress.state, row.attempts) == (0, "pending", [])


async def test_an_outcome_is_written_down_when_the_database_comes_back() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK)
    claims.refuse_settles = 2
    dispatcher = a_dispatcher(claims, facebook=channel)
    await dispatcher.claim_and_start()
    await dispatcher.finish()
    assert claims.rows[publication.publication].progress.state == "published"
    assert channel.sends == 1


async def test_a_stop_waits_for_the_attempt_under_way_and_keeps_its_outcome() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK)
    channel.gate = asyncio.Event()
    loop = asyncio.create_task(a_dispatcher(claims, facebook=channel).run())
    await asyncio.sleep(0.02)
    loop.cancel()
    await asyncio.sleep(0.02)
    channel.gate.set()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert claims.rows[publication.publication].progress.state == "published"


async def test_a_stop_leaves_what_hangs_to_its_lease() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK)
    channel.gate = asyncio.Event()
    dispatcher = a_dispatcher(claims, replace(Limits(), drain=0.05), facebook=channel)
    loop = asyncio.create_task(dispatcher.run())
    await asyncio.sleep(0.02)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
    assert claims.rows[publication.publication].progress.state == "sending"


async def test_a_mistake_of_ours_while_sending_is_an_unknown_outcome() -> None:
    publication = a_publication()
    claims, channel = FakeClaims(publication), FakeChannel(FACEBOOK)

    async def stumble(*_: object) -> None:
        raise KeyError("id")

    channel.send = stumble  # type: ignore[assignment, method-assign]
    await run(a_dispatcher(claims, facebook=channel), claims, 0)
    assert claims.rows[publication.publication].progress.state == "unknown"


async def test_a_platform_that_nobody_serves_yet_is_refused() -> None:
    publication = a_publication(platform="telegram")
    claims = FakeClaims(publication)
    await run(a_dispatcher(claims), claims, 0)
    assert claims.rows[publication.publication].progress.reason == "not_supported"
