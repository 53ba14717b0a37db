"""Replays over HTTP: asked for, done beside the service, read by those who may."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters import replay_process, replay_queue
from services.policy.adapters.policy_files import above
from services.policy.adapters.replay_queue import ReplayQueue
from services.policy.adapters.replaying import Asked
from services.policy.adapters.store import replays
from services.policy.adapters.store.replays import MOST_TRIES, UnderWay, Wish
from shared.clock import rfc3339
from shared.database import EVERY_AGENCY, Database
from shared.ids import new_id, uuid7
from tests.policy.adapters import replay_gate
from tests.policy.adapters.support import Policy, running_policy, token
from tests.policy.builders import NOW, SAMPLES, received
from tests.support.postgres import fresh_service_database

pytestmark = pytest.mark.asyncio

WRITER = "cases:read policies:write"
RULE = {
    "id": "passports.bridge",
    "name": "What is said of the bridge is for communications",
    "when": {"phrase": {"en": ["bridge"]}},
    "then": {"level": "L3"},
}
BRIDGE = "The counter at the bridge is closed again, call me on 071 234 5678"
PATIENCE_SECONDS = 600
"""How long what never comes is waited for; a busy machine may need minutes to start a process."""


@pytest.fixture(autouse=True)
def _often(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody asked for over HTTP is found by looking, which is done more often here."""
    monkeypatch.setattr(replay_queue, "LOOK_SECONDS", 0.1)


async def ask(
    policy: Policy, method: str, path: str, body: Any = None, *, scopes: str = WRITER, **more: Any
) -> httpx.Response:
    agency = more.pop("agency", "passports")
    headers = {"Authorization": f"Bearer {token('passports-renewals', agency, scopes=scopes)}"}
    if method == "POST":
        headers["Idempotency-Key"] = more.pop("key", None) or uuid7().hex
    return await policy.client.request(method, f"/v1/policies{path}", json=body, headers=headers, **more)


async def a_draft(policy: Policy) -> str:
    """The path of a draft with one more rule."""
    document = yaml.safe_load((SAMPLES / "passports.yaml").read_text())
    document = {**document, "version": 2, "rules": [*document["rules"], RULE]}
    answer = await ask(policy, "POST", "", {"agency": "passports", "document": yaml.safe_dump(document)})
    assert answer.status_code == 201, answer.text
    return f"/{answer.json()['id']}"


