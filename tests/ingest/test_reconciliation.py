"""What a webhook lost is found by asking; what it brought is not counted; what is too young is left to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from prometheus_client import REGISTRY
from starlette.responses import JSONResponse, Response

from services.ingest.adapters.polling.feeds import FEEDS
from services.ingest.settings import (
    DiscoursePolling,
    FacebookPolling,
    InstagramPolling,
    PlatformPolling,
    PollingSettings,
    XPolling,
)
from tests.ingest.fake_pushing import FAKES, FakeFacebook, FakeForum, FakeGraph, FakeInstagram, FakePushing, FakeX, fake
from tests.ingest.support import Ingest, running_ingest
from tests.support.senders import SENDERS

pytestmark = pytest.mark.asyncio

QUICK: dict[str, Any] = {
    "poll_seconds": 0.1,
    "least_seconds": 0.01,
    "backlog_hours": 24,
    "grace_seconds": 3600,
    "retry_seconds": 0.1,
    "timeout_seconds": 2,
}
SETTINGS = PollingSettings(
    facebook=FacebookPolling(**QUICK),
    instagram=InstagramPolling(**QUICK),
    x=XPolling(**QUICK),
    discourse=DiscoursePolling(**QUICK),
)


def now() -> datetime:
    """The platforms' time is the service's."""
    return datetime.now(UTC) + FakePushing.ahead


class Bench:
    """The service, and a platform that it is connected to. Time is the platform's."""

    def __init__(self, ingest: Ingest, platform: Any) -> None:
        self.ingest = ingest
        self.platform = platform
        self.name: str = platform.platform
        self._gaps = self._counted()

    @property
    def gaps(self) -> int:
        """How many gaps were counted since the test began."""
        return self._counted() - self._gaps

    def _counted(self) -> int:
        return int(REGISTRY.get_sample_value("parley_ingest_gaps_total", {"platform": self.name}) or 0)

    async def connect(self, *, with_token: bool = True) -> None:
        secrets = dict(SENDERS[self.name].secrets)
        if with_token:
            secrets[self.platform.secret] = self.platform.token
        account, url = self.platform.account, self.platform.url
        answer = await self.ingest.connect(self.name, account, secrets=secrets, base_url=url)
        assert answer.status_code == 201, answer.text

    def later(self) -> None:
        """Let so much time pass that nothing is young any more."""
        FakePushing.ahead += timedelta(hours=2)

    async def push(self, item: dict[str, Any], **headers: str) -> None:
        """Deliver what the platform pushes."""
        body, signed = SENDERS[self.name].send(self.platform.push(item))
        route = f"/webhooks/{self.name}/{self.platform.account}"
        answer = await self.ingest.http.post(route, content=body, headers={**signed, **headers})
        assert answer.status_code == 200

    async def looks_again(self, times: int = 2) -> None:
        """Wait until the platform was asked again, from the beginning."""
        first = self.platform.routes()[0].path
        seen = self.platform.asked.count(first)
        await until(lambda: self.platform.asked.count(first) > seen + times)

    async def texts(self, kind: str = "CommentReceived") -> list[str]:
        """What was announced, in order."""
        events = await self.ingest.events()
        return [event["text"] for found, event in events if found == kind and event["platform"] == self.name]

    async def hears(self, count: int) -> list[str]:
        """What was announced, once that is so much."""

        async def enough() -> bool:
            return len(await self.texts()) >= count

        await until(enough)
        return await self.texts()

    async def comments(self) -> list[Any]:
        """What is known of each comment, without what a webhook cannot tell as exactly."""
        return await self.ingest.rows(
            "SELECT native_id, thread, parent, author_id, author_name, author_handle, text, revision, revision_key,"
            " public, language FROM comment WHERE platform = :platform ORDER BY native_id",
            platform=self.name,
        )

    async def trouble(self) -> str | None:
        rows = await self.ingest.rows("SELECT trouble FROM account WHERE platform = :platform", platform=self.name)
        return str(rows[0].trouble) if rows[0].trouble is not None else None


@asynccontextmanager
async def benches(
    *kinds: type[FakePushing], polling: PollingSettings = SETTINGS, with_token: bool = True
) -> AsyncIterator[list[Bench]]:
    """One service and these platforms (without ``kinds`` all of them), each with its account connected."""
    FakePushing.ahead = timedelta()
    async with AsyncExitStack() as stack:
        platforms = [await stack.enter_async_context(fake(kind)) for kind in kinds or FAKES]
        ingest = await stack.enter_async_context(running_ingest(polling=polling, clock=now))
        connected = [Bench(ingest, platform) for platform in platforms]
        for one in connected:
            await one.connect(with_token=with_token)
        yield connected


