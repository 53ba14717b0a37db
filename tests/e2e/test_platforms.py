"""Any client can drive any platform on a laptop: with what stands in ``parley.json`` and nothing else."""

import httpx
import pytest

from services.ingest.platforms import POLLED, WEBHOOKS
from shared.ids import uuid7
from tests.ingest.support import PAYLOADS
from tests.support.parley import Json, Parley, wait_for
from tests.support.senders import SENDERS

pytestmark = pytest.mark.system

SECONDS = 30.0
PROOF = {
    "facebook": "app_secret", "messenger": "app_secret", "instagram": "app_secret", "whatsapp": "app_secret",
    "x": "consumer_secret", "telegram": "secret_token", "viber": "auth_token", "line": "channel_secret",
    "discourse": "secret", "mastodon": "webhook_secret", "standard": "secret", "postmark": "password",
    "mailgun": "signing_key",
}  # fmt: skip
"""What each sender calls the ``secret`` of ``parley.json``."""

HEADERS = {"discourse": {"x-discourse-event": "post_created"}}


def test_every_platform_of_the_registry_has_an_account(parley: Parley) -> None:
    assert {one["platform"] for one in parley.found["accounts"]} == {*WEBHOOKS, *POLLED, "open311", "rest"}


@pytest.mark.parametrize("platform", sorted(WEBHOOKS))
def test_a_signed_body_becomes_a_case(parley: Parley, platform: str) -> None:
    account = parley.account(platform)
    sender = SENDERS[platform]
    (path,) = (PAYLOADS / platform).glob("new.*")
    secrets = {PROOF[platform]: account["secret"], **{name: account[name] for name in ("username",) if name in account}}
    recorded = path.read_bytes().replace(sender.account.encode(), account["account"].encode())
    body, headers = sender.send(recorded, secrets)
    webhook = account.get("webhook") or f"{parley.found['ingest']}/webhooks/{platform}/{account['account']}"
    known = {one["id"] for one in parley.comments(platform=platform)}
    answer = httpx.post(webhook, content=body, headers={**headers, **HEADERS.get(platform, {})}, trust_env=False)
    assert (answer.status_code, answer.content) == (200, b""), answer.text
    wait_for(lambda: all(one["case"] for one in _new(parley, platform, known)), SECONDS, "its comment is routed")
    (comment,) = _new(parley, platform, known)
    assert comment["text"]
    assert comment["agency"] == account["agency"]


@pytest.mark.parametrize("platform", sorted(POLLED - {*WEBHOOKS}))
def test_what_is_said_on_the_town_square_becomes_a_case(parley: Parley, platform: str) -> None:
    account = parley.account(platform)
    text = f"When do you open? {uuid7().hex}"
    said = {"name": "Kamala", "account": account["account"], "text": text}
    parley.client.post(f"{account['base_url']}/citizens/posts", json=said).raise_for_status()
    wait_for(lambda: any(one["case"] for one in _comments(parley, platform)), SECONDS, "its comment is routed")
    (comment,) = _comments(parley, platform)
    assert text in comment["text"]


def _new(parley: Parley, platform: str, known: set[str]) -> list[Json]:
    """The comments from a platform that were not there before, once there are any."""
    wait_for(lambda: any(one["id"] not in known for one in _comments(parley, platform)), SECONDS, "a comment is there")
    return [one for one in parley.comments(platform=platform) if one["id"] not in known]


def _comments(parley: Parley, platform: str) -> list[Json]:
    """The comments from a platform, once there are any."""
    wait_for(lambda: parley.comments(platform=platform), SECONDS, "a comment is there")
    return parley.comments(platform=platform)