async def ended(policy: Policy, path: str) -> dict[str, Any]:
    """A replay once it has ended; it is done in a process of its own, which tells nobody but its row."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            answer = await ask(policy, "GET", path)
            body: dict[str, Any] = answer.json()
            if body["state"] in ("done", "failed"):
                return body
            await asyncio.sleep(0.1)


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_a_replay_is_asked_for_done_and_read() -> None:
    async with running_policy() as policy:
        await policy.receive(
            received(BRIDGE, received_at=NOW - timedelta(days=1)),
            received("Thank you!", comment="cmt_2", thread="thread-2", received_at=NOW - timedelta(days=1)),
            received(BRIDGE, comment="cmt_3", thread="thread-3", received_at=NOW - timedelta(days=40)),
        )
        draft = await a_draft(policy)
        announced = await policy.rows("SELECT count(*) FROM outbox")
        answer = await ask(policy, "POST", f"{draft}/replays", {"days": 30})
        assert answer.status_code == 202
        asked = answer.json()
        assert answer.headers["location"] == f"/v1/policies{draft}/replays/{asked['id']}"
        assert (asked["id"][:4], asked["edition"], asked["state"], asked["result"]) == ("rpl_", 1, "waiting", None)

        path = f"{draft}/replays/{asked['id']}"
        done = await ended(policy, path)
        assert (done["state"], done["progress"], done["error"]) == ("done", 1.0, None)
        totals = done["result"]["totals"]
        assert (totals["comments"], totals["changed"]) == (2, 1)
        (gravest,) = done["result"]["consequential"]
        assert (gravest["comment"], gravest["new"]["level"]) == ("cmt_1", "L3")
        assert gravest["excerpt"] == "The counter at the bridge is closed again, call me on [phone]"
        assert await policy.rows("SELECT count(*) FROM outbox") == announced

        items = (await ask(policy, "GET", f"{path}/items")).json()
        assert [item["comment"] for item in items["items"]] == ["cmt_1"]
        assert items["next"] is None
        without_cases = (await ask(policy, "GET", path, scopes="policies:write")).json()
        assert "bridge is" not in str(without_cases)

        again = await ask(policy, "POST", f"{draft}/replays", {"days": 30})
        repeated = await ended(policy, f"{draft}/replays/{again.json()['id']}")
        assert repeated["result"]["hash"] == done["result"]["hash"]
        assert (await ask(policy, "GET", draft)).json()["replayed"]
        assert (await ask(policy, "GET", f"{path}/items")).json()["items"] == []


async def test_what_was_deleted_since_is_not_quoted() -> None:
    async with running_policy() as policy:
        await policy.receive(received(BRIDGE))
        draft = await a_draft(policy)
        path = await asked_and_done(policy, draft, [("case", "cmt_1")])
        (item,) = (await ask(policy, "GET", path)).json()["result"]["consequential"]
        assert item["excerpt"].startswith("The counter")
        async with policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(text("UPDATE turn SET state = 'deleted'"))
        (item,) = (await ask(policy, "GET", path)).json()["result"]["consequential"]
        assert item["excerpt"] is None


async def asked_and_done(policy: Policy, draft: str, changed: list[tuple[str, str]]) -> str:
    """The path of a replay that found these (case, comment) to be changed."""
    (case,) = await policy.rows("SELECT case_id FROM turn LIMIT 1") or [None]
    items = [{"comment": comment, "case": case and case.case_id, "turn": 1} for _, comment in changed]
    result = {"summary": {"consequential": items, "hash": "0"}, "items": items}
    async with policy.database.begin(EVERY_AGENCY) as connection:
        wish = await wished(connection, draft[1:])
        await connection.execute(text("UPDATE replay SET state = 'running', tries = 1 WHERE id = :id"), {"id": wish.id})
        assert await replays.end(connection, UnderWay(wish.id, 1), "done", result, NOW)
    return f"{draft}/replays/{wish.id}"


async def wished(connection: Any, draft: str, agency: str = "passports", edition: int = 1) -> Wish:
    wish = Wish(new_id("rpl"), draft, edition, Asked(agency, NOW - timedelta(days=1), NOW), "writer", NOW)
    await replays.ask(connection, wish)
    return wish


async def test_items_come_in_pages() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        path = await asked_and_done(policy, draft, [("case", f"cmt_{number}") for number in range(5)])
        seen, cursor = [], ""
        while cursor is not None:
            page = await ask(policy, "GET", f"{path}/items?limit=2{cursor}")
            seen.append([item["comment"] for item in page.json()["items"]])
            cursor = page.json()["next"] and f"&cursor={page.json()['next']}"
        assert seen == [["cmt_0", "cmt_1"], ["cmt_2", "cmt_3"], ["cmt_4"]]
        assert refusal(await ask(policy, "GET", f"{path}/items?cursor=bm9uZQ")) == (400, "invalid-cursor")


async def test_a_draft_that_moved_on_is_not_replayed_in_its_old_edition() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        async with policy.database.begin(EVERY_AGENCY) as connection:
            wish = await wished(connection, draft[1:], edition=7)
        body = await ended(policy, f"{draft}/replays/{wish.id}")
        assert (body["state"], body["result"]) == ("failed", None)
        assert "changed since" in body["error"]["detail"]


async def test_pressing_twice_asks_once() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        first, second = [await ask(policy, "POST", f"{draft}/replays", {}, key="once") for _ in range(2)]
        assert first.json()["id"] == second.json()["id"]
        assert first.json()["asked"] == {
            "from": (NOW - timedelta(days=30)).isoformat(),
            "to": NOW.isoformat(),
            "sample": 1.0,
        }


async def test_what_cannot_be_replayed_is_refused() -> None:
    refused: list[tuple[Any, tuple[int, str]]] = [
        ({"days": 0}, (422, "invalid-input")),
        ({"days": 3, "from": rfc3339(NOW)}, (422, "invalid-input")),
        ({"to": rfc3339(NOW)}, (422, "invalid-input")),
        ({"sample": 0}, (422, "invalid-input")),
        ({"sample": 2}, (422, "invalid-input")),
        ({"until": "tomorrow"}, (422, "invalid-input")),
        ({"from": "0001-01-01T00:00:00+00:00", "to": "0001-06-01T00:00:00+00:00"}, (422, "invalid-input")),
        ({"from": "9999-01-01T00:00:00-14:00"}, (422, "invalid-input")),
        ({"from": rfc3339(NOW)}, (422, "no-such-period")),
        ({"from": rfc3339(NOW + timedelta(days=1))}, (422, "no-such-period")),
        ({"from": rfc3339(NOW - timedelta(days=500))}, (422, "no-such-period")),
    ]
    async with running_policy() as policy:
        draft = await a_draft(policy)
        answers = [(body, refusal(await ask(policy, "POST", f"{draft}/replays", body))) for body, _ in refused]
        assert answers == refused
        for days, sentence in ((1, "in the past"), (-500, "A year at most")):
            answer = await ask(policy, "POST", f"{draft}/replays", {"from": rfc3339(NOW + timedelta(days=days))})
            (error,) = answer.json()["errors"]
            assert error["pointer"] == "/from"
            assert sentence in error["detail"]


async def test_who_adopts_policies_reads_what_they_would_have_done_and_asks_for_none() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        path = await asked_and_done(policy, draft, [])
        for place in (path, f"{path}/items"):
            assert (await ask(policy, "GET", place, scopes="policies:adopt")).status_code == 200
        answer = await ask(policy, "POST", f"{draft}/replays", {}, scopes="policies:adopt")
        assert refusal(answer) == (403, "insufficient-scope")


async def test_only_writers_of_the_agency_see_its_replays() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        path = await asked_and_done(policy, draft, [])
        for method, place in (("POST", f"{draft}/replays"), ("GET", path), ("GET", f"{path}/items")):
            body = {} if method == "POST" else None
            assert refusal(await ask(policy, method, place, body, scopes="cases:read")) == (403, "insufficient-scope")
            assert refusal(await ask(policy, method, place, body, agency="water-board")) == (404, "not-found")
        assert refusal(await ask(policy, "GET", f"{draft}/replays/rpl_1")) == (404, "not-found")
        assert refusal(await ask(policy, "POST", "/pol_1/replays", {})) == (404, "not-found")


async def test_an_agency_may_not_fill_the_queue() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        async with policy.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(
                text("INSERT INTO lease VALUES ('replays', 'another', 1, now() + interval '1 day')")
            )
            for _ in range(5):
                await wished(connection, draft[1:])
        assert refusal(await ask(policy, "POST", f"{draft}/replays", {})) == (409, "replays-waiting")


async def test_a_replay_left_by_a_dead_replica_is_taken_up_again() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        async with policy.database.begin(EVERY_AGENCY) as connection:
            wish = await wished(connection, draft[1:])
            await connection.execute(text("UPDATE replay SET state = 'running', tries = 1, progress = 0.4"))
        body = await ended(policy, f"{draft}/replays/{wish.id}")
        assert (body["state"], body["result"]["totals"]["comments"]) == ("done", 0)
        (row,) = await policy.rows("SELECT tries FROM replay")
        assert row.tries == 2


async def test_a_replay_that_never_comes_back_is_given_up() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        async with policy.database.begin(EVERY_AGENCY) as connection:
            wish = await wished(connection, draft[1:])
            await connection.execute(text("UPDATE replay SET state = 'running', tries = :tries"), {"tries": MOST_TRIES})
        body = await ended(policy, f"{draft}/replays/{wish.id}")
        assert (body["state"], body["error"]["detail"][:17]) == ("failed", f"It was tried {MOST_TRIES} ti")


async def test_who_was_overtaken_writes_nothing() -> None:
    async with running_policy() as policy, policy.database.begin(EVERY_AGENCY) as connection:
        wish = await wished(connection, "pol_1")
        first = await replays.take_up(connection)
        second = await replays.take_up(connection)
        assert (first, second) == (UnderWay(wish.id, 1), UnderWay(wish.id, 2))
        assert first is not None
        assert second is not None
        assert not await replays.tell(connection, first, 0.9)
        assert not await replays.end(connection, first, "done", {"items": []}, NOW)
        assert await replays.tell(connection, second, 0.5)
        assert await replays.end(connection, second, "done", {"items": []}, NOW)
        assert await replays.take_up(connection) is None


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Replays begin, each in its process, when there is a file here."""
    monkeypatch.setenv(replay_gate.GATE, str(tmp_path / "gate"))
    monkeypatch.setattr(replay_process, "work", replay_gate.work_when_told)
    return tmp_path / "gate"


