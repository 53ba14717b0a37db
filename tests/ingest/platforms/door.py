"""What every platform's door must do, whoever knocks: inherited by each platform's test module.

A platform's bodies lie in ``tests/payloads/<platform>``. Those with these names mean the same everywhere:

    new         a comment that nobody knows yet        reply    an answer to it
    edit        the same comment, reading otherwise    delete   the same comment, gone
    message     a private message                      unknown  a kind of event that Parley does not use
    undelivered  something of ours that the platform took and did not deliver
    empty       the emptiest body that the platform sends
    ten         ten comments in one body, the heaviest that the documentation shows, or the heaviest single one
"""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
import pytest_asyncio

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import Echo, EditedComment, Entry, NewComment, Reading, RemovedComment, Written
from services.ingest.domain.refusals import BadSignature, StaleSignature
from services.ingest.platforms import PLATFORMS, WEBHOOKS
from tests.ingest.support import NOW, PAYLOADS, Ingest, account, running_ingest
from tests.support.senders import SENDERS, Sender, misspellings

HOSTILE: dict[str, bytes] = {
    "nothing": b"",
    "broken": b"{broken",
    "truncated": b'{"object":"page","entry":[{"id"',
    "no object": b'"text"',
    "null": b"null",
    "nested": b"[" * 100_000,
    "nested objects": b'{"a":' * 50_000,
    "many keys": b"{" + b",".join(b'"%d":0' % number for number in range(50_000)) + b"}",
    "long integer": b'{"id":' + b"9" * 5_000 + b"}",
    "NaN": b'{"id":NaN,"update_id":NaN,"entry":NaN,"events":NaN}',
    "infinity": b'{"timestamp":1e999,"update_id":1e999}',
    "duplicate keys": b'{"object":"page","object":"user","entry":[],"entry":{}}',
    "NUL": b'{"text":"\\u0000","id":"\\u0000","event":"\\u0000"}',
    "lone surrogate": b'{"text":"\\ud800","id":"\\udfff","event":"\\ud800"}',
    "invalid UTF-8": b'{"text":"\xff\xfe"}',
    "UTF-16": '{"text":"hello"}'.encode("utf-16"),
    "BOM": b'\xef\xbb\xbf{"text":"hello"}',
    "wrong types": json.dumps(
        {
            "object": 1, "entry": {}, "events": {}, "event": [], "message": [], "update_id": "x", "data": [], "post": 7,
            "for_user_id": {}, "tweet_create_events": {}, "FromFull": 1, "type": {}, "created_at": [],
        }
    ).encode(),
}  # fmt: skip
"""Bodies that nobody sends by accident. Signed, they are authentic: 200, and never an error of ours."""


