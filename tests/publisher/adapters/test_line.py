"""LINE: pushes under a retry key, what its answers mean, and a square that misbehaves."""

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import line
from services.publisher.adapters.platforms.line import Line
from services.publisher.domain.outcomes import (
    CannotDo,
    CannotSee,
    CredentialsDead,
    Outcome,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.builders import NOW, a_publication
from tests.publisher.examples.line import ACCOUNT, CITIZEN, EXAMPLE
from tests.support.answering_platform import answering
from tests.support.on_the_square import on_the_square

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENT = {"sentMessages": [{"id": "461230966842064897", "quoteToken": "IStG5h1Tz7b"}]}
ACCEPTED = {"x-line-accepted-request-id": "123e4567-e89b-12d3-a456-426655440001"}


def a_push(**changes: Any) -> Publication:
    return a_publication(
        **{"platform": "line", "account": ACCOUNT, "thread": CITIZEN, "reply_to": "444", "public": False, **changes}
    )


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, b'{"message": "The request body has 1 error(s)"}', Refused, "rejected"),
        (400, b'{"message": "Failed to send messages"}', Refused, "not_possible"),
        (401, b'{"message": "Authentication failed"}', CredentialsDead, None),
        (403, b'{"message": "Access to this API is not available for your account"}', Refused, "not_permitted"),
        (413, b'{"message": "Request entity too large"}', Refused, "rejected"),
        (429, b'{"message": "The API rate limit has been exceeded. Try again later."}', Throttled, None),
        (408, b"", Unknown, None),
        (500, b'{"message": "Internal server error"}', Unknown, None),
        (503, b"", Unknown, None),
        (200, b"{}", Unknown, None),
        (200, b"<html>", Unknown, None),
        (409, b'{"message": "Conflict"}', Unknown, None),
    ],
)
async def test_an_answer_is_read_by_status_and_words(
    status: int, body: bytes, kind: type[Outcome], reason: str | None
) -> None:
    outcome = line.outcome_of(Answer(status, {}, body))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_a_spent_month_rests_longer_than_a_rate_limit() -> None:
    spent = line.outcome_of(Answer(429, {}, b'{"message": "You have reached your monthly limit."}'))
    assert isinstance(spent, Throttled)
    assert spent.retry_after == line.QUOTA_SECONDS


async def test_a_retry_that_was_accepted_before_is_a_success_known_by_its_message_or_request() -> None:
    with_message = Answer(409, ACCEPTED, b'{"message": "accepted", "sentMessages": [{"id": "46"}]}')
    without = Answer(409, ACCEPTED, b'{"message": "The retry key is already accepted"}')
    assert line.outcome_of(with_message) == Published("46")
    assert line.outcome_of(without) == Published(ACCEPTED["x-line-accepted-request-id"])


async def test_a_push_goes_to_the_thread_under_a_key_made_of_the_publication() -> None:
    async with answering(Line, "a-token") as (platform, channel, credentials):
        publication = a_push()
        platform.answer(200, SENT)
        platform.answer(409, SENT, x_line_accepted_request_id="123e4567")
        first = await channel.send(publication, credentials)
        assert first == await channel.send(publication, credentials) == Published("461230966842064897")
        request, again = platform.requests
        assert (request.method, request.path) == ("POST", "/v2/bot/message/push")
        assert request.headers["authorization"] == "Bearer a-token"
        assert request.json() == {"to": CITIZEN, "messages": [{"type": "text", "text": publication.text}]}
        assert str(UUID(request.headers["x-line-retry-key"])) == request.headers["x-line-retry-key"]
        assert again.headers["x-line-retry-key"] == request.headers["x-line-retry-key"]


async def test_parts_and_publications_have_keys_of_their_own() -> None:
    first = a_push()
    second = a_push(publication=first.publication, part=2)
    assert len({line.retry_key(first), line.retry_key(second), line.retry_key(a_push())}) == 3