@pytest.mark.usefixtures("gate")
async def test_with_the_service_ends_the_process_of_a_replay() -> None:
    async with running_policy(drain_seconds=PATIENCE_SECONDS) as policy:
        draft = await a_draft(policy)
        assert (await ask(policy, "POST", f"{draft}/replays", {})).status_code == 202
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not active_children():  # noqa: ASYNC110 - a process has no event to await
                await asyncio.sleep(0.01)
    assert active_children() == []
    (row,) = await policy.rows("SELECT state, tries FROM replay")
    assert (row.state, row.tries) == ("waiting", 0)
    await policy.database.close()


@asynccontextmanager
async def a_queue(database: Database, url: str) -> AsyncIterator[None]:
    """Replays of ``database`` are done, by processes that are told to find theirs at ``url``."""
    running = asyncio.create_task(ReplayQueue(database, url, above(), lambda: NOW).run())
    yield
    running.cancel()
    await asyncio.wait([running])


async def test_a_try_that_ended_because_the_database_was_away_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    tries: list[int] = []
    enough = asyncio.Event()
    put_back = replays.put_back

    async def watched(connection: AsyncConnection, under_way: UnderWay) -> None:
        tries.append(under_way.tries)
        await put_back(connection, under_way)
        if len(tries) > MOST_TRIES:
            enough.set()

    monkeypatch.setattr(replays, "put_back", watched)
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="test", pool_size=4)
    async with database.begin(EVERY_AGENCY) as connection:
        await wished(connection, "pol_1")
    async with a_queue(database, "postgresql://nobody:nothing@127.0.0.1:1/nowhere"), asyncio.timeout(PATIENCE_SECONDS):
        await enough.wait()
    assert set(tries) == {1}
    await database.close()


