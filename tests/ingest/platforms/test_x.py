"""X: the question whether we are there, two payload families, edits that are new posts, and who began what."""

import base64
import hashlib
import hmac
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
    Revoked,
    Unused,
    Written,
)
from services.ingest.domain.language import Language
from services.ingest.domain.refusals import BadHandshake, Unreadable
from services.ingest.platforms import x
from services.ingest.platforms.x_activity import read_mentions
from tests.ingest.platforms.door import Door
from tests.ingest.platforms.garbled import reads_whatever_comes
from tests.ingest.support import NOW, PAYLOADS, SECRETS, Ingest, account, payload

AGENCY = "1471190036205195265"
NIMAL = "1460323737035677699"
KAMALA = "1501234567890123777"
NEW = "2124418888258031617"
OWN_POST = "2124382366725046273"
AT = datetime(2026, 11, 22, 8, 25, 7, tzinfo=UTC)


class TestDoor(Door):
    platform = "x"
    account = AGENCY

    @pytest.mark.asyncio
    async def test_the_question_whether_we_are_there_is_answered_as_json(self, ingest: Ingest) -> None:
        answer = await ingest.http.get(self.route, params={"crc_token": "a+b/c=="})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert answer.json() == {"response_token": signed("a+b/c==", self.sender.secrets["consumer_secret"])}
        assert (await ingest.http.get(self.route)).status_code == 403

    @pytest.mark.asyncio
    async def test_citizens_under_one_post_of_ours_have_a_thread_each(self, ingest: Ingest) -> None:
        for posted in (
            post("11", answers=OWN_POST, to=AGENCY, conversation=OWN_POST),
            post("12", author=KAMALA, answers=OWN_POST, to=AGENCY, conversation=OWN_POST),
            post("13", author=AGENCY, answers="11", to=NIMAL, conversation=OWN_POST),
            post("14", answers="13", to=AGENCY, conversation=OWN_POST),
            post("15", author=KAMALA, answers="14", to=NIMAL, conversation=OWN_POST),
        ):
            assert (await self.post(ingest, event(posted))).status_code == 200
        assert await threads(ingest) == {"11": "11", "12": "12", "14": "11", "15": "11"}

    @pytest.mark.asyncio
    async def test_a_conversation_that_somebody_else_began_is_one_thread(self, ingest: Ingest) -> None:
        for posted in (
            post("21"),
            post("22", author=AGENCY, answers="21", to=NIMAL, conversation="21"),
            post("23", answers="22", to=AGENCY, conversation="21"),
            post("24", author=KAMALA, answers="21", to=NIMAL, conversation="21"),
        ):
            assert (await self.post(ingest, event(posted))).status_code == 200
        assert await threads(ingest) == {"21": "21", "23": "21", "24": "21"}

    @pytest.mark.asyncio
    async def test_both_families_tell_of_one_comment(self, ingest: Ingest) -> None:
        await self.deliver(ingest, "new")
        sent = tweet(NEW, text="@PassportsLK the same")
        assert (await self.post(ingest, activity(tweet_create_events=[sent]))).status_code == 200
        assert await ingest.count("comment") == 1

    @pytest.mark.asyncio
    async def test_edits_in_any_order_leave_the_newest_text(self, ingest: Ingest) -> None:
        first, second, third = (
            post(own, history=["31", "32", "33"], text=f"version {own}", at=AT.replace(minute=25 + number))
            for number, own in enumerate(("31", "32", "33"))
        )
        for posted in (second, third, first, second):
            assert (await self.post(ingest, event(posted))).status_code == 200
        ((native_id, text),) = await ingest.rows("SELECT native_id, text FROM comment")
        assert (native_id, text) == ("31", "version 33")

    @pytest.mark.asyncio
    async def test_one_webhook_serves_the_agencies_that_share_the_app(self, ingest: Ingest) -> None:
        other, stranger = "1471190036205195267", "1471190036205195269"
        await ingest.connect("x", other, agency="water-board", secrets=self.sender.secrets)
        await ingest.connect("x", stranger, agency="water-board", secrets=self.sender.other)
        for user in (other, stranger):
            sent = activity(user=user, tweet_create_events=[tweet(f"41{user}")])
            assert (await self.post(ingest, sent)).status_code == 200
        assert [row.account for row in await ingest.rows("SELECT account FROM comment")] == [other]


