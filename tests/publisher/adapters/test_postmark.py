"""Postmark: what its answers mean, and what is asked of it."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import postmark
from services.publisher.adapters.platforms.postmark import Postmark
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    CannotSee,
    CredentialsDead,
    Found,
    Outcome,
    Probed,
    Published,
    Refused,
    Throttled,
    Unavailable,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication
from tests.publisher.examples.postmark import EXAMPLE
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_platform import ScriptedPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

SENT = {
    "To": "nimal@mail.example",
    "SubmittedAt": "2026-11-22T08:30:00.1234567Z",
    "MessageID": "0a129aee-e1cd-480d-b08d-4f48548ff48d",
    "ErrorCode": 0,
    "Message": "OK",
}
SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)


def an_answer(**changes: Any) -> Publication:
    return a_publication(
        **{
            "platform": "postmark",
            "account": "info@passports.example",
            "thread": "root@mail.example",
            "reply_to": "root@mail.example",
            "mention": "nimal@mail.example",
            "public": False,
            **changes,
        }
    )


@asynccontextmanager
async def a_provider() -> AsyncIterator[tuple[ScriptedPlatform, Postmark, Credentials]]:
    http = Http()
    async with ScriptedPlatform("postmark") as platform:
        try:
            yield platform, Postmark(http), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


def answered(status: int, content: object, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(content).encode())


async def test_a_letter_is_sent_as_postmark_wants_it() -> None:
    async with a_provider() as (platform, channel, credentials):
        platform.answers("POST", "/email", SENT)
        publication = an_answer(purpose="acknowledgement", language="en")
        outcome = await channel.send(publication, credentials)
        message_id = f"{publication.publication}@passports.example"
        assert outcome == Published(message_id)
        (request,) = platform.requests
        assert request.headers["x-postmark-server-token"] == TOKEN
        assert request.json() == {
            "From": "info@passports.example",
            "To": "nimal@mail.example",
            "Subject": "Re: Your message to us",
            "TextBody": "Our office opens at 9 a.m.",
            "Headers": [
                {"Name": "Message-ID", "Value": f"<{message_id}>"},
                {"Name": "In-Reply-To", "Value": "<root@mail.example>"},
                {"Name": "References", "Value": "<root@mail.example>"},
                {"Name": "Auto-Submitted", "Value": "auto-replied"},
                {"Name": "X-PM-KeepID", "Value": "true"},
            ],
            "Metadata": {"publication": publication.publication},
            "MessageStream": "outbound",
            "TrackOpens": False,
            "TrackLinks": "None",
        }


async def test_an_account_may_have_another_stream_and_an_address_for_answers() -> None:
    async with a_provider() as (platform, channel, _):
        platform.answers("POST", "/email", SENT)
        platform.answers("GET", "/messages/outbound", {"TotalCount": 0, "Messages": []})
        named = {"message_stream": "citizens", "reply_to": "box@inbound.example"}
        credentials = Credentials(TOKEN, platform.url, secrets=named)
        publication = an_answer(comments=("cmt_" + "1" * 32,))
        await channel.send(publication, credentials)
        await channel.find(publication, SINCE, (), credentials)
        sent, looked = platform.requests
        assert sent.json()["MessageStream"] == looked.query["messagestream"] == "citizens"
        assert sent.json()["ReplyTo"] == f"box+cmt_{'1' * 32}@inbound.example"


@pytest.mark.parametrize(
    ("status", "content", "kind", "reason"),
    [
        (200, {"Message": "Message accepted, but delivery may be delayed.", "MessageID": "0a12"}, Published, None),
        (200, {"ErrorCode": 0, "Message": "OK"}, Unknown, None),
        (200, "<html>", Unknown, None),
        (401, {"ErrorCode": 10}, CredentialsDead, None),
        (422, {"ErrorCode": 10}, CredentialsDead, None),
        (422, {"ErrorCode": 300}, Refused, "rejected"),
        (422, {"ErrorCode": 400}, CredentialsDead, None),
        (422, {"ErrorCode": 401}, CredentialsDead, None),
        (422, {"ErrorCode": 402}, Refused, "rejected"),
        (422, {"ErrorCode": 405}, CredentialsDead, None),
        (422, {"ErrorCode": 406}, Refused, "not_possible"),
        (422, {"ErrorCode": 412}, CredentialsDead, None),
        (422, {"ErrorCode": 413}, CredentialsDead, None),
        (422, {"ErrorCode": 1235}, Refused, "rejected"),
        (413, {}, Refused, "too_long"),
        (429, {"ErrorCode": 429}, Throttled, None),
        (503, {"ErrorCode": 100}, Unavailable, None),
        (503, "Service Unavailable", Unknown, None),
        (500, {"ErrorCode": 0, "Message": "Internal Server Error"}, Unknown, None),
        (302, {}, Unknown, None),
    ],
)
async def test_an_answer_is_read_by_code(status: int, content: object, kind: type[Outcome], reason: str | None) -> None:
    outcome = postmark.outcome_of(answered(status, content), "ours@passports.example")
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_a_limit_says_how_long() -> None:
    outcome = postmark.outcome_of(answered(429, {"ErrorCode": 429}, **{"retry-after": "4"}), "")
    assert outcome == Throttled(4.0, "status 429, code 429")


async def test_a_letter_to_nobody_is_refused_unsent() -> None:
    async with a_provider() as (platform, channel, credentials):
        outcome = await channel.send(an_answer(mention=None), credentials)
        assert isinstance(outcome, Refused)
        assert (outcome.reason, platform.requests) == ("not_possible", [])


async def test_the_log_is_searched_by_recipient_and_key() -> None:
    async with a_provider() as (platform, channel, credentials):
        publication = an_answer()
        mail = {"MessageID": "0a12", "Metadata": {"publication": publication.publication}}
        others = [{"MessageID": "0b13", "Metadata": {"publication": "pub_other"}}, {"MessageID": "x"}, "odd"]
        platform.answers("GET", "/messages/outbound", {"TotalCount": 4, "Messages": [*others, mail]})
        found = await channel.find(publication, SINCE, (), credentials)
        assert found == Found(f"{publication.publication}@passports.example")
        (request,) = platform.requests
        assert request.query == {
            "count": "50",
            "offset": "0",
            "messagestream": "outbound",
            "recipient": "nimal@mail.example",
            "metadata_publication": publication.publication,
        }
        platform.answers("GET", "/messages/outbound", {"TotalCount": 3, "Messages": others})
        assert isinstance(await channel.find(publication, SINCE, (), credentials), Absent)


@pytest.mark.parametrize(("status", "content"), [(401, {}), (200, []), (200, {"Messages": None}), (500, "")])
async def test_a_look_that_does_not_come_about_proves_nothing(status: int, content: object) -> None:
    assert isinstance(postmark.sighting_of(answered(status, content), an_answer()), CannotSee)


async def test_a_log_that_is_late_never_proves_absence() -> None:
    assert not Postmark.nature.absence_proves
    assert EXAMPLE.ends["hang"] == "asked"


async def test_a_provider_that_is_not_there_got_nothing() -> None:
    async with a_provider() as (_, channel, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.send(an_answer(), nowhere), Unavailable)
        assert isinstance(await channel.find(an_answer(), SINCE, (), nowhere), CannotSee)
        assert isinstance(await channel.probe("info@passports.example", nowhere), Unavailable)


@pytest.mark.parametrize(("status", "kind"), [(200, Probed), (401, CredentialsDead), (500, Unknown)])
async def test_a_probe_asks_whose_token_it_is(status: int, kind: type) -> None:
    async with a_provider() as (platform, channel, credentials):
        platform.answers("GET", "/server", {"ID": 1}, status)
        assert isinstance(await channel.probe("info@passports.example", credentials), kind)


async def test_what_was_sent_stays_as_it_is() -> None:
    async with a_provider() as (platform, channel, credentials):
        task = Task(
            "task_1", "passports", "postmark", "info@passports.example", "t", "delete", "ours@passports.example"
        )
        assert isinstance(await channel.change(task, credentials), CannotDo)
        assert await channel.measure("info@passports.example", "x@y", credentials) == Unmeasured("not_offered")
        assert platform.requests == []