class Door:
    """The tests. ``platform`` is the name, ``account`` the platform's own id that the payloads are addressed to."""

    platform: ClassVar[str]
    account: ClassVar[str]
    base_url: ClassVar[str | None] = None

    # -- what a test module builds with

    @property
    def sender(self) -> Sender:
        return SENDERS[self.platform]

    def path(self, name: str) -> Path:
        """The recorded body ``name``; raises if there is none."""
        (found,) = (PAYLOADS / self.platform).glob(f"{name}.*")
        return found

    def has(self, name: str) -> bool:
        return any((PAYLOADS / self.platform).glob(f"{name}.*"))

    def body(self, name: str) -> bytes:
        return self.path(name).read_bytes()

    def known(self) -> Account:
        """The account, as the service knows it."""
        return account(self.platform, self.account, self.sender.secrets, base_url=self.base_url)

    def headers_of(self, name: str) -> dict[str, str]:
        """Header fields that go with the recorded body, beside the proof."""
        return {}

    def read(self, name: str) -> Reading:
        """What the recorded body says."""
        body, headers = self.sender.send(self.body(name))
        return WEBHOOKS[self.platform].read(body, {**headers, **self.headers_of(name)}, self.known(), NOW)

    def first(self, name: str, kind: type[Entry] = Written) -> Entry:  # type: ignore[assignment]
        """The first entry of this kind in what the recorded body says."""
        return next(entry for entry in self.read(name) if isinstance(entry, kind))

    def authenticate(self, body: bytes, headers: dict[str, str]) -> None:
        """Raises as the door does; one secret is being rotated out."""
        WEBHOOKS[self.platform].authenticate(body, headers, (self.sender.secrets,), datetime.now(UTC))

    @pytest_asyncio.fixture
    async def ingest(self) -> AsyncIterator[Ingest]:
        """The service with the account connected."""
        async with running_ingest() as running:
            more = {"base_url": self.base_url} if self.base_url else {}
            answer = await running.connect(self.platform, self.account, secrets=self.sender.secrets, **more)
            assert answer.status_code == 201, answer.text
            yield running

    async def deliver(self, ingest: Ingest, name: str) -> None:
        """Deliver a recorded body; it must be accepted."""
        answer = await self.post(ingest, self.body(name), self.headers_of(name))
        assert (answer.status_code, answer.content) == (200, b""), answer.text

    async def post(self, ingest: Ingest, body: bytes, more: dict[str, str] | None = None) -> httpx.Response:
        """Deliver ``body``, signed."""
        sent, headers = self.sender.send(body)
        return await ingest.http.post(self.route, content=sent, headers={**headers, **(more or {})})

    @property
    def route(self) -> str:
        return f"/webhooks/{self.platform}/{self.account}"

    # -- who may knock

    def test_what_the_platform_sends_is_authentic(self) -> None:
        body, headers = self.sender.send(self.body("new"))
        self.authenticate(body, headers)

    def test_the_secret_that_is_being_rotated_out_is_still_good(self) -> None:
        body, headers = self.sender.send(self.body("new"))
        live = (self.sender.other, self.sender.secrets)
        WEBHOOKS[self.platform].authenticate(body, headers, live, datetime.now(UTC))

    def test_an_altered_body_is_refused_where_the_platform_signs_bodies(self) -> None:
        body, headers = self.sender.send(self.body("new"))
        if self.sender.signs_body:
            with pytest.raises(BadSignature):
                self.authenticate(body + b" ", headers)
        else:
            self.authenticate(body + b" ", headers)

    def test_the_proof_of_another_account_is_refused(self) -> None:
        body, headers = self.sender.send(self.body("new"), self.sender.other)
        with pytest.raises(BadSignature):
            self.authenticate(body, headers)

    def test_the_right_proof_in_another_spelling_is_refused(self) -> None:
        body, headers = self.sender.send(self.body("new"))
        for spelling in self._misspelt(headers):
            with pytest.raises(BadSignature):
                self.authenticate(body, spelling)

    def _misspelt(self, headers: dict[str, str]) -> Iterator[dict[str, str]]:
        header = self.sender.header
        if header is not None:
            yield {name: value for name, value in headers.items() if name != header}
            yield from ({**headers, header: spelling} for spelling in misspellings(headers[header]))

    def test_an_old_or_early_proof_is_refused_where_a_time_is_signed(self) -> None:
        for minutes in (-60 * 24, -60, -6, 6, 60):
            body, headers = self.sender.send(self.body("new"), at=datetime.now(UTC) + timedelta(minutes=minutes))
            if self.sender.signs_time:
                with pytest.raises(StaleSignature):
                    self.authenticate(body, headers)
            else:
                self.authenticate(body, headers)

    # -- what is taken in

    def test_the_platform_says_what_its_table_promises(self) -> None:
        says = PLATFORMS[self.platform].says
        for name, promised, kind in (
            ("new", says.new, NewComment),
            ("reply", says.reply, NewComment),
            ("edit", says.edit, EditedComment),
            ("delete", says.delete, RemovedComment),
            ("message", says.message, NewComment),
        ):
            assert self.has(name) == promised, name
            if promised:
                assert any(isinstance(entry, kind) for entry in self.read(name)), name

    def test_nothing_that_the_agency_wrote_itself_becomes_a_comment(self) -> None:
        if self.has("echo"):
            assert not any(isinstance(entry, Written) for entry in self.read("echo"))
            assert any(isinstance(entry, Echo) for entry in self.read("echo"))

    @pytest.mark.asyncio
    async def test_a_body_that_comes_twice_is_one_comment(self, ingest: Ingest) -> None:
        for _ in range(3):
            await self.deliver(ingest, "new")
        assert [await ingest.count(table) for table in ("comment", "raw_body", "dead_letter")] == [1, 1, 0]

    @pytest.mark.asyncio
    async def test_a_reply_stands_in_the_thread_of_what_it_answers(self, ingest: Ingest) -> None:
        if PLATFORMS[self.platform].says.reply:
            await self.deliver(ingest, "new")
            await self.deliver(ingest, "reply")
            rows = await ingest.rows("SELECT thread FROM comment")
            assert len(rows) == 2
            assert len({row.thread for row in rows}) == 1

    @pytest.mark.asyncio
    async def test_an_edit_before_its_original_wins(self, ingest: Ingest) -> None:
        if PLATFORMS[self.platform].says.edit:
            edited = self.first("edit", EditedComment)
            assert isinstance(edited, EditedComment)
            await self.deliver(ingest, "edit")
            await self.deliver(ingest, "new")
            ((text, revision),) = await ingest.rows("SELECT text, revision FROM comment")
            assert (text, revision) == (edited.text, 2)

    @pytest.mark.asyncio
    async def test_a_deletion_of_what_never_came_keeps_the_late_original_from_waking(self, ingest: Ingest) -> None:
        if PLATFORMS[self.platform].says.delete:
            await self.deliver(ingest, "delete")
            await self.deliver(ingest, "new")
            ((status,),) = await ingest.rows("SELECT status FROM comment")
            assert status == "deleted"

    @pytest.mark.asyncio
    async def test_a_private_message_is_private(self, ingest: Ingest) -> None:
        if PLATFORMS[self.platform].says.message:
            await self.deliver(ingest, "message")
            assert [row.public for row in await ingest.rows("SELECT public FROM comment")] == [False]

    @pytest.mark.asyncio
    async def test_kinds_that_are_not_used_are_accepted_and_leave_nothing(self, ingest: Ingest) -> None:
        for name in ("unknown", "empty"):
            await self.deliver(ingest, name)
        assert [await ingest.count(table) for table in ("comment", "raw_body", "dead_letter")] == [0, 0, 0]

    @pytest.mark.asyncio
    async def test_word_that_something_did_not_arrive_is_passed_on_and_leaves_nothing(self, ingest: Ingest) -> None:
        if self.has("undelivered"):
            await self.deliver(ingest, "undelivered")
            _, (kind, told) = await ingest.events()  # the account was connected first
            place = (told["agency"], told["platform"], told["account"])
            assert (kind, place) == ("ReplyUndelivered", ("passports", self.platform, self.account))
            assert told["native_id"] or told["publication"]
            assert [await ingest.count(table) for table in ("comment", "raw_body", "dead_letter")] == [0, 0, 0]

    @pytest.mark.asyncio
    async def test_every_entry_of_the_heaviest_body_is_taken_in(self, ingest: Ingest) -> None:
        written = [entry for entry in self.read("ten") if isinstance(entry, Written)]
        await self.deliver(ingest, "ten")
        assert await ingest.count("comment") == len(written) > 0
        assert await ingest.count("dead_letter") == 0

    @pytest.mark.asyncio
    async def test_refusals_leave_nothing(self, ingest: Ingest) -> None:
        body, headers = self.sender.send(self.body("new"))
        forged, forged_headers = self.sender.send(self.body("new"), self.sender.other)
        post = ingest.http.post
        for answer, status in (
            (await post(self.route, content=forged, headers=forged_headers), 401),
            (await post(f"/webhooks/{self.platform}/nobody", content=body, headers=headers), 404),
            (
                await post(self.route, content=gzip.compress(body), headers={**headers, "content-encoding": "gzip"}),
                415,
            ),
            (await self._oversized(ingest, headers), 413),
        ):
            assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
        assert [await ingest.count(table) for table in ("comment", "raw_body", "dead_letter")] == [0, 0, 0]

    async def _oversized(self, ingest: Ingest, headers: dict[str, str]) -> httpx.Response:
        most = WEBHOOKS[self.platform].most_bytes
        announced = {**headers, "content-length": str(most + 1)}
        return await ingest.http.post(self.route, content=b"x" * 10, headers=announced)

    @pytest.mark.asyncio
    async def test_hostile_bodies_are_set_aside_and_break_nothing(self, ingest: Ingest) -> None:
        for name, body in HOSTILE.items():
            answer = await self.post(ingest, body)
            assert answer.status_code == 200, f"{name}: {answer.text}"
            assert answer.content == b"", name
        assert await ingest.count("comment") == 0
        await self.deliver(ingest, "new")
        assert await ingest.count("comment") == 1
