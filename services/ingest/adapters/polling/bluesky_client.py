"""Asking a Bluesky server (a PDS) for an account: sessions, and what its answers mean.

Sources: atproto lexicons ``com.atproto.server.createSession`` and ``refreshSession``, the PDS that implements them, and
Bluesky documentation, "Rate Limits". What must stay true:

- An app password opens a session 300 times a day at most, so a session is kept, and refreshed when it is outdated: a
  400 ``ExpiredToken``, not a 401. A refresh token is good for one use.
- A password that was refused is not tried again for a while, unless it is another one.
- Errors have names; the status alone does not tell a wrong token from a wrong question.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from services.ingest.adapters import http as way_out
from services.ingest.adapters.polling.answers import (
    Answer,
    Asker,
    Found,
    Gone,
    Reason,
    Refused,
    Unavailable,
    bearer,
    meaning,
)
from services.ingest.adapters.polling.feed import NotNow, Outside
from services.ingest.domain.accounts import Account
from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.json_body import as_object, parse_object
from shared.ids import AccountId

LOGIN_AGAIN = timedelta(minutes=15)
"""After a refused password: 96 attempts a day."""

_OUTDATED: Final[Reason] = "token_expired"
_REASONS: Final[Mapping[str, Reason]] = {
    "ExpiredToken": _OUTDATED,
    "InvalidToken": "token_invalid",
    "AuthMissing": "token_invalid",
    "AuthenticationRequired": "token_invalid",
    "AuthFactorTokenRequired": "token_invalid",
    "AccountTakedown": "account_gone",
    "AccountSuspended": "account_gone",
    "AccountDeactivated": "account_gone",
}
_ABSENT: Final = frozenset({"RecordNotFound", "NotFound"})
_PASSING: Final = frozenset({"UpstreamFailure", "UpstreamTimeout", "InternalServerError"})


def understand(response: httpx.Response, now: datetime) -> Answer:
    """What a response of a PDS means."""
    name = _error_name(response)
    if name in _REASONS and response.status_code in (400, 401, 403):
        return Refused(_REASONS[name])
    if name in _ABSENT:
        return Gone()
    if name in _PASSING and response.status_code != 429:
        return Unavailable(name)
    return meaning(response, now)


@dataclass(frozen=True, slots=True)
class _Session:
    password: str
    access: str
    refresh: str


class BlueskyClient:
    """Asks for accounts, each with a session of its own. Raises ``NotNow`` where no session can be had."""

    def __init__(self, outside: Outside) -> None:
        self._http = outside.http
        self._clock = outside.clock
        self._asker = Asker(outside.http, outside.clock, understand)
        self._sessions: dict[AccountId, _Session] = {}
        self._refused: dict[AccountId, tuple[str, Refused, datetime]] = {}
        self._turns: defaultdict[AccountId, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def ask(self, account: Account, method: str, params: Mapping[str, str | list[str]]) -> Answer:
        """The answer to a query; an outdated session is renewed, and the question asked once more."""
        session = await self._session(account, None)
        answer = await self._get(account, session, method, params)
        if isinstance(answer, Refused) and answer.reason in (_OUTDATED, "token_invalid"):
            answer = await self._get(account, await self._session(account, session), method, params)
        return answer

    async def _get(
        self, account: Account, session: _Session, method: str, params: Mapping[str, str | list[str]]
    ) -> Answer:
        return await self._asker.get(_url(account, method), headers=bearer(session.access), params=params)

    async def _session(self, account: Account, outdated: _Session | None) -> _Session:
        """A session other than ``outdated``. In turn, because a refresh token is good for one use."""
        password = account.every("app_password")[0]
        async with self._turns[account.id]:
            known = self._sessions.get(account.id)
            if known is not None and known.password == password and known is not outdated:
                return known
            self._sessions.pop(account.id, None)
            tokens = await self._refreshed(account, outdated) if outdated and outdated.password == password else None
            session = _Session(password, *(tokens or await self._opened(account, password)))
            self._sessions[account.id] = session
            return session

    async def _refreshed(self, account: Account, outdated: _Session) -> tuple[str, str] | None:
        """New tokens for an old session; None where only the password helps."""
        answer = await self._post(account, "com.atproto.server.refreshSession", bearer(outdated.refresh), None)
        if isinstance(answer, Refused) and answer.reason != "account_gone":
            return None
        return _tokens(answer)

    async def _opened(self, account: Account, password: str) -> tuple[str, str]:
        refused = self._refused.get(account.id)
        if refused is not None and refused[0] == password and self._clock() < refused[2]:
            raise NotNow(refused[1])
        who = {"identifier": account.account, "password": password}
        answer = await self._post(account, "com.atproto.server.createSession", {}, who)
        if isinstance(answer, Refused):
            self._refused[account.id] = (password, answer, self._clock() + LOGIN_AGAIN)
        return _tokens(answer)

    async def _post(
        self, account: Account, method: str, headers: Mapping[str, str], body: Mapping[str, str] | None
    ) -> Answer:
        try:
            response = await way_out.post(self._http, _url(account, method), headers=headers, json=body)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Unavailable(type(error).__name__)
        return understand(response, self._clock())


def _tokens(answer: Answer) -> tuple[str, str]:
    if not isinstance(answer, Found):
        raise NotNow(answer)
    content: Mapping[str, Any] = answer.value if isinstance(answer.value, dict) else {}
    access, refresh = content.get("accessJwt"), content.get("refreshJwt")
    if not isinstance(access, str) or not isinstance(refresh, str):
        raise NotNow(Unavailable("unreadable"))
    return access, refresh


def _error_name(response: httpx.Response) -> str:
    if response.status_code < 400:
        return ""
    try:
        return str(as_object(parse_object(response.content), "The error").get("error"))
    except Unreadable:
        return ""


def _url(account: Account, method: str) -> str:
    return f"{account.base_url}/xrpc/{method}"
