"""Access to X: the tokens that renewals gave.

An account begins with the token it was set up with, and with ``<token>.refresh`` to renew it. A refresh token is good
once; an access token from a renewal lives two hours, the first one for ever.
"""

import secrets
from typing import Final

from .accounts import Account, Accounts
from .clock import Clock
from .store import Store

LIVES_FOR_SECONDS: Final = 7200


class Grants:
    """Who may speak with which token, and for how long."""

    def __init__(self, store: Store, accounts: Accounts, clock: Clock) -> None:
        """Keep tokens in this store."""
        self._store = store
        self._accounts = accounts
        self._clock = clock

    def account(self, token: str) -> Account | None:
        """Find whom an access token speaks for."""
        row = self._store.row("SELECT account FROM x_grant WHERE access = ? AND ends_at > ?", (token, self._clock()))
        if row is not None:
            return self._accounts.with_id("x", row[0])
        return self._accounts.with_token("x", token)

    def renew(self, refresh: str) -> tuple[str, str] | None:
        """Give a new access and refresh token for one that was not used before."""
        account = self._unused(refresh)
        if account is None:
            return None
        access, following = secrets.token_urlsafe(48), secrets.token_urlsafe(48)
        with self._store.transaction():
            self._store.change("INSERT INTO x_used_refresh (refresh) VALUES (?)", refresh)
            self._store.change(
                "INSERT INTO x_grant (account, access, refresh, ends_at) VALUES (?, ?, ?, ?)",
                account.id,
                access,
                following,
                self._clock() + LIVES_FOR_SECONDS * 1000,
            )
        return access, following

    def _unused(self, refresh: str) -> Account | None:
        if self._store.row("SELECT 1 FROM x_used_refresh WHERE refresh = ?", (refresh,)):
            return None
        row = self._store.row("SELECT account FROM x_grant WHERE refresh = ?", (refresh,))
        if row is not None:
            return self._accounts.with_id("x", row[0])
        token, _, ending = refresh.rpartition(".")
        return self._accounts.with_token("x", token) if ending == "refresh" else None
