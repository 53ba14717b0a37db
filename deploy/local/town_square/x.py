"""X's API v2, as far as an agency's account needs it to answer, to look for its answers, and to moderate.

Sources: X developer documentation, "Manage Posts", "Post lookup", "Timelines", "Hide replies", "Direct Messages",
"User lookup me", "OAuth 2.0 Authorization Code Flow with PKCE", "Rate limits". X knows no idempotent posts: the same
words again are refused as duplicate content, which is as good as an answer.
"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account
from .clock import Clock
from .faults import Failures, Faults
from .paging import number
from .x_errors import (
    OAuthError,
    XError,
    bad_request,
    forbidden,
    missing,
    parent_gone,
    said_twice,
    too_long,
    unauthorised,
)
from .x_grants import LIVES_FOR_SECONDS, Grants
from .x_known import KnownPosts
from .x_posts import Post, XPosts
from .x_views import conversation_of, shown_message, shown_post, weight, with_fields

_MOST_WEIGHT: Final = 280
_MOST_IN_MESSAGE: Final = 10_000
_WINDOW: Final = 900
_ANNOUNCED: Final = 1_000_000
"""Announced as the limit of a window and never enforced: throttling is a fault one asks for."""
_HIGHEST: Final = 2**63 - 1
_ID: Final = re.compile("[0-9]{1,19}")


class XRoutes:
    """`/x/2` for agencies' accounts."""

    def __init__(self, grants: Grants, posts: XPosts, known: KnownPosts, faults: Faults, clock: Clock) -> None:
        """Serve these posts to whoever may speak."""
        self._grants = grants
        self._posts = posts
        self._known = known
        self._faults = faults
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/x/2", include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("GET", "/users/me", self.me),
            ("GET", "/users/{user}/tweets", self.timeline),
            ("POST", "/tweets", self.post),
            ("GET", "/tweets/{post}", self.read),
            ("DELETE", "/tweets/{post}", self.delete),
            ("PUT", "/tweets/{post}/hidden", self.hide),
            ("POST", "/dm_conversations/with/{user}/messages", self.message),
            ("GET", "/dm_conversations/with/{user}/dm_events", self.messages),
            ("GET", "/dm_events/{message}", self.read_message),
            ("DELETE", "/dm_events/{message}", self.delete_message),
            ("POST", "/oauth2/token", self.renew),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def me(self, request: Request) -> Response:
        """Say whom the token speaks for."""
        account = self._account(request)
        user = {"id": account.id, "name": account.name, "username": account.agency.replace("-", "_")}
        return self._answer({"data": user}, headers={"x-access-level": "read-write-directmessages"})

    async def post(self, request: Request) -> Response:
        """Publish a post; one that answers another is a reply and may meet a fault."""
        account, content = self._account(request), await _content(request)
        text, parent = _text(content), _parent(content)
        if weight(text) > _MOST_WEIGHT:
            raise too_long()
        if parent and self._posts.find(number(parent), deleted=True):
            raise parent_gone()

        async def accept() -> Response:
            if self._posts.said_lately(account, text, parent):
                raise said_twice()
            post = self._posts.post(account, text, parent)
            return self._answer({"data": with_fields(self._shown(post), ())}, 201)

        return await self._faults.meet("x", accept, self._failures()) if parent else await accept()

    async def read(self, request: Request, post: str) -> Response:
        """Show one of the agencies' posts, or a citizen's; not what was deleted, nor a private message."""
        self._account(request)
        found = self._posts.find(number(post))
        if found is None and (not _ID.fullmatch(post) or self._posts.was_ours(number(post))):
            return self._answer(missing("tweet", post))
        shown = self._known.shown(post) if found is None else self._shown(found)
        return self._answer({"data": with_fields(shown, _wanted(request))})

    async def timeline(self, request: Request, user: str) -> Response:
        """List an account's posts, newest first."""
        self._account(request)
        limit, below = _page(request, least=5)
        found = self._posts.written_by(user, _start(request), below, limit + 1)
        wanted = _wanted(request)
        return self._answer(_listed(found, limit, lambda post: with_fields(self._shown(post), wanted)))

    async def delete(self, request: Request, post: str) -> Response:
        """Delete one's own post; deleting it again changes nothing."""
        account = self._account(request)
        found = self._posts.find(number(post))
        if found is not None:
            if found.account != account.id:
                raise forbidden("You are not authorized to delete this Tweet.")
            self._posts.delete(found)
        return self._answer({"data": {"deleted": True}})

    async def hide(self, request: Request, post: str) -> Response:
        """Hide somebody's answer or show it again."""
        account, content = self._account(request), await _content(request)
        hidden = content.get("hidden")
        if not isinstance(hidden, bool) or not _ID.fullmatch(post):
            raise bad_request("The `hidden` field in the body of the request is required.")
        self._posts.hide(account, post, hidden)
        return self._answer({"data": {"hidden": hidden}})

    async def message(self, request: Request, user: str) -> Response:
        """Send a private message."""
        account, content = self._account(request), await _content(request)
        text = _text(content)
        if len(text) > _MOST_IN_MESSAGE:
            raise bad_request("The text of your direct message is over the max character limit.")

        async def accept() -> Response:
            message = self._posts.message(account, text, user)
            made = {"dm_conversation_id": conversation_of(message), "dm_event_id": str(message.id)}
            return self._answer({"data": made}, 201)

        return await self._faults.meet("x", accept, self._failures(private=True))

    async def messages(self, request: Request, user: str) -> Response:
        """List the account's messages to somebody, newest first."""
        account = self._account(request)
        limit, below = _page(request, least=1)
        found = self._posts.conversation(account.id, user, below, limit + 1)
        return self._answer(_listed(found, limit, shown_message))

    async def read_message(self, request: Request, message: str) -> Response:
        """Show one of the account's private messages."""
        account = self._account(request)
        found = self._posts.find(number(message), private=True)
        if found is None or found.account != account.id:
            return self._answer(missing("dm_event", message))
        return self._answer({"data": shown_message(found)})

    async def delete_message(self, request: Request, message: str) -> Response:
        """Delete one's own private message."""
        account = self._account(request)
        found = self._posts.find(number(message), private=True)
        if found is None:
            raise XError(404, "Not Found", "The requested DM event was not found.")
        if found.account != account.id:
            raise forbidden("You are not permitted to perform this action.")
        self._posts.delete(found)
        return self._answer({"data": {"deleted": True}})

    async def renew(self, request: Request) -> Response:
        """Give new tokens for a refresh token, which is used up by that."""
        form = dict(parse_qsl((await request.body()).decode()))
        is_confidential = request.headers.get("authorization", "").startswith("Basic ")
        if not is_confidential and not form.get("client_id"):
            raise OAuthError(401, "unauthorized_client", "Missing valid authorization header")
        if form.get("grant_type") != "refresh_token":
            raise OAuthError(400, "unsupported_grant_type", "Missing or unknown grant type")
        renewed = self._grants.renew(form.get("refresh_token", ""))
        if renewed is None:
            raise OAuthError(400, "invalid_request", "Value passed for the token was invalid.")
        access, refresh = renewed
        scope = "tweet.read tweet.write tweet.moderate.write users.read dm.read dm.write offline.access"
        body = {"token_type": "bearer", "expires_in": LIVES_FOR_SECONDS, "access_token": access, "scope": scope}
        return JSONResponse(body | {"refresh_token": refresh})

    def _shown(self, post: Post) -> dict[str, Any]:
        return shown_post(post, self._posts, self._known.numbers(str(post.id)))

    def _account(self, request: Request) -> Account:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        account = self._grants.account(token.strip()) if scheme.lower() == "bearer" else None
        if account is None:
            raise unauthorised()
        return account

    def _failures(self, *, private: bool = False) -> Failures:
        def throttled() -> Response:
            limit = self._limit(0, self._clock() // 1000 + 1)
            return XError(429, "Too Many Requests", "Too Many Requests").answer(limit)

        gone = forbidden("You cannot send messages to this user.") if private else parent_gone()
        return {
            "accept_then_500": lambda: XError(500, "Internal Server Error", "Internal Server Error").answer(),
            "throttle": throttled,
            "down": lambda: XError(503, "Service Unavailable", "Service Unavailable").answer(),
            "token_dead": lambda: unauthorised().answer(),
            "parent_gone": lambda: gone.answer(),
        }

    def _answer(self, body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
        window_ends = (self._clock() // 1000 // _WINDOW + 1) * _WINDOW
        return JSONResponse(body, status, self._limit(_ANNOUNCED - 1, window_ends) | dict(headers or {}))

    def _limit(self, remaining: int, reset: int) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(_ANNOUNCED),
            "x-rate-limit-remaining": str(remaining),
            "x-rate-limit-reset": str(reset),
        }


async def _content(request: Request) -> dict[str, Any]:
    try:
        content = json.loads(await request.body())
    except ValueError as unreadable:
        raise bad_request("The body of the request is not JSON.") from unreadable
    if not isinstance(content, dict):
        raise bad_request("The body of the request is no object.")
    return content


def _text(content: Mapping[str, Any]) -> str:
    text = content.get("text")
    if not isinstance(text, str) or not text.strip():
        raise bad_request("One or more parameters to your request was invalid: text.")
    return text


def _parent(content: Mapping[str, Any]) -> str | None:
    reply = content.get("reply")
    if reply is None:
        return None
    parent = reply.get("in_reply_to_tweet_id") if isinstance(reply, dict) else None
    if not isinstance(parent, str) or not _ID.fullmatch(parent):
        raise bad_request("One or more parameters to your request was invalid: reply.in_reply_to_tweet_id.")
    return parent


def _wanted(request: Request) -> list[str]:
    return request.query_params.get("tweet.fields", "").split(",")


def _page(request: Request, least: int) -> tuple[int, int]:
    """How many, and from which on; the token of a page is the last id of the one before."""
    limit = number(request.query_params.get("max_results")) or 10
    if not least <= limit <= 100:
        raise bad_request(f"The `max_results` query parameter value [{limit}] is not between {least} and 100.")
    return limit, number(request.query_params.get("pagination_token")) or _HIGHEST


def _start(request: Request) -> int:
    start = request.query_params.get("start_time")
    if start is None:
        return 0
    try:
        return int(datetime.strptime(f"{start}+0000", "%Y-%m-%dT%H:%M:%SZ%z").timestamp() * 1000)
    except ValueError as unreadable:
        raise bad_request(f"The `start_time` query parameter value [{start}] is not a moment.") from unreadable


def _listed(found: list[Post], limit: int, show: Callable[[Post], dict[str, Any]]) -> dict[str, Any]:
    """A page of what was found, which is one more than fits where there is a next one."""
    piece = found[:limit]
    meta: dict[str, Any] = {"result_count": len(piece)}
    if not piece:
        return {"meta": meta}
    meta |= {"newest_id": str(piece[0].id), "oldest_id": str(piece[-1].id)}
    if len(found) > limit:
        meta["next_token"] = str(piece[-1].id)
    return {"data": [show(each) for each in piece], "meta": meta}
