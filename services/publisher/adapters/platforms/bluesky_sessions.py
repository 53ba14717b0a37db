"""Sessions on Bluesky: an app password opens one, and renewing keeps it open.

Sources: lexicons ``com.atproto.server.createSession`` and ``refreshSession``, and the PDS; Bluesky documentation, "Rate
Limits". What must stay true:

- An account may open 30 sessions in five minutes and 300 a day. So one is opened for many calls, by one caller while
  the others wait; what barred the door is told to those as well. Each process has its own sessions.
- An access token is good for about two hours, and then answered with 400 ``ExpiredToken``: nothing was done, so the
  call is made again with a new one. A refresh token is good for one use.
- App password and tokens stay in memory, and leave only in the calls that need them.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.publisher.adapters.http import Answer, Http, NoAnswer, NothingSent
from services.publisher.adapters.platforms.bluesky_answers import (
    OUTDATED,
    PLATFORM,
    error_of,
    refusal_of,
    said,
)
from services.publisher.domain.outcomes import CredentialsDead, Refused, Throttled, Unavailable
from services.publisher.ports import Credentials, Watch

BARRED_SECONDS = 5.0
"""How long a door stays shut after it could not be opened, if the server does not say how long."""
MOST_BARRED_SECONDS = 3600.0

Barred = Throttled | CredentialsDead | Unavailable


@dataclass(frozen=True, slots=True)
class Session:
    """Two tokens: one for calls, one for the next two."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)


@dataclass(slots=True)
class _Door:
    """An account at its server, with the app password that opens it."""

    account: str
    credentials: Credentials
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    session: Session | None = None
    barred: Barred | None = None
    barred_until: float = 0.0


class Sessions:
    """Makes calls for accounts, each in the account's session."""

    def __init__(self, http: Http, watch: Watch = time.monotonic) -> None:
        self._http = http
        self._watch = watch
        self._doors: dict[tuple[str, str], _Door] = {}

    async def query(
        self, account: str, credentials: Credentials, name: str, parameters: Mapping[str, str]
    ) -> Answer | Barred:
        """``GET /xrpc/{name}``. Raises ``NothingSent`` and ``NoAnswer`` for the call itself, never for a session."""
        return await self._call(account, credentials, name, parameters, None)

    async def procedure(
        self, account: str, credentials: Credentials, name: str, content: dict[str, Any]
    ) -> Answer | Barred:
        """``POST /xrpc/{name}``. Raises as ``query`` does."""
        return await self._call(account, credentials, name, {}, content)

    async def _call(
        self,
        account: str,
        credentials: Credentials,
        name: str,
        parameters: Mapping[str, str],
        content: dict[str, Any] | None,
    ) -> Answer | Barred:
        async def ask(session: Session) -> Answer:
            address, headers = f"{credentials.base_url}/xrpc/{name}", _bearer(session.access)
            if content is None:
                return await self._http.get(PLATFORM, address, headers, parameters)
            return await self._http.post(PLATFORM, address, headers, content)

        door = self._door(account, credentials)
        session = await self._session(door, None)
        if not isinstance(session, Session):
            return session
        answer = await ask(session)
        if error_of(answer) == OUTDATED:
            session = await self._session(door, session)
            if not isinstance(session, Session):
                return session
            answer = await ask(session)
        # Other names may mean whom a call asks about.
        if (answer.status == 401 or error_of(answer) == "InvalidToken") and door.session is session:
            door.session = None
        return answer

    def _door(self, account: str, credentials: Credentials) -> _Door:
        key = credentials.base_url, account
        door = self._doors.get(key)
        if door is None or door.credentials.token != credentials.token:
            door = self._doors[key] = _Door(account, credentials)
        return door

    async def _session(self, door: _Door, outdated: Session | None) -> Session | Barred:
        """The session behind a door, another one than ``outdated``."""
        async with door.lock:
            if door.session is not None and door.session is not outdated:
                return door.session
            if door.barred is not None and self._watch() < door.barred_until:
                return door.barred
            opened = await self._renew(door, outdated) if outdated is not None else await self._open(door)
            door.session = opened if isinstance(opened, Session) else None
            door.barred = None if isinstance(opened, Session) else opened
            wished = opened.retry_after if isinstance(opened, Throttled) else None
            door.barred_until = self._watch() + min(wished or BARRED_SECONDS, MOST_BARRED_SECONDS)
            return opened

    async def _open(self, door: _Door) -> Session | Barred:
        address = f"{door.credentials.base_url}/xrpc/com.atproto.server.createSession"
        content = {"identifier": door.account, "password": door.credentials.token}
        try:
            answer = await self._http.post(PLATFORM, address, {}, content)
        except (NothingSent, NoAnswer) as unopened:
            return Unavailable(f"no session: {unopened}")
        return _opened(answer, door.account)

    async def _renew(self, door: _Door, outdated: Session) -> Session | Barred:
        """Trade the refresh token in; where it is refused, the app password begins anew or tells what is wrong."""
        address = f"{door.credentials.base_url}/xrpc/com.atproto.server.refreshSession"
        try:
            answer = await self._http.request(PLATFORM, "POST", address, _bearer(outdated.refresh))
        except (NothingSent, NoAnswer) as unopened:
            return Unavailable(f"no session: {unopened}")
        if 400 <= answer.status < 500 and answer.status != 429:
            return await self._open(door)
        return _opened(answer, door.account)


def _opened(answer: Answer, account: str) -> Session | Barred:
    content = answer.object()
    access, refresh = content.get("accessJwt"), content.get("refreshJwt")
    if answer.status == 200 and isinstance(access, str) and isinstance(refresh, str):
        if content.get("did") != account:
            return CredentialsDead("the app password is another account's")
        return Session(access, refresh)
    refused = refusal_of(answer)
    # Whatever else a server has against an app password, only a person can mend it.
    return CredentialsDead(said(answer)) if isinstance(refused, Refused) else refused


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
