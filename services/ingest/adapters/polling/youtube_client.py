"""Asking the YouTube Data API, and what its answers mean.

Sources: YouTube Data API, "Errors" and "Quota and compliance audits"; Google Cloud documentation, "Use API keys to
access APIs". What must stay true:

- Each question costs one of 10,000 units a day, which replies are paid from as well, 50 each. A quota that is used up
  is no trouble of the account: it is asked again when the day ends, or after an hour.
- The key goes into a header field, so that no log of addresses has it.
- The reason of an error tells what to do; its status only groups, and a 403 may mean a quota.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

import httpx

from services.ingest.adapters.polling.answers import (
    LONGEST_PAUSE_SECONDS,
    PAUSE_SECONDS,
    Answer,
    Asker,
    Reason,
    Refused,
    Throttled,
    Unavailable,
    meaning,
)
from services.ingest.adapters.polling.feed import Outside
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms import youtube
from services.ingest.platforms.json_body import parse_json

BAD_TOKEN: Final = Unavailable("page_token")
"""The page that was asked for is not known any more."""

_DAY_USED_UP: Final = frozenset({"quotaExceeded", "dailyLimitExceeded"})
_TOO_FAST: Final = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_REFUSALS: Final[Mapping[str, Reason]] = {
    "keyInvalid": "token_invalid",
    "API_KEY_INVALID": "token_invalid",
    "keyExpired": "token_expired",
    "API_KEY_EXPIRED": "token_expired",
    "channelClosed": "account_gone",
    "channelNotFound": "account_gone",
    "channelSuspended": "account_gone",
}


def understand(response: httpx.Response, now: datetime) -> Answer:
    """What a response of the Data API means."""
    reasons = _reasons(response)
    if reasons & _DAY_USED_UP:
        return Throttled(min(youtube.until_midnight(now), LONGEST_PAUSE_SECONDS))
    if reasons & _TOO_FAST and response.status_code == 403:
        return Throttled(PAUSE_SECONDS)
    for reason in sorted(reasons & _REFUSALS.keys()):
        return Refused(_REFUSALS[reason])
    if "invalidPageToken" in reasons:
        return BAD_TOKEN
    if "processingFailure" in reasons:
        return Unavailable("processing_failure")
    return meaning(response, now)


class YouTubeClient:
    """Asks with an account's key."""

    def __init__(self, outside: Outside) -> None:
        self._asker = Asker(outside.http, outside.clock, understand)

    async def ask(self, account: Account, what: str, params: Mapping[str, str], token: str | None = None) -> Answer:
        """The answer to a ``list`` of ``what`` (``commentThreads``, ``comments``), in plain text."""
        url = f"{account.base_url or youtube.BASE_URL}/youtube/v3/{what}"
        wanted = {**params, "textFormat": "plainText", **({"pageToken": token} if token else {})}
        return await self._asker.get(url, headers={"X-Goog-Api-Key": account.every("api_key")[0]}, params=wanted)


def _reasons(response: httpx.Response) -> frozenset[str]:
    if response.status_code < 400:
        return frozenset()
    try:
        return youtube.reasons(parse_json(response.content))
    except Unreadable:
        return frozenset()
