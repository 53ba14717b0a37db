"""The YouTube stand-in of the square, as an agency's channel meets it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from deploy.local.town_square.app import create_app
from deploy.local.town_square.settings import Settings

from .support import ACCOUNTS, MovableClock, Square, open_square

CHANNEL = "UCwater7board7of7the7square"
ON_YOUTUBE = [
    {"agency": "water-board", "platform": "youtube", "account": CHANNEL, "name": "Water Board", "token": "water-key"}
]
KEY = {"X-Goog-Api-Key": "water-key"}
TOKEN = {"Authorization": "Bearer water-key"}
ALL = {"part": "id,snippet,replies", "allThreadsRelatedToChannelId": CHANNEL}


@dataclass
class YouTube:
    """A client of the stand-in."""

    square: Square

    def ask(self, what: str, params: dict[str, Any], headers: dict[str, str] | None = None) -> httpx.Response:
        return self.square.http.get(f"/youtube/v3/{what}", params=params, headers=KEY if headers is None else headers)

    def threads(self, **params: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("commentThreads", ALL | params).json()
        return found

    def say(self, text: str = "No water since morning", **more: str) -> str:
        return self.square.post(text, CHANNEL, **more)

    def answer(self, parent: str, text: str = "We know.", **headers: str) -> httpx.Response:
        content = {"snippet": {"parentId": parent, "textOriginal": text}}
        return self.square.http.post("/youtube/v3/comments?part=snippet", json=content, headers=headers or TOKEN)


@pytest.fixture
def youtube(tmp_path: Path) -> Iterator[YouTube]:
    with open_square(tmp_path) as square:
        square.http.put("/accounts", json=[*ACCOUNTS, *ON_YOUTUBE]).raise_for_status()
        yield YouTube(square)


def _reason(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["errors"][0]["reason"]


def test_a_key_comes_in_the_query_or_a_header_and_a_token_does_as_well(youtube: YouTube) -> None:
    for params, headers in ((ALL | {"key": "water-key"}, {}), (ALL, KEY), (ALL, TOKEN)):
        assert youtube.ask("commentThreads", params, headers).status_code == 200


def test_without_a_good_key_nothing_is_said(youtube: YouTube) -> None:
    wrong = youtube.ask("commentThreads", ALL, {"X-Goog-Api-Key": "nobody"})
    assert _reason(wrong) == (400, "badRequest")
    assert wrong.json()["error"]["details"][0]["reason"] == "API_KEY_INVALID"
    assert _reason(youtube.ask("commentThreads", ALL, {})) == (403, "forbidden")
    assert _reason(youtube.ask("commentThreads", ALL, {"Authorization": "Bearer nobody"})) == (401, "authError")


def test_a_thread_shows_its_comment_in_html_unless_plain_text_is_asked_for(youtube: YouTube) -> None:
    comment = youtube.say("Water & <light>\nපමා")
    (thread,) = youtube.threads()["items"]
    snippet = thread["snippet"]["topLevelComment"]["snippet"]
    assert (thread["id"], thread["kind"], thread["snippet"]["totalReplyCount"]) == (comment, "youtube#commentThread", 0)
    assert snippet["textDisplay"] == "Water &amp; &lt;light&gt;<br>පමා"
    assert snippet["authorDisplayName"] == "@nimal_perera"
    assert snippet["authorChannelId"]["value"].startswith("UC")
    assert snippet["publishedAt"] == snippet["updatedAt"]
    assert "replies" not in thread
    (plain,) = youtube.threads(textFormat="plainText")["items"]
    assert plain["snippet"]["topLevelComment"]["snippet"]["textDisplay"] == "Water & <light>\nපමා"


def test_threads_are_paged_from_the_newest_down(youtube: YouTube) -> None:
    comments = [youtube.say(f"Comment {number}") for number in range(5)]
    read: list[str] = []
    page = youtube.threads(maxResults=2)
    read += [each["id"] for each in page["items"]]
    while "nextPageToken" in page:
        page = youtube.threads(maxResults=2, pageToken=page["nextPageToken"])
        read += [each["id"] for each in page["items"]]
    assert read == comments[::-1]


def test_a_thread_shows_five_of_its_replies_and_says_how_many_there_are(youtube: YouTube) -> None:
    top = youtube.say()
    replies = [youtube.say(f"Reply {number}", in_reply_to_id=top, name="Kamala") for number in range(7)]
    below = youtube.say("To a reply", in_reply_to_id=replies[0])
    (thread,) = youtube.threads()["items"]
    assert thread["snippet"]["totalReplyCount"] == 8
    assert len(thread["replies"]["comments"]) == 5
    params = {"part": "snippet", "parentId": top, "maxResults": 100}
    listed = youtube.ask("comments", params).json()["items"]
    assert {each["id"] for each in listed} == {*replies, below}
    assert {each["snippet"]["parentId"] for each in listed} == {top}
    assert all(each["id"].startswith(f"{top}.") for each in listed)


def test_comments_are_asked_for_by_their_ids_and_the_missing_are_left_out(youtube: YouTube) -> None:
    first, second = youtube.say("One"), youtube.say("Two")
    youtube.square.http.put(f"/citizens/posts/{first}", json={"text": "One, changed"}).raise_for_status()
    youtube.square.http.delete(f"/citizens/posts/{second}").raise_for_status()
    (found,) = youtube.ask("comments", {"part": "id,snippet", "id": f"{first},{second}"}).json()["items"]
    assert (found["id"], found["snippet"]["textDisplay"]) == (first, "One, changed")
    assert found["snippet"]["updatedAt"] > found["snippet"]["publishedAt"]
    (thread,) = youtube.ask("commentThreads", {"part": "snippet", "id": f"{first},{second}"}).json()["items"]
    assert thread["id"] == first


def test_a_question_that_is_none_is_refused_by_its_reason(youtube: YouTube) -> None:
    many = ",".join(str(number) for number in range(51))
    for what, params, reason in (
        ("commentThreads", {"part": "snippet"}, (400, "missingRequiredParameter")),
        ("commentThreads", {"allThreadsRelatedToChannelId": CHANNEL}, (400, "missingRequiredParameter")),
        ("commentThreads", ALL | {"videoId": "x"}, (400, "missingRequiredParameter")),
        ("commentThreads", ALL | {"order": "size"}, (400, "invalidParameter")),
        ("commentThreads", ALL | {"maxResults": "101"}, (400, "invalidParameter")),
        ("commentThreads", ALL | {"pageToken": "x"}, (400, "invalidPageToken")),
        ("commentThreads", ALL | {"allThreadsRelatedToChannelId": "UCnobody"}, (404, "channelNotFound")),
        ("commentThreads", {"part": "snippet", "videoId": "nothing"}, (404, "videoNotFound")),
        ("comments", {"part": "snippet", "id": many}, (400, "invalidFilters")),
        ("comments", {"part": "snippet", "parentId": "Ugnobody"}, (404, "commentNotFound")),
    ):
        assert _reason(youtube.ask(what, params)) == reason


def test_a_reply_stands_under_the_comment_and_is_recorded_with_it(youtube: YouTube) -> None:
    top = youtube.say()
    citizens = youtube.say("And tomorrow?", in_reply_to_id=top)
    first, second = youtube.answer(top).json(), youtube.answer(citizens, "Then as well.").json()
    assert second["snippet"]["parentId"] == top
    assert second["snippet"]["authorChannelId"]["value"] == CHANNEL
    recorded = youtube.square.replies("youtube")
    assert [(each["parent"], each["id"], each["text"]) for each in recorded] == [
        (top, first["id"], "We know."),
        (top, second["id"], "Then as well."),
    ]


def test_replies_to_any_id_are_taken_and_writing_needs_a_token(youtube: YouTube) -> None:
    assert youtube.answer("UgyUnknownToTheSquare").status_code == 200
    assert _reason(youtube.answer("UgyUnknownToTheSquare", **KEY)) == (401, "authError")
    assert _reason(youtube.answer("UgyUnknownToTheSquare", " ")) == (400, "commentTextRequired")
    assert _reason(youtube.answer("", "Hello")) == (400, "parentIdMissing")


def test_a_reply_is_changed_and_deleted_by_its_author_only(youtube: YouTube) -> None:
    top = youtube.say()
    reply = youtube.answer(top).json()["id"]
    http = youtube.square.http
    changed = {"id": reply, "snippet": {"textOriginal": "We know now."}}
    made = http.put("/youtube/v3/comments?part=snippet", json=changed, headers=TOKEN).json()
    assert made["snippet"]["textDisplay"] == "We know now."
    assert _reason(http.delete(f"/youtube/v3/comments?id={top}", headers=TOKEN)) == (403, "forbidden")
    assert http.delete(f"/youtube/v3/comments?id={reply}", headers=TOKEN).status_code == 204
    assert http.delete(f"/citizens/posts/{reply}").status_code == 404
    assert [each["text"] for each in youtube.square.replies("youtube")] == ["We know."]


def test_only_the_fields_that_are_asked_for_are_told(youtube: YouTube) -> None:
    top = youtube.say()
    (comment,) = youtube.ask("comments", {"part": "snippet", "id": top}).json()["items"]

    def ask(fields: str) -> httpx.Response:
        return youtube.ask("comments", {"part": "snippet", "id": top, "fields": fields})

    assert ask("items(id,snippet(likeCount,authorChannelId/value)),nothing").json() == {
        "items": [{"id": top, "snippet": {"likeCount": 0, "authorChannelId": comment["snippet"]["authorChannelId"]}}]
    }
    assert ask("items/id,kind").json() == {"items": [{"id": top}], "kind": "youtube#commentListResponse"}
    assert set(ask("*").json()) == set(ask("kind,etag,pageInfo,items").json())
    for wrong in ("items(id", "items)", "items(", ",", "items id", "items//id"):
        assert _reason(ask(wrong)) == (400, "invalidParameter")


def _moderate(youtube: YouTube, comment: str, status: str) -> httpx.Response:
    params = {"id": comment, "moderationStatus": status}
    return youtube.square.http.post("/youtube/v3/comments/setModerationStatus", params=params, headers=TOKEN)


def test_what_is_held_for_review_is_not_listed_until_it_is_published(youtube: YouTube) -> None:
    top = youtube.say()
    for status, shown in (("heldForReview", 0), ("published", 1), ("rejected", 0)):
        assert _moderate(youtube, top, status).status_code == 204
        assert len(youtube.threads()["items"]) == shown
        assert len(youtube.square.http.get("/citizens/feed").json()["conversations"]) == shown
        assert len(youtube.ask("comments", {"part": "snippet", "id": top}).json()["items"]) == 1
    assert _reason(_moderate(youtube, top, "published")) == (400, "operationNotSupported")


def test_moderation_that_cannot_be_is_refused_by_its_reason(youtube: YouTube) -> None:
    other = {**ON_YOUTUBE[0], "account": "UCbank", "agency": "bank", "token": "bank-key"}
    youtube.square.http.put("/accounts", json=[*ON_YOUTUBE, other]).raise_for_status()
    theirs = youtube.square.post("Hello", "UCbank")
    assert _reason(_moderate(youtube, "Ugnobody", "rejected")) == (404, "commentNotFound")
    assert _reason(_moderate(youtube, theirs, "rejected")) == (403, "forbidden")
    assert _reason(_moderate(youtube, theirs, "loved")) == (400, "missingRequiredParameter")


def test_a_token_opens_its_own_channel(youtube: YouTube) -> None:
    mine = youtube.ask("channels", {"part": "id", "mine": "true"}, TOKEN).json()
    assert (mine["kind"], [each["id"] for each in mine["items"]]) == ("youtube#channelListResponse", [CHANNEL])
    assert _reason(youtube.ask("channels", {"part": "id", "mine": "true"}, KEY)) == (401, "authError")
    assert _reason(youtube.ask("channels", {"part": "id"}, TOKEN)) == (400, "missingRequiredParameter")


def test_a_token_is_renewed_and_runs_out_after_an_hour(youtube: YouTube) -> None:
    http = youtube.square.http
    form = {"grant_type": "refresh_token", "client_id": "i", "client_secret": "s", "refresh_token": "1//water-key"}
    renewed = http.post("/token", data=form).json()
    headers = {"Authorization": f"Bearer {renewed['access_token']}"}
    assert (renewed["expires_in"], renewed["token_type"]) == (3599, "Bearer")
    assert youtube.answer(youtube.say(), **headers).status_code == 200
    described = http.post("/tokeninfo", data={"access_token": renewed["access_token"]}).json()
    assert described["scope"] == "https://www.googleapis.com/auth/youtube.force-ssl"
    youtube.square.clock.ahead_seconds = 3600
    assert _reason(youtube.answer(youtube.say(), **headers)) == (401, "authError")
    assert http.post("/tokeninfo", data={"access_token": renewed["access_token"]}).json()["error"] == "invalid_token"
    for change, status, error in (
        ({"refresh_token": "1//nobody"}, 400, "invalid_grant"),
        ({"refresh_token": "water-key"}, 400, "invalid_grant"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ):
        refused = http.post("/token", data=form | change)
        assert (refused.status_code, refused.json()["error"]) == (status, error)


def test_a_fault_is_worded_as_youtube_words_it(youtube: YouTube) -> None:
    top = youtube.say()
    for kind, reason in (
        ("throttle", (429, "rateLimitExceeded")),
        ("down", (503, "backendError")),
        ("token_dead", (401, "authError")),
        ("parent_gone", (404, "parentCommentNotFound")),
    ):
        youtube.square.fault("youtube", kind)
        assert _reason(youtube.answer(top)) == reason
    youtube.square.fault("youtube", "hang")
    with pytest.raises(httpx.TransportError):
        youtube.answer(top)
    assert youtube.square.replies("youtube") == []
    youtube.square.fault("youtube", "accept_then_500")
    assert _reason(youtube.answer(top)) == (500, "backendError")
    youtube.square.fault("youtube", "accept_then_drop")
    with pytest.raises(httpx.TransportError):
        youtube.answer(top)
    assert len(youtube.square.replies("youtube")) == 2


def test_the_page_shows_a_comment_with_its_replies(youtube: YouTube) -> None:
    top = youtube.say("No water")
    youtube.answer(top)
    (conversation,) = youtube.square.http.get("/citizens/feed").json()["conversations"]
    assert (conversation["platform"], conversation["account_name"]) == ("youtube", "Water Board")
    assert [(each["text"], each["official"]) for each in conversation["posts"]] == [
        ("No water", False),
        ("We know.", True),
    ]


def test_a_days_quota_ends_and_begins_anew(tmp_path: Path) -> None:
    clock = MovableClock()
    with TestClient(create_app(Settings(home=tmp_path, port=1, youtube_units_a_day=2), clock)) as http:
        http.put("/accounts", json=ON_YOUTUBE).raise_for_status()

        def ask() -> httpx.Response:
            answer: httpx.Response = http.get("/youtube/v3/commentThreads", params=ALL, headers=KEY)
            return answer

        assert [ask().status_code for _ in range(2)] == [200, 200]
        assert _reason(ask()) == (403, "quotaExceeded")
        clock.ahead_seconds = 24 * 3600
        assert ask().status_code == 200
