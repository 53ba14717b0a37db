"""A real town square for a test: its own folder, port and thread, and a clock that can be moved."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from deploy.local.town_square.clock import system_clock
from deploy.local.town_square.server import server
from deploy.local.town_square.settings import Settings
from tests.support.ports import free_port

ACCOUNTS = [
    {
        "agency": "water-board",
        "platform": "mastodon",
        "account": "109",
        "name": "Water Board",
        "token": "water-token",
    },
    {
        "agency": "central-bank",
        "platform": "mastodon",
        "account": "110",
        "name": "Central Bank",
        "token": "bank-token",
    },
    {
        "agency": "passports",
        "platform": "facebook",
        "account": "110000000000001",
        "name": "Passports",
        "token": "page-token",
    },
]
WATER = {"Authorization": "Bearer water-token"}
BANK = {"Authorization": "Bearer bank-token"}
PAGE = {"Authorization": "Bearer page-token"}


class MovableClock:
    """The machine's clock, and ahead of it as far as a test likes."""

    def __init__(self) -> None:
        self.ahead_seconds = 0

    def __call__(self) -> int:
        return system_clock() + self.ahead_seconds * 1000


class Square:
    """A client of a running town square, in the words of the tests."""

    def __init__(self, url: str, clock: MovableClock) -> None:
        self.url = url
        self.clock = clock
        self.http = httpx.Client(base_url=url, timeout=60)

    def post(self, text: str = "No water since morning", account: str = "109", **more: str) -> str:
        content = {"name": "Nimal Perera", "account": account, "text": text} | more
        made: str = self.http.post("/citizens/posts", json=content).raise_for_status().json()["id"]
        return made

    def answer(self, parent: str, text: str = "@nimal_perera We know.", **headers: str) -> httpx.Response:
        form = {"status": text, "in_reply_to_id": parent}
        return self.http.post("/api/v1/statuses", data=form, headers=WATER | headers)

    def comment(self, parent: str = "77_88", text: str = "Open from nine.") -> httpx.Response:
        return self.http.post(f"/graph/v25.0/{parent}/comments", data={"message": text}, headers=PAGE)

    def fault(self, platform: str, kind: str, count: int = 1) -> None:
        content = {"platform": platform, "kind": kind, "count": count}
        self.http.post("/faults", json=content).raise_for_status()

    def replies(self, platform: str | None = None) -> list[dict[str, str]]:
        query = {"platform": platform} if platform else {}
        items: list[dict[str, str]] = self.http.get("/replies", params=query).json()["items"]
        return items

    def notified(self, **query: str | int) -> list[dict[str, object]]:
        found: list[dict[str, object]] = self.http.get("/api/v1/notifications", params=query, headers=WATER).json()
        return found


@contextmanager
def open_square(home: Path, hang_seconds: float = 0.3, late_seconds: float = 0.3) -> Iterator[Square]:
    """Run a square that knows the accounts above."""
    settings = Settings(
        home=home, port=free_port(), hang_seconds=hang_seconds, late_seconds=late_seconds, idempotency_gap_seconds=0.05
    )
    clock = MovableClock()
    running = server(settings, clock)
    thread = threading.Thread(target=running.run, daemon=True)
    thread.start()
    while not running.started:
        time.sleep(0.005)
    square = Square(settings.base_url, clock)
    try:
        square.http.put("/accounts", json=ACCOUNTS).raise_for_status()
        yield square
    finally:
        square.http.close()
        running.should_exit = True
        thread.join(timeout=5)
