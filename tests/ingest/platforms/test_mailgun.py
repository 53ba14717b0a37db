"""Mail by way of Mailgun: the same mails as by Postmark, in forms, under a proof that covers none of it."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx
import pytest

from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.domain.entries import Echo, Entry, Media, NewComment, Unused
from services.ingest.domain.refusals import BadSignature, ReusedSignature, StaleSignature, Unreadable
from services.ingest.domain.single_use import SingleUse
from services.ingest.platforms import mailgun, postmark
from services.ingest.ports import Arrival
from shared.database import Database
from shared.ids import uuid7
from tests.ingest.platforms.door import Door
from tests.ingest.support import NOW, PAYLOADS, SECRETS, Ingest, account, payload, running_ingest
from tests.support.postgres import fresh_service_database
from tests.support.senders import SENDERS, Wire

BOX = "info@passports.example"
SENDER = SENDERS["mailgun"]
FORM = {"content-type": "application/x-www-form-urlencoded"}
EVENT = {"content-type": "application/json"}
TOKEN = "06c96bafc3f42a66b9edd546347a2fe18dc23461fe80dc52f0"


class TestDoor(Door):
    platform = "mailgun"
    account = BOX


def recorded(name: str) -> bytes:
    (path,) = (PAYLOADS / "mailgun").glob(f"{name}.*")
    return path.read_bytes()


def proof(at: datetime = NOW, token: str = TOKEN, key: str = SECRETS["mailgun"]["signing_key"]) -> dict[str, str]:
    sent = str(int(at.timestamp()))
    signature = hmac.new(key.encode(), (sent + token).encode(), hashlib.sha256).hexdigest()
    return {"timestamp": sent, "token": token, "signature": signature}


def fields(**changed: str | None) -> list[tuple[str, str]]:
    """The fields of the recorded new mail, some changed; None leaves one out."""
    names = {name.replace("_", "-"): value for name, value in changed.items()}
    kept = [pair for pair in parse_qsl(recorded("new").decode(), keep_blank_values=True) if pair[0] not in names]
    return [*kept, *((name, value) for name, value in names.items() if value is not None)]


def form(**changed: str | None) -> bytes:
    """A form with these fields changed, under the proof of ``NOW``."""
    return urlencode(fields(**(dict(proof()) | changed))).encode()


def read(body: bytes, headers: Mapping[str, str] = FORM) -> Entry:
    (entry,) = mailgun.read(body, headers, account("mailgun", BOX), NOW)
    return entry


def comment(body: bytes) -> NewComment:
    entry = read(body)
    assert isinstance(entry, NewComment)
    return entry


def authenticate(body: bytes, headers: Mapping[str, str] = FORM, now: datetime = NOW) -> None:
    mailgun.authenticate(body, headers, (SENDER.other, SECRETS["mailgun"]), now)


# -- who may knock


@pytest.mark.parametrize("seconds", [-300, 0, 300])
def test_five_minutes_of_difference_are_borne(seconds: int) -> None:
    authenticate(form(), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 3600, 10**9])
def test_more_than_that_is_stale(seconds: int) -> None:
    with pytest.raises(StaleSignature):
        authenticate(form(), now=NOW + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    "changed",
    [
        {"token": "another"},
        {"timestamp": str(int(NOW.timestamp()) + 1)},
        {"timestamp": None},
        {"token": None},
        {"signature": None},
        {"signature": ""},
        {"signature": proof()["signature"].upper()},
        {"signature": proof()["signature"][:-2]},
        {"signature": proof()["signature"] + " "},
        {"signature": "sha256=" + proof()["signature"]},
        {"signature": base64.b64encode(bytes.fromhex(proof()["signature"])).decode()},
        {"signature": "é" * 64},
        proof(key=SENDER.other["signing_key"] + "x"),
    ],
)
def test_only_the_exact_proof_is_good(changed: dict[str, str | None]) -> None:
    with pytest.raises(BadSignature):
        authenticate(form(**changed))


def test_the_border_between_time_and_token_cannot_be_moved() -> None:
    sent = proof()["timestamp"]
    for timestamp, token in ((sent + TOKEN[0], TOKEN[1:]), (sent[:-1], sent[-1] + TOKEN)):
        with pytest.raises(StaleSignature):
            authenticate(form(timestamp=timestamp, token=token))


@pytest.mark.parametrize("timestamp", ["", "now", "-1", "1e9", "٣", "9" * 5000, "9" * 20, " 1"])
def test_a_signed_time_that_is_none_is_stale(timestamp: str) -> None:
    key = SECRETS["mailgun"]["signing_key"].encode()
    signature = hmac.new(key, (timestamp + TOKEN).encode(), hashlib.sha256).hexdigest()
    with pytest.raises(StaleSignature):
        authenticate(form(timestamp=timestamp, signature=signature))


def test_of_several_proofs_in_one_form_the_last_one_counts() -> None:
    forged = urlencode({"timestamp": "1", "token": "x", "signature": "y"}).encode()
    authenticate(forged + b"&" + form())
    with pytest.raises(BadSignature):
        authenticate(form() + b"&" + forged)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"", FORM),
        (b"{}", EVENT),
        (b"[]", EVENT),
        (b"{broken", EVENT),
        (b'{"signature":7,"event-data":{}}', EVENT),
        (b'{"signature":{"timestamp":{},"token":[],"signature":null}}', EVENT),
        (b'{"signature":{"timestamp":"\\ud800","token":"\\ud800","signature":"\\ud800"}}', EVENT),
        (b"[" * 100_000, EVENT),
        (b" " * (2 << 20) + json.dumps({"signature": proof(), "event-data": {}}).encode(), EVENT),
        (form(), EVENT),
        (form(), {"content-type": "multipart/form-data; boundary=x"}),
        (recorded("ten"), FORM),
        (b"&" * 100_000, FORM),
        (b"\xff\x00%", FORM),
    ],
)
def test_a_body_without_a_proof_is_refused_without_an_error(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        authenticate(body, headers)


def test_an_event_is_authenticated_by_the_proof_within() -> None:
    event = json.loads(recorded("unknown"))
    authenticate(json.dumps({**event, "signature": proof()}).encode(), {"content-type": "application/json; charset=x"})
    numbers = {**proof(), "timestamp": int(proof()["timestamp"])}
    authenticate(json.dumps({**event, "signature": numbers}).encode(), EVENT)
    with pytest.raises(BadSignature):
        authenticate(json.dumps(event).encode(), EVENT)


# -- what a mail says


@pytest.mark.parametrize("name", ["new", "reply", "message", "ten", "echo"])
def test_a_mail_says_the_same_whichever_provider_brings_it(name: str) -> None:
    (other,) = postmark.read(payload("postmark", name), {}, account("mailgun", BOX), NOW)
    body, headers = SENDER.send(recorded(name))
    ours = read(body, headers)
    if name == "new":
        assert isinstance(ours, NewComment)
        assert isinstance(other, NewComment)
        # Mailgun takes off the signature at the end of a mail.
        assert other.text == f"{ours.text}\n\nනිමල්"
        assert ours.subject_line == other.subject_line == "Passport PA-1183 තවම නැහැ"
        assert (ours.native_id, ours.sent_at, ours.thread) == (other.native_id, other.sent_at, other.thread)
    else:
        assert ours == other


def test_a_mail_in_several_parts_is_read_with_what_is_attached() -> None:
    body, headers = SENDER.send(recorded("ten"))
    heavy = read(body, headers)
    assert isinstance(heavy, NewComment)
    assert [one.kind for one in heavy.media] == ["file", "image", "audio"]
    assert heavy.media[1] == Media("image", name="පෝලිම.jpg", content_type="image/jpeg")


@pytest.mark.parametrize("headers", [None, "", "broken", "{}", '[7, [], [1, 2], ["a"]]', "[" * 100_000])
def test_without_the_list_of_headers_the_fields_of_the_form_will_do(headers: str | None) -> None:
    found = comment(form(message_headers=headers, In_Reply_To="<b@x>", References="<a@x> <b@x>"))
    assert (found.native_id, found.thread, found.parent) == ("CAEPk3R+4Zr9007199254740993@mail.example", "a@x", "b@x")
    assert found.sent_at == datetime(2026, 11, 22, 8, 29, 30, tzinfo=UTC)
    assert read(form(message_headers=headers, Auto_Submitted="auto-replied")) == Unused(BOX, "automatic")


def test_a_mail_without_an_id_is_named_after_what_it_says() -> None:
    nameless = {"message_headers": None, "Message_Id": None}
    first, again = comment(form(**nameless)), comment(form(**nameless, token="another"))
    assert first.native_id == again.native_id
    assert len(first.native_id) == 64
    assert comment(form(**nameless, body_plain="Other words")).native_id != first.native_id


@pytest.mark.parametrize(
    ("author", "name", "address"),
    [
        ("Nimal <Nimal@Mail.example>", "Nimal", "nimal@mail.example"),
        ('"Perera, Nimal" <n@x>', "Perera, Nimal", "n@x"),
        ('"N. \\"Nim\\" P." <n@x>', 'N. "Nim" P.', "n@x"),
        ("n@x", None, "n@x"),
        ("<n@x>", None, "n@x"),
        ("A <a@x>, B <b@x>", "A", "a@x"),
        ("nobody", None, "unknown"),
        ("(" * 100_000, None, "unknown"),
        ("<" * 100_000, None, "unknown"),
        ("", None, "nimal@mail.example"),
    ],
)
def test_the_author_is_whom_the_mail_is_from(author: str, name: str | None, address: str) -> None:
    found = comment(form(**{"from": author}))
    assert (found.author_name, found.author_id) == (name, address)


def test_a_mail_that_names_nobody_to_answer_to_is_from_a_machine() -> None:
    assert read(form(sender="")) == Unused(BOX, "automatic")


def test_the_token_of_the_answered_address_is_read() -> None:
    known = "cmt_019aa3f2c1e47c55a0f3b2d98e6f1a07"
    assert comment(form(recipient=f"info+{known}@passports.example")).parent == known


def test_a_mail_from_the_address_that_it_came_to_is_an_echo() -> None:
    assert isinstance(read(form(**{"from": "Passports <info+x@passports.example>"})), Echo)


def test_events_are_not_used() -> None:
    assert read(recorded("unknown"), EVENT) == Unused(BOX, "event")
    assert read(form(event="delivered")) == Unused(BOX, "event")


@pytest.mark.parametrize(
    ("body", "headers"),
    [(b"", FORM), (b"text=hello", FORM), (b'{"event-data":7}', EVENT), (b"{}", EVENT), (b"--x", FORM)],
)
def test_what_is_neither_mail_nor_event_is_unreadable(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(Unreadable):
        read(body, headers)


# -- a proof is good for one body


def test_the_same_mail_is_the_same_however_it_is_written_down() -> None:
    body, headers = SENDER.send(recorded("ten"))
    boundary = body[2 : body.index(b"\r\n")]
    rewritten = body.replace(boundary, b"another-boundary")
    assert mailgun.once(rewritten, headers) == mailgun.once(body, headers)
    assert mailgun.once(form(), FORM).digest == mailgun.once(form(token="x"), FORM).digest
    shuffled = urlencode(sorted(fields(**proof()))).encode()
    assert mailgun.once(shuffled, FORM) == mailgun.once(form(), FORM)


def test_whatever_a_mail_says_otherwise_makes_it_another() -> None:
    known = mailgun.once(form(), FORM).digest
    for name in ("stripped-text", "body-plain", "from", "subject", "message-headers", "recipient", "X-New"):
        assert mailgun.once(form(**{name: "other"}), FORM).digest != known, name
    body, headers = SENDER.send(recorded("ten"))
    for was, now in ((b"receipt.pdf", b"receipt.exe"), (b"audio/mp4", b"video/mp4"), (b"%PDF", b"%pdf")):
        other = body.replace(was, now)
        assert (mailgun.once(other, headers) == mailgun.once(body, headers)) == (other == body)


def test_a_proof_is_remembered_longer_than_it_is_good() -> None:
    assert mailgun.once(form(), FORM).until - NOW > mailgun.TOLERANCE


async def connected(ingest: Ingest, box: str = BOX, agency: str = "passports") -> None:
    answer = await ingest.connect("mailgun", box, agency=agency)
    assert answer.status_code == 201, answer.text


async def post(ingest: Ingest, wire: Wire, box: str = BOX) -> httpx.Response:
    return await ingest.http.post(f"/webhooks/mailgun/{box}", content=wire[0], headers=wire[1])


def carried_off(wire: Wire, words: str) -> Wire:
    """The proof of ``wire`` with another mail."""
    stolen = {name: value for name, value in parse_qsl(wire[0].decode()) if name in proof()}
    forged = fields(stripped_text=words, body_plain=words, Message_Id="<forged@x>", message_headers=None, **stolen)
    return urlencode(forged).encode(), wire[1]


async def tables(ingest: Ingest) -> list[int]:
    return [await ingest.count(table) for table in ("comment", "raw_body", "dead_letter", "used_token")]


@pytest.mark.asyncio
async def test_a_proof_that_was_carried_off_lets_no_other_words_in() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        wire = SENDER.send(recorded("new"))
        assert (await post(ingest, wire)).status_code == 200
        for _ in range(2):
            refused = await post(ingest, carried_off(wire, "forged"))
            assert (refused.status_code, refused.headers["content-type"]) == (401, "application/problem+json")
            assert refused.json()["type"].endswith("reused-signature")
        assert (await post(ingest, wire)).status_code == 200
        assert await tables(ingest) == [1, 1, 0, 1]


@pytest.mark.asyncio
async def test_a_proof_is_used_up_by_what_leaves_nothing_else() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        unreadable = urlencode({**(used := proof(datetime.now(UTC))), "text": "x"}).encode()
        event = json.dumps({**json.loads(recorded("unknown")), "signature": used}).encode()
        for first, headers in ((unreadable, FORM), (event, EVENT)):
            await ingest.change("DELETE FROM used_token")
            assert (await post(ingest, (first, headers))).status_code == 200
            assert (await post(ingest, carried_off((urlencode(used).encode(), FORM), "forged"))).status_code == 401
        assert await tables(ingest) == [0, 0, 1, 1]


@pytest.mark.asyncio
async def test_a_proof_opens_no_door_of_another_agency_either() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        await connected(ingest, "help@water.example", "water-board")
        wire = SENDER.send(recorded("new"))
        assert (await post(ingest, wire)).status_code == 200
        assert (await post(ingest, carried_off(wire, "forged"), "help@water.example")).status_code == 401
        assert await ingest.count("comment") == 1


@pytest.mark.asyncio
async def test_of_many_bodies_at_once_under_one_proof_one_is_let_in() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        wire = SENDER.send(recorded("new"))
        bodies = [carried_off(wire, f"words {n % 10}") for n in range(30)]
        answers = await asyncio.gather(*(post(ingest, body) for body in bodies))
        taken = [n % 10 for n, answer in enumerate(answers) if answer.status_code == 200]
        assert (len(taken), len(set(taken))) == (3, 1)
        assert {answer.status_code for answer in answers} == {200, 401}
        assert await tables(ingest) == [1, 1, 0, 1]


@pytest.mark.asyncio
async def test_a_refused_neighbour_in_the_group_takes_nobody_along() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        wire = SENDER.send(recorded("new"))
        await post(ingest, wire)
        others = [SENDER.send(form(Message_Id=f"<{n}@x>", message_headers=None)) for n in range(20)]
        forged = carried_off(wire, "forged")
        answers = await asyncio.gather(*(post(ingest, one) for one in (*others[:9], forged, *others[9:])))
        assert [answer.status_code for answer in answers] == [200] * 9 + [401] + [200] * 11
        assert await ingest.count("comment") == 21


@pytest.mark.asyncio
async def test_what_is_too_old_is_forgotten() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        await post(ingest, SENDER.send(recorded("new")))
        await ingest.change("UPDATE used_token SET until = now() - interval '1 second'")
        await post(ingest, SENDER.send(recorded("message")))
        assert await tables(ingest) == [2, 2, 0, 1]


def arrival(digest: bytes, token: str = TOKEN) -> Arrival:
    box = account("mailgun", BOX)
    written = NewComment(BOX, uuid7().hex, "n@x", "Hello", NOW, public=False)
    until = datetime.now(UTC) + timedelta(minutes=10)
    return Arrival(uuid7(), box, b"", NOW, [(box, written)], once=SingleUse(token, digest, until))


async def kept(keepers: Sequence[GroupKeeper], arrivals: Sequence[Arrival]) -> list[Any]:
    waiting = [keepers[n % len(keepers)].keep(one) for n, one in enumerate(arrivals)]
    return list(await asyncio.gather(*waiting, return_exceptions=True))


@pytest.mark.asyncio
async def test_between_processes_too_a_proof_is_good_for_one_body() -> None:
    urls = await fresh_service_database("ingest")
    databases = [Database(urls.working, application_name=f"tests-{n}") for n in range(2)]
    keepers = [GroupKeeper(database, most=3) for database in databases]
    arrivals = [arrival(digest=bytes([n % 4]), token=f"token-{n // 4 % 5}") for n in range(80)]
    results = await kept(keepers, arrivals)
    let_in: dict[str, set[bytes]] = {}
    for one, result in zip(arrivals, results, strict=True):
        assert one.once is not None
        if isinstance(result, Exception):
            assert isinstance(result, ReusedSignature)
        else:
            let_in.setdefault(one.once.token, set()).add(one.once.digest)
    assert {token: len(digests) for token, digests in let_in.items()} == {f"token-{n}": 1 for n in range(5)}
    for keeper, database in zip(keepers, databases, strict=True):
        await keeper.close()
        await database.close()


# -- what is kept


@pytest.mark.asyncio
async def test_neither_the_raw_body_nor_a_dead_letter_holds_an_attachment() -> None:
    async with running_ingest() as ingest:
        await connected(ingest)
        await post(ingest, SENDER.send(recorded("ten")))
        broken = recorded("ten").replace(b'"body-plain"', b'"x"').replace(b'"message-headers"', b'"y"')
        broken = broken.replace(b'"body-html"', b'"z"').replace(b'"stripped-text"', b'"w"')
        assert (await post(ingest, SENDER.send(broken))).status_code == 200
        ((raw,), (dead,)) = await ingest.rows("SELECT body FROM raw_body UNION ALL SELECT body FROM dead_letter")
        for body in (raw, dead):
            assert len(body) < 20_000
            assert b"receipt.pdf" in bytes(body)
        entry = read(bytes(raw), {"content-type": "multipart/form-data; boundary=x"})
        assert isinstance(entry, NewComment)
        assert len(entry.media) == 3
