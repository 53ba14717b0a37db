"""Who may call the YouTube Data API, and how much of the day's quota that leaves.

Source: YouTube Data API, "Quota and compliance audits": reading costs 1 unit, writing 50, a day ends at midnight in
Los Angeles. A call costs its units even if it is refused.
"""

from collections import Counter
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from starlette.requests import Request

from .accounts import Account, Accounts
from .clock import Clock
from .youtube_errors import YouTubeError, no_key, quota_exceeded, unauthorised, wrong_key
from .youtube_tokens import Tokens

_PACIFIC: Final = ZoneInfo("America/Los_Angeles")


class Keys:
    """Finds the account behind a key or a token, and counts."""

    def __init__(self, accounts: Accounts, tokens: Tokens, clock: Clock, units_a_day: int) -> None:
        """Let each of these accounts have so many units a day."""
        self._accounts = accounts
        self._tokens = tokens
        self._clock = clock
        self._units_a_day = units_a_day
        self._used: Counter[tuple[str, str]] = Counter()

    def channels(self) -> list[Account]:
        """List the channels there are."""
        return [account for account in self._accounts.active() if account.platform == "youtube"]

    def reader(self, request: Request, units: int) -> Account:
        """Find whose key or token a call carries."""
        key = request.headers.get("x-goog-api-key") or request.query_params.get("key")
        if key:
            return self._counted(self._accounts.with_token("youtube", key), units, wrong_key())
        if "authorization" in request.headers:
            return self.writer(request, units)
        raise no_key()

    def writer(self, request: Request, units: int) -> Account:
        """Find whose token a call carries; a key is not enough to write."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._tokens.account(token.strip()) if scheme.lower() == "bearer" else None
        return self._counted(account, units, unauthorised("Invalid Credentials"))

    def _counted(self, account: Account | None, units: int, otherwise: YouTubeError) -> Account:
        if account is None:
            raise otherwise
        day = datetime.fromtimestamp(self._clock() / 1000, UTC).astimezone(_PACIFIC).date().isoformat()
        self._used[account.id, day] += units
        if self._used[account.id, day] > self._units_a_day:
            raise quota_exceeded()
        return account