async def test_length_counts_utf16_units() -> None:
    async with answering(Line, "a-token") as (platform, channel, credentials):
        refused = await channel.send(a_push(text="👋" * 2500 + "x"), credentials)
        assert isinstance(refused, Refused)
        assert (refused.reason, platform.requests) == ("too_long", [])
        platform.answer(200, SENT)
        assert isinstance(await channel.send(a_push(text="👋" * 2500), credentials), Published)


async def test_the_probe_tells_whose_token_it_is_and_what_is_left_of_the_month() -> None:
    async with answering(Line, "a-token") as (platform, channel, credentials):
        platform.answer(200, {"userId": ACCOUNT, "displayName": "Passports"})
        platform.answer(200, {"type": "limited", "value": 1000})
        platform.answer(200, {"totalUsage": 500})
        probed = await channel.probe(ACCOUNT, credentials)
        assert probed == Probed({"reply": True}, facts={"messages_a_month": 1000, "messages_used": 500})
        assert [(each.method, each.path) for each in platform.requests] == [
            ("GET", "/v2/bot/info"),
            ("GET", "/v2/bot/message/quota"),
            ("GET", "/v2/bot/message/quota/consumption"),
        ]


async def test_an_account_without_a_limit_has_none_among_its_facts() -> None:
    async with answering(Line, "a-token") as (platform, channel, credentials):
        platform.answer(200, {"userId": ACCOUNT})
        platform.answer(200, {"type": "none"})
        platform.answer(500, {})
        assert await channel.probe(ACCOUNT, credentials) == Probed({"reply": True})


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"userId": "U0"}, Probed),
        (401, {}, CredentialsDead),
        (429, {}, Unavailable),
        (500, {}, Unknown),
    ],
)
async def test_a_token_that_is_not_ours_gives_no_right(status: int, body: Any, expected: type) -> None:
    async with answering(Line, "a-token") as (platform, channel, credentials):
        platform.answer(status, body)
        probed = await channel.probe(ACCOUNT, credentials)
        assert isinstance(probed, expected)
        assert getattr(probed, "rights", {"reply": False}) == {"reply": False}


async def test_nothing_can_be_put_right_or_seen() -> None:
    async with answering(Line, "a-token") as (platform, channel, credentials):
        task = Task("tsk_1", "passports", "line", ACCOUNT, CITIZEN, "delete", "46")
        assert isinstance(await channel.change(task, credentials), CannotDo)
        assert isinstance(await channel.view(ACCOUNT, "46", credentials), CannotSee)
        assert isinstance(await channel.find(a_push(), NOW, (), credentials), CannotSee)
        assert platform.requests == []


async def test_a_server_that_is_not_there_got_nothing() -> None:
    async with answering(Line, "a-token") as (_, channel, _credentials):
        nowhere = Credentials("a-token", "http://127.0.0.1:1")
        assert isinstance(await channel.send(a_push(), nowhere), Unavailable)


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500", "hang", "down", "throttle"])
async def test_whatever_happens_the_same_key_leaves_one_message(tmp_path: Path, fault: str) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Line) as stage:
        publication = stage.a_reply()
        stage.fault(fault)
        assert isinstance(await stage.channel.send(publication, stage.credentials), Unknown | Throttled)
        again = await stage.channel.send(publication, stage.credentials)
        (reply,) = stage.replies()
        assert again == Published(reply["id"])
        assert (reply["parent"], reply["text"]) == (CITIZEN, publication.text)


@pytest.mark.parametrize(("fault", "expected"), [("token_dead", CredentialsDead), ("parent_gone", Refused)])
async def test_what_will_not_be_is_told_and_leaves_nothing(tmp_path: Path, fault: str, expected: type) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Line) as stage:
        stage.fault(fault)
        assert isinstance(await stage.channel.send(stage.a_reply(), stage.credentials), expected)
        assert stage.replies() == []


async def test_the_square_knows_the_account(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Line) as stage:
        await stage.channel.send(stage.a_reply(), stage.credentials)
        probed = await stage.channel.probe(ACCOUNT, stage.credentials)
        assert isinstance(probed, Probed)
        assert (probed.rights, probed.facts["messages_used"]) == ({"reply": True}, 1)
