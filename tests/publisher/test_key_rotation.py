"""The key that seals secrets is replaced: what the old one sealed opens, is sealed anew, and opens without it then."""

import logging

import pytest
from sqlalchemy import text

from services.publisher.adapters.callback_secrets import CallbackVault
from services.publisher.adapters.credentials import Vault
from services.publisher.adapters.store import credentials, signing_keys
from services.publisher.callback_ports import Credentials as EndpointCredentials
from services.publisher.main import DRAWERS
from shared.database import EVERY_AGENCY
from shared.resealing import Resealing
from shared.secrets import Seal
from tests.publisher.test_keeping import ACCOUNT, VAULT, World, a_world

pytestmark = pytest.mark.asyncio(loop_scope="session")

OLD, NEW = b"k" * 32, b"n" * 32
ADDRESSES = {"facebook": "https://graph.example"}
BOTH = Seal(NEW, OLD)


async def the_token(world: World, seal: Seal) -> str | None:
    row = await world.one("SELECT c.*, a.platform FROM credentials c JOIN account a ON a.id = c.account_id")
    opened = Vault(seal, ADDRESSES).open(row)
    return None if opened is None else opened.token


async def go_through(world: World, seal: Seal = BOTH) -> list[tuple[int, int]]:
    resealing = Resealing(world.database, seal, DRAWERS)
    return [await resealing.go_through(drawer) for drawer in DRAWERS]


async def test_credentials_open_before_and_after_they_are_sealed_anew() -> None:
    async with a_world() as world:
        await world.give("page-token")
        before = await world.one("SELECT updated_at, keep_at FROM credentials")
        assert await the_token(world, BOTH) == "page-token"
        assert await go_through(world) == [(1, 0), (0, 0), (0, 0)]
        assert await the_token(world, Seal(NEW)) == "page-token"
        assert await the_token(world, Seal(OLD)) is None
        assert await world.one("SELECT updated_at, keep_at FROM credentials") == before
        assert await go_through(world) == [(0, 0), (0, 0), (0, 0)]


async def test_what_opens_the_endpoints_of_subscribers_is_sealed_anew_too() -> None:
    async with a_world() as world:
        old, new = CallbackVault(Seal(OLD)), CallbackVault(Seal(NEW))
        endpoint = EndpointCredentials(bearer="endpoint-token")
        async with world.database.begin(EVERY_AGENCY) as connection:
            await connection.execute(_SUBSCRIPTION, {"sealed": old.seal_credentials("sub_1", endpoint)})
            (key,) = await signing_keys.add(connection, old, "passports", "sub_1", ["hmac-sha256"])
        assert await go_through(world) == [(0, 0), (1, 0), (1, 0)]
        row = await world.one("SELECT s.sealed, k.sealed AS key FROM subscription s, signing_key k")
        assert new.open_credentials("sub_1", bytes(row.sealed)) == endpoint
        opened = new.open_key("sub_1", bytes(row.key))
        assert opened is not None
        assert opened.text == key.text


async def test_what_no_key_opens_is_counted_and_left_as_it_is() -> None:
    async with a_world() as world:
        await world.give("page-token")
        before = await world.one("SELECT sealed FROM credentials")
        assert (await go_through(world, Seal(NEW, b"x" * 32)))[0] == (0, 1)
        assert await world.one("SELECT sealed FROM credentials") == before


async def test_what_a_person_gives_meanwhile_is_not_replaced() -> None:
    async with a_world() as world:
        await world.give("page-token")
        resealing = Resealing(world.database, BOTH, DRAWERS)
        old = bytes((await world.one("SELECT sealed FROM credentials")).sealed)
        await world.give("given-by-hand")
        anew = BOTH.anew(old, ACCOUNT)
        assert anew is not None
        assert await resealing._replace(DRAWERS[0], ACCOUNT, old, anew) == 0
        assert await the_token(world, BOTH) == "given-by-hand"


async def test_more_secrets_than_a_page_are_all_sealed_anew() -> None:
    async with a_world() as world:
        async with world.database.begin(EVERY_AGENCY) as connection:
            for number in range(450):
                row = {"id": f"acc_{number}", "sealed": Seal(OLD).seal(b"token", f"acc_{number}")}
                await connection.execute(_CREDENTIALS, row)
        assert (await go_through(world))[0] == (450, 0)


async def test_no_log_line_holds_a_secret_whatever_happens_to_it(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async with a_world() as world:
        with caplog.at_level(logging.DEBUG):
            await world.give("page-token-1")
            await world.keep()
            await go_through(world)
            await go_through(world, Seal(b"x" * 32, b"y" * 32))
            assert await the_token(world, Seal(b"x" * 32)) is None
            async with world.database.begin(EVERY_AGENCY) as connection:
                account = await credentials.account(connection, ACCOUNT)
                await credentials.put(connection, account, VAULT.seal(ACCOUNT, "page-token-2"), None, None, "officer")
        said = caplog.text + "".join(capsys.readouterr()) + repr(await world.opened())
        assert "page-token" not in said
        assert "first-refresh" not in said


_SUBSCRIPTION = text("""
    INSERT INTO subscription (id, agency, client, url, sealed)
    VALUES ('sub_1', 'passports', 'watchers', 'https://watchers.example', :sealed)
""")
_CREDENTIALS = text("""
    INSERT INTO credentials (account_id, agency, sealed, updated_at, updated_by)
    VALUES (:id, 'passports', :sealed, now(), 'tests')
""")
