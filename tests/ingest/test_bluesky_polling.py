"""Reading a Bluesky account over real HTTP, and listening to the network's stream over a real WebSocket."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import Response

from services.ingest.adapters.polling.answers import Answer, Gone, Refused, Throttled, Unavailable
from services.ingest.adapters.polling.bluesky import BlueskyFeed
from services.ingest.adapters.polling.bluesky_client import understand
from services.ingest.adapters.polling.bluesky_place import Place
from services.ingest.adapters.polling.feed import NoStream, NotNow, Page, Woken
from services.ingest.adapters.store.comments import Watched
from services.ingest.domain.entries import Echo, EditedComment, NewComment, RemovedComment, Written
from services.ingest.domain.refusals import Unreadable
from services.ingest.settings import BlueskyPolling, PollingSettings
from tests.ingest.square import BANK, WATER, Reading, TownSquare, reading, refusal, town_square
from tests.ingest.support import Ingest, running_ingest
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

LIST = "listNotifications"
CREATE_SESSION = "createSession"
REFRESH_SESSION = "refreshSession"


@asynccontextmanager
async def bluesky(
    tmp_path: Path, *, listens: bool = False, secret: str | None = None
) -> AsyncIterator[tuple[Reading, TownSquare]]:
    async with (
        town_square(tmp_path) as square,
        reading(BlueskyFeed, square, listens=listens, secret=secret) as read,
    ):
        yield read, square


def texts(entries: list[Any]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, NewComment)]


def refused(error: str, status: int = 400) -> Response:
    return refusal(status, {"error": error, "message": "x"})


async def answer_of(read: Reading) -> Answer:
    """The answer that is no page."""
    with pytest.raises(NotNow) as raised:
        await read.page()
    return raised.value.answer


# -- the list


async def test_every_post_is_given_once_with_its_author(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        first = await square.say("ජලය නැත")
        await square.say("And here", name="Kamala", under=first)
        found = await read.round()
        assert texts(found) == ["ජලය නැත", "And here"]
        assert [(one.author_name, one.author_handle) for one in found if isinstance(one, Written)] == [
            ("Nimal Perera", "nimal-perera.square.test"),
            ("Kamala", "kamala.square.test"),
        ]
        assert {one.thread for one in found if isinstance(one, Written)} == {first}
        assert await read.round() == []
        await square.say("Once more")
        assert texts(await read.round()) == ["Once more"]


async def test_a_walk_goes_over_all_pages_and_on_from_where_it_was_interrupted(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        for number in range(105):
            await square.say(f"{number}")
        first = await read.page()
        assert (len(first.reading), first.more) == (100, True)
        await square.say("meanwhile")
        async with reading(BlueskyFeed, square) as restarted:
            restarted.cursor = read.cursor
            assert len((await restarted.page()).reading) == 5
            while (await restarted.page()).more:
                pass
            assert "meanwhile" in texts(await restarted.round()) + list(restarted.texts.values())


async def test_what_could_not_be_written_is_given_again(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        await square.say("Hello")
        for _ in range(2):
            assert texts(list((await read.page(write=False)).reading)) == ["Hello"]
        assert texts(await read.round()) == ["Hello"]
        assert await read.round() == []


async def test_a_post_that_was_dated_back_some_minutes_is_found_below_the_newest(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        for number in range(100):  # a page full
            await square.say(f"{number}")
        await read.round()
        square.ahead_seconds = -300
        await square.say("From an offline phone")
        assert texts(await read.round()) == ["From an offline phone"]


async def test_a_quiet_round_is_one_question_and_says_that_everybody_may_write(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        square.ahead_seconds = -3600
        await square.say("An hour ago")
        square.ahead_seconds = 0
        await square.say("Now")
        await read.round()
        square.asked.clear()
        await read.round()
        (question,) = square.asked
        assert "priority=false" in question
        assert question.count("reasons=") == 3


async def test_a_page_without_anything_leads_on_to_the_next(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        await square.say("Below a thousand likes")
        square.fail.append((LIST, refusal(200, {"notifications": [], "cursor": "9999999999999::0"})))
        assert texts(await read.round()) == ["Below a thousand likes"]
        assert Place.parse(read.cursor).walk.mark is not None, "the next walk need not go down to the bottom again"


async def test_a_forgotten_cursor_begins_the_walk_anew(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        for number in range(101):
            await square.say(f"{number}")
        await read.page()
        square.fail.append(("cursor=", refused("InvalidRequest")))
        await read.round()
        assert len(read.texts) == 101


async def test_an_answer_that_is_none_loses_nothing(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        await square.say("Still here")
        for body in (b"[]", b"<html>", b'{"notifications": {}}'):
            square.fail.append((LIST, Response(body, 200)))
            with pytest.raises((NotNow, Unreadable)):
                await read.page()
        assert texts(await read.round()) == ["Still here"]


async def test_the_beginning_of_a_thread_is_climbed_to(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        own = await square.write({"text": "Water is back", "createdAt": "2026-11-22T08:00:00Z"})
        top = await square.say("Not here", under=own)
        middle = await square.say("Nor here", under=top, name="Kamala")
        deep = await square.say("Nor there", under=middle)
        found = {entry.native_id: entry for entry in await read.round() if isinstance(entry, NewComment)}
        assert (found[top].thread, found[top].parent) == (top, None)
        assert (found[middle].thread, found[deep].thread) == (None, None)
        assert await read.feed.root(read.account, found[deep]) == top
        await square.delete(top)
        assert await read.feed.root(read.account, found[deep]) == top


# -- sessions


async def test_one_session_serves_all_rounds_and_is_refreshed_when_it_is_outdated(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        for _ in range(5):
            await read.round()
        assert (square.count(CREATE_SESSION), square.count(REFRESH_SESSION)) == (1, 0)
        square.ahead_seconds = 2 * 3600 + 1
        await square.say("Two hours later")
        assert texts(await read.round()) == ["Two hours later"]
        assert (square.count(CREATE_SESSION), square.count(REFRESH_SESSION)) == (1, 1)
        square.ahead_seconds = 100 * 24 * 3600
        await read.round()
        assert (square.count(CREATE_SESSION), square.count(REFRESH_SESSION)) == (2, 2)


async def test_a_session_that_the_server_has_forgotten_is_opened_again(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        await read.round()
        square.fail += [(LIST, refused("InvalidToken")), (REFRESH_SESSION, refused("InvalidToken"))]
        await read.round()
        assert square.count(CREATE_SESSION) == 2


async def test_a_refused_password_is_not_tried_again_and_again(tmp_path: Path) -> None:
    async with bluesky(tmp_path, secret="of-somebody-else") as (read, square):
        for _ in range(3):
            assert await answer_of(read) == Refused("token_invalid")
        assert square.count(CREATE_SESSION) == 1


async def test_a_throttled_login_waits_as_long_as_it_is_told(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        square.fail.append((CREATE_SESSION, refusal(429, {"error": "RateLimitExceeded"}, retry_after="7")))
        assert await answer_of(read) == Throttled(7.0)
        assert await read.round() == []


async def test_questions_asked_together_refresh_a_session_once(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        uri = await square.say("Hello")
        (entry,) = await read.round()
        square.ahead_seconds = 2 * 3600 + 1
        assert isinstance(entry, Written)
        deeper = NewComment(WATER, "at://x", "x", "x", entry.sent_at, parent=uri)
        roots = await asyncio.gather(*(read.feed.root(read.account, deeper) for _ in range(3)))
        assert roots == [uri] * 3
        assert (square.count(CREATE_SESSION), square.count(REFRESH_SESSION)) == (1, 1)


def response(status: int, error: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"error": error, "message": "x"}, headers=headers)


NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        (response(400, "ExpiredToken"), Refused("token_expired")),
        (response(400, "InvalidToken"), Refused("token_invalid")),
        (response(401, "AuthMissing"), Refused("token_invalid")),
        (response(401, "AuthenticationRequired"), Refused("token_invalid")),
        (response(401, "AuthFactorTokenRequired"), Refused("token_invalid")),
        (response(401, "AccountTakedown"), Refused("account_gone")),
        (response(403, "AccountDeactivated"), Refused("account_gone")),
        (response(403, "Forbidden"), Refused("forbidden")),
        (response(400, "InvalidRequest"), Refused("request_refused")),
        (response(400, "RecordNotFound"), Gone()),
        (response(429, "RateLimitExceeded", **{"retry-after": "12"}), Throttled(12.0)),
        (response(429, "RateLimitExceeded", **{"ratelimit-reset": "1795336290"}), Throttled(90.0)),
        (response(502, "UpstreamFailure"), Unavailable("UpstreamFailure")),
        (httpx.Response(502, content=b"<html>"), Unavailable("status_502")),
        (httpx.Response(401, content=b"<html>"), Refused("token_invalid")),
        (httpx.Response(400, json=["x"]), Refused("request_refused")),
    ],
)
async def test_what_an_answer_means_is_told_by_its_name(given: httpx.Response, answer: Answer) -> None:
    assert understand(given, NOW) == answer


@pytest.mark.parametrize("cursor", [None, "", "x", "[]", "7", '{"list": 7}', '{"page": "x"}', '{"list": "[]"}'])
async def test_a_cursor_that_is_none_begins_anew(cursor: str | None) -> None:
    place = Place.parse(cursor)
    assert (place.walk.page, place.walk.mark, place.page) == (None, None, 0)


# -- reading again


async def test_edits_and_deletions_are_found_by_reading_again(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        ids = [await square.say(f"{number}") for number in range(30)]  # more than one question may have
        await read.round()
        assert await read.again() == []
        await square.change(ids[0], "0, changed")
        await square.delete(ids[29])
        found = await read.again()
        assert [(type(one), getattr(one, "native_id", "")) for one in found] == [
            (EditedComment, ids[0]),
            (RemovedComment, ids[29]),
        ]
        del read.texts[ids[29]]
        assert await read.again() == []


async def test_what_a_block_hides_is_not_deleted(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        await square.say("By somebody who blocks us")
        await read.round()
        square.fail.append(("getPosts", refusal(200, {"posts": []})))
        assert await read.again() == []


async def test_a_refusal_in_the_middle_of_reading_again_deletes_nothing(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, square):
        await square.say("Still here")
        await read.round()
        square.fail += [
            ("getPosts", refusal(200, {"posts": []})),
            ("getRecord", refused("UpstreamFailure", 502)),
        ]
        assert await read.again() == []


# -- the stream


@asynccontextmanager
async def listening(
    read: Reading, known: Callable[[], list[str]] = list
) -> AsyncIterator[Callable[[], Awaitable[Any]]]:
    """The feed's stream, once it is open; what is given is the next thing said."""

    async def watched() -> list[Watched]:
        return [Watched("cmt_1", one, None, one, "") for one in known()]

    async with aclosing(read.feed.listen(read.account, watched)) as stream:

        async def heard() -> Any:
            async with asyncio.timeout(30):
                return await anext(stream, None)

        yield heard


