"""Bluesky: what lists, posts and the stream say."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    Echo,
    EditedComment,
    Malformed,
    Media,
    NewComment,
    Reading,
    RemovedComment,
    Unused,
    Written,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import bluesky, bluesky_events, bluesky_posts
from tests.ingest.platforms.door import HOSTILE
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, account, payload

DID = "did:plc:z72i7hdynmk6r22z27h6tvur"
NIMAL = "did:plc:44ybard66vv44zksje25o7dz"
KAMALA = "did:plc:ragtjsm2j2vknwkz3zp4oxrd"
WATER = account("bluesky", DID, base_url="https://bsky.social")
NEW = f"at://{NIMAL}/app.bsky.feed.post/3m6a2lbyhss2c"
OWN_POST = f"at://{DID}/app.bsky.feed.post/3m5zqk2c4es2a"


def parsed(name: str) -> Any:
    return json.loads(payload("bluesky", name))


def read(name: str) -> Reading:
    return bluesky.read_page(parsed(name), WATER, NOW).reading


def mention(**record: Any) -> NewComment:
    """The recorded mention, its record changed; None takes a field away."""
    page = parsed("new")
    changed = page["notifications"][0]["record"] | record
    page["notifications"][0]["record"] = {name: value for name, value in changed.items() if value is not None}
    (entry,) = bluesky.read_page(page, WATER, NOW).reading
    assert isinstance(entry, NewComment)
    return entry


# -- lists


def test_a_mention_is_a_comment_by_its_address() -> None:
    page = bluesky.read_page(parsed("new"), WATER, NOW)
    assert (page.cursor, page.sorted_at) == (ANY, (datetime(2026, 11, 22, 8, 28, 57, 204000, UTC),))
    assert page.reading == (
        NewComment(
            account=DID,
            native_id=NEW,
            author_id=NIMAL,
            author_name="Nimal Perera",
            author_handle="nimal.bsky.social",
            text="ගාල්ලේ ජලය නැවත එන්නේ කවදාද? දින 2ක් නැත 😟 example.lk/notice/2026…",
            language=Language("si", ANY),
            sent_at=datetime(2026, 11, 22, 8, 28, 57, 204000, UTC),
            thread=NEW,
            media=(
                Media(
                    "image",
                    native_id="bafkreibtapvocanqg7sbvtgiee7a2w37ywt2pa3rjcvmz45j3xbu3bqtvq",
                    name="හිස් කරාමයක්",
                    content_type="image/jpeg",
                ),
                Media("link", "https://example.lk/notice/2026-11-20?lang=si"),
            ),
            revision=ORIGINAL,
        ),
    )


def test_an_answer_among_citizens_stands_in_the_thread_of_the_root() -> None:
    (reply,) = read("reply")
    assert isinstance(reply, NewComment)
    assert (reply.thread, reply.parent) == (NEW, NEW)
    assert reply.text == "Same in Matara since this morning. @water.gov.example please answer Nimal"


def test_our_own_post_is_never_a_thread() -> None:
    direct, deeper, quote, to_our_answer = read("conversations")
    assert all(isinstance(entry, NewComment) for entry in (direct, deeper, quote, to_our_answer))
    assert [(entry.thread, entry.parent) for entry in (direct, deeper, quote, to_our_answer)] == [  # type: ignore[union-attr]
        (direct.native_id, None),  # type: ignore[union-attr]
        (None, direct.native_id),  # type: ignore[union-attr]
        (quote.native_id, None),  # type: ignore[union-attr]
        (None, f"at://{DID}/app.bsky.feed.post/3m6a3caaaaa2a"),
    ]


def test_a_quote_brings_its_card_and_its_language() -> None:
    quote = read("conversations")[2]
    assert isinstance(quote, NewComment)
    assert quote.media == (Media("link", "https://example.lk/news/7", name="நீர் வெட்டு"),)
    assert quote.language == Language("ta", ANY)


def test_a_page_is_read_oldest_first_and_ten_comments_are_ten() -> None:
    page = bluesky.read_page(parsed("ten"), WATER, NOW)
    comments = [entry for entry in page.reading if isinstance(entry, NewComment)]
    assert len({comment.native_id for comment in comments}) == 10
    assert [comment.sent_at for comment in comments] == sorted(comment.sent_at for comment in comments)
    assert page.sorted_at == tuple(sorted(page.sorted_at, reverse=True))


def test_what_is_nothing_said_is_not_used() -> None:
    assert read("unknown") == (Unused(DID, "notification"),) * 2
    assert bluesky.read_page(parsed("empty"), WATER, NOW) == bluesky.Listed((), (), None)


def test_one_bad_notification_does_not_take_the_page_along() -> None:
    page = parsed("new")
    page["notifications"].append({"reason": "mention", "uri": "at://x", "record": {}})
    assert [type(entry) for entry in bluesky.read_page(page, WATER, NOW).reading] == [Malformed, NewComment]


@pytest.mark.parametrize("value", [None, [], {}, {"notifications": {}}, {"notifications": [1]}])
def test_a_page_that_is_none_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable):
        bluesky.read_page(value, WATER, NOW)


# -- posts


@pytest.mark.parametrize(
    ("claimed", "sent_at"),
    [
        ("2026-11-22T08:20:00Z", datetime(2026, 11, 22, 8, 20, tzinfo=UTC)),
        ("2026-11-22T13:50:00+05:30", datetime(2026, 11, 22, 8, 20, tzinfo=UTC)),
        ("2026-11-21T08:28:58Z", datetime(2026, 11, 21, 8, 28, 58, tzinfo=UTC)),
        ("2026-11-21T08:28:00Z", None),
        ("2019-01-01T00:00:00Z", None),
        ("2039-01-01T00:00:00Z", None),
        ("yesterday", None),
        (None, None),
        (7, None),
    ],
)
def test_a_clients_clock_is_believed_up_to_a_day_back_and_never_ahead(
    claimed: object, sent_at: datetime | None
) -> None:
    seen = datetime(2026, 11, 22, 8, 28, 57, 204000, UTC)
    assert mention(createdAt=claimed).sent_at == (sent_at or seen)


@pytest.mark.parametrize(
    ("text", "names", "left"),
    [
        ("@water hello", [("@water", DID)], "hello"),
        ("@water", [("@water", DID)], ""),
        ("  @water, hello", [("@water", DID)], ", hello"),
        ("@friend @water hello", [("@friend", KAMALA), ("@water", DID)], "@friend hello"),
        ("hello @water", [("@water", DID)], "hello @water"),
        ("@friend hello @water", [("@friend", KAMALA), ("@water", DID)], "@friend hello @water"),
        ("ආයුබෝවන් @water", [("@water", DID)], "ආයුබෝවන් @water"),
        ("🙂", [], "🙂"),
    ],
)
def test_only_our_own_name_at_the_head_is_taken_off(text: str, names: list[tuple[str, str]], left: str) -> None:
    facets = [
        {
            "index": {
                "byteStart": text.encode().index(name.encode()),
                "byteEnd": text.encode().index(name.encode()) + len(name.encode()),
            },
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": did}],
        }
        for name, did in names
    ]
    assert mention(text=text, facets=facets).text == left


@pytest.mark.parametrize(
    "index",
    [
        {"byteStart": 0, "byteEnd": 100},
        {"byteStart": 0, "byteEnd": 13},
        {"byteStart": 3, "byteEnd": 1},
        {"byteStart": -9, "byteEnd": 6},
        {"byteStart": True, "byteEnd": 6.0},
        {"byteStart": 10**30, "byteEnd": 10**31},
        {},
        None,
    ],
)
def test_a_lying_facet_takes_no_words_away(index: object) -> None:
    facet = {"index": index, "features": [{"$type": "app.bsky.richtext.facet#mention", "did": DID}]}
    assert mention(text="Pay me or I will tell", facets=[facet]).text == "Pay me or I will tell"


def test_a_facet_that_cuts_a_character_leaves_the_rest() -> None:
    facet = {
        "index": {"byteStart": 0, "byteEnd": 2},
        "features": [{"$type": "app.bsky.richtext.facet#mention", "did": DID}],
    }
    assert mention(text="@ජලය", facets=[facet]).text == "ලය"


@pytest.mark.parametrize(
    ("embed", "media"),
    [
        (
            {
                "$type": "app.bsky.embed.video",
                "alt": "flood",
                "video": {"ref": {"$link": "bafkreia"}, "mimeType": "video/mp4"},
            },
            [Media("video", native_id="bafkreia", name="flood", content_type="video/mp4")],
        ),
        (
            {"$type": "app.bsky.embed.gallery", "items": [{"image": {"ref": {"$link": f"bafkrei{n}"}}} for n in "ab"]},
            [Media("image", native_id="bafkreia"), Media("image", native_id="bafkreib")],
        ),
        ({"$type": "app.bsky.embed.record", "record": {"uri": OWN_POST, "cid": "bafy"}}, []),
        ({"$type": "app.bsky.embed.external", "external": {"uri": "javascript:alert(1)"}}, []),
        ({"$type": "app.bsky.embed.images", "images": [{"image": {"ref": {"$link": 7}}}, {"image": None}, 3]}, []),
        ({"$type": "some.other.embed", "images": []}, []),
        ([], []),
    ],
)
def test_what_came_with_a_text_is_media(embed: object, media: list[Media]) -> None:
    assert list(mention(embed=embed, facets=[]).media) == media


def test_the_said_language_is_believed_where_the_script_is_silent() -> None:
    assert mention(text="Wo ist das Wasser?", langs=["de", "en"], facets=[]).language == Language("de", ANY)
    assert mention(text="ජලය නැත", langs=["en"], facets=[]).language == Language("si", ANY)
    assert (
        mention(text="Water", langs="en", facets=[]).language == mention(text="Water", langs=None, facets=[]).language
    )


def test_text_is_in_one_normal_form() -> None:
    assert mention(text="cafe\u0301\r\nnow\x00\ud800", facets=[]).text == "café\nnow"


def test_an_author_without_a_profile_is_known_by_the_address() -> None:
    page = parsed("new")
    page["notifications"][0]["author"] = {"did": "did:plc:somebodyelse", "handle": "handle.invalid"}
    (entry,) = bluesky.read_page(page, WATER, NOW).reading
    assert isinstance(entry, NewComment)
    assert (entry.author_id, entry.author_name, entry.author_handle) == (NIMAL, None, "handle.invalid")


# -- posts read again


def test_another_text_is_an_edit_by_its_cid_and_the_time_of_indexing() -> None:
    (edit,), missing = bluesky.read_again(parsed("edit"), {NEW: "what it said"}, WATER, NOW)
    assert isinstance(edit, EditedComment)
    assert (edit.native_id, edit.text) == (NEW, "ගාල්ලේ ජලය නැවත ආවා, ස්තූතියි 🙏")
    assert edit.revision == parsed("edit")["posts"][0]["cid"]
    assert edit.edited_at == datetime(2026, 11, 22, 8, 41, 12, 877000, UTC)
    assert missing == set()


def test_the_same_text_again_is_no_edit_and_what_is_not_shown_is_missing() -> None:
    known = {NEW: "ගාල්ලේ ජලය නැවත ආවා, ස්තූතියි 🙏", "at://gone": "x"}
    assert bluesky.read_again(parsed("edit"), known, WATER, NOW) == ((), {"at://gone"})


def test_a_post_that_is_shown_without_being_asked_for_is_not_ours() -> None:
    assert bluesky.read_again(parsed("edit"), {}, WATER, NOW) == ((), set())


def test_what_a_post_answers_leads_to_the_beginning_of_its_thread() -> None:
    record = parsed("reply")["notifications"][0]["record"]
    assert bluesky.above({"posts": [{"record": record}]}) == (NEW, NEW)
    assert bluesky.above({"posts": [{"record": parsed("new")["notifications"][0]["record"]}]}) is None
    assert bluesky.above({"posts": []}) is None


# -- the stream


def frame(name: str) -> bluesky_events.Frame:
    return bluesky_events.read_frame(payload("bluesky", name))


def test_a_new_post_in_the_stream_is_the_same_comment_as_in_the_list_but_for_the_name() -> None:
    event = frame("frame-create").event
    assert event is not None
    assert (event.operation, event.uri, event.author, event.concerns) == ("create", NEW, NIMAL, frozenset({DID}))
    heard, listed = bluesky_events.entry_of(event, DID), read("new")[0]
    assert isinstance(heard, Written)
    assert isinstance(listed, Written)
    assert (heard.author_name, heard.author_handle) == (None, None)
    for name in ("native_id", "author_id", "text", "language", "sent_at", "thread", "parent", "media", "revision"):
        assert getattr(heard, name) == getattr(listed, name)


def test_an_old_date_does_not_make_a_post_that_comes_now_an_old_one() -> None:
    content = json.loads(payload("bluesky", "frame-create"))
    content["commit"]["record"]["createdAt"] = "2016-01-01T00:00:00Z"
    event = bluesky_events.read_frame(json.dumps(content).encode()).event
    assert event is not None
    heard = bluesky_events.entry_of(event, DID)
    assert isinstance(heard, NewComment)
    assert heard.sent_at == event.at == datetime(2026, 11, 22, 8, 28, 57, 998877, UTC)


def test_an_update_is_an_edit_and_agrees_with_reading_again() -> None:
    event = frame("frame-update").event
    assert event is not None
    edit = bluesky_events.entry_of(event, DID)
    (again,), _ = bluesky.read_again(parsed("edit"), {NEW: ""}, WATER, NOW)
    assert isinstance(edit, EditedComment)
    assert isinstance(again, EditedComment)
    assert (edit.revision, edit.text) == (again.revision, again.text)
    assert edit.edited_at == datetime(2026, 11, 22, 8, 41, 12, 877123, UTC)


def test_a_deletion_names_an_address_and_nothing_else() -> None:
    event = frame("delete").event
    assert event is not None
    assert event.concerns == frozenset()
    removed = bluesky_events.entry_of(event, DID)
    assert removed == RemovedComment(DID, NEW, datetime(2026, 11, 22, 8, 43, 20, 1, UTC))


def test_what_the_account_itself_wrote_is_an_echo() -> None:
    event = frame("echo").event
    assert event is not None
    assert event.author == DID
    assert bluesky_events.entry_of(event, DID) == Echo(DID, event.uri, NEW, NEW)


def test_an_own_post_that_answers_nothing_is_not_used() -> None:
    content = json.loads(payload("bluesky", "echo"))
    del content["commit"]["record"]["reply"]
    event = bluesky_events.read_frame(json.dumps(content).encode()).event
    assert event is not None
    assert bluesky_events.entry_of(event, DID) == Unused(DID, "own")


def test_other_events_only_move_the_place_in_the_stream() -> None:
    for name, time_us in (("frame-identity", 1795336137000001), ("frame-account", 1795336137000002)):
        assert frame(name) == bluesky_events.Frame(time_us, None)
    like = json.loads(payload("bluesky", "frame-create"))
    like["commit"]["collection"] = "app.bsky.feed.like"
    assert bluesky_events.read_frame(json.dumps(like).encode()).event is None


def test_a_record_concerns_whom_it_mentions_answers_or_quotes() -> None:
    notifications = {one["uri"]: one["record"] for one in parsed("conversations")["notifications"]}
    assert [bluesky_posts.named(record) for record in notifications.values()] == [{DID}, {DID}, {DID, NIMAL}, {DID}]
    assert bluesky_posts.named({"reply": [], "facets": "x", "embed": 7}) == frozenset()


@pytest.mark.parametrize(
    "change",
    [{"did": "x"}, {"time_us": -1}, {"time_us": "1"}, {"time_us": True}, {"time_us": 10**30}, {"commit": []}],
)
def test_a_frame_that_is_none_is_unreadable(change: dict[str, Any]) -> None:
    content = json.loads(payload("bluesky", "frame-create")) | change
    with pytest.raises(Unreadable):
        bluesky_events.read_frame(json.dumps(content).encode())


# -- bad input


def _read_frame(body: bytes) -> Reading:
    event = bluesky_events.read_frame(body).event
    return (bluesky_events.entry_of(event, DID),) if event is not None and event.concerns is not None else ()


def test_hostile_frames_are_unreadable_or_nothing() -> None:
    for body in HOSTILE.values():
        with pytest.raises(Unreadable):
            _read_frame(body)


def test_whatever_comes_is_read_or_unreadable() -> None:
    def listed(body: bytes) -> Reading:
        return bluesky.read_page(json.loads(body), WATER, NOW).reading

    def again(body: bytes) -> Reading:
        found = json.loads(body)
        bluesky.above(found)
        return (
            *bluesky.read_posts(found, WATER, NOW).values(),
            *bluesky.read_again(found, {NEW: ""}, WATER, NOW)[0],
        )

    assert reads_whatever_comes(listed, payload("bluesky", "new"))
    assert reads_whatever_comes(listed, payload("bluesky", "reply"))
    assert reads_whatever_comes(again, payload("bluesky", "edit"))
    assert reads_whatever_comes(_read_frame, payload("bluesky", "frame-create"))
    assert reads_whatever_comes(_read_frame, payload("bluesky", "echo"))


def test_the_platform_says_what_its_row_promises() -> None:
    says = bluesky.PLATFORM.says
    assert (says.new, says.reply, says.edit, says.delete, says.message) == (True, True, True, True, False)
    assert (bluesky.PLATFORM.polled, bluesky.PLATFORM.webhook, bluesky.PLATFORM.base_url) == (True, None, "needed")
