"""Records that nobody can read, put on a topic by hand: each is set aside, and its neighbours go on."""

import asyncio
import random

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaProducer

from shared.ids import uuid7
from tests.support.parley import OPENING_HOURS, Parley, facebook_comment, wait_for

pytestmark = pytest.mark.system


def _headers(**changed: str | None) -> list[tuple[str, bytes]]:
    headers: dict[str, str | None] = {
        "ce_specversion": "1.0",
        "ce_id": str(uuid7()),
        "ce_source": "/test",
        "ce_type": "CommentReceived",
        "ce_dataschema": "urn:parley:event:CommentReceived:1",
        **changed,
    }
    return [(name, value.encode()) for name, value in headers.items() if value is not None]


POISON = {
    "invalid_data": (_headers(), b"{not json"),
    "wrong_version": (_headers(ce_dataschema="urn:parley:event:CommentReceived:99"), b"{}"),
    "unknown_type": (_headers(ce_type="CommentSung"), b"{}"),
    "no_attribute": (_headers(ce_type=None), b"{}"),
    "no_value": (_headers(), None),
}


def test_poison_on_a_topic_becomes_dead_letters_and_the_rest_goes_on(parley: Parley) -> None:
    marker = uuid7().hex
    asyncio.run(_put_poison(parley, marker))
    account = parley.account("facebook")
    comment = f"9301_{random.randrange(10**12)}"
    body, headers = facebook_comment(account, comment, OPENING_HOURS)
    assert httpx.post(account["webhook"], content=body, headers=headers, trust_env=False).status_code == 200

    wait_for(lambda: (parley.comment(comment) or {}).get("status") == "answered", 60, "the neighbour is answered")
    wait_for(lambda: asyncio.run(_dead(parley, marker)) == set(POISON), 30, "every kind of poison is a dead letter")
    assert parley.client.get(f"{parley.found['policy']}/ready").status_code == 200


async def _put_poison(parley: Parley, marker: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=parley.found["kafka"])
    await producer.start()
    try:
        for headers, value in POISON.values():
            await producer.send_and_wait("parley.comments", value=value, key=marker.encode(), headers=headers)
    finally:
        await producer.stop()


async def _dead(parley: Parley, marker: str) -> set[str]:
    connection = await asyncpg.connect(parley.found["database_url"])
    try:
        rows = await connection.fetch("SELECT code FROM policy.dead_letter WHERE key = $1", marker.encode())
        return {row["code"] for row in rows}
    finally:
        await connection.close()