async def test_what_ended_the_last_try_is_told() -> None:
    async with running_policy() as policy:
        draft = await a_draft(policy)
        async with policy.database.begin(EVERY_AGENCY) as connection:
            wish = await wished(connection, draft[1:])
            broken = "UPDATE replay SET state = 'running', tries = :tries, asked = '{}'"
            await connection.execute(text(broken), {"tries": MOST_TRIES - 1})
        body = await ended(policy, f"{draft}/replays/{wish.id}")
        assert (body["state"], body["error"]["detail"].rpartition(". ")[2]) == ("failed", "The last error: KeyError.")


async def test_a_lease_that_cannot_be_renewed_for_a_moment_ends_no_replay(
    monkeypatch: pytest.MonkeyPatch, gate: Path
) -> None:
    monkeypatch.setattr(replay_queue, "RENEW_SECONDS", 0.1)
    monkeypatch.setattr(replay_queue, "LEASE_SECONDS", 10.0 * PATIENCE_SECONDS)
    waits = text("SELECT count(*) FROM pg_locks WHERE relation = 'lease'::regclass AND NOT granted")
    async with running_policy() as policy:
        draft = await a_draft(policy)
        async with asyncio.timeout(PATIENCE_SECONDS):
            asked = (await ask(policy, "POST", f"{draft}/replays", {})).json()
            while not active_children():  # noqa: ASYNC110 - a process has no event to await
                await asyncio.sleep(0.01)
            async with policy.database.begin(EVERY_AGENCY) as connection:
                await connection.execute(text("LOCK TABLE lease IN EXCLUSIVE MODE"))
                for waiting in (1, 0, 1):  # it asks, is refused, and asks again
                    while (await connection.execute(waits)).scalar_one() != waiting:  # noqa: ASYNC110
                        await asyncio.sleep(0.01)
            await asyncio.to_thread(gate.touch)
            assert (await ended(policy, f"{draft}/replays/{asked['id']}"))["state"] == "done"
        (row,) = await policy.rows("SELECT tries FROM replay")
        assert row.tries == 1
