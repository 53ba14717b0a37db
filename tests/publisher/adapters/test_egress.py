"""The way out to subscribers: who is reached and who never is, and what an answer may do to us."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from ipaddress import ip_network
from typing import Any

import pytest

from services.publisher.adapters.egress import EXCERPT_BYTES, LOOK_UPS, GuardedPost
from services.publisher.callback_ports import Credentials, Request
from services.publisher.domain.addresses import Egress
from services.publisher.domain.subscriptions import Outcome
from tests.support.authority import Authority
from tests.support.subscriber import Subscriber, status

pytestmark = pytest.mark.asyncio(loop_scope="session")

ANY_PORT = ((1, 65535),)
LOCAL = Egress((ip_network("127.0.0.0/8"),), ANY_PORT)
WORLD = Egress((), ANY_PORT)
AUTHORITY = Authority()
NOT_CONNECTED = Outcome("not_connected")


class Names:
    """A name server that answers what it is told to, each answer once and the last for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)
        self.asked = 0

    def __call__(self, host: str, port: int) -> list[Any]:
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        families = [socket.AF_INET6 if ":" in one else socket.AF_INET for one in found]
        return [(family, socket.SOCK_STREAM, 6, "", (one, port)) for family, one in zip(families, found, strict=True)]


@asynccontextmanager
async def a_post(egress: Egress = LOCAL, **settings: Any) -> AsyncIterator[GuardedPost]:
    post = GuardedPost(egress, **{"attempt_seconds": 1.0, "connect_seconds": 0.5, **settings})
    try:
        yield post
    finally:
        await post.close()


def a_request(url: str, **credentials: Any) -> Request:
    return Request("POST", url, {"webhook-id": "evt_1"}, b"{}", Credentials(**credentials))


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"]
)
async def test_nothing_inside_is_reached_however_it_is_spelled(host: str) -> None:
    async with Subscriber() as inside, a_post(WORLD) as post:
        for scheme in ("http", "https"):
            assert await post.send(a_request(f"{scheme}://{host}:{inside.port}/")) == NOT_CONNECTED
        assert inside.connections == 0


async def test_the_socket_is_guarded_even_where_nothing_is_looked_up() -> None:
    class Blind(Egress):
        def check(self, url: str) -> None:
            """Lets every address pass, as if one had been spelled in a way that nobody thought of."""

    async with Subscriber() as inside, a_post(Blind((), ANY_PORT)) as post:
        assert await post.send(a_request(inside.url)) == NOT_CONNECTED
        assert inside.connections == 0


async def test_a_name_that_leads_inside_is_not_followed() -> None:
    for found in (["127.0.0.1"], ["10.0.0.1"], ["169.254.169.254"], ["8.8.8.8", "127.0.0.1"], ["::ffff:7f00:1"], []):
        async with a_post(WORLD, look_up=Names(found)) as post:
            assert await post.send(a_request("https://rebinding.example/")) == NOT_CONNECTED


async def test_a_name_that_changes_its_mind_after_the_look_gains_nothing() -> None:
    # First an allowed network, then what must never be reached: the connection goes to what was judged, looked up once.
    names = Names(["127.0.0.1"], ["169.254.169.254"])
    async with Subscriber() as subscriber, a_post(look_up=names) as post:
        outcome = await post.send(a_request(f"http://rebinding.example:{subscriber.port}/hook"))
        assert outcome.name == "accepted"
        assert (names.asked, subscriber.connections) == (1, 1)
        assert subscriber.requests[0].headers["host"] == f"rebinding.example:{subscriber.port}"
        outcome = await post.send(a_request("http://rebinding.example:9999/hook"))
        assert outcome == NOT_CONNECTED


async def test_a_name_server_that_does_not_answer_for_one_name_keeps_nobody_else_waiting() -> None:
    answered = threading.Event()

    def look_up(host: str, port: int) -> list[Any]:
        if host == "dead.example":
            answered.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    patient = {"attempt_seconds": 20.0, "connect_seconds": 10.0}
    async with Subscriber() as subscriber, a_post(look_up=look_up, **patient) as post:
        dead = [asyncio.create_task(post.send(a_request("http://dead.example:9/"))) for _ in range(LOOK_UPS * 2)]
        await asyncio.sleep(0)
        outcome = await post.send(a_request(f"http://well.example:{subscriber.port}/hook"))
        answered.set()
        assert outcome.name == "accepted"
        assert {one.name for one in await asyncio.gather(*dead)} == {"not_connected"}


async def test_metadata_is_not_reached_even_where_the_operator_allowed_everything() -> None:
    everything = Egress((ip_network("0.0.0.0/0"), ip_network("::/0")), ANY_PORT)
    async with a_post(everything, look_up=Names(["169.254.169.254"])) as post:
        began = time.monotonic()
        assert await post.send(a_request("http://metadata.example/")) == NOT_CONNECTED
        assert await post.send(a_request("http://169.254.169.254/latest/meta-data")) == NOT_CONNECTED
        assert time.monotonic() - began < 0.4


async def test_in_the_clear_nobody_is_reached_whom_the_operator_did_not_name() -> None:
    async with a_post(LOCAL, look_up=Names(["8.8.8.8"])) as post:
        assert await post.send(a_request("http://public.example/")) == NOT_CONNECTED


