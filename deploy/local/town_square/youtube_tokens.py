"""Who a token speaks for on YouTube, and how an outdated one is renewed.

Sources: Google Identity, "Using OAuth 2.0 for Web Server Applications"; the discovery document of Google's OAuth2 API.
What an account was set up with is a token that never runs out. ``1//`` and that token are the account's refresh token,
which may be used again and again; what it brings lives for an hour.
"""

import secrets
from typing import Final

from .accounts import Account, Accounts
from .clock import Clock
from .store import Store

SCOPE: Final = "https://www.googleapis.com/auth/youtube.force-ssl"
LIFE_SECONDS: Final = 3599
_REFRESH: Final = "1//"

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS youtube_token (token TEXT PRIMARY KEY, account TEXT NOT NULL, until INTEGER NOT NULL)
"""


class Tokens:
    """Finds whom tokens speak for, and gives out new ones."""

    def __init__(self, store: Store, accounts: Accounts, clock: Clock) -> None:
        """Keep tokens in this store, for the YouTube accounts among these."""
        store.change(_SCHEMA)
        self._store = store
        self._accounts = accounts
        self._clock = clock

    def account(self, token: str) -> Account | None:
        """Find whom an access token speaks for, if it still lives."""
        found = self._store.row(
            "SELECT account FROM youtube_token WHERE token = ? AND until > ?", (token, self._clock())
        )
        if found is None:
            return self._accounts.with_token("youtube", token)
        return next(
            (each for each in self._accounts.active() if (each.platform, each.id) == ("youtube", found[0])), None
        )

    def renew(self, refresh: str) -> str | None:
        """Give a new access token for a refresh token; None if it is none."""
        if not refresh.startswith(_REFRESH):
            return None
        account = self._accounts.with_token("youtube", refresh.removeprefix(_REFRESH))
        if account is None:
            return None
        token = f"ya29.{secrets.token_urlsafe(24)}"
        self._store.change(
            "INSERT INTO youtube_token (token, account, until) VALUES (?, ?, ?)",
            token,
            account.id,
            self._clock() + LIFE_SECONDS * 1000,
        )
        return token
