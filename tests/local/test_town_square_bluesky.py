"""The Bluesky stand-in of the square, as an agency's account and a listener of Jetstream meet it."""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from .support import ACCOUNTS, Square, open_square

WATER = "did:plc:water7boardofthesquare22"
BANK = "did:plc:bank7ofthesquare7777722"
POSTS = "app.bsky.feed.post"
ON_BLUESKY = [
    {"agency": "water-board", "platform": "bluesky", "account": WATER, "name": "Water Board", "token": "water-app"},
    {"agency": "central-bank", "platform": "bluesky", "account": BANK, "name": "Central Bank", "token": "bank-app"},
]
KEY = "3l4aaaaaaaa2a"


@dataclass
class Bluesky:
    """A client of the stand-in with a session of the water board."""

    square: Square
    headers: dict[str, str]
    tokens: dict[str, str]

    def ask(self, method: str, params: dict[str, Any] | None = None) -> httpx.Response:
        return self.square.http.get(f"/xrpc/{method}", params=params, headers=self.headers)

    def tell(self, method: str, **content: Any) -> httpx.Response:
        return self.square.http.post(f"/xrpc/com.atproto.repo.{method}", json=content, headers=self.headers)

    def write(self, method: str, record: dict[str, Any], key: str | None = KEY, **more: Any) -> httpx.Response:
        named = {"rkey": key} if key else {}
        return self.tell(method, repo=WATER, collection=POSTS, record=record, **named, **more)

    def say(self, text: str = "No water since morning", **more: str) -> str:
        return self.square.post(text, WATER, **more)

    def notifications(self, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("app.bsky.notification.listNotifications", params).json()
        return found


@pytest.fixture
def bluesky(tmp_path: Path) -> Iterator[Bluesky]:
    with open_square(tmp_path) as square:
        square.http.put("/accounts", json=[*ACCOUNTS, *ON_BLUESKY]).raise_for_status()
        tokens = _open(square).json()
        yield Bluesky(square, {"Authorization": f"Bearer {tokens['accessJwt']}"}, tokens)


def _open(square: Square, identifier: str = WATER, password: str = "water-app") -> httpx.Response:
    content = {"identifier": identifier, "password": password}
    return square.http.post("/xrpc/com.atproto.server.createSession", json=content)


def _reply(bluesky: Bluesky, parent: str, text: str = "We know.") -> dict[str, Any]:
    found = bluesky.ask("app.bsky.feed.getPosts", {"uris": [parent]}).json()["posts"]
    here = {"uri": parent, "cid": found[0]["cid"] if found else "bafyreia"}
    root = found[0]["record"].get("reply", {}).get("root", here) if found else here
    reply = {"root": root, "parent": here}
    return {"$type": POSTS, "text": text, "createdAt": "2026-11-22T08:30:00.000Z", "langs": ["en"], "reply": reply}


# -- sessions


def test_a_session_is_opened_by_did_or_handle_and_only_with_the_password(bluesky: Bluesky) -> None:
    opened = _open(bluesky.square, "water-board.square.test")
    assert (opened.json()["did"], opened.json()["handle"]) == (WATER, "water-board.square.test")
    refused = _open(bluesky.square, WATER, "bank-app")
    assert (refused.status_code, refused.json()["error"]) == (401, "AuthenticationRequired")


def test_an_outdated_token_is_a_400_and_a_refresh_token_is_good_for_one_use(bluesky: Bluesky) -> None:
    bluesky.square.clock.ahead_seconds = 2 * 3600 + 1
    outdated = bluesky.ask("app.bsky.notification.listNotifications")
    assert (outdated.status_code, outdated.json()["error"]) == (400, "ExpiredToken")
    refresh = {"Authorization": f"Bearer {bluesky.tokens['refreshJwt']}"}
    renewed = bluesky.square.http.post("/xrpc/com.atproto.server.refreshSession", headers=refresh)
    bluesky.headers = {"Authorization": f"Bearer {renewed.json()['accessJwt']}"}
    assert bluesky.ask("app.bsky.notification.listNotifications").status_code == 200
    again = bluesky.square.http.post("/xrpc/com.atproto.server.refreshSession", headers=refresh)
    assert (again.status_code, again.json()["error"]) == (400, "InvalidToken")


def test_without_a_good_token_nothing_is_said(bluesky: Bluesky) -> None:
    for authorization, status, words in (
        ("", 401, "Authentication Required"),
        ("Basic water-app", 401, "Authentication Required"),
        ("Bearer nobody", 400, "Token could not be verified"),
        (f"Bearer {bluesky.tokens['refreshJwt']}", 400, "Bad token scope"),
    ):
        bluesky.headers = {"Authorization": authorization}
        refused = bluesky.ask("app.bsky.notification.listNotifications")
        assert (refused.status_code, refused.json()["message"]) == (status, words)


def test_whoever_logs_in_again_and_again_is_stopped(bluesky: Bluesky) -> None:
    statuses = [_open(bluesky.square).status_code for _ in range(29)]
    assert set(statuses) == {200}
    stopped = _open(bluesky.square)
    assert (stopped.status_code, stopped.json()["error"]) == (429, "RateLimitExceeded")
    assert int(stopped.headers["ratelimit-reset"]) > 1_700_000_000
    assert 0 < int(stopped.headers["retry-after"]) <= 300


# -- what is listed


def test_a_post_of_a_citizen_mentions_the_account_in_bytes_of_utf_8(bluesky: Bluesky) -> None:
    uri = bluesky.say("අද ජලය නැත")
    (found,) = bluesky.notifications()["notifications"]
    record = found["record"]
    assert (found["uri"], found["reason"], found["author"]["displayName"]) == (uri, "mention", "Nimal Perera")
    assert found["author"]["handle"] == "nimal-perera.square.test"
    assert (record["$type"], record["langs"]) == (POSTS, ["si"])
    ((facet,), text) = record["facets"], record["text"].encode()
    named = text[facet["index"]["byteStart"] : facet["index"]["byteEnd"]]
    assert (named, facet["features"][0]["did"]) == (b"@water-board.square.test", WATER)


def test_another_account_is_told_nothing(bluesky: Bluesky) -> None:
    bluesky.say()
    opened = _open(bluesky.square, BANK, "bank-app").json()
    bluesky.headers = {"Authorization": f"Bearer {opened['accessJwt']}"}
    assert bluesky.notifications() == {"notifications": [], "priority": False}


def test_the_list_is_paged_from_the_newest_down(bluesky: Bluesky) -> None:
    posts = [bluesky.say(f"Comment {number}") for number in range(5)]
    read: list[str] = []
    cursor: dict[str, str] = {}
    while found := (page := bluesky.notifications(limit=2, **cursor))["notifications"]:
        read += [each["uri"] for each in found]
        cursor = {"cursor": page["cursor"]}
    assert read == posts[::-1]


def test_answers_within_five_steps_are_listed_with_what_they_answer(bluesky: Bluesky) -> None:
    own = bluesky.write("createRecord", {"$type": POSTS, "text": "News", "createdAt": "2026-11-22T08:00:00Z"}).json()
    parent = own["uri"]
    for number in range(6):
        parent = bluesky.say(f"{number}", in_reply_to_id=parent, name="Kamala")
    listed = bluesky.notifications(reasons="reply")["notifications"]
    assert listed == []  # each mentions the account as well, which is told first
    mentions = bluesky.notifications(reasons="mention")["notifications"]
    assert {each["record"]["reply"]["root"]["uri"] for each in mentions} == {own["uri"]}
    assert mentions[0]["record"]["reply"]["parent"]["uri"] == mentions[1]["uri"]


def test_reasons_are_told_apart(bluesky: Bluesky) -> None:
    bluesky.say()
    assert bluesky.notifications(reasons=["reply", "quote"])["notifications"] == []
    assert len(bluesky.notifications(reasons=["mention", "quote"])["notifications"]) == 1


def test_an_impossible_limit_is_refused(bluesky: Bluesky) -> None:
    for limit in ("0", "101", "many"):
        assert bluesky.notifications(limit=limit)["error"] == "InvalidRequest"


def test_posts_are_shown_as_they_read_now_and_not_once_they_are_gone(bluesky: Bluesky) -> None:
    first, second = bluesky.say("One"), bluesky.say("Two")
    before = bluesky.ask("app.bsky.feed.getPosts", {"uris": [first, second]}).json()["posts"]
    bluesky.square.http.put(f"/citizens/posts/{first}", json={"text": "One, changed"}).raise_for_status()
    bluesky.square.http.delete(f"/citizens/posts/{second}").raise_for_status()
    (shown,) = bluesky.ask("app.bsky.feed.getPosts", {"uris": [first, second]}).json()["posts"]
    assert shown["record"]["text"] == "@water-board.square.test One, changed"
    assert shown["cid"] != before[0]["cid"]
    assert shown["record"]["createdAt"] == before[0]["record"]["createdAt"]


def test_at_most_25_posts_are_shown_at_once(bluesky: Bluesky) -> None:
    many = [f"at://{WATER}/{POSTS}/{number}" for number in range(26)]
    assert bluesky.ask("app.bsky.feed.getPosts", {"uris": many}).status_code == 400


def test_anybodys_record_can_be_read_and_a_missing_one_has_a_name(bluesky: Bluesky) -> None:
    uri = bluesky.say()
    repo, key = uri.split("/")[2], uri.split("/")[4]
    where = {"repo": repo, "collection": POSTS, "rkey": key}
    bluesky.headers = {}
    assert bluesky.ask("com.atproto.repo.getRecord", where).json()["value"]["$type"] == POSTS
    missing = bluesky.ask("com.atproto.repo.getRecord", where | {"rkey": KEY})
    assert (missing.status_code, missing.json()["error"]) == (400, "RecordNotFound")


def test_a_session_says_whose_it_is_and_a_handle_whose_it_is(bluesky: Bluesky) -> None:
    session = bluesky.ask("com.atproto.server.getSession").json()
    assert session == {"did": WATER, "handle": "water-board.square.test", "active": True}
    author = bluesky.say().split("/")[2]
    bluesky.headers = {}
    for handle, did in (("Water-Board.square.test", WATER), ("nimal-perera.square.test", author)):
        assert bluesky.ask("com.atproto.identity.resolveHandle", {"handle": handle}).json() == {"did": did}
    unknown = bluesky.ask("com.atproto.identity.resolveHandle", {"handle": "nobody.square.test"})
    assert (unknown.status_code, unknown.json()["message"]) == (400, "Unable to resolve handle")


def test_direct_answers_are_counted(bluesky: Bluesky) -> None:
    parent = bluesky.say()
    bluesky.say("Me too", in_reply_to_id=parent, name="Kamala")
    (shown,) = bluesky.ask("app.bsky.feed.getPosts", {"uris": [parent]}).json()["posts"]
    assert shown["replyCount"] == 1


def test_a_closed_conversation_says_so_and_takes_the_reply_all_the_same(bluesky: Bluesky) -> None:
    root = bluesky.say()
    below = bluesky.say("Me too", in_reply_to_id=root, name="Kamala")
    bluesky.square.http.post("/bluesky/closed", json={"post": root}).raise_for_status()
    shown = bluesky.ask("app.bsky.feed.getPosts", {"uris": [root, below]}).json()["posts"]
    assert [each["viewer"] for each in shown] == [{"replyDisabled": True}] * 2
    assert bluesky.write("putRecord", _reply(bluesky, root)).status_code == 200


def test_who_blocks_an_account_is_not_shown_to_it(bluesky: Bluesky) -> None:
    uri = bluesky.say()
    author = uri.split("/")[2]
    profile = bluesky.ask("app.bsky.actor.getProfile", {"actor": author}).json()
    assert profile["viewer"] == {"blockedBy": False}
    bluesky.square.http.post("/bluesky/blocks", json={"author": author, "account": WATER}).raise_for_status()
    assert bluesky.ask("app.bsky.feed.getPosts", {"uris": [uri]}).json() == {"posts": []}
    assert bluesky.notifications()["notifications"] == []
    profile = bluesky.ask("app.bsky.actor.getProfile", {"actor": author}).json()
    assert profile["viewer"] == {"blockedBy": True}


# -- what is written


def test_a_reply_is_recorded_once_however_often_the_same_is_put(bluesky: Bluesky) -> None:
    parent = bluesky.say()
    record = _reply(bluesky, parent)
    first = bluesky.write("putRecord", record, swapRecord=None).json()
    again = bluesky.write("putRecord", record, swapRecord=None).json()
    assert again == first
    (recorded,) = bluesky.square.replies("bluesky")
    assert (recorded["parent"], recorded["id"], recorded["text"]) == (parent, first["uri"], "We know.")


def test_another_record_under_the_same_key_is_refused_unless_it_may_replace(bluesky: Bluesky) -> None:
    parent = bluesky.say()
    first = bluesky.write("putRecord", _reply(bluesky, parent), swapRecord=None).json()
    other = _reply(bluesky, parent, "We know now.")
    refused = bluesky.write("putRecord", other, swapRecord=None)
    assert (refused.status_code, refused.json()["error"]) == (400, "InvalidSwap")
    changed = bluesky.write("putRecord", other, swapRecord=first["cid"]).json()
    assert (changed["uri"], changed["cid"] == first["cid"]) == (first["uri"], False)
    assert bluesky.write("putRecord", _reply(bluesky, parent, "Third")).status_code == 200
    assert [each["text"] for each in bluesky.square.replies("bluesky")] == ["We know."]


def test_a_key_can_be_created_once(bluesky: Bluesky) -> None:
    record = _reply(bluesky, bluesky.say())
    assert bluesky.write("createRecord", record).status_code == 200
    assert bluesky.write("createRecord", record).status_code == 500
    assert bluesky.write("createRecord", record, None).json()["uri"].startswith(f"at://{WATER}/{POSTS}/3")


def test_a_deletion_can_be_repeated(bluesky: Bluesky) -> None:
    bluesky.write("putRecord", _reply(bluesky, bluesky.say()))
    for _ in range(2):
        assert bluesky.tell("deleteRecord", repo=WATER, collection=POSTS, rkey=KEY).json() == {}
    where = {"repo": WATER, "collection": POSTS, "rkey": KEY}
    assert bluesky.ask("com.atproto.repo.getRecord", where).json()["error"] == "RecordNotFound"


def test_an_answer_to_what_is_gone_is_taken_all_the_same(bluesky: Bluesky) -> None:
    parent = bluesky.say()
    record = _reply(bluesky, parent)
    bluesky.square.http.delete(f"/citizens/posts/{parent}").raise_for_status()
    assert bluesky.write("putRecord", record).status_code == 200


def test_a_record_that_is_no_post_is_refused(bluesky: Bluesky) -> None:
    good = _reply(bluesky, bluesky.say())
    changes: tuple[tuple[dict[str, Any], str], ...] = (
        ({"text": "x" * 301}, "graphemes"),
        ({"text": "👨‍👩‍👧‍👦" * 130}, "characters"),
        ({"text": None}, "text and createdAt"),
        ({"createdAt": None}, "text and createdAt"),
        ({"$type": "app.bsky.feed.like"}, "$type"),
        ({"reply": {"root": {"uri": "at://x"}}}, "root and parent"),
    )
    for change, words in changes:
        refused = bluesky.write("putRecord", good | change)
        assert (refused.status_code, refused.json()["error"]) == (400, "InvalidRequest")
        assert words in refused.json()["message"]


def test_length_counts_what_a_reader_would_count(bluesky: Bluesky) -> None:
    assert bluesky.write("putRecord", _reply(bluesky, bluesky.say(), "ක්" * 300)).status_code == 200


def test_only_ones_own_repository_is_written_and_only_under_a_tid(bluesky: Bluesky) -> None:
    record = _reply(bluesky, bluesky.say())
    assert bluesky.tell("putRecord", repo=BANK, collection=POSTS, rkey=KEY, record=record).status_code == 401
    assert bluesky.write("putRecord", record, "mine").status_code == 400


def test_a_fault_is_worded_as_bluesky_words_it(bluesky: Bluesky) -> None:
    record = _reply(bluesky, bluesky.say())
    for kind, status, error in (
        ("throttle", 429, "RateLimitExceeded"),
        ("down", 503, "UpstreamFailure"),
        ("token_dead", 400, "InvalidToken"),
        ("parent_gone", 400, "RecordNotFound"),
    ):
        bluesky.square.fault("bluesky", kind)
        met = bluesky.write("putRecord", record)
        assert (met.status_code, met.json()["error"]) == (status, error)
        assert met.headers.get("retry-after") == ("1" if kind == "throttle" else None)
    assert bluesky.square.replies("bluesky") == []
    bluesky.square.fault("bluesky", "accept_then_500")
    assert bluesky.write("putRecord", record).status_code == 500
    assert bluesky.write("putRecord", record).status_code == 200
    assert len(bluesky.square.replies("bluesky")) == 1


def test_a_fault_may_end_without_an_answer(bluesky: Bluesky) -> None:
    for number, (kind, recorded) in enumerate((("hang", 0), ("accept_then_drop", 1))):
        record = _reply(bluesky, bluesky.say(f"Comment {number}"))
        bluesky.square.fault("bluesky", kind)
        with pytest.raises(httpx.TransportError):
            bluesky.write("putRecord", record)
        assert len(bluesky.square.replies("bluesky")) == recorded


# -- the page


def test_the_page_shows_where_a_conversation_is_and_the_official_reply(bluesky: Bluesky) -> None:
    uri = bluesky.say("No water")
    bluesky.write("putRecord", _reply(bluesky, uri))
    feed = bluesky.square.http.get("/citizens/feed").json()
    assert {each["platform"] for each in feed["accounts"]} == {"mastodon", "bluesky"}
    (conversation,) = feed["conversations"]
    assert (conversation["platform"], conversation["account"]) == ("bluesky", WATER)
    asked, answered = conversation["posts"]
    assert (asked["id"], asked["text"], asked["official"]) == (uri, "No water", False)
    assert (answered["name"], answered["text"], answered["official"]) == ("Water Board", "We know.", True)
    assert answered["in_reply_to_id"] == uri


def test_a_citizen_cannot_touch_an_official_reply_nor_say_too_much(bluesky: Bluesky) -> None:
    reply = bluesky.write("putRecord", _reply(bluesky, bluesky.say())).json()["uri"]
    assert bluesky.square.http.delete(f"/citizens/posts/{reply}").status_code == 404
    content = {"name": "Kamala", "account": WATER, "text": "x" * 290}
    refused = bluesky.square.http.post("/citizens/posts", json=content)
    assert (refused.status_code, refused.json()["field"]) == (422, "text")


# -- Jetstream


async def _hear(square: Square, count: int, **params: str) -> list[dict[str, Any]]:
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{square.url}/subscribe", params={"wantedCollections": POSTS, **params}) as socket,
    ):
        return [json.loads((await socket.receive()).data) for _ in range(count)]


