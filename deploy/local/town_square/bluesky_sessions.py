"""Sessions on Bluesky: an app password opens one, and its two tokens keep it open.

Sources: lexicons com.atproto.server.createSession and refreshSession, and the PDS that implements them. An access
token lives for two hours, a refresh token can be used once; opening sessions is limited to 30 in five minutes, so that
a client that logs in with every request is found out here.
"""

import base64
import json
import secrets
from collections import defaultdict
from collections.abc import Mapping
from typing import Final, Literal

from starlette.responses import JSONResponse

from .accounts import Account, Accounts
from .clock import Clock
from .store import Store

Kind = Literal["access", "refresh"]

_LIFE: Final[Mapping[Kind, int]] = {"access": 2 * 3600 * 1000, "refresh": 90 * 24 * 3600 * 1000}
_WINDOW: Final = 300_000
_MOST_IN_WINDOW: Final = 30

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS bluesky_session (
    token TEXT PRIMARY KEY, did TEXT NOT NULL, kind TEXT NOT NULL, until INTEGER NOT NULL)
"""


class XrpcError(Exception):
    """A call that a PDS would refuse, with its status, the error's name and its words."""

    def __init__(self, status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> None:
        """Keep what to answer."""
        super().__init__(message)
        self._status = status
        self._content = {"error": error, "message": message}
        self._headers = headers

    def answer(self) -> JSONResponse:
        """Write the error as a PDS does."""
        return JSONResponse(self._content, self._status, self._headers)


class Sessions:
    """Opens sessions, and tells whom a token speaks for."""

    def __init__(self, store: Store, accounts: Accounts, clock: Clock) -> None:
        """Keep sessions in this store, for the Bluesky accounts among these."""
        store.change(_SCHEMA)
        self._store = store
        self._accounts = accounts
        self._clock = clock
        self._opened: defaultdict[str, list[int]] = defaultdict(list)

    def open(self, identifier: str, password: str) -> dict[str, str]:
        """Open a session with an account's app password; the identifier is its DID or its handle."""
        self._count(identifier)
        account = self._accounts.with_token("bluesky", password)
        if account is None or identifier not in (account.id, handle_of(account)):
            raise XrpcError(401, "AuthenticationRequired", "Invalid identifier or password")
        return self._tokens(account)

    def refresh(self, authorization: str) -> dict[str, str]:
        """Trade a refresh token for two new ones; it cannot be used again."""
        account = self.speaker(authorization, "refresh")
        self._store.change("DELETE FROM bluesky_session WHERE token = ?", _bearer(authorization))
        return self._tokens(account)

    def speaker(self, authorization: str, kind: Kind = "access") -> Account:
        """Find the account that a call speaks for. An outdated token is answered with 400, not with 401."""
        token = _bearer(authorization)
        if not token:
            raise XrpcError(401, "AuthMissing", "Authentication Required")
        found = self._store.row("SELECT did, kind, until FROM bluesky_session WHERE token = ?", (token,))
        if found is None:
            raise XrpcError(400, "InvalidToken", "Token could not be verified")
        did, known_kind, until = found
        if known_kind != kind:
            raise XrpcError(400, "InvalidToken", "Bad token scope")
        if until <= self._clock():
            raise XrpcError(400, "ExpiredToken", "Token has expired")
        account = next((each for each in self._accounts.active() if (each.platform, each.id) == ("bluesky", did)), None)
        if account is None:
            raise XrpcError(401, "AccountTakedown", "Account has been taken down")
        return account

    def _tokens(self, account: Account) -> dict[str, str]:
        return {
            "did": account.id,
            "handle": handle_of(account),
            "accessJwt": self._token(account, "access"),
            "refreshJwt": self._token(account, "refresh"),
        }

    def _token(self, account: Account, kind: Kind) -> str:
        until = self._clock() + _LIFE[kind]
        claims = {"scope": f"com.atproto.{kind}", "sub": account.id, "exp": until // 1000}
        token = f"{_part({'typ': 'JWT'})}.{_part(claims)}.{secrets.token_urlsafe(32)}"
        self._store.change(
            "INSERT INTO bluesky_session (token, did, kind, until) VALUES (?, ?, ?, ?)", token, account.id, kind, until
        )
        return token

    def _count(self, identifier: str) -> None:
        now = self._clock()
        opened = [at for at in self._opened[identifier] if at > now - _WINDOW]
        self._opened[identifier] = [*opened, now]
        if len(opened) >= _MOST_IN_WINDOW:
            raise throttled(_MOST_IN_WINDOW, opened[0] + _WINDOW, now)


def throttled(limit: int, reset: int, now: int) -> XrpcError:
    """Say that nothing is left of a limit until ``reset`` (milliseconds); the header has whole seconds since 1970."""
    headers = {
        "RateLimit-Limit": str(limit),
        "RateLimit-Remaining": "0",
        "RateLimit-Reset": str(-(-reset // 1000)),
        "RateLimit-Policy": f"{limit};w={_WINDOW // 1000}",
        "Retry-After": str(max(1, -(-(reset - now) // 1000))),
    }
    return XrpcError(429, "RateLimitExceeded", "Rate Limit Exceeded", headers)


def handle_of(account: Account) -> str:
    """Give the handle that an agency's account has here."""
    return f"{account.agency}.square.test"


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _part(content: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")