async def test_without_an_address_there_is_no_stream(tmp_path: Path) -> None:
    async with bluesky(tmp_path) as (read, _), listening(read) as heard:
        with pytest.raises(NoStream):
            await heard()


async def test_a_post_is_heard_at_once_and_given_with_its_authors_name(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        await read.round()
        async with listening(read) as heard:
            assert await heard() == Woken()
            await square.say("To somebody else", BANK)
            await square.say("Now!")
            assert await heard() == Woken()
            (entry,) = await read.round()
            assert isinstance(entry, NewComment)
            assert (entry.text, entry.author_name) == ("Now!", "Nimal Perera")
            assert Place.parse(read.cursor).heard_us is not None
            assert await read.round() == []


async def test_what_is_heard_again_is_looked_up_once(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        await read.round()
        for _ in range(2):
            async with listening(read) as heard:
                await heard()
                if not read.texts:
                    await square.say("Once")
                assert await heard() == Woken()
                await read.round()
        square.asked.clear()
        read.later = timedelta(minutes=1)
        assert await read.round() == []
        assert square.count("getPosts") == 0


async def test_a_post_that_claims_an_old_date_is_found_by_the_stream_alone(tmp_path: Path) -> None:
    facet = {
        "index": {"byteStart": 0, "byteEnd": 6},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": WATER}],
    }
    old = {"text": "@water long ago?", "createdAt": "2016-01-01T00:00:00Z", "facets": [facet]}
    async with bluesky(tmp_path, listens=True) as (read, square):
        for number in range(101):  # more than a page, so that the list does not show what is below
            await square.say(f"{number}")
        await read.round()
        async with listening(read) as heard:
            await heard()
            await square.write(old, did=BANK, password="bank-app")
            assert await heard() == Woken()
            (entry,) = await read.round()
            assert isinstance(entry, NewComment)
            assert entry.text == "long ago?"
            assert entry.sent_at.year == datetime.now(UTC).year


async def test_a_post_that_is_not_shown_is_waited_for_and_then_taken_as_it_was_heard(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        await read.round()
        async with listening(read) as heard:
            await heard()
            await square.say("Kept back")
            await heard()
            hidden = [("getPosts", refusal(200, {"posts": []})), (LIST, refusal(200, {"notifications": []}))]
            square.fail += hidden
            assert await read.round() == []
            square.fail += hidden
            read.later = timedelta(minutes=3)
            (entry,) = await read.round()
            assert isinstance(entry, NewComment)
            assert (entry.text, entry.author_name, entry.author_id[:8]) == ("Kept back", None, "did:plc:")


async def test_a_post_that_is_deleted_before_it_is_shown_is_forgotten(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        await read.round()
        async with listening(read) as heard:
            await heard()
            post = await square.say("A mistake")
            await heard()
            await square.delete(post)
            assert isinstance(await heard(), Page)
            read.later = timedelta(minutes=3)
            assert await read.round() == []


async def test_what_waits_is_heard_again_after_a_restart(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        await read.round()
        async with listening(read) as heard:
            await heard()
            here = await square.ref(await square.say("Kept back"))
            await heard()
            square.ahead_seconds = 60
            record = {"text": "Tomorrow", "createdAt": "2026-11-22T08:00:00Z", "reply": {"root": here, "parent": here}}
            await square.write(record)
            await heard()
            square.fail += [("getPosts", refusal(200, {"posts": []})), (LIST, refusal(200, {"notifications": []}))]
            assert [type(entry) for entry in await read.round()] == [Echo]
        async with reading(BlueskyFeed, square, listens=True) as restarted:
            restarted.cursor = read.cursor
            square.fail += [(LIST, refusal(200, {"notifications": []}))] * 2
            await restarted.round()
            async with listening(restarted) as heard:
                await heard()
                assert await heard() == Woken()
                assert "Kept back" in texts(await restarted.round())


async def test_edits_and_deletions_of_known_comments_are_heard(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        post = await square.say("One")
        await square.say("Of a stranger to us", BANK, name="Kamala")
        await read.round()
        async with listening(read, lambda: [post]) as heard:
            await heard()
            await square.change(post, "One, changed")
            changed = await heard()
            await square.delete(post)
            removed = await heard()
        assert isinstance(changed, Page)
        assert isinstance(removed, Page)
        (edit,), (removal,) = changed.reading, removed.reading
        assert isinstance(edit, EditedComment)
        assert (edit.native_id, edit.text) == (post, "One, changed")
        assert isinstance(removal, RemovedComment)
        assert removal.native_id == post


async def test_own_answers_come_back_as_echoes(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        post = await square.say("When?")
        await read.round()
        async with listening(read) as heard:
            await heard()
            here = await square.ref(post)
            record = {"text": "Tomorrow", "createdAt": "2026-11-22T08:00:00Z", "reply": {"root": here, "parent": here}}
            uri = await square.write(record)
            await heard()
            assert [one for one in await read.round() if isinstance(one, Echo)] == [Echo(WATER, uri, post, post)]


async def test_what_happened_while_the_stream_was_away_is_repeated_after_a_restart(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        post = await square.say("One")
        await read.round()
        async with listening(read, lambda: [post]) as heard:
            await heard()
            await square.say("Two")
            await heard()
            assert texts(await read.round()) == ["Two"]
        await square.change(post, "One, while nobody listened")
        async with reading(BlueskyFeed, square, listens=True) as restarted:
            restarted.cursor = read.cursor
            await restarted.page()
            async with listening(restarted, lambda: [post]) as heard:
                said = [await heard(), await heard()]
                while not isinstance(said[-1], Page):
                    said.append(await heard())
        edits = [entry for page in said if isinstance(page, Page) for entry in page.reading]
        assert [one.text for one in edits if isinstance(one, EditedComment)] == ["One, while nobody listened"]


async def test_a_connection_that_ends_ends_the_stream(tmp_path: Path) -> None:
    async with bluesky(tmp_path, listens=True) as (read, square):
        await read.round()
        async with listening(read) as heard:
            await heard()
            square.end_streams()
            assert await heard() is None


# -- with the tables

QUICK = BlueskyPolling(
    poll_seconds=0.05,
    least_seconds=0.0,
    reread_seconds=0.1,
    retry_seconds=0.1,
    reconnect_seconds=0.1,
    timeout_seconds=2,
    stream_url=None,
)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the other side is another process's table
            await asyncio.sleep(0.05)


async def told(ingest: Ingest, *expected: tuple[str, str | None]) -> None:
    """Wait until these events of comments have been told."""

    async def all_there() -> bool:
        events = [(kind, event.get("text")) for kind, event in await ingest.events()]
        return all(one in events for one in expected)

    await until(all_there)


@asynccontextmanager
async def polled(
    square: TownSquare, url: str | None = None, *, password: str = "water-app", **settings: Any
) -> AsyncIterator[Ingest]:
    wanted = PollingSettings(bluesky=QUICK.model_copy(update=settings))
    async with running_ingest(url=url, polling=wanted) as ingest:
        secrets = {"app_password": password}
        answer = await ingest.connect("bluesky", WATER, agency="water-board", base_url=square.url, secrets=secrets)
        assert answer.status_code in (200, 201), answer.text
        yield ingest


async def test_comments_arrive_change_and_go(tmp_path: Path) -> None:
    async with town_square(tmp_path) as square, polled(square) as ingest:
        first = await square.say("ජලය නැත")
        await told(ingest, ("CommentReceived", "ජලය නැත"))
        reply = await square.say("Nor here", name="Kamala", under=first)
        await told(ingest, ("CommentReceived", "Nor here"))
        await square.change(first, "ජලය ආවා")
        await told(ingest, ("CommentEdited", "ජලය ආවා"))
        await square.delete(reply)
        await told(ingest, ("CommentDeleted", None))
        kinds = [kind for kind, _ in await ingest.events() if kind.startswith("Comment")]
        assert sorted(kinds) == ["CommentDeleted", "CommentEdited", "CommentReceived", "CommentReceived"]
        assert {row.thread for row in await ingest.rows("SELECT thread FROM comment")} == {first}
        assert await ingest.count("dead_letter") == 0


async def test_with_the_stream_edits_and_deletions_arrive_without_reading_again(tmp_path: Path) -> None:
    async with town_square(tmp_path) as square:
        seldom: dict[str, Any] = {"poll_seconds": 3600.0, "reread_seconds": 3600.0, "stream_url": square.stream_url}
        async with polled(square, **seldom) as ingest:

            async def open_stream() -> bool:
                return bool(square.streams)

            await until(open_stream)
            post = await square.say("One")
            await told(ingest, ("CommentReceived", "One"))
            await square.change(post, "One, changed")
            await told(ingest, ("CommentEdited", "One, changed"))
            square.end_streams()
            await square.delete(post)
            await told(ingest, ("CommentDeleted", None))


async def test_after_a_restart_reading_goes_on_where_it_stopped(tmp_path: Path) -> None:
    url = (await fresh_service_database("ingest")).working
    async with town_square(tmp_path) as square:
        async with polled(square, url) as ingest:
            await square.say("before")
            await told(ingest, ("CommentReceived", "before"))
        await square.say("while away")
        async with polled(square, url) as ingest:
            await told(ingest, ("CommentReceived", "while away"))
            assert await ingest.count("comment") == 2


async def test_a_wrong_password_degrades_the_account_and_another_one_restores_it(tmp_path: Path) -> None:
    async with town_square(tmp_path) as square, polled(square, password="wrong-app") as ingest:

        async def has(kind: str) -> bool:
            return any(one == kind for one, _ in await ingest.events())

        await until(lambda: has("AccountDegraded"))
        id_ = (await ingest.rows("SELECT id FROM account"))[0].id
        assert (await ingest.rotate(id_, {"app_password": "water-app"})).status_code == 200
        await until(lambda: has("AccountRestored"))
        await square.say("heard again")
        await told(ingest, ("CommentReceived", "heard again"))
        assert square.count(CREATE_SESSION) == 2
