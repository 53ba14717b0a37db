"""YouTube: what threads and comments say."""

import json
from datetime import UTC, datetime
from typing import Any
from unittest.mock import ANY

import pytest

from services.ingest.domain.entries import (
    ORIGINAL,
    UNKNOWN_AUTHOR,
    Echo,
    EditedComment,
    Malformed,
    Media,
    NewComment,
    Reading,
    Unused,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import youtube
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, account, payload

CHANNEL = "UCX6OQ3DkcsbYNE6H8uQQuVA"
WATER = account("youtube", CHANNEL)
NEW = "UgyqZ1m5uXhVw3Kd9Gx4AaABAg"


def parsed(name: str) -> Any:
    return json.loads(payload("youtube", name))


def threads(name: str) -> youtube.Listed:
    return youtube.read_threads(parsed(name), WATER, NOW)


def comments(name: str, *known: str) -> Reading:
    return youtube.read_comments(parsed(name), WATER, NOW, known)[0]


def comment(**snippet: Any) -> NewComment:
    """The recorded comment, its snippet changed; None takes a field away."""
    page = parsed("edit")
    changed = page["items"][0]["snippet"] | snippet
    page["items"][0]["snippet"] = {name: value for name, value in changed.items() if value is not None}
    ((entry,), _) = youtube.read_comments(page, WATER, NOW)
    assert isinstance(entry, NewComment)
    return entry


def test_a_comment_under_a_video_is_its_own_thread() -> None:
    assert threads("new").reading == (
        NewComment(
            account=CHANNEL,
            native_id=NEW,
            author_id="UCk8GzjMOrta8yxDcKfylJYw",
            author_name="@nimal_perera",
            author_handle="nimal_perera",
            text="නව ජල ගාස්තු කවදා සිටද?\nThanks & regards <Nimal> 😊",
            language=Language("si", ANY),
            sent_at=datetime(2026, 11, 22, 8, 10, 21, tzinfo=UTC),
            thread=NEW,
            revision=ORIGINAL,
        ),
    )


def test_a_reply_stands_in_the_thread_of_the_comment_that_it_is_under() -> None:
    _, reply = threads("reply").reading
    assert isinstance(reply, NewComment)
    assert (reply.thread, reply.parent) == (NEW, NEW)
    assert reply.language == Language("ta", ANY)


def test_threads_stand_as_listed_and_are_read_from_the_one_that_began_first() -> None:
    page = threads("threads")
    assert page.cursor == "QURTSl9pM0JpZ2dlclRva2Vu"
    assert [thread.published_at.minute for thread in page.threads] == [25, 10, 0]
    assert [(thread.replies, thread.is_whole) for thread in page.threads] == [(7, False), (2, True), (0, True)]
    newest = page.threads[0].reading
    assert [entry.text for entry in newest if isinstance(entry, NewComment)] == [
        "Newest",
        "first reply",
        "second reply",
    ]
    assert page.reading[0] == page.threads[2].reading[0]


def test_an_edited_comment_is_told_by_its_time_and_said_to_be_an_edit_where_it_is_known() -> None:
    (listed,), (again,) = comments("edit"), comments("edit", NEW)
    assert isinstance(listed, NewComment)
    assert isinstance(again, EditedComment)
    for entry in (listed, again):
        assert entry.sent_at == datetime(2026, 11, 22, 8, 10, 21, tzinfo=UTC)
        assert entry.edited_at == datetime(2026, 11, 22, 8, 20, 45, tzinfo=UTC)
        assert entry.revision == "2026-11-22T08:20:45+00:00"


@pytest.mark.parametrize("updated", [None, "2026-11-22T08:10:21Z", "2026-11-22T08:10:20Z", "soon", 7])
def test_a_comment_that_was_not_edited_has_its_first_revision(updated: object) -> None:
    assert (comment(updatedAt=updated).revision, comment(updatedAt=updated).edited_at) == (ORIGINAL, None)


def test_what_the_channel_itself_wrote_is_an_echo() -> None:
    assert comments("echo") == (Echo(CHANNEL, f"{NEW}.A9zY7xW5vU3tS1rQ0pO2nM", NEW, NEW),)
    own = parsed("new")
    own["items"][0]["snippet"]["topLevelComment"]["snippet"]["authorChannelId"]["value"] = CHANNEL
    assert youtube.read_threads(own, WATER, NOW).reading == (Echo(CHANNEL, NEW, NEW),)


def test_an_author_without_a_channel_is_unknown() -> None:
    nobody = threads("threads").reading[0]
    assert isinstance(nobody, NewComment)
    assert (nobody.author_id, nobody.author_name, nobody.author_handle) == (UNKNOWN_AUTHOR, None, None)
    assert comment(authorDisplayName="Nimal Perera").author_handle is None


def test_likes_are_no_reach_and_a_picture_is_media() -> None:
    found = comment(imageUrl="https://yt3.ggpht.com/x.jpg", likeCount=7)
    assert (found.reach, found.media) == (None, (Media("image", "https://yt3.ggpht.com/x.jpg"),))
    assert comment(imageUrl="javascript:alert(1)").media == ()


def test_ten_threads_are_ten_comments() -> None:
    assert len({entry.native_id for entry in threads("ten").reading if isinstance(entry, NewComment)}) == 10


def test_empty_lists_say_nothing() -> None:
    assert threads("empty") == youtube.Listed((), (), None)
    assert comments("delete") == ()
    assert youtube.read_threads({"kind": "youtube#commentThreadListResponse"}, WATER, NOW).reading == ()


def test_one_bad_item_does_not_take_the_page_along() -> None:
    page = parsed("reply")
    page["items"] += [{"kind": "youtube#commentThread", "id": "x"}, {"snippet": {"topLevelComment": {"id": [1]}}}]
    page["items"][0]["replies"]["comments"].append({"id": "y", "snippet": {"textDisplay": 7}})
    kinds = [type(entry) for entry in youtube.read_threads(page, WATER, NOW).reading]
    assert sorted(kind.__name__ for kind in kinds) == ["Malformed"] * 3 + ["NewComment"] * 2


def test_a_comment_that_only_its_moderators_may_see_is_not_used() -> None:
    page = parsed("edit")
    del page["items"][0]["snippet"]["textDisplay"]
    assert youtube.read_comments(page, WATER, NOW)[0] == (Unused(CHANNEL, "comment"),)


@pytest.mark.parametrize("value", [None, [], "x", {"items": {}}, {"items": [1]}])
def test_a_page_that_is_none_is_unreadable(value: object) -> None:
    for reads in (youtube.read_threads, youtube.read_comments):
        with pytest.raises(Unreadable):
            reads(value, WATER, NOW)


def test_whatever_comes_is_read_or_unreadable() -> None:
    def of_threads(body: bytes) -> Reading:
        return youtube.read_threads(json.loads(body), WATER, NOW).reading

    def of_comments(body: bytes) -> Reading:
        return youtube.read_comments(json.loads(body), WATER, NOW, {NEW})[0]

    assert reads_whatever_comes(of_threads, payload("youtube", "reply"))
    assert reads_whatever_comes(of_comments, payload("youtube", "edit"))


@pytest.mark.parametrize(
    ("name", "found"), [("error-quota", {"quotaExceeded"}), ("error-key", {"badRequest", "API_KEY_INVALID"})]
)
def test_the_reasons_of_an_error_are_found_where_they_stand(name: str, found: set[str]) -> None:
    assert youtube.reasons(parsed(name)) == found


@pytest.mark.parametrize("value", [None, [], {}, {"error": "x"}, {"error": {"errors": [7, {"reason": None}]}}])
def test_an_error_that_is_not_googles_has_no_reason_that_is_known(value: object) -> None:
    assert youtube.reasons(value) <= {"None"}


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (datetime(2026, 11, 22, 7, 0, tzinfo=UTC), 1),
        (datetime(2026, 11, 22, 8, 0, tzinfo=UTC), 24),
        (datetime(2026, 7, 1, 6, 0, tzinfo=UTC), 1),
        (datetime(2026, 11, 1, 7, 0, tzinfo=UTC), 25),  # clocks go back that night
        (datetime(2026, 3, 8, 8, 0, tzinfo=UTC), 23),
    ],
)
def test_the_quotas_day_ends_at_midnight_in_los_angeles(now: datetime, hours: float) -> None:
    assert youtube.until_midnight(now) == hours * 3600


def test_the_platform_says_what_its_row_promises() -> None:
    says = youtube.PLATFORM.says
    assert (says.new, says.reply, says.edit, says.delete, says.message) == (True, True, True, True, False)
    assert (youtube.PLATFORM.polled, youtube.PLATFORM.webhook, youtube.PLATFORM.base_url) == (True, None, "optional")
    assert any(isinstance(entry, Malformed) for entry in youtube.read_threads({"items": [{}]}, WATER, NOW).reading)