def test_the_stream_repeats_from_a_cursor_and_goes_on(bluesky: Bluesky) -> None:
    uri = bluesky.say("One")
    bluesky.square.http.put(f"/citizens/posts/{uri}", json={"text": "Two"}).raise_for_status()
    bluesky.square.http.delete(f"/citizens/posts/{uri}").raise_for_status()
    made, changed, gone = asyncio.run(_hear(bluesky.square, 3, cursor="1"))
    assert [each["commit"]["operation"] for each in (made, changed, gone)] == ["create", "update", "delete"]
    assert uri == f"at://{made['did']}/{POSTS}/{made['commit']['rkey']}"
    assert (made["kind"], made["commit"]["cid"] == changed["commit"]["cid"]) == ("commit", False)
    assert made["commit"]["record"]["text"].endswith("One")
    assert {"record", "cid"}.isdisjoint(gone["commit"])
    assert made["time_us"] < changed["time_us"] < gone["time_us"]
    (again,) = asyncio.run(_hear(bluesky.square, 1, cursor=str(gone["time_us"])))
    assert again == gone


def test_the_stream_tells_at_once_what_happens_while_it_is_open(bluesky: Bluesky) -> None:
    bluesky.say("before")

    async def listen() -> dict[str, Any]:
        hearing = asyncio.create_task(_hear(bluesky.square, 1))
        while not hearing.done():
            await asyncio.to_thread(bluesky.say, "after")
            await asyncio.wait([hearing], timeout=0.1)
        return hearing.result()[0]

    assert asyncio.run(listen())["commit"]["record"]["text"].endswith("after")


