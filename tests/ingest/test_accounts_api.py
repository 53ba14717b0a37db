"""``/v1/accounts``: connecting accounts, and never giving their secrets away."""

import asyncio

import pytest

from services.ingest.adapters.accounts import AccountBook
from shared.resealing import Drawer, Resealing
from shared.secrets import Seal
from tests.ingest.support import APP_SECRET, PAGE, SECRETS, VERIFY_TOKEN, WHSEC, comment_change, feed, running_ingest

pytestmark = pytest.mark.asyncio

PRESENT_KEY = b"s" * 32


async def test_a_connected_account_is_announced_audited_and_at_once_in_use() -> None:
    async with running_ingest() as ingest:
        answer = await ingest.connect("facebook", PAGE)
        assert answer.status_code == 201
        account = answer.json()
        assert answer.headers["location"] == f"/v1/accounts/{account['id']}"
        assert (account["state"], account["base_url"]) == ("connected", None)
        ((kind, event),) = await ingest.events()
        assert (kind, event["account_id"], event["account"]) == ("AccountConnected", account["id"], PAGE)
        ((actor, action),) = await ingest.rows("SELECT actor, action FROM audit")
        assert (actor, action) == ("admin", "account.connected")
        assert (await ingest.facebook(feed(comment_change()))).status_code == 200


async def test_secrets_come_out_nowhere_and_lie_sealed() -> None:
    async with running_ingest() as ingest:
        connected = await ingest.connect("facebook", PAGE)
        listed = await ingest.http.get("/v1/accounts", headers=ingest.bearer())
        one = await ingest.http.get(f"/v1/accounts/{connected.json()['id']}", headers=ingest.bearer())
        for answer in (connected, listed, one):
            assert APP_SECRET not in answer.text
            assert VERIFY_TOKEN not in answer.text
        ((sealed,),) = await ingest.rows("SELECT sealed_secrets FROM account")
        assert APP_SECRET.encode() not in bytes(sealed)
        for table in ("outbox", "audit", "idempotency_key"):
            rows = await ingest.rows(f"SELECT row_to_json({table})::text AS all FROM {table}")
            assert not [row for row in rows if APP_SECRET in row.all]


async def test_the_same_account_again_is_the_same_and_with_other_data_a_conflict() -> None:
    async with running_ingest() as ingest:
        first = await ingest.connect("facebook", PAGE)
        again = await ingest.connect("facebook", PAGE)
        assert (again.status_code, again.json()) == (200, first.json())
        other_secret = await ingest.connect("facebook", PAGE, secrets={**SECRETS["facebook"], "app_secret": "x"})
        other_agency = await ingest.connect("facebook", PAGE, agency="central-bank")
        assert {other_secret.status_code, other_agency.status_code} == {409}
        assert len(await ingest.events()) == 1


async def test_a_disabled_account_is_still_its_agencys_own() -> None:
    async with running_ingest() as ingest:
        mine = (await ingest.connect("facebook", PAGE)).json()["id"]
        await ingest.http.post(f"/v1/accounts/{mine}/disable", headers=ingest.bearer() | {"Idempotency-Key": "disable"})
        taken = await ingest.connect("facebook", PAGE, agency="central-bank")
        assert (taken.status_code, taken.json()["type"].rpartition(":")[2]) == (409, "account-taken")
        assert await ingest.rows("SELECT agency FROM account") == [("passports",)]


async def test_two_who_connect_one_account_at_once_connect_it_once() -> None:
    async with running_ingest() as ingest:
        answers = await asyncio.gather(*(ingest.connect("facebook", PAGE) for _ in range(6)))
        assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
        assert len(await ingest.events()) == 1


async def test_each_platform_needs_just_its_own_secrets() -> None:
    wrong = [
        ("facebook", {"app_secret": "x"}, {}, "/secrets/verify_token"),
        ("facebook", {**SECRETS["facebook"], "extra": "x"}, {}, "/secrets"),
        ("facebook", {"app_secret": "with space", "verify_token": "x"}, {}, "/secrets/app_secret"),
        ("telegram", SECRETS["telegram"], {"base_url": "https://x.example"}, "/base_url"),
        ("standard", {"secret": "not-whsec"}, {}, "/secrets/secret"),
        ("standard", {"secret": "whsec_c2hvcnQ="}, {}, "/secrets/secret"),
        ("mastodon", {"token": "t"}, {}, "/base_url"),
        ("mastodon", {"token": "t"}, {"base_url": "https://x.example/path"}, "/base_url"),
        ("rest", {"token": "t"}, {}, "/platform"),
        ("myspace", {"token": "t"}, {}, "/platform"),
    ]
    async with running_ingest() as ingest:
        for platform, secrets, more, pointer in wrong:
            answer = await ingest.connect(platform, "1", secrets=secrets, **more)
            assert answer.status_code == 422, (platform, secrets)
            assert pointer in [error["pointer"] for error in answer.json()["errors"]]
        assert await ingest.count("account") == 0
        assert (await ingest.connect("standard", "clinic", secrets={"secret": WHSEC})).status_code == 201


