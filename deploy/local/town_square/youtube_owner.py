"""What the owner of a channel does on YouTube beside talking: moderating comments, and looking after tokens.

Sources: YouTube Data API, "Comments: setModerationStatus" and "Channels: list"; Google Identity, "Using OAuth 2.0 for
Web Server Applications". What was rejected cannot be published again.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .fields import Unreadable, read_fields
from .youtube_comments import MODERATED, Comments
from .youtube_entities import channel_entity, page_entity
from .youtube_errors import YouTubeError, bad_request, missing
from .youtube_keys import Keys
from .youtube_tokens import LIFE_SECONDS, SCOPE, Tokens

_MOST_IDS: Final = 50


class OwnerRoutes:
    """`/youtube/v3/channels`, `/youtube/v3/comments/setModerationStatus`, and Google's `/token` and `/tokeninfo`."""

    def __init__(self, keys: Keys, comments: Comments, tokens: Tokens) -> None:
        """Serve whoever has one of these keys."""
        self._keys = keys
        self._comments = comments
        self._tokens = tokens

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(include_in_schema=False)
        routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("GET", "/youtube/v3/channels", self.channels),
            ("POST", "/youtube/v3/comments/setModerationStatus", self.moderate),
            ("POST", "/token", self.renew),
            ("POST", "/tokeninfo", self.describe),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def channels(self, request: Request) -> Response:
        """Say which channel the token opens; nothing else can be asked for."""
        account = self._keys.writer(request, units=1)
        query = request.query_params
        if query.get("mine") != "true" or not query.get("part"):
            raise bad_request("missingRequiredParameter", "No filter selected. Expected one of: mine")
        return JSONResponse(page_entity("channel", [channel_entity(account.id)], None, 5))

    async def moderate(self, request: Request) -> Response:
        """Hold comments back, publish them, or reject them for good."""
        account = self._keys.writer(request, units=50)
        query = request.query_params
        wanted, ids = query.get("moderationStatus"), (query.get("id") or "").split(",")
        if wanted not in MODERATED or not all(ids) or len(ids) > _MOST_IDS:
            raise bad_request("missingRequiredParameter", "The id or the moderationStatus is not as it should be.")
        comments = [self._comments.find(each) for each in ids]
        for comment in comments:
            if comment is None:
                raise missing("commentNotFound", "One or more of the comments could not be found.")
            if comment.channel != account.id:
                raise YouTubeError(403, "forbidden", "The moderation status cannot be set: insufficient permissions.")
            if wanted == "published" and self._comments.moderation(comment) == "rejected":
                raise bad_request("operationNotSupported", "A rejected comment cannot be published.")
        for comment in comments:
            assert comment is not None
            self._comments.moderate(comment, wanted)
        return Response(status_code=204)

    async def renew(self, request: Request) -> Response:
        """Trade a refresh token for a new access token."""
        try:
            form = await read_fields(request)
        except Unreadable:
            form = {}
        if form.get("grant_type") != "refresh_token":
            return _refused(400, "unsupported_grant_type", "Invalid grant_type")
        if not form.get("client_id") or not form.get("client_secret"):
            return _refused(401, "invalid_client", "The OAuth client was not found.")
        token = self._tokens.renew(form.get("refresh_token", ""))
        if token is None:
            return _refused(400, "invalid_grant", "Token has been expired or revoked.")
        return JSONResponse({"access_token": token, "expires_in": LIFE_SECONDS, "scope": SCOPE, "token_type": "Bearer"})

    async def describe(self, request: Request) -> Response:
        """Say what an access token may do."""
        try:
            form = await read_fields(request)
        except Unreadable:
            form = {}
        if self._tokens.account(form.get("access_token", "")) is None:
            return _refused(400, "invalid_token", "Invalid Value")
        return JSONResponse({"scope": SCOPE, "expires_in": str(LIFE_SECONDS), "access_type": "offline"})


def _refused(status: int, error: str, description: str) -> JSONResponse:
    return JSONResponse({"error": error, "error_description": description}, status)
