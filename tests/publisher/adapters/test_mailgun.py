"""Mailgun: what its answers mean, and what is asked of it."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

import pytest

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import mailgun
from services.publisher.adapters.platforms.mailgun import Mailgun
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
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from tests.publisher.builders import a_publication
from tests.support.platform_stand_in import TOKEN
from tests.support.scripted_platform import ScriptedPlatform

pytestmark = pytest.mark.asyncio(loop_scope="session")

SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)
BASIC = "Basic " + base64.b64encode(f"api:{TOKEN}".encode()).decode()
MESSAGES, EVENTS = "/v3/passports.example/messages", "/v3/passports.example/events"


def an_answer(**changes: Any) -> Publication:
    return a_publication(
        **{
            "platform": "mailgun",
            "account": "ask@passports.example",
            "thread": "root@mail.example",
            "reply_to": "second@mail.example",
            "mention": "nimal@mail.example",
            "text": "අපේ කාර්යාලය උදේ 9ට විවෘත වේ.",
            "language": "si",
            "public": False,
            **changes,
        }
    )


def queued(publication: Publication) -> dict[str, str]:
    return {"id": f"<{publication.publication}@passports.example>", "message": "Queued. Thank you."}


@asynccontextmanager
async def a_provider() -> AsyncIterator[tuple[ScriptedPlatform, Mailgun, Credentials]]:
    http = Http()
    async with ScriptedPlatform("mailgun") as platform:
        try:
            yield platform, Mailgun(http), Credentials(TOKEN, platform.url)
        finally:
            await http.close()


def answered(status: int, content: object, **headers: str) -> Answer:
    return Answer(status, headers, json.dumps(content).encode())


def an_event(kind: str, message_id: str = "ours@passports.example") -> dict[str, Any]:
    return {"event": kind, "message": {"headers": {"message-id": message_id}}}


async def test_a_letter_is_sent_as_a_form() -> None:
    async with a_provider() as (platform, channel, credentials):
        publication = an_answer(purpose="holding")
        platform.answers("POST", MESSAGES, queued(publication))
        outcome = await channel.send(publication, credentials)
        message_id = f"{publication.publication}@passports.example"
        assert outcome == Published(message_id)
        (request,) = platform.requests
        assert request.headers["authorization"] == BASIC
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert dict(parse_qsl(request.body.decode())) == {
            "from": "ask@passports.example",
            "to": "nimal@mail.example",
            "subject": "Re: ඔබ අපට එවූ පණිවිඩය",
            "text": publication.text,
            "v:publication": publication.publication,
            "o:tracking": "no",
            "h:Message-Id": f"<{message_id}>",
            "h:In-Reply-To": "<second@mail.example>",
            "h:References": "<root@mail.example> <second@mail.example>",
            "h:Auto-Submitted": "auto-replied",
        }


async def test_a_letter_answers_under_the_subject_of_its_mail() -> None:
    async with a_provider() as (platform, channel, credentials):
        publication = an_answer(subject_line="ගමන් බලපත්රය & ගාස්තු")
        platform.answers("POST", MESSAGES, queued(publication))
        assert isinstance(await channel.send(publication, credentials), Published)
        assert dict(parse_qsl(platform.requests[0].body.decode()))["subject"] == "Re: ගමන් බලපත්රය & ගාස්තු"


async def test_an_account_may_send_through_another_domain_and_name_an_address_for_answers() -> None:
    async with a_provider() as (platform, channel, _):
        publication = an_answer(comments=("cmt_" + "1" * 32,))
        platform.answers("POST", "/v3/mg.passports.example/messages", queued(publication))
        named = {"domain": "mg.passports.example", "reply_to": "ask@mg.passports.example"}
        outcome = await channel.send(publication, Credentials(TOKEN, platform.url, secrets=named))
        assert isinstance(outcome, Published)
        form = dict(parse_qsl(platform.requests[0].body.decode()))
        assert form["h:Reply-To"] == f"ask+cmt_{'1' * 32}@mg.passports.example"


@pytest.mark.parametrize(
    ("status", "content", "kind", "reason"),
    [
        (200, {"id": "<a@b.example>", "message": "Queued. Thank you."}, Published, None),
        (200, {"message": "Queued. Thank you."}, Unknown, None),
        (200, "Mailgun Magnificent API", Unknown, None),
        (400, {"message": "to parameter is not a valid address. please check documentation"}, Refused, "not_possible"),
        (400, {"message": "from parameter is missing"}, Refused, "rejected"),
        (401, "Forbidden", CredentialsDead, None),
        (402, {"message": "payment"}, CredentialsDead, None),
        (403, {"message": "disabled"}, CredentialsDead, None),
        (404, {"message": "Domain not found: x"}, CredentialsDead, None),
        (413, {}, Refused, "too_long"),
        (422, {}, Refused, "rejected"),
        (429, {}, Throttled, None),
        (500, {}, Unknown, None),
        (503, "Service Unavailable", Unknown, None),
        (302, {}, Unknown, None),
    ],
)
async def test_an_answer_is_read_by_status(
    status: int, content: object, kind: type[Outcome], reason: str | None
) -> None:
    outcome = mailgun.outcome_of(answered(status, content))
    assert isinstance(outcome, kind)
    assert getattr(outcome, "reason", None) == reason


async def test_a_limit_says_how_long() -> None:
    assert mailgun.outcome_of(answered(429, {}, **{"retry-after": "9"})) == Throttled(9.0, "status 429: ")


async def test_events_are_searched_by_our_message_id() -> None:
    async with a_provider() as (platform, channel, credentials):
        publication = an_answer()
        message_id = f"{publication.publication}@passports.example"
        platform.answers("GET", EVENTS, {"items": [an_event("delivered", message_id)]})
        assert await channel.find(publication, SINCE, (), credentials) == Found(message_id)
        (request,) = platform.requests
        assert request.query == {"message-id": message_id, "limit": "25"}
        assert request.headers["authorization"] == BASIC


@pytest.mark.parametrize(
    ("items", "kind"),
    [
        ([an_event("accepted")], Found),
        ([an_event("failed"), an_event("accepted")], Found),
        ([an_event("accepted", "other@passports.example")], Absent),
        ([an_event("accepted"), an_event("rejected")], Absent),
        ([{"event": "accepted"}, "odd"], Absent),
        ([], Absent),
    ],
)
async def test_only_events_of_this_letter_show_it(items: list[Any], kind: type) -> None:
    assert isinstance(mailgun.sighting_of(answered(200, {"items": items}), "ours@passports.example"), kind)


@pytest.mark.parametrize(("status", "content"), [(401, "Forbidden"), (200, []), (500, {})])
async def test_a_look_that_does_not_come_about_proves_nothing(status: int, content: object) -> None:
    assert isinstance(mailgun.sighting_of(answered(status, content), "x@y"), CannotSee)


async def test_events_that_are_late_never_prove_absence() -> None:
    assert Mailgun.nature.can_look
    assert not Mailgun.nature.absence_proves


async def test_a_provider_that_is_not_there_got_nothing() -> None:
    async with a_provider() as (_, channel, _credentials):
        nowhere = Credentials(TOKEN, "http://127.0.0.1:1")
        assert isinstance(await channel.send(an_answer(), nowhere), Unavailable)
        assert isinstance(await channel.find(an_answer(), SINCE, (), nowhere), CannotSee)
        assert isinstance(await channel.probe("ask@passports.example", nowhere), Unavailable)


async def test_a_key_that_reads_events_can_do_everything_that_mail_can() -> None:
    async with a_provider() as (platform, channel, credentials):
        platform.answers("GET", EVENTS, {"items": []})
        probed = await channel.probe("ask@passports.example", credentials)
        assert isinstance(probed, Probed)
        assert (probed.rights["reply"], probed.rights["read"], probed.rights["edit"]) == (True, True, False)
        assert [one.method for one in platform.requests] == ["GET"]


async def test_a_provider_in_trouble_says_nothing_of_a_key() -> None:
    async with a_provider() as (platform, channel, credentials):
        platform.answers("GET", EVENTS, {}, 500)
        assert isinstance(await channel.probe("ask@passports.example", credentials), Unknown)


@pytest.mark.parametrize("refused", [401, 403])
async def test_a_sending_key_may_send_and_look_nothing_up(refused: int) -> None:
    async with a_provider() as (platform, channel, credentials):
        platform.answers("GET", EVENTS, "Forbidden", refused)
        platform.answers("POST", MESSAGES, {"message": "from parameter is missing"}, 400)
        probed = await channel.probe("ask@passports.example", credentials)
        assert isinstance(probed, Probed)
        assert (probed.rights["reply"], probed.rights["read"]) == (True, False)
        assert "looked up" in probed.detail
        letter = platform.requests[-1]
        assert letter.headers["authorization"] == BASIC
        assert dict(parse_qsl(letter.body.decode())) == {"o:testmode": "yes"}


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, CredentialsDead), (402, CredentialsDead), (403, CredentialsDead), (200, Unknown), (404, Unknown),
     (429, Unknown), (500, Unknown)],
)  # fmt: skip
async def test_a_key_that_may_neither_read_nor_send_is_dead(status: int, kind: type) -> None:
    async with a_provider() as (platform, channel, credentials):
        platform.answers("GET", EVENTS, "Forbidden", 401)
        platform.answers("POST", MESSAGES, {}, status)
        assert isinstance(await channel.probe("ask@passports.example", credentials), kind)


async def test_a_letter_to_nobody_is_refused_unsent() -> None:
    async with a_provider() as (platform, channel, credentials):
        assert isinstance(await channel.send(an_answer(mention=None), credentials), Refused)
        assert platform.requests == []


async def test_what_was_sent_stays_as_it_is() -> None:
    async with a_provider() as (platform, channel, credentials):
        task = Task("task_1", "passports", "mailgun", "ask@passports.example", "t", "edit", "ours@passports.example")
        assert isinstance(await channel.change(task, credentials), CannotDo)
        assert platform.requests == []