async def test_what_is_not_reached_looks_alike_whatever_is_there() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        async with Subscriber() as speaks, a_post(WORLD) as guarded, a_post() as post:
            found = [
                await guarded.send(a_request(speaks.url)),
                await post.send(a_request(f"http://127.0.0.1:{closed.getsockname()[1]}/")),
                await post.send(a_request("http://nowhere.invalid/")),
                await post.send(a_request(f"https://127.0.0.1:{speaks.port}/")),
            ]
        assert found[:3] == [NOT_CONNECTED] * 3
        assert found[3].excerpt == b""


async def test_a_certificate_that_nobody_vouches_for_is_not_believed() -> None:
    async with Subscriber(tls=AUTHORITY.server("127.0.0.1")) as subscriber, a_post() as post:
        assert await post.send(a_request(subscriber.url)) == NOT_CONNECTED
        assert subscriber.requests == []


async def test_a_certificate_of_another_host_is_not_believed() -> None:
    async with (
        Subscriber(tls=AUTHORITY.server("other.example")) as subscriber,
        a_post(trusted=AUTHORITY.client()) as post,
    ):
        assert await post.send(a_request(subscriber.url)) == NOT_CONNECTED
        assert subscriber.requests == []


async def test_an_endpoint_may_want_our_certificate() -> None:
    tls = AUTHORITY.server("127.0.0.1", wants_client=True)
    certificate, key = AUTHORITY.pair("parley")
    async with Subscriber(tls=tls) as subscriber, a_post(trusted=AUTHORITY.client()) as post:
        outcome = await post.send(a_request(subscriber.url, certificate=certificate, private_key=key))
        assert (outcome.name, subscriber.requests[0].peer) == ("accepted", "parley")
        assert (await post.send(a_request(subscriber.url))).name in ("broken", "not_connected")
        assert len(subscriber.requests) == 1


async def test_a_token_and_headers_travel_and_cannot_replace_the_signature() -> None:
    async with Subscriber() as subscriber, a_post() as post:
        await post.send(a_request(subscriber.url, bearer="abc", headers={"X-Desk": "7", "webhook-id": "forged"}))
        headers = subscriber.requests[0].headers
        assert (headers["authorization"], headers["x-desk"], headers["webhook-id"]) == ("Bearer abc", "7", "evt_1")


async def test_a_redirect_is_not_followed() -> None:
    async with Subscriber(always=307) as subscriber, Subscriber() as elsewhere, a_post() as post:
        subscriber.headers["location"] = elsewhere.url
        assert (await post.send(a_request(subscriber.url))).name == "redirected"
        assert elsewhere.connections == 0


async def test_who_hangs_or_trickles_is_left_at_the_deadline() -> None:
    for fault in ("hang", "trickle"):
        async with Subscriber(always=fault) as subscriber, a_post(attempt_seconds=0.3) as post:
            async with asyncio.timeout(30):
                assert await post.send(a_request(subscriber.url)) == Outcome("timeout")


async def test_ten_gigabytes_are_left_after_the_first_64_kilobytes() -> None:
    async with Subscriber(always="flood") as subscriber, a_post(attempt_seconds=5) as post:
        outcome = await post.send(a_request(subscriber.url))
        assert (outcome.name, outcome.excerpt) == ("accepted", b"x" * EXCERPT_BYTES)
        assert subscriber.written < 20_000_000


async def test_a_compressed_answer_is_not_unpacked() -> None:
    async with Subscriber() as subscriber, a_post() as post:
        subscriber.answer = lambda request: status(200, b"\x1f\x8b" + b"\x00" * 50, content_encoding="gzip")
        assert (await post.send(a_request(subscriber.url))).excerpt.startswith(b"\x1f\x8b")


async def test_what_breaks_off_is_broken() -> None:
    for fault in ("drop", "babble"):
        async with Subscriber(always=fault) as subscriber, a_post() as post:
            assert await post.send(a_request(subscriber.url)) == Outcome("broken")


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("120", 120), ("0", 0), ("-5", None), ("nan", None), ("soon", None), ("9" * 400, 999999999999)],
)
async def test_a_receiver_says_in_seconds_when_to_come_again(said: str, seconds: float | None) -> None:
    async with Subscriber(always=503) as subscriber, a_post() as post:
        subscriber.headers["retry_after"] = said
        assert (await post.send(a_request(subscriber.url))).retry_after == seconds


async def test_a_receiver_says_as_a_date_when_to_come_again() -> None:
    now = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
    async with Subscriber(always=429) as subscriber, a_post(clock=lambda: now) as post:
        subscriber.headers["retry_after"] = format_datetime(now + timedelta(minutes=10), usegmt=True)
        assert await post.send(a_request(subscriber.url)) == Outcome("throttled", 429, 600.0, b"no thanks")


async def test_cookies_of_one_subscriber_do_not_come_back() -> None:
    async with Subscriber() as subscriber, a_post() as post:
        subscriber.answer = lambda request: status(200, set_cookie="who=passports")
        for _ in range(2):
            await post.send(a_request(subscriber.url))
        assert all("cookie" not in request.headers for request in subscriber.requests)
        assert subscriber.connections == 1
