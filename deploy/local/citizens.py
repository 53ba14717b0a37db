"""How the demo speaks as a citizen: over signed webhooks, the town square and the REST API, as the platforms do."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

import httpx

from shared.ids import uuid7


class Citizens:
    """Sends comments to a running Parley; each call gives the native id under which the comment is known."""

    def __init__(self, client: httpx.AsyncClient, found: dict[str, Any]) -> None:
        self._client = client
        self._found = found

    async def write(self, platform: str, agency: str, text: str) -> str:
        """Send ``text`` to the agency over ``platform``. Raises ``httpx.HTTPError``."""
        account: dict[str, str] = next(
            (one for one in self._found["accounts"] if (one["agency"], one["platform"]) == (agency, platform)), {}
        )
        roads = {
            "facebook": self._on_facebook,
            "mastodon": self._on_mastodon,
            "standard": self._from_a_portal,
            "rest": self._over_rest,
        }
        return await roads[platform](account, agency, text)

    async def _on_facebook(self, account: dict[str, str], _: str, text: str) -> str:
        page, now = account["account"], int(time.time())
        post, comment = f"{page}_900000000000001", f"900000000000001_{uuid7().int % 10**15:015d}"
        value = {
            "item": "comment",
            "verb": "add",
            "comment_id": comment,
            "post_id": post,
            "parent_id": post,
            "from": {"id": "7000000000000001", "name": "A citizen"},
            "created_time": now,
            "message": text,
        }
        entry = {"id": page, "time": now, "changes": [{"field": "feed", "value": value}]}
        # ASCII with \u escapes: the bytes that Meta signs.
        body = json.dumps({"object": "page", "entry": [entry]}).encode()
        signature = hmac.new(account["secret"].encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": f"sha256={signature}", "Content-Type": "application/json"}
        (await self._client.post(account["webhook"], content=body, headers=headers)).raise_for_status()
        return comment

    async def _on_mastodon(self, account: dict[str, str], _: str, text: str) -> str:
        post = {"name": "A citizen", "account": account["account"], "text": text}
        answer = await self._client.post(f"{account['base_url']}/citizens/posts", json=post)
        answer.raise_for_status()
        return str(answer.json()["id"])

    async def _from_a_portal(self, account: dict[str, str], _: str, text: str) -> str:
        native_id, now = uuid7().hex, str(int(time.time()))
        data = {"id": native_id, "text": text, "author": {"id": "portal-user-1", "name": "A citizen"}}
        body = json.dumps({"type": "comment.created", "data": data}).encode()
        key = base64.b64decode(account["secret"].removeprefix("whsec_"))
        signed = f"{native_id}.{now}.".encode() + body
        signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        headers = {
            "webhook-id": native_id,
            "webhook-timestamp": now,
            "webhook-signature": f"v1,{signature}",
            "Content-Type": "application/json",
        }
        (await self._client.post(account["webhook"], content=body, headers=headers)).raise_for_status()
        return native_id

    async def _over_rest(self, _: dict[str, str], agency: str, text: str) -> str:
        native_id = uuid7().hex
        answer = await self._client.post(
            f"{self._found['ingest']}/v1/comments",
            json={"agency": agency, "text": text, "author": {"id": "citizen-1"}, "native_id": native_id},
            headers={"Authorization": f"Bearer {self._found['tokens']['client']}", "Idempotency-Key": native_id},
        )
        answer.raise_for_status()
        return native_id
