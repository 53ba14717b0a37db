"""Viber: messages of a bot, the status in the body, and a square that misbehaves."""

from pathlib import Path
from typing import Any

import pytest

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import viber
from services.publisher.adapters.platforms.viber import Viber
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
from tests.publisher.examples.viber import BOT, CITIZEN, EXAMPLE
from tests.support.answering_platform import answering
from tests.support.on_the_square import on_the_square

pytestmark = pytest.mark.asyncio(loop_scope="session")

TAKEN = {"status": 0, "status_message": "ok", "message_token": 5741311803571721087, "billing_status": 1}


def a_message(**changes: Any) -> Publication:
    return a_publication(
        **{"platform": "viber", "account": BOT, "thread": CITIZEN, "reply_to": "49", "public": False, **changes}
    )


@pytest.mark.parametrize(
    ("status", "kind", "reason"),
    [
        (1, Refused, "rejected"),
        (2, CredentialsDead, None),
        (3, Refused, "rejected"),
        (4, Refused, "rejected"),
        (5, Refused, "not_possible"),
        (6, Refused, "blocked"),
        (7, CredentialsDead, None),
        (8, CredentialsDead, None),
        (9, CredentialsDead, None),
        (10, CredentialsDead, None),
        (11, Refused, "not_possible"),
        (12, Throttled, None),
        (13, Refused, "rejected"),
        (14, Refused, "rejected"),
        (15, CredentialsDead, None),
        (16, Refused, "not_permitted"),
        (21, Refused, "not_permitted"),
        (23, Throttled, None),
        (24, Throttled, None),
        (99, Unknown, None),
        (-1, Unknown, None),
    ],
)
async def test_the_number_in_the_body_says_what_happened(status: int, kind: type[Outcome], reason: str | None) -> None:
    body = b'{"status": %d, "status_message": "why"}' % status
    outcome = viber.outcome_of(Answer(200, {}, body))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


@pytest.mark.parametrize(
    ("http_status", "body"),
    [(500, b""), (503, b"<html>"), (200, b"<html>"), (200, b"{}"), (200, b'{"status": 0}'), (403, b'{"status": 6}')],
)
async def test_what_is_no_answer_of_the_api_leaves_it_open(http_status: int, body: bytes) -> None:
    assert isinstance(viber.outcome_of(Answer(http_status, {}, body)), Unknown)


async def test_whoever_has_no_money_left_rests_longer_than_whoever_is_too_fast() -> None:
    spent = viber.outcome_of(Answer(200, {}, b'{"status": 24}'))
    fast = viber.outcome_of(Answer(200, {}, b'{"status": 12}'))
    assert isinstance(spent, Throttled)
    assert isinstance(fast, Throttled)
    assert (spent.retry_after, fast.retry_after) == (viber.SPENT_SECONDS, None)


async def test_a_message_goes_to_the_thread_in_the_name_of_the_account() -> None:
    async with answering(Viber, "a-token", sender_name="Immigration and Emigration") as (
        platform,
        channel,
        credentials,
    ):
        platform.answer(200, TAKEN)
        publication = a_message()
        assert await channel.send(publication, credentials) == Published("5741311803571721087")
        (request,) = platform.requests
        assert (request.method, request.path) == ("POST", "/pa/send_message")
        assert request.headers["x-viber-auth-token"] == "a-token"
        assert request.json() == {
            "receiver": CITIZEN,
            "min_api_version": 1,
            "sender": {"name": "Immigration and Emigration"},
            "type": "text",
            "text": publication.text,
        }


async def test_a_bot_without_a_given_name_is_called_as_viber_calls_it_and_asked_once() -> None:
    async with answering(Viber, "a-token") as (platform, channel, credentials):
        platform.answer(200, {"status": 0, "id": BOT, "name": "Department of Immigration and Emigration"})
        platform.answer(200, TAKEN)
        platform.answer(200, TAKEN)
        for _ in range(2):
            assert isinstance(await channel.send(a_message(), credentials), Published)
        info, *messages = platform.requests
        assert (info.path, info.headers["x-viber-auth-token"]) == ("/pa/get_account_info", "a-token")
        assert [each.json()["sender"] for each in messages] == [{"name": "Department of Immigration an"}] * 2


@pytest.mark.parametrize("info", [(500, ""), (200, {"status": 2}), (200, {"status": 0, "name": " "})])
async def test_a_bot_whose_name_is_not_told_is_called_as_its_agency(info: tuple[int, Any]) -> None:
    async with answering(Viber, "a-token") as (platform, channel, credentials):
        platform.answer(*info)
        platform.answer(200, TAKEN)
        assert isinstance(await channel.send(a_message(), credentials), Published)
        assert platform.requests[1].json()["sender"] == {"name": "passports"}


