"""What the watch does for every feed, with a feed that says what the test tells it to."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from services.ingest.adapters import http
from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.polling.answers import Answer, Gone, Refused, Throttled, Unavailable
from services.ingest.adapters.polling.feed import Feed, NotNow, Outside, Page, Pages, Span, Stream, WatchedNow, Woken
from services.ingest.adapters.polling.means import Means
from services.ingest.adapters.polling.pace import Pace
from services.ingest.adapters.polling.polling import Polling
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import EditedComment, Entry, NewComment, RemovedComment, Revoked
from services.ingest.domain.refusals import Unreadable
from services.ingest.settings import MastodonPolling
from shared.clock import utc_now
from shared.secrets import Seal
from tests.ingest.support import PAGE, Ingest, running_ingest

pytestmark = pytest.mark.asyncio

QUICK = MastodonPolling(
    poll_seconds=0.05, least_seconds=0.01, reread_seconds=0.1, retry_seconds=0.05, reconnect_seconds=0.05
)
PACE = Pace(**QUICK.model_dump(include=set(Pace.__slots__)))


def comment(native: str, words: str = "When do you open?", **fields: Any) -> NewComment:
    return NewComment(PAGE, native, "p", words, datetime.now(UTC), thread=native, **fields)


class Scripted(Feed):
    """Says ``pages`` one after the other (answers and errors are raised), then nothing new."""

    platform = "facebook"
    part = "scripted"
    rereads = True
    streams = True

    def __init__(self, outside: Outside) -> None:
        super().__init__(outside)
        self.pages: list[Page | Answer | Unreadable] = []
        self.looked_at: list[str] = []
        self.rereading: list[Page | Answer] = []
        self.stream: asyncio.Queue[Woken | Page | Answer] = asyncio.Queue()
        self.watched: list[str] = []
        self.asked = 0

    async def next_page(self, account: Account, span: Span) -> Page:
        self.asked += 1
        said = self.pages.pop(0) if self.pages else Page((), b"")
        if isinstance(said, Unreadable):
            raise said
        if not isinstance(said, Page):
            raise NotNow(said)
        return said

    async def read_again(self, account: Account, watched: Any, now: datetime) -> Pages:
        self.looked_at += [one.native_id for one in watched]
        for said in self.rereading:
            if not isinstance(said, Page):
                raise NotNow(said)
            yield said

    async def listen(self, account: Account, watched: WatchedNow) -> Stream:
        yield Woken()
        while True:
            said = await self.stream.get()
            self.watched = [one.native_id for one in await watched()]
            if not isinstance(said, Woken | Page):
                raise NotNow(said)
            yield said


@asynccontextmanager
async def watching(pace: Pace = PACE) -> AsyncIterator[tuple[Ingest, Scripted]]:
    async with running_ingest() as ingest, http.client(1) as client:
        await ingest.connect("facebook", PAGE)
        seal = Seal.from_base64(ingest.settings.secrets.key.get_secret_value())
        book = AccountBook(ingest.database, seal, refresh_seconds=0.1)
        await book.refresh()
        feed = Scripted(Outside(client, client, utc_now))
        means = Means(feed, pace, ingest.database, book, Heard(), utc_now)
        running = [asyncio.create_task(loop()) for loop in (book.run, Polling(means).run)]
        yield ingest, feed
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


class Heard:
    """Nobody listens to how accounts are."""

    def heard(self, account: Account, now: datetime) -> None: ...

    def refused(self, account: Account, now: datetime) -> None: ...


async def until(look: Callable[[], Any], wanted: object = True) -> None:
    async with asyncio.timeout(15):
        while True:
            found = look()
            if (await found if asyncio.iscoroutine(found) else found) == wanted:
                return
            await asyncio.sleep(0.02)


async def trouble(ingest: Ingest) -> str | None:
    ((found,),) = await ingest.rows("SELECT trouble FROM account")
    return str(found) if found is not None else None


def page(*entries: Entry, cursor: str | None = None, more: bool = False) -> Page:
    return Page(entries, b"{}", cursor, more)


async def test_pages_are_read_on_while_there_are_more() -> None:
    async with watching(replace(PACE, poll_seconds=600.0)) as (ingest, feed):
        feed.pages += [page(comment(str(n)), cursor=str(n), more=n < 49) for n in range(50)]
        await until(lambda: ingest.count("comment"), 50)
        ((cursor,),) = await ingest.rows("SELECT cursor FROM poll_cursor WHERE part = 'scripted'")
        assert cursor == "49"


async def test_what_the_database_refuses_is_set_aside_and_reading_goes_on() -> None:
    async with watching() as (ingest, feed):
        feed.pages += [page(comment("1", "\x00"), comment("2"), cursor="1"), page(comment("3"), cursor="2")]
        await until(lambda: ingest.count("comment"), 1)
        assert await ingest.count("dead_letter") == 1
        ((cursor,),) = await ingest.rows("SELECT cursor FROM poll_cursor")
        assert cursor == "2"


@pytest.mark.parametrize("nothing", [Unavailable("status_503"), Gone(), Unreadable("Not as documented.")])
async def test_an_account_that_gives_no_answer_for_long_is_degraded_until_it_does(nothing: Any) -> None:
    async with watching(replace(PACE, patience_seconds=0.3)) as (ingest, feed):
        feed.pages += [nothing] * 1000
        await until(lambda: trouble(ingest), "unreachable")
        feed.pages.clear()
        await until(lambda: trouble(ingest), None)


async def test_a_hiccup_degrades_nothing() -> None:
    async with watching() as (ingest, feed):
        feed.pages += [
            Unavailable("status_502"),
            Gone(),
            Throttled(0.05),
            Unavailable("ReadTimeout"),
            page(comment("1")),
        ]
        await until(lambda: ingest.count("comment"), 1)
        assert [kind for kind, _ in await ingest.events() if kind == "AccountDegraded"] == []


async def test_a_limit_is_kept_whatever_the_stream_says() -> None:
    async with watching() as (_, feed):
        feed.pages.append(Throttled(600))
        await until(lambda: not feed.pages)
        asked = feed.asked
        for _ in range(10):
            feed.stream.put_nowait(Woken())
        await until(feed.stream.empty)
        await asyncio.sleep(0.3)
        assert feed.asked == asked


async def test_a_comment_that_cannot_be_looked_at_does_not_slow_the_poll() -> None:
    async with watching() as (ingest, feed):
        feed.rereading.append(Unavailable("status_500"))
        feed.pages.append(page(comment("1")))
        await until(lambda: len(feed.looked_at) >= 3)
        feed.pages.append(page(comment("2")))
        await until(lambda: ingest.count("comment"), 2)
        assert await trouble(ingest) is None


async def test_what_is_found_before_a_refusal_in_the_middle_is_kept() -> None:
    async with watching() as (ingest, feed):
        feed.pages.append(page(comment("1"), comment("2")))
        await until(lambda: ingest.count("comment"), 2)
        feed.rereading += [page(RemovedComment(PAGE, "1", datetime.now(UTC))), Refused("forbidden")]
        await until(lambda: trouble(ingest), "forbidden")
        rows = await ingest.rows("SELECT native_id, status FROM comment ORDER BY native_id")
        assert [(row.native_id, row.status) for row in rows] == [("1", "deleted"), ("2", "received")]


async def test_a_lost_right_that_a_page_tells_of_is_noted() -> None:
    async with watching() as (ingest, feed):
        feed.pages.append(page(Revoked(PAGE, "rights_revoked", "Connect the account again.")))
        await until(lambda: trouble(ingest), "rights_revoked")
        await until(lambda: feed.asked > 5)
        assert await trouble(ingest) == "rights_revoked", "that it can be read does not bring the right back"


async def test_a_stream_is_told_which_comments_matter_and_changes_only_those() -> None:
    async with watching(replace(PACE, poll_seconds=600.0)) as (ingest, feed):
        feed.pages.append(page(comment("1")))
        feed.stream.put_nowait(Woken())
        await until(lambda: ingest.count("comment"), 1)
        edit = EditedComment(
            PAGE, "1", "p", "And on Mondays?", datetime.now(UTC), revision="2", edited_at=datetime.now(UTC)
        )
        feed.stream.put_nowait(page(edit, replace(edit, native_id="other"), comment("new")))
        await until(lambda: ingest.rows("SELECT native_id, text, revision FROM comment"), [("1", "And on Mondays?", 2)])
        assert feed.watched == ["1"]


async def test_a_stream_that_fails_is_opened_again() -> None:
    async with watching(replace(PACE, poll_seconds=600.0)) as (ingest, feed):
        for number, failure in enumerate((Unavailable("ReadTimeout"), Throttled(0.05), Gone())):
            feed.stream.put_nowait(failure)
            await until(feed.stream.empty)
            feed.pages.append(page(comment(str(number))))
            feed.stream.put_nowait(Woken())
            await until(lambda wanted=number + 1: ingest.count("comment"), number + 1)


async def test_a_disabled_account_is_not_read_any_more() -> None:
    async with watching() as (ingest, feed):
        await until(lambda: feed.asked > 1)
        await ingest.change("UPDATE account SET disabled_at = now(), version = version + 1")

        async def rests() -> bool:
            asked = feed.asked
            await asyncio.sleep(10 * PACE.poll_seconds)
            return feed.asked == asked

        await until(rests)
