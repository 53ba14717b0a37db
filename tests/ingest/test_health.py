"""How accounts are: what degrades them, what restores them, and that neither an attacker nor a replica makes noise."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest

from services.ingest.adapters.accounts import AccountBook
from services.ingest.adapters.health import HealthWatch
from services.ingest.adapters.keeper import GroupKeeper
from services.ingest.adapters.store import health as store
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import NewComment, Revoked
from services.ingest.domain.health import HEALS, WORSE_AND_WORSE, Ailment, Trouble, outranked
from services.ingest.platforms import POLLED, WEBHOOKS
from services.ingest.ports import Arrival
from services.ingest.settings import HealthSettings
from shared.clock import utc_now
from shared.database import EVERY_AGENCY
from shared.ids import uuid7
from shared.secrets import Seal
from tests.ingest.support import APP_SECRET, NOW, PAGE, VERIFY_TOKEN, Ingest, comment_change, feed, running_ingest

QUICK = HealthSettings(failing_signatures=10, again_after_seconds=0, check_seconds=0.05)
SECOND = 1 / 3600


def watched(**changes: Any) -> AbstractAsyncContextManager[Ingest]:
    """The service, looking at its accounts all the time."""
    return running_ingest(health=QUICK.model_copy(update=changes))


async def connected(ingest: Ingest, **more: Any) -> str:
    """The id of a connected page."""
    answer = await ingest.connect("facebook", PAGE, **more)
    assert answer.status_code == 201
    return str(answer.json()["id"])


async def shown(ingest: Ingest, id_: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ingest.http.get(f"/v1/accounts/{id_}", headers=ingest.bearer())).json()
    return found


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(30):
        while not await holds():  # noqa: ASYNC110 - the other side is a table
            await asyncio.sleep(0.02)


async def becomes(ingest: Ingest, id_: str, state: str) -> dict[str, Any]:
    async def holds() -> bool:
        return bool((await shown(ingest, id_))["state"] == state)

    await until(holds)
    return await shown(ingest, id_)


async def told(ingest: Ingest) -> list[str]:
    return [kind for kind, _ in await ingest.events() if kind.startswith("Account")]


async def good(ingest: Ingest, comment: str = "77_1") -> None:
    assert (await ingest.facebook(feed(comment_change(comment)))).status_code == 200


async def bad(ingest: Ingest, times: int) -> None:
    for _ in range(times):
        assert (await ingest.facebook(feed(comment_change()), secret="of-somebody-else")).status_code == 401


async def lose_right(ingest: Ingest, comment: str = "77_1") -> None:
    """An authentic body that brings a comment and says that a right is gone."""
    account = await _account(ingest)
    new = NewComment(PAGE, comment, "900", "When do you open?", utc_now(), thread=comment)
    revoked = Revoked(PAGE, "pages_messaging_revoked", "The Page does not let us read its messages any more.")
    keeper = GroupKeeper(ingest.database)
    await keeper.keep(Arrival(uuid7(), account, b"{}", utc_now(), [(account, new)], revoked=[(account, revoked)]))
    await keeper.close()


async def _account(ingest: Ingest) -> Account:
    book = await another_book(ingest)
    account = book.find("facebook", PAGE)
    assert account is not None
    return account


async def another_book(ingest: Ingest) -> AccountBook:
    """What another process knows of the accounts."""
    book = AccountBook(ingest.database, Seal(b"s" * 32))
    await book.refresh()
    return book


def test_each_trouble_gives_way_to_what_is_worse_and_each_ends_with_something() -> None:
    assert [outranked(kind) for kind in WORSE_AND_WORSE] == [WORSE_AND_WORSE[:at] for at in range(4)]
    assert {kind for kinds in HEALS.values() for kind in kinds} == set(WORSE_AND_WORSE)


@pytest.mark.parametrize(
    ("kind", "sign", "ended"),
    [
        ("silence", "delivery", True),
        ("silence", "poll", True),
        ("signatures", "delivery", True),
        ("signatures", "poll", False),
        ("token", "poll", True),
        ("token", "delivery", False),
        ("token", "secrets", False),
        ("permission", "delivery", False),
        ("permission", "poll", False),
        ("permission", "secrets", True),
    ],
)
def test_a_sign_ends_what_it_disproves(kind: Any, sign: Any, ended: bool) -> None:
    ailment = Ailment(kind, NOW)
    assert ailment.ended_by(sign, NOW + timedelta(seconds=1)) is ended
    assert not ailment.ended_by(sign, NOW - timedelta(seconds=1))


@pytest.mark.asyncio
async def test_bad_signatures_in_a_row_degrade_an_account_once_and_a_good_delivery_restores_it() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        await good(ingest)
        await bad(ingest, 10)
        degraded = await becomes(ingest, id_, "degraded")
        assert degraded["trouble"] == "signatures_failing"
        assert "secret" in degraded["trouble_detail"]
        await bad(ingest, 25)
        await asyncio.sleep(0.2)
        assert (await shown(ingest, id_))["version"] == degraded["version"]
        await good(ingest, "77_2")
        restored = await becomes(ingest, id_, "connected")
        assert (restored["trouble"], restored["trouble_detail"], restored["troubled_at"]) == (None, None, None)
        assert await told(ingest) == ["AccountConnected", "AccountDegraded", "AccountRestored"]
        assert await ingest.count("comment") == 2


@pytest.mark.asyncio
async def test_good_deliveries_between_bad_ones_keep_an_account_well() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        for number in range(4):
            await bad(ingest, 9)
            await good(ingest, f"77_{number}")
        await asyncio.sleep(0.2)
        assert (await shown(ingest, id_))["state"] == "connected"


@pytest.mark.asyncio
async def test_who_guesses_at_unknown_accounts_changes_nothing() -> None:
    async with watched() as ingest:
        await connected(ingest)
        for _ in range(30):
            assert (await ingest.facebook(feed(comment_change()), page="999", secret="x")).status_code == 404
        await asyncio.sleep(0.2)
        assert await told(ingest) == ["AccountConnected"]


@pytest.mark.asyncio
async def test_an_attacker_cannot_make_the_state_flap() -> None:
    async with watched(again_after_seconds=600) as ingest:
        id_ = await connected(ingest)
        for number in range(3):
            await bad(ingest, 12)
            await asyncio.sleep(0.15)
            await good(ingest, f"77_{number}")
            await becomes(ingest, id_, "connected")
        assert await told(ingest) == ["AccountConnected", "AccountDegraded", "AccountRestored"]


@pytest.mark.asyncio
async def test_of_two_processes_that_see_the_same_one_announces_it() -> None:
    async with running_ingest(health=HealthSettings(check_seconds=3600)) as ingest:
        await connected(ingest)
        watches = []
        for _ in range(2):
            book = await another_book(ingest)
            watch = HealthWatch(
                ingest.database, book, utc_now, failing_signatures=3, again_after_seconds=0, check_seconds=1
            )
            account = book.find("facebook", PAGE)
            assert account is not None
            for _ in range(3):
                watch.refused(account, utc_now())
            watches.append((watch, book))
        await asyncio.gather(*(watch.look() for watch, _ in watches))
        assert await told(ingest) == ["AccountConnected", "AccountDegraded"]
        for watch, book in watches:
            await book.refresh()
            account = book.find("facebook", PAGE)
            assert account is not None
            watch.heard(account, utc_now())
        await asyncio.gather(*(watch.look() for watch, _ in watches))
        assert await told(ingest) == ["AccountConnected", "AccountDegraded", "AccountRestored"]


@pytest.mark.asyncio
async def test_a_streak_here_means_nothing_while_another_process_hears_the_account() -> None:
    async with running_ingest(health=HealthSettings(check_seconds=3600)) as ingest:
        await connected(ingest)
        book = await another_book(ingest)
        watch = HealthWatch(
            ingest.database, book, utc_now, failing_signatures=1, again_after_seconds=0, check_seconds=1
        )
        account = await _account(ingest)
        watch.refused(account, utc_now() - timedelta(seconds=5))
        await ingest.change("UPDATE account SET last_heard_at = clock_timestamp()")
        await watch.look()
        assert await told(ingest) == ["AccountConnected"]


@pytest.mark.asyncio
async def test_a_lost_right_is_noted_with_what_came_and_only_new_secrets_end_it() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        await lose_right(ingest)
        lost = await shown(ingest, id_)
        assert (lost["state"], lost["trouble"]) == ("degraded", "pages_messaging_revoked")
        assert await ingest.count("comment") == 1
        await lose_right(ingest)
        await good(ingest, "77_2")
        await asyncio.sleep(0.2)
        assert (await shown(ingest, id_))["state"] == "degraded"
        again = await ingest.rotate(id_, {"app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN})
        assert again.json()["state"] == "connected"
        assert await told(ingest) == ["AccountConnected", "AccountDegraded", "AccountRestored"]


@pytest.mark.asyncio
async def test_a_lost_right_outranks_what_was_noted_before() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        await bad(ingest, 10)
        await becomes(ingest, id_, "degraded")
        await lose_right(ingest)
        assert (await shown(ingest, id_))["trouble"] == "pages_messaging_revoked"


@pytest.mark.asyncio
async def test_an_account_that_falls_silent_is_degraded_until_it_is_heard() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest, speaks_every_hours=SECOND)
        silent = await becomes(ingest, id_, "degraded")
        assert (silent["trouble"], silent["speaks_every_hours"]) == ("silent", SECOND)
        await good(ingest)
        restored = await becomes(ingest, id_, "connected")
        assert restored["last_heard_at"] is not None
        assert (await told(ingest))[:3] == ["AccountConnected", "AccountDegraded", "AccountRestored"]


@pytest.mark.asyncio
async def test_where_silence_is_usual_it_means_nothing() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        await ingest.change("UPDATE account SET connected_at = now() - interval '3 years'")
        await asyncio.sleep(0.3)
        assert (await shown(ingest, id_))["state"] == "connected"
        changed = await ingest.edit("PATCH", id_, {"speaks_every_hours": 24})
        assert changed.json()["speaks_every_hours"] == 24
        await becomes(ingest, id_, "degraded")


@pytest.mark.asyncio
async def test_when_an_account_was_heard_is_written_once_a_minute_and_no_edit_is_made_stale_by_it() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        await good(ingest, "77_1")

        async def heard() -> bool:
            return (await shown(ingest, id_))["last_heard_at"] is not None

        await until(heard)
        first = await shown(ingest, id_)
        for number in range(5):
            await good(ingest, f"78_{number}")
            await asyncio.sleep(0.06)
        assert await shown(ingest, id_) == first


@pytest.mark.asyncio
async def test_a_good_poll_ends_what_polls_found_but_brings_no_right_back() -> None:
    async with running_ingest() as ingest:
        id_ = await connected(ingest)
        account = await _account(ingest)
        dead = Trouble("token", "token_invalid", "Connect it with a new token.")
        async with ingest.database.begin(EVERY_AGENCY) as connection:
            assert await store.degrade(connection, account, dead, utc_now())
            assert not await store.degrade(connection, account, dead, utc_now())
            assert await store.restore(connection, account, "poll", utc_now())
            assert not await store.restore(connection, account, "poll", utc_now())
        await lose_right(ingest)
        async with ingest.database.begin(EVERY_AGENCY) as connection:
            assert not await store.restore(connection, account, "poll", utc_now())
            assert not await store.degrade(connection, account, dead, utc_now())
        assert (await shown(ingest, id_))["trouble"] == "pages_messaging_revoked"


@pytest.mark.asyncio
async def test_a_disabled_account_is_unknown_until_it_is_enabled() -> None:
    async with watched() as ingest:
        id_ = await connected(ingest)
        await good(ingest)
        disabled = await act(ingest, id_, "disable")
        assert (disabled["state"], disabled["trouble"]) == ("disabled", None)
        assert (await ingest.facebook(feed(comment_change("77_2")))).status_code == 404
        assert (await another_book(ingest)).of("facebook") == []
        assert [one["id"] for one in await listed(ingest, "disabled")] == [id_]
        assert await listed(ingest, "connected") == []
        assert (await act(ingest, id_, "disable"))["version"] == disabled["version"]
        enabled = await act(ingest, id_, "enable")
        assert (enabled["state"], enabled["disabled_at"]) == ("connected", None)
        await good(ingest, "77_2")
        assert await told(ingest) == ["AccountConnected", "AccountDisabled", "AccountConnected"]
        actions = [row.action for row in await ingest.rows("SELECT action FROM audit ORDER BY number")]
        assert actions == ["account.connected", "account.disabled", "account.enabled"]


@pytest.mark.asyncio
async def test_disabling_asks_for_a_key_a_scope_and_the_agency() -> None:
    async with running_ingest() as ingest:
        id_ = await connected(ingest)
        path = f"/v1/accounts/{id_}/disable"
        assert (await ingest.http.post(path, headers=ingest.bearer())).status_code == 400
        stranger = {**ingest.bearer(agencies=["central-bank"]), "idempotency-key": "k"}
        assert (await ingest.http.post(path, headers=stranger)).status_code == 404
        reader = {**ingest.bearer("accounts:read"), "idempotency-key": "k"}
        assert (await ingest.http.post(path, headers=reader)).status_code == 403
        assert (await shown(ingest, id_))["state"] == "connected"
        once = {**ingest.bearer(), "idempotency-key": "the-same"}
        first = await ingest.http.post(path, headers=once)
        await act(ingest, id_, "enable")
        again = await ingest.http.post(path, headers=once)
        assert (again.status_code, again.json()) == (200, first.json())
        assert (await shown(ingest, id_))["state"] == "connected"


@pytest.mark.asyncio
async def test_an_edit_names_the_version_that_it_was_made_from() -> None:
    async with running_ingest() as ingest:
        id_ = await connected(ingest)
        read = await ingest.http.get(f"/v1/accounts/{id_}", headers=ingest.bearer())
        version = read.headers["etag"]
        body = {"speaks_every_hours": 48}

        async def patch(**headers: str) -> Any:
            return await ingest.http.patch(f"/v1/accounts/{id_}", json=body, headers={**ingest.bearer(), **headers})

        assert (await patch()).status_code == 428
        changed = await patch(**{"if-match": version})
        assert (changed.status_code, changed.json()["speaks_every_hours"]) == (200, 48)
        stale = await patch(**{"if-match": version})
        assert (stale.status_code, stale.headers["etag"]) == (412, changed.headers["etag"])
        assert stale.json()["version"] == changed.json()["version"]
        assert (await patch(**{"if-match": f"W/{changed.headers['etag']}"})).status_code == 412
        assert (await patch(**{"if-match": f'"0", {changed.headers["etag"]}'})).status_code == 200
        assert (await patch(**{"if-match": "*"})).status_code == 200
        for path in ("secrets", "secrets/previous"):
            method = "PUT" if path == "secrets" else "DELETE"
            secrets = {"secrets": {"app_secret": "x", "verify_token": "y"}} if method == "PUT" else None
            url = f"/v1/accounts/{id_}/{path}"
            assert (await ingest.http.request(method, url, json=secrets, headers=ingest.bearer())).status_code == 428
            sent = {**ingest.bearer(), "if-match": version}
            assert (await ingest.http.request(method, url, json=secrets, headers=sent)).status_code == 412


@pytest.mark.asyncio
@pytest.mark.parametrize("hours", [0, -1, 9000, "24", True, [1]])
async def test_how_often_an_account_speaks_is_a_sensible_number_of_hours(hours: Any) -> None:
    async with running_ingest() as ingest:
        id_ = await connected(ingest)
        answer = await ingest.edit("PATCH", id_, {"speaks_every_hours": hours})
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/speaks_every_hours"]


@pytest.mark.asyncio
async def test_a_leaked_secret_is_ended_at_once() -> None:
    async with running_ingest() as ingest:
        id_ = await connected(ingest)
        await ingest.rotate(id_, {"app_secret": "the-next", "verify_token": VERIFY_TOKEN})
        await good(ingest)
        retired = await ingest.edit("DELETE", f"{id_}/secrets/previous")
        assert retired.status_code == 200
        assert "the-next" not in retired.text
        assert (await ingest.facebook(feed(comment_change("77_2")))).status_code == 401
        assert (await ingest.facebook(feed(comment_change("77_2")), secret="the-next")).status_code == 200
        assert (await ingest.edit("DELETE", f"{id_}/secrets/previous")).status_code == 200
        actions = [row.action for row in await ingest.rows("SELECT action FROM audit ORDER BY number")]
        assert actions[1:3] == ["account.secrets_rotated", "account.secrets_retired"]


@pytest.mark.asyncio
async def test_the_description_of_accounts_names_every_platform_and_its_secrets() -> None:
    async with running_ingest() as ingest:
        described = (await ingest.http.get("/openapi.json")).json()
        post = described["paths"]["/v1/accounts"]["post"]
        fields = post["requestBody"]["content"]["application/json"]["schema"]["properties"]
        for name in {*WEBHOOKS, *POLLED}:
            assert name in fields["platform"]["description"]
            assert f"{name}: " in fields["secrets"]["description"]
        patch = described["paths"]["/v1/accounts/{account_id}"]["patch"]
        assert {"200", "412", "428"} <= patch["responses"].keys()


async def act(ingest: Ingest, id_: str, what: str) -> dict[str, Any]:
    """Disable or enable an account."""
    headers = {**ingest.bearer(), "idempotency-key": uuid7().hex}
    answer = await ingest.http.post(f"/v1/accounts/{id_}/{what}", headers=headers)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def listed(ingest: Ingest, state: str) -> list[dict[str, Any]]:
    answer = await ingest.http.get("/v1/accounts", params={"state": state}, headers=ingest.bearer())
    items: list[dict[str, Any]] = answer.json()["items"]
    return items