async def test_asking_for_a_name_does_not_make_an_attempt_longer() -> None:
    async with answering(Viber, "a-token", attempt_seconds=1) as (platform, channel, credentials):
        platform.seconds = 0.8
        platform.answer(200, TAKEN)
        platform.answer(200, TAKEN)
        assert await channel.send(a_message(), credentials) == Unknown("no answer in time")


@pytest.mark.parametrize("text", ["x" * 7001, "ක\n" * 3500 + "x", '"' * 7001])
async def test_a_message_that_is_too_long_is_refused_unsent(text: str) -> None:
    async with answering(Viber, "a-token", sender_name="Passports") as (platform, channel, credentials):
        outcome = await channel.send(a_message(text=text), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("too_long", [])


async def test_a_text_of_few_characters_may_have_too_many_bytes() -> None:
    async with answering(Viber, "a-token", sender_name="Passports") as (platform, channel, credentials):
        assert isinstance(await channel.send(a_message(text="\x01" * 6000), credentials), Refused)
        platform.answer(200, TAKEN)
        assert isinstance(await channel.send(a_message(text="👋" * 7000), credentials), Published)


async def test_the_probe_tells_whose_token_it_is() -> None:
    async with answering(Viber, "a-token") as (platform, channel, credentials):
        platform.answer(200, {"status": 0, "id": BOT})
        platform.answer(200, {"status": 0, "id": "pa:1"})
        platform.answer(200, {"status": 2})
        platform.answer(200, {"status": 12})
        platform.answer(503, "")
        ours, others, dead, busy, away = [await channel.probe(BOT, credentials) for _ in range(5)]
        assert isinstance(ours, Probed)
        assert isinstance(others, Probed)
        assert (ours.rights, others.rights) == ({"reply": True}, {"reply": False})
        assert [type(each) for each in (dead, busy, away)] == [CredentialsDead, Unavailable, Unknown]
        assert {each.path for each in platform.requests} == {"/pa/get_account_info"}


async def test_nothing_can_be_put_right_or_seen() -> None:
    async with answering(Viber, "a-token") as (platform, channel, credentials):
        task = Task("tsk_1", "passports", "viber", BOT, CITIZEN, "edit", "46", text="Better")
        assert isinstance(await channel.change(task, credentials), CannotDo)
        assert isinstance(await channel.view(BOT, "46", credentials), CannotSee)
        assert isinstance(await channel.find(a_message(), NOW, (), credentials), CannotSee)
        assert not channel.nature.can_look
        assert platform.requests == []


async def test_a_server_that_is_not_there_got_nothing() -> None:
    async with answering(Viber, "a-token") as (_, channel, _credentials):
        assert isinstance(await channel.send(a_message(), Credentials("t", "http://127.0.0.1:1")), Unavailable)


@pytest.mark.parametrize(
    ("fault", "stands"),
    [("accept_then_drop", 1), ("accept_then_500", 1), ("hang", 0), ("down", 0)],
)
async def test_what_nobody_answered_stays_open_for_a_person(tmp_path: Path, fault: str, stands: int) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Viber) as stage:
        publication = stage.a_reply()
        stage.fault(fault)
        assert isinstance(await stage.channel.send(publication, stage.credentials), Unknown)
        assert isinstance(await stage.channel.find(publication, NOW, (), stage.credentials), CannotSee)
        assert len(stage.replies()) == stands


@pytest.mark.parametrize(
    ("fault", "expected"), [("throttle", Throttled), ("token_dead", CredentialsDead), ("parent_gone", Refused)]
)
async def test_a_refusal_of_the_square_is_understood_and_leaves_nothing(
    tmp_path: Path, fault: str, expected: type
) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Viber) as stage:
        stage.fault(fault)
        assert isinstance(await stage.channel.send(stage.a_reply(), stage.credentials), expected)
        assert stage.replies() == []


async def test_the_square_takes_a_message_and_knows_the_bot(tmp_path: Path) -> None:
    async with on_the_square(tmp_path, EXAMPLE, Viber) as stage:
        publication = stage.a_reply()
        outcome = await stage.channel.send(publication, stage.credentials)
        (reply,) = stage.replies()
        assert outcome == Published(reply["id"])
        assert (reply["parent"], reply["text"]) == (CITIZEN, publication.text)
        probed = await stage.channel.probe(BOT, stage.credentials)
        assert isinstance(probed, Probed)
        assert probed.rights == {"reply": True}
