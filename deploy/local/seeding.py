"""Makes the sample accounts known: to the town square, to ingest and to the publisher, each over its own API.

Doing it again changes nothing, so every start does it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from deploy.local import sample
from deploy.local.addresses import Addresses
from deploy.local.errors import CannotRun
from deploy.local.keep import Keep
from shared.ids import account_id, uuid7

SECONDS = 30.0
_REPLIES_TO = {
    "facebook": "/graph",
    "messenger": "/graph",
    "instagram": "/graph",
    "whatsapp": "/graph",
    "x": "/x",
    "telegram": "/telegram",
    "viber": "/viber",
    "line": "/line",
    "discourse": "/discourse",
    "postmark": "/postmark",
    "mailgun": "/mailgun",
    "mastodon": "",
    "bluesky": "",
    "youtube": "",
}
"""What comes after the town square's address on each platform that it stands in for."""


class SeedingFailed(CannotRun):
    """A service did not take a sample account."""


async def seed(addresses: Addresses, keep: Keep, admin_token: str) -> None:
    """Connect every sample account. Raises ``SeedingFailed``."""
    accounts = sample.accounts(keep)
    headers = {"Authorization": f"Bearer {admin_token}"}
    async with httpx.AsyncClient(headers=headers, timeout=10, trust_env=False) as client:
        await _tell_town_square(client, addresses, accounts)
        for account in accounts:
            await _connect(client, addresses, account)
        for account in accounts:
            if account.token is not None:
                await _give_credentials(client, addresses, account)


async def _tell_town_square(client: httpx.AsyncClient, addresses: Addresses, accounts: list[sample.Account]) -> None:
    known = [
        {
            "agency": account.agency,
            "platform": account.platform,
            "account": account.account,
            "name": account.name,
            "token": account.token or account.secret,
        }
        for account in accounts
        if account.platform in _REPLIES_TO
    ]
    await _until(lambda: client.put(f"{addresses.url('town_square')}/accounts", json=known), "the town square", {200})


async def _connect(client: httpx.AsyncClient, addresses: Addresses, account: sample.Account) -> None:
    body: dict[str, Any] = {
        "agency": account.agency,
        "platform": account.platform,
        "account": account.account,
        "name": account.name,
        "secrets": account.secrets,
    }
    if account.platform in sample.ASKED:
        body["base_url"] = addresses.url("town_square")
    url = f"{addresses.url('ingest')}/v1/accounts"
    key = {"Idempotency-Key": uuid7().hex}
    what = f"account {account.account}"
    answer = await _until(lambda: client.post(url, json=body, headers=key), what, {200, 201, 409})
    if answer.status_code == 409:  # connected by an earlier start of this home, with other ports
        moved = {name: body[name] for name in ("secrets", "base_url") if name in body}
        known_as = f"{url}/{account_id(account.platform, account.account)}"

        async def move() -> httpx.Response:
            version = (await client.get(known_as)).headers.get("ETag", "")
            return await client.put(f"{known_as}/secrets", json=moved, headers={"If-Match": version})

        await _until(move, what, {200})


async def _give_credentials(client: httpx.AsyncClient, addresses: Addresses, account: sample.Account) -> None:
    base = addresses.url("town_square") + _REPLIES_TO[account.platform]
    known_as = account_id(account.platform, account.account)
    url = f"{addresses.url('publisher')}/v1/accounts/{known_as}/credentials"
    body = {"token": account.token, "base_url": base, "secrets": sample.beside_the_token(account)}
    # 404 until the publisher has heard of the account over Kafka.
    await _until(lambda: client.put(url, json=body), f"credentials of {account.account}", {200, 201, 204})


async def _until(call: Callable[[], Awaitable[httpx.Response]], what: str, good: set[int]) -> httpx.Response:
    deadline = time.monotonic() + SECONDS
    last = "no answer"
    while time.monotonic() < deadline:
        try:
            answer = await call()
            if answer.status_code in good:
                return answer
            last = f"{answer.status_code} {answer.text[:200]}"
        except httpx.TransportError as error:
            last = type(error).__name__
        await asyncio.sleep(0.1)
    raise SeedingFailed(f"{what} was not taken: {last}")
