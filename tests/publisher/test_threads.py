"""A reply that its platform takes in parts only: a numbered thread, each part once, whatever happens between."""

import pytest

from services.publisher.dispatch import Dispatcher, Limits
from services.publisher.domain.outcomes import Refused, Throttled
from services.publisher.domain.publications import Nature, Publication, part_of
from services.publisher.domain.settlements import RetryPolicy
from tests.publisher.builders import a_progress, a_publication
from tests.publisher.fakes import FakeBell, FakeChannel, FakeClaims

pytestmark = pytest.mark.asyncio(loop_scope="session")

PARTS = ("One. (1/3)", "Two. (2/3)", "Three. (3/3)")


def a_thread() -> Publication:
    return a_publication(text="One. Two. Three.", parts=PARTS, mention="nimal")


async def publish(channel: FakeChannel, seconds: int = 3) -> FakeClaims:
    claims = FakeClaims(a_thread())
    for row in claims.rows.values():
        row.progress = a_progress(parts=len(PARTS))
    dispatcher = Dispatcher(
        claims, {"facebook": channel}, FakeBell(), RetryPolicy(), Limits(), watch=claims.watch, chance=lambda: 0.5
    )
    for _ in range(30):
        await dispatcher.claim_and_start()
        await dispatcher.finish()
        claims.seconds += seconds
    return claims


async def test_the_parts_go_out_one_after_the_other_under_keys_of_their_own() -> None:
    channel = FakeChannel(Nature(chains=True))
    claims = await publish(channel)
    publication = next(iter(claims.rows))
    assert [key for key, _ in channel.replies] == [publication, f"{publication}.2", f"{publication}.3"]
    row = claims.rows[publication]
    assert (row.progress.state, row.progress.posted) == ("published", ("native-1", "native-2", "native-3"))
    assert row.native_id == "native-1"


async def test_a_part_with_an_unknown_outcome_is_looked_for_before_anything_else_is_sent() -> None:
    channel = FakeChannel(Nature(can_look=True, absence_proves=True), "take", "take_and_drop")
    claims = await publish(channel)
    assert len(channel.replies) == 3
    assert channel.looks >= 1
    assert next(iter(claims.rows.values())).progress.state == "published"


async def test_a_part_that_did_not_arrive_is_sent_again_and_no_other() -> None:
    channel = FakeChannel(Nature(can_look=True, absence_proves=True), "take", "hang")
    await publish(channel, seconds=60)
    assert [key.rpartition(".")[2] for key, _ in channel.replies][1:] == ["2", "3"]


async def test_a_throttled_part_waits_and_the_thread_goes_on() -> None:
    channel = FakeChannel(Nature(), "take", Throttled(5))
    claims = await publish(channel, seconds=30)
    assert len(channel.replies) == 3
    assert next(iter(claims.rows.values())).progress.state == "published"


async def test_where_a_part_is_refused_the_thread_has_failed_and_says_how_much_of_it_stands() -> None:
    channel = FakeChannel(Nature(), "take", Refused("blocked", "the author blocked us"))
    claims = await publish(channel)
    row = next(iter(claims.rows.values()))
    assert (row.progress.state, row.progress.reason) == ("failed", "blocked")
    assert row.progress.posted == ("native-1",)


@pytest.mark.parametrize(("chains", "answers"), [(True, "n1"), (False, "900_1")])
async def test_a_later_part_answers_the_one_before_where_the_platform_has_threads(chains: bool, answers: str) -> None:
    part = part_of(a_thread(), a_progress(posted=("n1",), parts=3), Nature(chains=chains))
    assert (part.text, part.reply_to, part.part) == ("Two. (2/3)", answers, 2)


@pytest.mark.parametrize(("public", "mentioned"), [(True, None), (False, "nimal")])
async def test_a_later_part_mentions_the_author_only_where_nobody_else_would_see_it(
    public: bool, mentioned: str | None
) -> None:
    part = part_of(a_publication(parts=PARTS, mention="nimal", public=public), a_progress(posted=("n1",)), Nature())
    assert part.mention == mentioned