def signed(message: str, secret: str) -> str:
    """As the documentation's example signs."""
    digest = hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest()
    return f"sha256={base64.b64encode(digest).decode()}"


async def threads(ingest: Ingest) -> dict[str, str]:
    return {row.native_id: row.thread for row in await ingest.rows("SELECT native_id, thread FROM comment")}


def read(body: bytes) -> Reading:
    return x.read(body, {}, account("x", AGENCY), NOW)


def recorded(name: str) -> Reading:
    return read(payload("x", name))


def post(
    native_id: str,
    *,
    author: str = NIMAL,
    text: str = "When do you open?",
    at: datetime = AT,
    answers: str | None = None,
    to: str | None = None,
    conversation: str | None = None,
    history: list[str] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A v2 post; ``answers`` is what it replies to, ``to`` who wrote that."""
    value: dict[str, Any] = {
        "id": native_id,
        "author_id": author,
        "text": text,
        "created_at": at.isoformat().replace("+00:00", "Z"),
        "conversation_id": conversation or native_id,
        "edit_history_tweet_ids": history or [native_id],
    }
    if answers is not None:
        value |= {"in_reply_to_tweet_id": answers, "in_reply_to_user_id": to}
    return value | more


def event(value: dict[str, Any], kind: str = "post.mention.create", **more: Any) -> bytes:
    """An event of the newer family."""
    data = {"event_uuid": "-1", "filter": {"user_id": AGENCY}, "event_type": kind, "payload": value, **more}
    return json.dumps({"data": data}).encode()


def tweet(native_id: str, *, author: str = NIMAL, text: str = "When do you open?", **more: Any) -> dict[str, Any]:
    """A v1.1 post."""
    user = {"id": int(author), "id_str": author, "name": "Nimal Perera", "screen_name": "nimal_perera"}
    written = {"created_at": "Sun Nov 22 08:25:07 +0000 2026", "id_str": native_id, "text": text, "user": user}
    return written | more


def activity(*, user: str = AGENCY, **lists: Any) -> bytes:
    """A body of the older family."""
    return json.dumps({"for_user_id": user, **lists}).encode()


def only(reading: Reading) -> Written:
    (entry,) = reading
    assert isinstance(entry, Written), entry
    return entry


# -- the question whether we are there


def test_the_answer_is_made_with_the_newest_secret() -> None:
    newest = {"consumer_secret": "the-newest"}
    answer = x.handshake({"crc_token": "challenge"}, account("x", AGENCY, newest, SECRETS["x"]))
    assert json.loads(answer.body) == {"response_token": signed("challenge", "the-newest")}


@pytest.mark.parametrize("query", [{}, {"crc_token": ""}, {"nonce": "1"}])
def test_a_question_without_a_token_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(BadHandshake):
        x.handshake(query, account("x", AGENCY))


# -- the newer family


def test_a_mention_says_who_what_and_when() -> None:
    assert recorded("new") == (
        NewComment(
            account=AGENCY,
            native_id=NEW,
            author_id=NIMAL,
            author_name="Nimal Perera",
            author_handle="nimal_perera",
            author_followers=97,
            text="ගමන් බලපත්‍ර කාර්යාලය විවෘත වන්නේ කීයටද? 🙏",
            language=Language("si", ANY),
            sent_at=datetime(2026, 11, 22, 8, 25, 7, 412_000, UTC),
            thread=NEW,
            reach=3,
            revision=ORIGINAL,
        ),
    )


def test_an_edit_is_a_new_post_that_names_the_first() -> None:
    edit = only(recorded("edit"))
    assert isinstance(edit, EditedComment)
    assert (edit.native_id, edit.revision, edit.thread) == (NEW, "2124420378867535875", NEW)
    assert edit.edited_at == datetime(2026, 11, 22, 8, 31, 2, 801_000, UTC)
    assert edit.reach == 41


def test_the_first_version_is_the_original_even_when_it_comes_late() -> None:
    original = only(read(event(post("1", history=["1", "2"]))))
    assert isinstance(original, NewComment)
    assert (original.revision, original.edited_at) == (ORIGINAL, None)


def test_an_answer_to_a_later_version_answers_the_first() -> None:
    answer = post("5", author=KAMALA, answers="2", to=NIMAL, conversation="1")
    includes = {"tweets": [{"data": post("2", history=["1", "2"])}]}
    found = only(read(event(answer, includes=includes)))
    assert (found.thread, found.parent) == ("1", "1")


@pytest.mark.parametrize(
    ("posted", "thread", "parent"),
    [
        pytest.param(post("9"), "9", None, id="answers nothing"),
        pytest.param(post("9", history=["7", "9"], conversation="9"), "7", None, id="an edit that answers nothing"),
        pytest.param(
            post("9", answers="1", to=AGENCY, conversation="1"), "9", None, id="answers the post that we began with"
        ),
        pytest.param(
            post("9", answers="1", to=KAMALA, conversation="1"), "1", "1", id="answers what somebody else began with"
        ),
        pytest.param(post("9", answers="1", conversation="1"), None, "1", id="answers who knows whom"),
        pytest.param(post("9", answers="3", to=AGENCY, conversation="1"), None, "3", id="answers us deeper"),
        pytest.param(post("9", answers="3", to=KAMALA, conversation="1"), None, "3", id="answers others deeper"),
        pytest.param(post("9", answers="3", to=AGENCY) | {"conversation_id": None}, None, "3", id="no conversation"),
        pytest.param(
            post("9", conversation="1", referenced_tweets=[{"type": "replied_to", "id": "3"}]),
            None,
            "3",
            id="what it answers is only referred to",
        ),
        pytest.param(post("9", referenced_tweets=[{"type": "quoted", "id": "1"}]), "9", None, id="a quote"),
    ],
)
def test_the_thread_follows_from_who_began(posted: dict[str, Any], thread: str | None, parent: str | None) -> None:
    found = only(read(event(posted)))
    assert (found.thread, found.parent) == (thread, parent)


def test_an_answer_without_includes_has_an_author_without_a_name() -> None:
    answer = only(recorded("activity-answer-to-own-post"))
    assert (answer.author_id, answer.author_name, answer.author_followers) == (NIMAL, None, None)
    assert (answer.thread, answer.parent) == (answer.native_id, None)
    assert answer.text == "Is the Kandy office open too? <3"


def test_a_quote_is_a_comment_and_a_repost_is_none() -> None:
    quote = only(recorded("activity-quote"))
    assert (quote.thread, quote.parent, quote.reach) == (quote.native_id, None, 12)
    assert recorded("activity-repost") == (Unused(AGENCY, "repost"),)


def test_a_long_post_is_read_whole_with_what_came_with_it() -> None:
    long = only(recorded("activity-long"))
    assert long.text.startswith("I have written three times")
    assert long.text.endswith("Please help.")
    assert long.media == (
        Media("image", "https://pbs.twimg.com/media/EYeX7akWsAIP1_1.jpg", "3_1263145271946551297"),
        Media(
            "video",
            "https://video.twimg.com/amplify_video/1263145212760805377/vid/1280x720/b.mp4",
            "13_1263145212760805377",
            content_type="video/mp4",
        ),
        Media("file", None, "3_1263145271946551299"),
    )


def test_what_we_write_ourselves_is_an_echo_in_its_thread() -> None:
    assert recorded("echo") == (Echo(AGENCY, "2124423890372407297", NEW, NEW),)
    assert read(event(post("9", author=AGENCY), "post.create")) == (Echo(AGENCY, "9", "9"),)


def test_each_version_of_our_own_post_is_known_by_its_own_id() -> None:
    edited = post("9", author=AGENCY, history=["7", "9"])
    assert read(event(edited, "post.create")) == (Echo(AGENCY, "9", "7"),)


def test_a_message_is_private_and_stands_with_the_person() -> None:
    assert recorded("message") == (
        NewComment(
            account=AGENCY,
            native_id="2124420049912463873",
            author_id=NIMAL,
            author_name="Nimal Perera",
            author_handle="nimal_perera",
            author_followers=97,
            text="මගේ අයදුම්පත් අංකය N1234567 & තවම පිළිතුරක් නැත",
            language=Language("si", ANY),
            sent_at=datetime(2026, 11, 22, 8, 29, 44, 372_000, UTC),
            thread=NIMAL,
            public=False,
        ),
    )


def test_a_message_that_we_send_is_an_echo_with_the_person() -> None:
    (echo,) = recorded("activity-message-sent")
    assert isinstance(echo, Echo)
    assert echo.thread == NIMAL


def test_a_consent_taken_back_is_told_of_its_user() -> None:
    for name in ("activity-revoke", "account-activity-revoke"):
        assert recorded(name) == (Revoked(AGENCY, "permission_revoked", ANY),)
    other = json.loads(payload("x", "activity-revoke"))
    other["data"]["payload"]["user_id"] = "5"
    (revoked,) = read(json.dumps(other).encode())
    assert isinstance(revoked, Revoked)
    assert revoked.account == "5"


def test_a_deletion_by_others_removes_and_one_of_our_own_does_not() -> None:
    assert recorded("delete") == (RemovedComment(AGENCY, NEW, datetime(2026, 11, 22, 8, 40, 0, 593_000, UTC)),)
    assert recorded("activity-own-post-deleted") == (Unused(AGENCY, "own"),)
    assert recorded("account-activity-own-post-deleted") == (Unused(AGENCY, "own"),)
    gone = {"id": "9", "author_id": NIMAL}
    assert read(event(gone, "post.delete")) == (RemovedComment(AGENCY, "9", NOW),)


@pytest.mark.parametrize(
    ("kind", "counted"),
    [
        ("like.create", "like"),
        ("follow.unfollow", "follow"),
        ("dm.read", "read"),
        ("dm.indicate_typing", "typing"),
        ("chat.received", "chat"),
        ("mute.mute", "mute"),
        ("block.unblock", "block"),
        ("profile.update.bio", "event"),
        ("post.pinned.by.nobody", "event"),
    ],
)
def test_other_events_are_counted_by_fixed_words(kind: str, counted: str) -> None:
    assert read(event({}, kind)) == (Unused(AGENCY, counted),)


def test_an_event_for_another_account_of_the_app_says_so() -> None:
    other = json.loads(payload("x", "new"))
    other["data"]["filter"]["user_id"] = "5"
    assert only(read(json.dumps(other).encode())).account == "5"


# -- the page of posts that name us


def page(value: Any) -> Reading:
    return read_mentions(value, account("x", AGENCY), NOW)


def test_a_page_reads_like_the_events_oldest_first() -> None:
    answer, reply, edit = page(json.loads(payload("x", "mentions-page")))
    assert (answer.account, edit) == (AGENCY, only(recorded("edit")))
    assert isinstance(reply, NewComment)
    assert (reply.thread, reply.parent, reply.author_name) == (NEW, NEW, "Kamala Selvam")
    assert isinstance(answer, NewComment)
    assert answer.thread == answer.native_id


def test_a_page_on_which_nothing_is_new_says_nothing() -> None:
    assert page({"meta": {"result_count": 0}}) == ()


def test_one_bad_post_does_not_take_its_page_along() -> None:
    good, bad = page({"data": [{"id": "1"}, post("2")], "meta": {"result_count": 2}})
    assert isinstance(good, NewComment)
    assert isinstance(bad, Malformed)


@pytest.mark.parametrize("value", [[], None, {}, {"errors": []}, {"data": {}}])
def test_what_is_no_page_is_unreadable(value: object) -> None:
    with pytest.raises(Unreadable):
        page(value)


# -- the older family


def test_a_post_of_the_older_family_says_the_same() -> None:
    assert recorded("account-activity-mention") == (
        NewComment(
            account=AGENCY,
            native_id="2124417611461562373",
            author_id=NIMAL,
            author_name="Nimal Perera",
            author_handle="nimal_perera",
            author_followers=97,
            text="மையம் எப்போது திறக்கும்? https://t.co/wwwwwwwwww",
            language=Language("ta", ANY),
            sent_at=datetime(2026, 11, 22, 8, 20, 3, tzinfo=UTC),
            thread="2124417611461562373",
            media=(
                Media("image", "https://pbs.twimg.com/media/C_UdnvPUwAE3Dnn.jpg", "1263145271946551301"),
                Media(
                    "video",
                    "https://video.twimg.com/ext_tw_video/869317980307415041/pu/vid/720x1280/b.mp4",
                    "869317980307415041",
                    content_type="video/mp4",
                ),
            ),
        ),
    )


def test_text_beyond_140_characters_is_read_whole() -> None:
    long = only(recorded("account-activity-long"))
    assert long.text.startswith("I have written three times")
    assert long.text.endswith("Please help.")


def test_an_answer_of_the_older_family_leaves_its_thread_to_the_store() -> None:
    answer = only(recorded("account-activity-answer"))
    assert (answer.thread, answer.parent, answer.text) == (None, OWN_POST, "thanks & bye")


def test_an_edit_of_the_older_family_names_the_first_version() -> None:
    edit = only(recorded("account-activity-edit"))
    assert isinstance(edit, EditedComment)
    assert (edit.native_id, edit.revision) == ("2124417611461562373", "2124418605511610377")
    assert edit.edited_at == datetime(2026, 11, 22, 8, 24, tzinfo=UTC)


def test_a_quote_of_the_older_family_is_a_comment_and_a_repost_is_none() -> None:
    quote, repost = recorded("account-activity-quote-and-repost")
    assert isinstance(quote, NewComment)
    assert (quote.thread, quote.author_id) == (quote.native_id, KAMALA)
    assert repost == Unused(AGENCY, "repost")


def test_posts_of_our_own_in_the_older_family_are_echoes() -> None:
    began, answered = recorded("account-activity-own-posts")
    assert began == Echo(AGENCY, OWN_POST, OWN_POST)
    assert isinstance(answered, Echo)
    assert (answered.thread, answered.parent) == (None, "2124417611461562373")


def test_messages_of_the_older_family_have_pictures_and_echoes() -> None:
    received, sent = recorded("account-activity-messages")
    assert isinstance(received, NewComment)
    assert (received.thread, received.public, received.author_name) == (NIMAL, False, "Nimal Perera")
    assert received.sent_at == datetime(2026, 11, 22, 8, 29, 0, 557_000, UTC)
    assert [one.native_id for one in received.media] == ["1263145271946551303"]
    assert isinstance(sent, Echo)
    assert sent.thread == NIMAL


@pytest.mark.parametrize(
    ("name", "kind"), [("account-activity-like", "like"), ("replay-finished", "replay"), ("unknown", "like")]
)
def test_what_is_no_comment_is_counted(name: str, kind: str) -> None:
    assert recorded(name) == (Unused(AGENCY, kind),)


def test_lists_that_nobody_knows_are_counted_and_facts_beside_them_are_not() -> None:
    body = activity(user_has_blocked="false", follow_events=[{}], users={}, apps={}, new_fangled_events=[{}])
    assert read(body) == (Unused(AGENCY, "follow"), Unused(AGENCY, "event"))


def test_the_text_of_an_id_is_taken_and_not_the_number() -> None:
    rounded = tweet("1924465506158878979", id=1924465506158879000)
    assert only(read(activity(tweet_create_events=[rounded]))).native_id == "1924465506158878979"
    number = tweet("", id=9007199254740993)
    assert only(read(activity(tweet_create_events=[number]))).native_id == "9007199254740993"


def test_one_bad_part_does_not_take_its_neighbours_along() -> None:
    reading = read(
        activity(
            tweet_create_events=[None, tweet("1") | {"text": 5}, tweet("2")],
            tweet_delete_events="none",
            direct_message_events=[{"type": "message_create"}, {"type": "participants_join"}],
        )
    )
    assert [type(entry) for entry in reading] == [Malformed, Malformed, NewComment, Malformed, Malformed, Unused]


# -- words, languages, times


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("&lt;b&gt; &amp; co", "<b> & co"),
        ("&amp;lt; stays what was typed", "&lt; stays what was typed"),
        ("&copy; is nobody's escape", "&copy; is nobody's escape"),
        ("@PassportsLK when?", "when?"),
        ("@kamala_s @passportslk @nimal when?", "@kamala_s @nimal when?"),
        ("hey @PassportsLK when?", "hey @PassportsLK when?"),
        ("@PassportsLK", "@PassportsLK"),
        ("@PassportsLKX when?", "@PassportsLKX when?"),
    ],
)
def test_text_is_what_was_written(sent: str, text: str) -> None:
    entities = {"mentions": [{"id": AGENCY, "username": "PassportsLK"}, {"id": "5", "username": "kamala_s"}]}
    assert only(read(event(post("1", text=sent, entities=entities)))).text == text
    entities = {"user_mentions": [{"id_str": AGENCY, "screen_name": "PassportsLK"}]}
    assert only(read(activity(tweet_create_events=[tweet("1", text=sent, entities=entities)]))).text == text


@pytest.mark.parametrize("said", ["und", "zxx", "qme", "qht", "qam", "qct", "qst", "art", None, 5])
def test_codes_for_no_language_are_not_believed(said: object) -> None:
    assert only(read(event(post("1", text="12.30?", lang=said)))).language is None
    assert only(read(event(post("1", text="Kohomada", lang=said)))).language == Language("si-Latn", ANY)


@pytest.mark.parametrize("said", ["en", "in", "fr", "ckb"])
def test_what_x_takes_for_a_language_is_believed(said: str) -> None:
    assert only(read(event(post("1", text="Kohomada", lang=said)))).language == Language(said, 0.9)


@pytest.mark.parametrize("when", [None, "", "soon", 5, "2026-11-22T08:25:07", "Mon Jan 01 00:00:00 +2359 0001"])
def test_a_time_that_is_none_falls_back_to_now(when: object) -> None:
    assert only(read(event(post("1") | {"created_at": when}))).sent_at == NOW
    assert only(read(activity(tweet_create_events=[tweet("1") | {"created_at": when}]))).sent_at == NOW


@pytest.mark.parametrize("when", [None, 1795336200000, "soon", "9" * 400, "99999999999999999", "٣"])
def test_milliseconds_that_are_no_text_of_digits_fall_back_to_now(when: object) -> None:
    gone = {"status": {"id": "1", "user_id": NIMAL}, "timestamp_ms": when}
    assert read(activity(tweet_delete_events=[gone])) == (RemovedComment(AGENCY, "1", NOW),)


# -- bodies that are not as documented


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"[]",
        b'{"tweet_create_events":[]}',
        b'{"for_user_id":null}',
        b'{"for_user_id":1.5}',
        b'{"data":[]}',
        b'{"data":{"event_type":5}}',
        b'{"data":{"id":"1","text":"of a filtered stream"},"matching_rules":[]}',
        b'{"user_event":[]}',
    ],
)
def test_a_body_of_neither_family_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


@pytest.mark.parametrize(
    "name", sorted(path.stem for path in (PAYLOADS / "x").glob("*.json") if path.stem not in ("ten", "mentions-page"))
)
def test_no_value_in_any_place_breaks_reading(name: str) -> None:
    assert reads_whatever_comes(read, payload("x", name))


def test_no_value_in_any_place_breaks_a_page() -> None:
    assert reads_whatever_comes(lambda body: page(json.loads(body)), payload("x", "mentions-page"))


def test_a_head_of_a_hundred_thousand_names_is_read_in_one_go() -> None:
    text = "@PassportsLK " * 100_000 + "when?"
    entities = {"mentions": [{"id": AGENCY, "username": "PassportsLK"}]}
    assert len(only(read(event(post("1", text=text, entities=entities)))).text) <= 40_000
