"""What Graph tells of a token: whose it is (`/me`), and what it allows (`/debug_token`).

Source: Meta, "Graph API: debug_token". An app asks with `{app id}|{app secret}`, of which the square believes any; an
account's token may ask for itself.
"""

import re
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from .clock import Clock
from .graph_calls import META, Call, GraphCalls
from .graph_errors import bad, token_dead
from .platforms import Platform

_APP: Final = re.compile(r"\d+\|\S+")
_NINETY_DAYS: Final = 90 * 86_400
_SCOPES: Final[dict[Platform, tuple[str, ...]]] = {
    "facebook": ("pages_manage_engagement", "pages_read_engagement", "pages_read_user_content"),
    "messenger": ("pages_messaging", "pages_read_engagement", "pages_manage_metadata"),
    "instagram": ("instagram_basic", "instagram_manage_comments", "instagram_manage_messages"),
    "whatsapp": ("whatsapp_business_messaging", "whatsapp_business_management"),
}


class TokensRoom:
    """The tokens of accounts."""

    def __init__(self, calls: GraphCalls, clock: Clock) -> None:
        """Tell of the tokens that these calls may carry."""
        self._calls = calls
        self._clock = clock

    async def me(self, call: Call) -> Response:
        """Say whom the token speaks for."""
        account = call.on(*META)
        return JSONResponse({"id": account.id, "name": account.name})

    async def debug(self, call: Call) -> Response:
        """Say what a token allows."""
        asked = call.fields.get("input_token")
        if not asked:
            raise bad("The parameter input_token is required")
        if not _APP.fullmatch(call.token):
            if not call.accounts:
                raise token_dead()
            if asked != call.token:
                raise bad("You must provide an app access token, or a user access token of the app")
        return JSONResponse({"data": self._told(asked)})

    def _told(self, token: str) -> dict[str, Any]:
        accounts = self._calls.of_token(token)
        if not accounts:
            error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 467}
            return {"error": error, "is_valid": False, "scopes": []}
        scopes = sorted({scope for platform in accounts for scope in _SCOPES[platform]})
        pages = [account.id for platform, account in accounts.items() if platform in ("facebook", "messenger")]
        granular = [{"scope": scope} | _aimed(scope, pages) for scope in scopes]
        return {
            "type": "SYSTEM_USER" if "whatsapp" in accounts else "PAGE",
            "application": "Town square",
            "is_valid": True,
            "expires_at": 0,
            "data_access_expires_at": self._clock() // 1000 + _NINETY_DAYS,
            "scopes": scopes,
            "granular_scopes": granular,
        }


def _aimed(scope: str, pages: list[str]) -> dict[str, list[str]]:
    return {"target_ids": pages} if scope.startswith("pages_") else {}
