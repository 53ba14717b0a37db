"""Messages on Viber, as a bot.

Sources: Viber, "REST API" (send message, get account info, error codes), "Common errors"; the status codes of Viber's
own bot library for Python. What must stay true:

- HTTP says 200 to everything: what happened is the number ``status`` in the body.
- There is no key that makes a repeated message known, no history, no edit, no deletion, and no answer to one message:
  what nobody answered is never sent again, a person decides.
- Everything is between one person and the bot: the receiver is the thread. A sender's name is required, with at most
  28 characters: that of the account's settings here, else the bot's own name, which Viber tells.
- A body has at most 30 kB, whatever the length of the text.
- ``message_token`` has 64 bits and is text to us.
"""

import asyncio
import json
from collections.abc import Collection
from datetime import datetime
from typing import Any

from services.publisher.adapters import metrics
from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.asking import asked
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotSee,
    CredentialsDead,
    Outcome,
    Probe,
    Probed,
    Published,
    Refused,
    Sighting,
    Throttled,
    Unavailable,
    Unknown,
)
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials

PLATFORM = "viber"
MOST_BYTES = 30_000
MOST_OF_NAME = 28
SENDER_NAME = "sender_name"
"""Under which an account keeps the name that people see, beside its secrets."""

OK = 0
DEAD = frozenset({2, 7, 8, 9, 10, 15})
"""Wrong token; account blocked, none, suspended, without a webhook, not authorised: mute until a person acts."""
THROTTLED = frozenset({12, 23, 24})
"""Too fast; the month's free messages or the money for more are used up."""
SPENT = frozenset({23, 24})
SPENT_SECONDS = 3600.0
"""How long an account rests that has nothing left: money comes by hand, and nobody tells us when."""
REFUSED = {
    1: "rejected",
    3: "rejected",
    4: "rejected",
    5: NOT_POSSIBLE,  # nobody at Viber (any longer)
    6: "blocked",  # has left the bot
    11: NOT_POSSIBLE,  # no device that can show messages of bots
    13: "rejected",
    14: "rejected",
    16: "not_permitted",
    17: "not_permitted",
    18: "not_permitted",
    19: "not_permitted",
    20: "not_permitted",
    21: "not_permitted",  # the receiver's country
    22: "rejected",
}


class Viber(Sparse):
    """Speaks as the bot whose token it holds."""

    nature = Nature()
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http
        self._names: dict[str, str] = {}

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /pa/send_message``; answers ``{"status": 0, "message_token": …}``."""
        assert credentials is not None
        try:
            async with asyncio.timeout(self._http.total_seconds):
                message = message_of(publication, await self._sender(publication, credentials))
                refused = too_long(message)
                if refused is not None:
                    return refused
                return await asked(self._post("send_message", message, credentials), outcome_of)
        except TimeoutError:
            return Unknown("no answer in time")

    async def _sender(self, publication: Publication, credentials: Credentials) -> str:
        """The name that people see, learnt once for each bot; a bot whose name is not told has the agency's."""
        account = publication.account
        given = credentials.secrets.get(SENDER_NAME) or self._names.get(account)
        if given:
            return given
        try:
            async with asyncio.timeout(self._http.total_seconds / 3):
                name = (await self._post("get_account_info", {}, credentials)).object().get("name")
        except (NothingSent, NoAnswer, TimeoutError):
            return publication.agency
        if not isinstance(name, str) or not name.strip():
            return publication.agency
        self._names[account] = name
        return name

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        return CannotSee("Viber shows nobody what a bot has sent")

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``POST /pa/get_account_info``."""
        return await asked(self._post("get_account_info", {}, credentials), lambda answer: rights_of(answer, account))

    async def _post(self, method: str, content: dict[str, Any], credentials: Credentials) -> Answer:
        headers = {"x-viber-auth-token": credentials.token}
        return await self._http.post(PLATFORM, f"{credentials.base_url}/pa/{method}", headers, content)


def message_of(publication: Publication, sender: str) -> dict[str, Any]:
    """The message to send."""
    return {
        "receiver": publication.thread,
        "min_api_version": 1,
        "sender": {"name": sender[:MOST_OF_NAME]},
        "type": "text",
        "text": publication.text,
    }


def too_long(message: dict[str, Any]) -> Refused | None:
    """The refusal of a message that Viber would not take."""
    body = json.dumps(message, ensure_ascii=False).encode()
    return formatting.too_long_for(PLATFORM, message["text"]) or formatting.too_long(len(body), MOST_BYTES)


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a message means."""
    body = answer.object()
    if answer.status != 200 or _status(body) is None:
        return _unread(answer)
    token = body.get("message_token")
    if _status(body) == OK:
        if isinstance(token, int | str) and token:
            return Published(str(token))
        return _unread(answer)
    return _refusal(body)


def rights_of(answer: Answer, account: str) -> Probe:
    """What the answer to a question about the account says of its token."""
    body = answer.object()
    if answer.status == 200 and _status(body) == OK:
        speaks_for = body.get("id")
        return Probed({"reply": speaks_for == account}, f"the token is that of {speaks_for}")
    refusal = _unread(answer) if answer.status != 200 or _status(body) is None else _refusal(body)
    return refusal if isinstance(refusal, CredentialsDead | Unknown) else Unavailable(refusal.detail)


def _refusal(body: dict[str, Any]) -> Throttled | Refused | CredentialsDead | Unknown:
    status = _status(body)
    said = f"status {status}: {str(body.get('status_message', ''))[:300]}"
    if status in DEAD:
        return CredentialsDead(said)
    if status in THROTTLED:
        return Throttled(SPENT_SECONDS if status in SPENT else None, said)
    if status in REFUSED:
        return Refused(REFUSED[status], said)
    # "General error" comes under any other number and does not say when it happened.
    return Unknown(said)


def _status(body: dict[str, Any]) -> int | None:
    status = body.get("status")
    return status if isinstance(status, int) and not isinstance(status, bool) else None


def _unread(answer: Answer) -> Throttled | Unknown:
    if answer.status == 429:
        return Throttled(answer.retry_after(), "HTTP status 429")
    metrics.UNREADABLE.labels(PLATFORM).inc()
    return Unknown(f"an answer that is not documented, HTTP status {answer.status}")