async def test_only_its_own_agency_sees_connects_or_rotates_an_account() -> None:
    async with running_ingest() as ingest:
        id_ = (await ingest.connect("facebook", PAGE)).json()["id"]
        stranger = ingest.bearer(agencies=["central-bank"])
        assert (await ingest.http.get(f"/v1/accounts/{id_}", headers=stranger)).status_code == 404
        assert (await ingest.http.get("/v1/accounts", headers=stranger)).json()["items"] == []
        rotation = {"secrets": dict(SECRETS["facebook"])}
        assert (
            await ingest.http.put(f"/v1/accounts/{id_}/secrets", json=rotation, headers=stranger)
        ).status_code == 404
        body = {"agency": "passports", "platform": "facebook", "account": "2", "name": "n", **rotation}
        answer = await ingest.http.post("/v1/accounts", json=body, headers={**stranger, "idempotency-key": "k"})
        assert answer.status_code == 403
        reader = ingest.bearer("accounts:read")
        assert (await ingest.http.put(f"/v1/accounts/{id_}/secrets", json=rotation, headers=reader)).status_code == 403


async def test_after_two_rotations_the_first_secret_is_dead() -> None:
    async with running_ingest() as ingest:
        id_ = (await ingest.connect("facebook", PAGE)).json()["id"]
        for secret in ("second", "third"):
            answer = await ingest.rotate(id_, {"app_secret": secret, "verify_token": VERIFY_TOKEN})
            assert answer.status_code == 200
        statuses = [
            (await ingest.facebook(feed(comment_change(secret)), secret=secret)).status_code
            for secret in (APP_SECRET, "second", "third")
        ]
        assert statuses == [401, 200, 200]
        actions = [row.action for row in await ingest.rows("SELECT action FROM audit ORDER BY number")]
        assert actions == ["account.connected", "account.secrets_rotated", "account.secrets_rotated"]


async def test_another_process_learns_of_an_account_within_a_moment() -> None:
    async with running_ingest() as ingest:
        other = AccountBook(ingest.database, Seal(b"s" * 32))
        await other.refresh()
        assert other.find("facebook", PAGE) is None
        await ingest.connect("facebook", PAGE)
        await other.refresh()
        found = other.find("facebook", PAGE)
        assert found is not None
        assert found.every("app_secret") == (APP_SECRET,)
        assert APP_SECRET not in repr(found)


async def test_secrets_sealed_with_another_key_leave_the_account_unknown() -> None:
    async with running_ingest() as ingest:
        await ingest.connect("facebook", PAGE)
        other = AccountBook(ingest.database, Seal(b"x" * 32))
        await other.refresh()
        assert other.find("facebook", PAGE) is None


async def test_a_list_of_accounts_is_paged() -> None:
    async with running_ingest() as ingest:
        for number in range(5):
            await ingest.connect("facebook", str(number))
        seen: list[str] = []
        url = "/v1/accounts?limit=2&agency=passports"
        while url:
            answer = await ingest.http.get(url, headers=ingest.bearer())
            seen += [item["account"] for item in answer.json()["items"]]
            url = answer.links.get("next", {}).get("url", "")
        assert sorted(seen) == ["0", "1", "2", "3", "4"]


async def test_secrets_that_an_older_key_sealed_open_and_are_sealed_anew() -> None:
    async with running_ingest() as ingest:
        account = (await ingest.connect("facebook", PAGE)).json()["id"]
        ((sealed,),) = await ingest.rows("SELECT sealed_secrets FROM account")
        secrets = Seal(PRESENT_KEY).open(bytes(sealed), account)
        newest = Seal(b"n" * 32)
        rotated = Seal(b"n" * 32, PRESENT_KEY)
        drawer = Drawer("account", sealed="sealed_secrets")
        resealing = Resealing(ingest.database, rotated, [drawer])
        assert [await resealing.go_through(drawer) for _ in range(2)] == [(1, 0), (0, 0)]
        ((anew,),) = await ingest.rows("SELECT sealed_secrets FROM account")
        assert newest.open(bytes(anew), account) == secrets
