"""HTTP to platforms: what was certainly not sent, and what perhaps was."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.publisher.adapters.http import Http, NoAnswer, NothingSent
from tests.support.platform_stand_in import TOKEN, PlatformStandIn

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def an_http(**settings: float) -> AsyncIterator[Http]:
    http = Http(**settings)  # type: ignore[arg-type]
    try:
        yield http
    finally:
        await http.close()


async def send(http: Http, url: str) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    await http.post("facebook", f"{url}/v25.0/900_1/comments", headers, {"message": "x"})


async def test_a_refused_connection_sent_nothing() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        async with an_http() as http:
            with pytest.raises(NothingSent):
                await send(http, f"http://127.0.0.1:{taken.getsockname()[1]}")


async def test_an_unknown_host_got_nothing() -> None:
    async with an_http() as http:
        with pytest.raises(NothingSent):
            await send(http, "http://nowhere.invalid")


async def test_a_connection_dropped_after_the_request_is_no_answer_and_not_nothing_sent() -> None:
    async with PlatformStandIn("facebook") as platform, an_http() as http:
        platform.misbehave("accept_then_drop")
        with pytest.raises(NoAnswer):
            await send(http, platform.url)
        assert len(platform.replies) == 1


async def test_a_reused_connection_that_drops_is_no_answer_and_not_sent_twice() -> None:
    async with PlatformStandIn("facebook") as platform, an_http() as http:
        await send(http, platform.url)
        platform.misbehave("accept_then_drop")
        with pytest.raises(NoAnswer):
            await send(http, platform.url)
        assert len(platform.replies) == 2


async def test_a_hanging_platform_is_left_at_the_deadline() -> None:
    async with PlatformStandIn("facebook", hang_seconds=60) as platform, an_http(total_seconds=0.2) as http:
        platform.misbehave("hang")
        with pytest.raises(NoAnswer, match="within"):
            await send(http, platform.url)


async def test_an_answer_that_trickles_is_left_at_the_deadline() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x")
            await asyncio.sleep(0.05)

    server = await asyncio.start_server(trickle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, an_http(total_seconds=0.3) as http:
        with pytest.raises(NoAnswer, match="within"):
            await send(http, f"http://127.0.0.1:{port}")


async def test_an_answer_without_end_is_cut_off() -> None:
    async with PlatformStandIn("facebook") as platform, an_http() as http:
        platform.misbehave("accept_then_flood")
        with pytest.raises(NoAnswer, match="larger"):
            await send(http, platform.url)


async def test_nonsense_instead_of_http_is_no_answer() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"what do you want\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, an_http() as http:
        with pytest.raises(NoAnswer):
            await send(http, f"http://127.0.0.1:{port}")


async def test_a_redirect_is_not_followed() -> None:
    async def redirect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(redirect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, an_http() as http:
        answer = await http.get("facebook", f"http://127.0.0.1:{port}/x", {}, {})
        assert answer.status == 302


async def test_cookies_of_one_answer_do_not_travel_with_the_next_request() -> None:
    seen: list[bytes] = []

    async def bake(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nset-cookie: who=passports\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(bake, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, an_http() as http:
        for _ in range(2):
            await http.get("facebook", f"http://localhost:{port}/x", {}, {})
    assert len(seen) == 2
    assert b"cookie" not in seen[1].lower()


async def test_an_address_that_cannot_be_written_sends_nothing() -> None:
    async with an_http() as http:
        with pytest.raises(NothingSent):
            await http.get("facebook", "http://127.0.0.1:1/x", {"authorization": "Bearer \u0d9a"}, {})


async def test_no_error_tells_the_address_which_may_hold_a_token() -> None:
    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 soon a-secret-of-theirs\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(babble, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, an_http() as http:
        for url in (f"http://127.0.0.1:{port}/bot1:secret/getMe", "http://127.0.0.1:1/bot1:secret/getMe"):
            with pytest.raises((NoAnswer, NothingSent)) as caught:
                await http.request("telegram", "POST", url, {})
            assert "bot1" not in str(caught.value)


async def test_a_request_goes_out_as_it_was_given() -> None:
    async with PlatformStandIn("facebook") as platform, an_http() as http:
        platform.misbehave("drop")
        with pytest.raises(NoAnswer):
            await http.request("x", "POST", f"{platform.url}/2/oauth2/token", {"content-type": "x/y"}, b"a=b")
        (request,) = platform.requests
        assert (request.method, request.path, request.body) == ("POST", "/2/oauth2/token", b"a=b")
        assert request.headers["content-type"] == "x/y"