@asynccontextmanager
async def bench(kind: type[FakePushing]) -> AsyncIterator[Bench]:
    async with benches(kind) as (one,):
        yield one


async def until(look: Callable[[], Any], wanted: object = True, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while True:
            found = look()
            if (await found if asyncio.iscoroutine(found) else found) == wanted:
                return
            await asyncio.sleep(0.02)


async def test_what_was_never_pushed_is_taken_in_once_and_counted() -> None:
    async with benches() as everywhere:
        for at in everywhere:
            at.platform.say("When do you open?")
        at.later()
        for at in everywhere:
            assert (at.name, await at.hears(1)) == (at.name, ["When do you open?"])
            await at.looks_again()
            assert (at.name, len(await at.comments()), at.gaps) == (at.name, 1, 1)


async def test_what_was_pushed_is_the_same_comment_and_no_gap() -> None:
    async with benches() as everywhere:
        for at in everywhere:
            await at.push(at.platform.say("ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද? 🙏"))
        pushed = {at.name: await at.comments() for at in everywhere}
        at.later()
        for at in everywhere:
            await at.looks_again()
            assert (at.name, await at.comments(), at.gaps) == (at.name, pushed[at.name], 0)


async def test_both_ways_lead_to_the_same_comment() -> None:
    async with benches() as everywhere, benches(with_token=False) as pushed:
        for at, other in zip(everywhere, pushed, strict=True):
            await other.push(at.platform.say("ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද? 🙏"))
        at.later()
        for at, other in zip(everywhere, pushed, strict=True):
            await at.hears(1)
            assert await at.comments() == await other.comments()
            await at.push(at.platform.said[0])
            assert len(await at.comments()) == 1


async def test_what_is_young_is_left_to_the_webhook_for_a_while() -> None:
    async with benches() as everywhere:
        for at in everywhere:
            at.platform.say("old")
        at.later()
        for at in everywhere:
            at.platform.say("young")
        for at in everywhere:
            await at.hears(1)
            await at.looks_again()
            assert (at.name, await at.texts()) == (at.name, ["old"])
        at.later()
        for at in everywhere:
            assert (at.name, await at.hears(2), at.gaps) == (at.name, ["old", "young"], 2)


async def test_nothing_is_skipped_where_a_walk_over_several_pages_is_interrupted() -> None:
    nothing, busy, odd = Response("", 503), Response("<html>busy</html>", 200), JSONResponse({"data": 7}, 200)
    async with benches() as everywhere:
        for at in everywhere:
            for number in range(7):
                at.platform.say(str(number))
            at.platform.fail += [None, None, nothing, busy, None, odd]
        at.later()
        for at in everywhere:
            await at.hears(7)
            at.platform.say("meanwhile")
        at.later()
        for at in everywhere:
            await at.hears(8)
            await at.looks_again()
            assert (at.name, sorted(await at.texts())) == (at.name, [*map(str, range(7)), "meanwhile"])
            assert (at.name, at.gaps) == (at.name, 8)


async def test_a_dead_token_degrades_the_account_and_webhooks_go_on() -> None:
    async with benches() as everywhere:
        for at in everywhere:
            await at.looks_again(0)
            at.platform.token = "another"
        for at in everywhere:
            await until(at.trouble, "forbidden" if at.name == "discourse" else "token_invalid")
            await at.push(at.platform.say("pushed all the same"))
            assert await at.texts() == ["pushed all the same"]
            at.platform.token = "a-token"
        for at in everywhere:
            await until(at.trouble, None)
        kinds = [kind for kind, _ in await at.ingest.events() if kind.startswith("Account")]
        assert sorted(kinds) == ["AccountConnected"] * 4 + ["AccountDegraded"] * 4 + ["AccountRestored"] * 4


async def test_an_account_without_a_token_is_not_asked() -> None:
    async with benches(with_token=False) as without, benches(FakeX) as (at,):
        at.platform.say("asked for")
        at.later()
        await at.hears(1)
        assert [one.platform.asked for one in without] == [[], [], [], []]


async def test_what_was_said_before_the_account_was_connected_is_not_answered() -> None:
    async with benches() as everywhere:
        for at in everywhere:
            at.platform.say("long ago", ago=timedelta(days=2))
            at.platform.say("lately")
        at.later()
        for at in everywhere:
            await at.hears(1)
            await at.looks_again()
            assert (at.name, await at.texts()) == (at.name, ["lately"])


@pytest.mark.parametrize(
    ("answer", "pause"),
    [
        (FakeGraph.error(4, **{"x-business-use-case-usage": "no JSON"}), 300),
        (FakeGraph.error(613, status=403), 300),
    ],
)
async def test_metas_limits_pause_and_do_not_degrade(answer: Response, pause: int) -> None:
    async with bench(FakeFacebook) as at:
        await at.looks_again(0)
        at.platform.fail.append(answer)
        await until(lambda: not at.platform.fail)
        asked = len(at.platform.asked)
        await asyncio.sleep(0.5)
        assert len(at.platform.asked) == asked, f"it waits for {pause} s"
        assert await at.trouble() is None


async def test_a_comment_under_a_photo_that_was_pushed_under_its_other_id_is_no_gap() -> None:
    async with bench(FakeFacebook) as at:
        await at.looks_again(0)
        item = at.platform.say("Nice picture")
        number = item["id"].partition("_")[2]
        await at.push({**item, "id": f"990000000000055_{number}"})
        at.later()
        await at.looks_again()
        assert (len(await at.comments()), at.gaps) == (1, 0)


async def test_an_answer_on_facebook_stands_in_its_comments_thread() -> None:
    async with bench(FakeFacebook) as at:
        first = at.platform.say("When do you open?")
        at.platform.say("I would like to know too", parent={"id": first["id"]})
        own = {"id": at.platform.account, "name": "Passports"}
        at.platform.say("At nine.", **{"from": own, "parent": {"id": first["id"]}})
        at.later()
        await at.hears(2)
        await until(lambda: at.ingest.count("echo"), 1)
        assert {row.thread for row in await at.ingest.rows("SELECT thread FROM comment")} == {first["id"]}


async def test_a_new_answer_to_an_old_comment_on_instagram_is_found() -> None:
    async with bench(FakeInstagram) as at:
        first = at.platform.say("When do you open?", ago=timedelta(days=300))
        first["replies"] = {"data": [at.platform.item("9007199254749999", "At nine?", at.platform.now())]}
        at.later()
        assert await at.hears(1) == ["At nine?"]
        ((native_id, thread, parent),) = await at.ingest.rows("SELECT native_id, thread, parent FROM comment")
        assert (native_id, thread, parent) == ("9007199254749999", first["id"], first["id"])


async def test_an_edited_post_on_a_forum_is_the_edit_that_the_webhook_tells_of() -> None:
    async with bench(FakeForum) as at:
        item = at.platform.say("When do you open?")
        await at.push(item)
        item |= {"raw": "When do you open on Mondays?", "version": 2}
        at.later()
        await until(lambda: at.texts("CommentEdited"), ["When do you open on Mondays?"])
        await at.push(item, **{"x-discourse-event": "post_edited"})
        assert (await at.texts("CommentEdited"), at.gaps) == (["When do you open on Mondays?"], 1)


async def test_an_old_forum_is_read_across_ids_under_which_there_is_nothing() -> None:
    async with bench(FakeForum) as at:
        at.platform.is_old = True
        at.platform.say("first")
        at.later()
        await at.hears(1)
        for number, words in ((400, "second"), (900, "third")):
            at.platform.said.append(at.platform.item(str(2**53 + number), words, at.platform.now()))
        at.later()
        assert sorted(await at.hears(3)) == ["first", "second", "third"]


async def test_a_page_that_x_does_not_know_any_more_begins_the_walk_anew() -> None:
    async with bench(FakeX) as at:
        for number in range(3):
            at.platform.say(str(number))
        at.platform.fail += [None, JSONResponse({"title": "Invalid Request", "status": 400}, 400)]
        at.later()
        assert sorted(await at.hears(3)) == ["0", "1", "2"]
        assert await at.trouble() is None


async def test_a_post_on_x_is_paid_for_once() -> None:
    async with bench(FakeX) as at:
        at.platform.say("When do you open?")
        at.later()
        await at.hears(1)
        ((cursor,),) = await at.ingest.rows("SELECT cursor FROM poll_cursor")
        assert at.platform.said[-1]["id"] in cursor
        await at.looks_again()
        assert await at.ingest.count("raw_body") == 1


async def test_every_platform_that_is_asked_has_settings() -> None:
    for feed in FEEDS:
        assert isinstance(PollingSettings().of(feed.platform), PlatformPolling)