def test_only_the_wanted_is_told(bluesky: Bluesky) -> None:
    bluesky.say("One", name="Nimal Perera")
    second = bluesky.say("Two", name="Kamala")
    (heard,) = asyncio.run(_hear(bluesky.square, 1, cursor="1", wantedDids=second.split("/")[2]))
    assert heard["commit"]["record"]["text"].endswith("Two")


def test_a_cursor_that_is_none_is_refused(bluesky: Bluesky) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        asyncio.run(_hear(bluesky.square, 1, cursor="yesterday"))
    assert refused.value.status == 400


def test_pings_are_answered_and_large_frames_arrive(bluesky: Bluesky) -> None:
    long = _reply(bluesky, bluesky.say(), "ක්" * 300) | {"tags": ["x" * 600] * 150}
    bluesky.write("putRecord", long)

    async def listen() -> dict[str, Any]:
        async with (
            asyncio.timeout(30),
            aiohttp.ClientSession() as session,
            session.ws_connect(f"{bluesky.square.url}/subscribe?cursor=1", heartbeat=0.1) as socket,
        ):
            await socket.receive()
            found = json.loads((await socket.receive()).data)
            with contextlib.suppress(TimeoutError):
                # Three pings: a connection without answers would be closed by then.
                await asyncio.wait_for(socket.receive(), 0.4)
            assert not socket.closed
            return dict(found)

    assert asyncio.run(listen())["commit"]["record"]["tags"] == long["tags"]


def test_the_square_stops_while_somebody_listens(tmp_path: Path) -> None:
    async def listen(square: Square) -> None:
        session = aiohttp.ClientSession()
        kept.append((session, await session.ws_connect(f"{square.url}/subscribe")))

    kept: list[Any] = []
    loop = asyncio.new_event_loop()
    with open_square(tmp_path) as square:
        loop.run_until_complete(listen(square))
    ((session, socket),) = kept
    assert loop.run_until_complete(asyncio.wait_for(socket.receive(), 5)).type is aiohttp.WSMsgType.CLOSE
    loop.run_until_complete(session.close())
    loop.close()
