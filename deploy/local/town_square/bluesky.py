"""A piece of a Bluesky PDS: sessions, what its AppView lists for an account, and the account's own repository.

Sources: the lexicons of atproto and its PDS. As there, an outdated token is answered with 400; ``putRecord`` of what is
there already changes nothing and succeeds, whatever ``swapRecord`` says; a write does not fail because what it answers
is gone. Only the fault ``parent_gone`` makes it fail, with the words of a record that cannot be found.
"""

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account
from .bluesky_ids import POSTS, uri_of
from .bluesky_posts import Posts, Record
from .bluesky_records import Write, checked, read_json, read_write
from .bluesky_sessions import Sessions, XrpcError, handle_of, throttled
from .bluesky_views import Views
from .clock import Clock
from .faults import Failures, Faults
from .paging import number

_MOST_POSTS: Final = 25
_MOST_NOTIFICATIONS: Final = 100
_WRITES_AN_HOUR: Final = 5000


async def answer_xrpc_error(_: Request, error: Exception) -> JSONResponse:
    """Answer an error in the PDS's shape."""
    assert isinstance(error, XrpcError)
    return error.answer()


class BlueskyRoutes:
    """`/xrpc` for agencies' accounts."""

    def __init__(self, sessions: Sessions, posts: Posts, views: Views, faults: Faults, clock: Clock) -> None:
        """Serve these posts to whoever these sessions know."""
        self._sessions = sessions
        self._posts = posts
        self._views = views
        self._faults = faults
        self._clock = clock

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/xrpc", include_in_schema=False)
        routes: list[tuple[str, str, Callable[[Request], Awaitable[Response]]]] = [
            ("POST", "com.atproto.server.createSession", self.create_session),
            ("POST", "com.atproto.server.refreshSession", self.refresh_session),
            ("GET", "com.atproto.server.getSession", self.get_session),
            ("GET", "com.atproto.identity.resolveHandle", self.resolve_handle),
            ("GET", "app.bsky.notification.listNotifications", self.list_notifications),
            ("GET", "app.bsky.feed.getPosts", self.get_posts),
            ("GET", "app.bsky.actor.getProfile", self.get_profile),
            ("POST", "com.atproto.repo.createRecord", self.create_record),
            ("POST", "com.atproto.repo.putRecord", self.put_record),
            ("GET", "com.atproto.repo.getRecord", self.get_record),
            ("POST", "com.atproto.repo.deleteRecord", self.delete_record),
        ]
        for method, name, route in routes:
            router.add_api_route(f"/{name}", route, methods=[method])
        return router

    async def create_session(self, request: Request) -> Response:
        """Open a session with an app password."""
        content = await read_json(request)
        return JSONResponse(self._sessions.open(str(content.get("identifier")), str(content.get("password"))))

    async def refresh_session(self, request: Request) -> Response:
        """Trade the refresh token for new ones."""
        return JSONResponse(self._sessions.refresh(request.headers.get("authorization", "")))

    async def get_session(self, request: Request) -> Response:
        """Say whose session this is, and whether its account may act."""
        account = self._account(request)
        return JSONResponse({"did": account.id, "handle": handle_of(account), "active": True})

    async def list_notifications(self, request: Request) -> Response:
        """List what concerns the account, newest first; a page that has anything has a cursor to the next one."""
        account, query = self._account(request), request.query_params
        limit = number(query.get("limit", "50"))
        if not limit or limit > _MOST_NOTIFICATIONS:
            raise XrpcError(400, "InvalidRequest", "Error: limit must be between 1 and 100")
        reasons, below = query.getlist("reasons"), _place(query.get("cursor"))
        found = (
            notice
            for notice in self._views.notices(account.id)
            if (not reasons or notice.reason in reasons)
            and (below is None or (notice.post.sort_at, notice.post.number) < below)
        )
        page = list(islice(found, limit))
        content: dict[str, Any] = {"notifications": [self._views.notification(each) for each in page]}
        if page:
            content["cursor"] = f"{page[-1].post.sort_at}::{page[-1].post.number}"
        return JSONResponse(content | {"priority": False})

    async def get_posts(self, request: Request) -> Response:
        """Show those of the posts asked for that are there."""
        account = self._account(request)
        uris = dict.fromkeys(request.query_params.getlist("uris"))
        if not uris or len(uris) > _MOST_POSTS:
            raise XrpcError(400, "InvalidRequest", f"Error: uris must not have more than {_MOST_POSTS} elements")
        return JSONResponse({"posts": self._views.posts(uris, account.id)})

    async def get_profile(self, request: Request) -> Response:
        """Show somebody."""
        account = self._account(request)
        name = request.query_params.get("actor", "")
        actor = self._posts.actor(name) or self._posts.called(name)
        if actor is None:
            raise XrpcError(400, "InvalidRequest", "Profile not found")
        return JSONResponse(self._views.profile_for(actor, account.id))

    async def resolve_handle(self, request: Request) -> Response:
        """Tell whose a handle is; nobody needs a token for it."""
        actor = self._posts.called(request.query_params.get("handle", "").lower())
        if actor is None:
            raise XrpcError(400, "InvalidRequest", "Unable to resolve handle")
        return JSONResponse({"did": actor.did})

    async def get_record(self, request: Request) -> Response:
        """Show a record of anybody's, as written; nobody needs a token for it."""
        query = request.query_params
        uri = uri_of(query.get("repo", ""), query.get("rkey", ""))
        post = self._posts.find(uri) if query.get("collection") == POSTS else None
        if post is None or query.get("cid") not in (None, post.cid):
            raise _no_record(uri)
        return JSONResponse({"uri": post.uri, "cid": post.cid, "value": post.record})

    async def create_record(self, request: Request) -> Response:
        """Write a record under a key that must be free."""
        account, write = await self._write(request)
        if write.key and self._posts.find(uri_of(account.id, write.key)):
            # The repository's tree cannot have two records under one key; the PDS does not foresee that.
            raise XrpcError(500, "InternalServerError", "Internal Server Error")
        return await self._put(account, write.key or self._posts.free_key(), checked(write.record))

    async def put_record(self, request: Request) -> Response:
        """Write a record under a key, in place of what is there."""
        account, write = await self._write(request)
        if not write.key:
            raise XrpcError(400, "InvalidRequest", "Input must have the property rkey")
        record = checked(write.record)
        before = self._posts.find(uri_of(account.id, write.key))
        if not write.may_replace(before, record):
            raise XrpcError(400, "InvalidSwap", f"Record was at {before.cid if before else 'null'}")
        return await self._put(account, write.key, record)

    async def delete_record(self, request: Request) -> Response:
        """Take a record away; one that is not there is taken away already."""
        account, write = await self._write(request)
        post = self._posts.find(uri_of(account.id, write.key or ""))
        if post:
            self._posts.delete(post)
        return JSONResponse({})

    async def _put(self, account: Account, key: str, record: Record) -> Response:
        async def accept() -> Response:
            post = self._posts.put(account.id, key, record)
            return JSONResponse({"uri": post.uri, "cid": post.cid, "validationStatus": "valid"})

        reply = record.get("reply")
        if reply is None:
            return await accept()
        return await self._faults.meet("bluesky", accept, self._failures(reply["parent"]["uri"]))

    def _failures(self, parent: str) -> Failures:
        def failed(status: int, error: str, message: str) -> Callable[[], Response]:
            return lambda: XrpcError(status, error, message).answer()

        now = self._clock()
        return {
            "accept_then_500": failed(500, "InternalServerError", "Internal Server Error"),
            "throttle": lambda: throttled(_WRITES_AN_HOUR, now + 1000, now).answer(),
            "down": failed(503, "UpstreamFailure", "Upstream service unreachable"),
            "token_dead": failed(400, "InvalidToken", "Token has been revoked"),
            "parent_gone": lambda: _no_record(parent).answer(),
        }

    def _account(self, request: Request) -> Account:
        return self._sessions.speaker(request.headers.get("authorization", ""))

    async def _write(self, request: Request) -> tuple[Account, Write]:
        account = self._account(request)
        write = read_write(await read_json(request))
        if write.repo not in (account.id, handle_of(account)):
            raise XrpcError(401, "AuthenticationRequired", "Authentication Required")
        return account, write


def _no_record(uri: str) -> XrpcError:
    return XrpcError(400, "RecordNotFound", f"Could not locate record: {uri}")


def _place(cursor: str | None) -> tuple[int, int] | None:
    if not cursor:
        return None
    at, _, place = cursor.partition("::")
    return number(at) or 0, number(place) or 0
