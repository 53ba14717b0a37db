"""Messages on LINE, as an Official Account.

Sources: LINE Developers, "Messaging API reference" (send push message, error responses, rate limits, get bot info, get
quota and consumption), "Retry a failed API request"; LINE's ``messaging-api.yml``. What must stay true:

- A reply token is good for about a minute, so every answer is a push; pushes count against the month's quota.
- ``X-Line-Retry-Key`` stands on the first attempt already and is good for 24 hours: the same key again is answered by
  409 with ``X-Line-Accepted-Request-Id``, and ``sentMessages`` as the first time. That is a success.
- There is no history to read, no edit and no deletion, and a push to somebody who has blocked the account is 200.
- A push has no parent: it goes to the person, group or room that is the thread. Quoting would take a token that only
  the webhook knew.
- Both 429 look alike but for their words: too fast, or the month's quota is spent.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID, uuid5

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

PLATFORM = "line"
RETRY_KEYS = UUID("6b0c6a5e-4a0f-5c0b-9c53-7b1f6f1d2a90")
"""The space in which publications get their retry keys; another one would make every retry a second message."""
QUOTA_SECONDS = 3600.0
"""How long an account rests whose month is used up: a quota is raised by hand, and nobody tells us when."""
QUOTA_SPENT = "monthly limit"
NOBODY_THERE = "Failed to send messages"
"""The one 400 that is about the receiver, who is no (longer a) user of LINE."""


class Line(Sparse):
    """Pushes as the account whose channel access token it holds."""

    nature = Nature(idempotent_for=timedelta(hours=24))
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /v2/bot/message/push`` under a retry key made of the publication's key."""
        assert credentials is not None
        refused = formatting.too_long_for(PLATFORM, publication.text)
        if refused is not None:
            return refused
        push = {"to": publication.thread, "messages": [{"type": "text", "text": publication.text}]}
        headers = _headers(credentials) | {"x-line-retry-key": str(retry_key(publication))}
        address = f"{credentials.base_url}/v2/bot/message/push"
        return await asked(self._http.post(PLATFORM, address, headers, push), outcome_of)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        return CannotSee("LINE shows nobody what an account has sent")

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``GET /v2/bot/info``; what of the month's quota is used up is told as facts."""
        info = await asked(self._get("/v2/bot/info", credentials), _checked)
        if not isinstance(info, Answer):
            return info
        speaks_for = info.object().get("userId")
        if speaks_for != account:
            return Probed({"reply": False}, f"the token is that of {speaks_for}")
        return Probed({"reply": True}, facts=await self._quota(credentials))

    async def _quota(self, credentials: Credentials) -> dict[str, int]:
        """``messages_a_month`` where there is a limit, and ``messages_used``; nothing where LINE does not answer."""
        told: dict[str, int] = {}
        for path, name, fact in (
            ("/v2/bot/message/quota", "value", "messages_a_month"),
            ("/v2/bot/message/quota/consumption", "totalUsage", "messages_used"),
        ):
            try:
                number = (await self._get(path, credentials)).object().get(name)
            except (NothingSent, NoAnswer):
                continue
            if isinstance(number, int):
                told[fact] = number
        return told

    async def _get(self, path: str, credentials: Credentials) -> Answer:
        return await self._http.get(PLATFORM, f"{credentials.base_url}{path}", _headers(credentials), {})


def retry_key(publication: Publication) -> UUID:
    """The same for every attempt of one publication, whoever makes it."""
    return uuid5(RETRY_KEYS, publication.key)


def outcome_of(answer: Answer) -> Outcome:
    """What the answer to a push means; LINE has no error codes but the status, so twice its words decide."""
    message = str(answer.object().get("message", ""))
    said = f"status {answer.status}: {message[:300]}"
    match answer.status:
        case 200 | 409:
            return _accepted(answer, said)
        case 401:
            return CredentialsDead(said)
        case 403:
            return Refused("not_permitted", said)
        case 400 if NOBODY_THERE in message:
            return Refused(NOT_POSSIBLE, said)
        case 429 if QUOTA_SPENT in message:
            return Throttled(QUOTA_SECONDS, said)
        case 429:
            return Throttled(answer.retry_after(), said)
        case status if 400 <= status < 500 and status != 408:
            return Refused("rejected", said)
        case _:
            return Unknown(said)


def _accepted(answer: Answer, said: str) -> Outcome:
    """A push that was taken, now or by an earlier attempt; known by its message, or else by the request's id."""
    sent = answer.object().get("sentMessages")
    first = sent[0] if isinstance(sent, list) and sent else None
    native_id = first.get("id") if isinstance(first, dict) else None
    if answer.status == 409:
        native_id = native_id or answer.headers.get("x-line-accepted-request-id")
    if isinstance(native_id, str) and native_id:
        return Published(native_id)
    metrics.UNREADABLE.labels(PLATFORM).inc()
    return Unknown(f"a push without an id, {said}")


def _checked(answer: Answer) -> Answer | CredentialsDead | Unavailable | Unknown:
    """The answer to a question about the account, if it is one."""
    said = f"status {answer.status}"
    match answer.status:
        case 200:
            return answer
        case 401 | 403:
            return CredentialsDead(said)
        case 429:
            return Unavailable(said)
        case _:
            return Unknown(said)


def _headers(credentials: Credentials) -> dict[str, str]:
    return {"authorization": f"Bearer {credentials.token}"}
