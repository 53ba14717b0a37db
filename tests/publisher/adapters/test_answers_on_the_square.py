"""Bluesky, YouTube and Mastodon against the town square: what a bad day leaves behind, and what else is done there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import channels
from services.publisher.domain.outcomes import (
    Absent,
    CannotDo,
    Captured,
    CredentialsDead,
    Done,
    Found,
    Gone,
    Measured,
    Outcome,
    Probed,
    Published,
    Refreshed,
    Refused,
    Throttled,
    Unknown,
    Unmeasured,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Kind, Task
from services.publisher.ports import Channel, Credentials
from tests.local.support import Square, open_square
from tests.publisher.examples import Example, bluesky, mastodon, youtube

pytestmark = pytest.mark.asyncio(loop_scope="session")

EXAMPLES = {"bluesky": bluesky.EXAMPLE, "youtube": youtube.EXAMPLE, "mastodon": mastodon.EXAMPLE}


@dataclass
class Desk:
    """An account of the square and the channel that speaks for it."""

    platform: str
    example: Example
    square: Square
    channel: Channel
    credentials: Credentials

    @property
    def account(self) -> str:
        return self.example.account["account"]

    def a_reply(self, **changes: Any) -> Publication:
        return replace(self.example.a_reply(self.square.http, self.account), **changes)

    async def send(self, publication: Publication) -> Outcome:
        return await self.channel.send(publication, self.credentials)

    async def published(self, publication: Publication) -> str:
        outcome = await self.send(publication)
        assert isinstance(outcome, Published)
        return outcome.native_id

    def task(self, kind: Kind, publication: Publication, native_id: str, text: str | None = None) -> Task:
        place = (self.account, publication.thread)
        mention = publication.mention
        return Task("tsk_1", publication.agency, self.platform, *place, kind, native_id, text=text, mention=mention)


async def _desk(platform: str, home: Path) -> AsyncIterator[Desk]:
    example, http = EXAMPLES[platform], Http()
    with open_square(home) as square:
        square.http.put("/accounts", json=[{**example.account, "token": example.token}]).raise_for_status()
        credentials = Credentials(example.token, square.url + example.path, secrets=example.secrets)
        yield Desk(platform, example, square, channels(http, facebook_version="v25.0")[platform], credentials)
        await http.close()


@pytest_asyncio.fixture(loop_scope="session", params=sorted(EXAMPLES))
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    async for each in _desk(request.param, tmp_path):
        yield each


@pytest_asyncio.fixture(loop_scope="session")
async def on_bluesky(tmp_path: Path) -> AsyncIterator[Desk]:
    async for each in _desk("bluesky", tmp_path):
        yield each


@pytest_asyncio.fixture(loop_scope="session")
async def on_youtube(tmp_path: Path) -> AsyncIterator[Desk]:
    async for each in _desk("youtube", tmp_path):
        yield each


# -- bad days


@pytest.mark.parametrize("fault", ["accept_then_drop", "accept_then_500"])
async def test_a_reply_that_was_taken_without_an_answer_is_found(desk: Desk, fault: str) -> None:
    publication, before = desk.a_reply(), datetime.now(UTC)
    desk.square.fault(desk.platform, fault)
    assert isinstance(await desk.send(publication), Unknown)
    sighting = await desk.channel.find(publication, before, (), desk.credentials)
    (recorded,) = desk.square.replies(desk.platform)
    assert isinstance(sighting, Found)
    assert sighting.native_id == recorded["id"]
    if desk.channel.nature.idempotent_for:
        assert await desk.published(publication) == recorded["id"]
        assert len(desk.square.replies(desk.platform)) == 1


@pytest.mark.parametrize("fault", ["hang", "down"])
async def test_a_reply_that_was_not_taken_is_not_found_and_stands_once_it_is_sent_again(desk: Desk, fault: str) -> None:
    publication, before = desk.a_reply(), datetime.now(UTC)
    desk.square.fault(desk.platform, fault)
    assert isinstance(await desk.send(publication), Unknown)
    assert isinstance(await desk.channel.find(publication, before, (), desk.credentials), Absent)
    native_id = await desk.published(publication)
    assert [each["id"] for each in desk.square.replies(desk.platform)] == [native_id]


@pytest.mark.parametrize(
    ("fault", "expected"), [("throttle", Throttled), ("token_dead", CredentialsDead), ("parent_gone", Refused)]
)
async def test_a_refusal_is_read_as_what_it_is(desk: Desk, fault: str, expected: type[Outcome]) -> None:
    publication = desk.a_reply()
    desk.square.fault(desk.platform, fault)
    outcome = await desk.send(publication)
    assert isinstance(outcome, expected)
    assert getattr(outcome, "reason", "not_possible") == "not_possible"
    assert desk.square.replies() == []
    await desk.published(publication)


async def test_two_equal_replies_are_told_apart(desk: Desk) -> None:
    before = datetime.now(UTC)
    publication = desk.a_reply()
    first = await desk.published(publication)
    if desk.platform == "bluesky":
        assert isinstance(await desk.channel.find(desk.a_reply(), before, {first}, desk.credentials), Absent)
    else:
        assert isinstance(await desk.channel.find(publication, before, {first}, desk.credentials), Absent)


# -- what else a channel does


async def test_a_reply_is_deleted_however_often_that_is_asked(desk: Desk) -> None:
    publication = desk.a_reply()
    native_id = await desk.published(publication)
    seen = await desk.channel.view(desk.account, native_id, desk.credentials)
    assert isinstance(seen, Captured)
    assert seen.text.endswith("The supply returns at 6 p.m.")
    task = desk.task("delete", publication, native_id)
    for _ in range(2):
        assert isinstance(await desk.channel.change(task, desk.credentials), Done)
    assert isinstance(await desk.channel.view(desk.account, native_id, desk.credentials), Gone)
    measured = await desk.channel.measure(desk.account, native_id, desk.credentials)
    assert isinstance(measured, Unmeasured)
    assert measured.reason == "gone"


async def test_a_reply_is_edited_where_the_platform_does_that(desk: Desk) -> None:
    publication = desk.a_reply()
    native_id = await desk.published(publication)
    task = desk.task("edit", publication, native_id, "The supply returns at 7 p.m.")
    effect = await desk.channel.change(task, desk.credentials)
    assert isinstance(effect, Done if "edit" in desk.channel.nature.tasks else CannotDo)
    seen = await desk.channel.view(desk.account, native_id, desk.credentials)
    assert isinstance(seen, Captured)
    if "edit" in desk.channel.nature.tasks:
        assert seen.text == "@nimal_perera The supply returns at 7 p.m."
    else:
        assert seen.text == publication.text


async def test_numbers_and_rights_are_told(desk: Desk) -> None:
    publication = desk.a_reply()
    await desk.published(publication)
    measured = await desk.channel.measure(desk.account, publication.reply_to, desk.credentials)
    assert isinstance(measured, Measured)
    assert set(measured.numbers) == set(measured.series)
    assert measured.numbers.get("replies", 1) == 1
    probed = await desk.channel.probe(desk.account, desk.credentials)
    assert isinstance(probed, Probed)
    assert {right for right, given in probed.rights.items() if given} >= {"reply", "delete", "read", "reach"}
    assert probed.facts["most_characters"] == {"bluesky": 300, "mastodon": 500, "youtube": 10_000}[desk.platform]
    wrong = Credentials("a-wrong-token", desk.credentials.base_url)
    assert isinstance(await desk.channel.probe(desk.account, wrong), CredentialsDead)


# -- Bluesky


async def test_a_post_whose_author_wants_no_answer_gets_none(on_bluesky: Desk) -> None:
    closed, blocking = on_bluesky.a_reply(), on_bluesky.a_reply()
    http = on_bluesky.square.http
    http.post("/bluesky/closed", json={"post": closed.reply_to}).raise_for_status()
    refused = await on_bluesky.send(closed)
    assert isinstance(refused, Refused)
    author = blocking.reply_to.split("/")[2]
    http.post("/bluesky/blocks", json={"author": author, "account": on_bluesky.account}).raise_for_status()
    hidden = await on_bluesky.send(blocking)
    assert isinstance(hidden, Refused)
    assert (refused.reason, hidden.reason) == ("blocked", "blocked")
    assert on_bluesky.square.replies() == []


async def test_a_post_that_was_deleted_cannot_be_answered(on_bluesky: Desk) -> None:
    publication = on_bluesky.a_reply()
    on_bluesky.square.http.delete(f"/citizens/posts/{publication.reply_to}").raise_for_status()
    outcome = await on_bluesky.send(publication)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "not_possible"


async def test_a_session_lasts_beyond_its_token_and_is_opened_once(on_bluesky: Desk) -> None:
    for _ in range(35):  # more than an account may open sessions in five minutes
        await on_bluesky.published(on_bluesky.a_reply())
    for hours in (3, 6):
        on_bluesky.square.clock.ahead_seconds = hours * 3600
        await on_bluesky.published(on_bluesky.a_reply())


async def test_people_are_mentioned_by_did_in_bytes(on_bluesky: Desk) -> None:
    publication = on_bluesky.a_reply(text="ආයුබෝවන් @nimal-perera.square.test")
    native_id = await on_bluesky.published(publication)
    seen = await on_bluesky.channel.view(on_bluesky.account, native_id, on_bluesky.credentials)
    assert isinstance(seen, Captured)
    (facet,) = seen.body["value"]["facets"]
    place = facet["index"]
    assert seen.text.encode()[place["byteStart"] : place["byteEnd"]] == b"@nimal-perera.square.test"
    assert facet["features"][0]["did"] == publication.reply_to.split("/")[2]


async def test_the_parts_of_a_thread_answer_each_other_under_one_root(on_bluesky: Desk) -> None:
    first = on_bluesky.a_reply(text="One of two")
    above = await on_bluesky.published(first)
    second = replace(first, part=2, reply_to=above, text="Two of two")
    below = await on_bluesky.published(second)
    assert await on_bluesky.published(second) == below
    seen = await on_bluesky.channel.view(on_bluesky.account, below, on_bluesky.credentials)
    assert isinstance(seen, Captured)
    reply = seen.body["value"]["reply"]
    assert (reply["root"]["uri"], reply["parent"]["uri"]) == (first.thread, above)
    assert len(on_bluesky.square.replies("bluesky")) == 2


async def test_a_reply_stands_once_although_the_post_above_it_was_edited_since(on_bluesky: Desk) -> None:
    publication = on_bluesky.a_reply()
    native_id = await on_bluesky.published(publication)
    changed = {"text": "No water since yesterday"}
    on_bluesky.square.http.put(f"/citizens/posts/{publication.reply_to}", json=changed).raise_for_status()
    assert await on_bluesky.published(publication) == native_id
    assert len(on_bluesky.square.replies("bluesky")) == 1


# -- YouTube


async def test_a_citizens_comment_is_hidden_shown_and_removed(on_youtube: Desk) -> None:
    publication = on_youtube.a_reply()

    async def change(kind: Kind) -> object:
        return await on_youtube.channel.change(
            on_youtube.task(kind, publication, publication.reply_to), on_youtube.credentials
        )

    def conversations() -> int:
        return len(on_youtube.square.http.get("/citizens/feed").json()["conversations"])

    seen = []
    for kind in ("hide", "show", "remove"):
        assert await change(kind) == Done()  # type: ignore[arg-type]
        seen.append(conversations())
    assert seen == [0, 1, 0]
    assert isinstance(await change("show"), Refused)
    on_youtube.square.http.delete(f"/citizens/posts/{publication.reply_to}").raise_for_status()
    assert await change("remove") == Done(detail="it was gone already")
    assert isinstance(await change("hide"), CannotDo)


async def test_a_renewed_token_opens_the_channel_for_an_hour(on_youtube: Desk) -> None:
    refreshed = await on_youtube.channel.refresh(on_youtube.account, on_youtube.credentials)
    assert isinstance(refreshed, Refreshed)
    assert refreshed.lives_for == 3599
    on_youtube.credentials = Credentials(refreshed.secrets["token"], on_youtube.credentials.base_url)
    await on_youtube.published(on_youtube.a_reply())
    on_youtube.square.clock.ahead_seconds = 3600
    assert isinstance(await on_youtube.send(on_youtube.a_reply()), CredentialsDead)
    revoked = {**on_youtube.example.secrets, "refresh_token": "1//revoked"}
    lacking = Credentials("any", on_youtube.credentials.base_url, secrets=revoked)
    assert isinstance(await on_youtube.channel.refresh(on_youtube.account, lacking), CredentialsDead)
