"""A piece of Discourse: what a user with an API key needs to answer posts, to look for its answers, and to moderate.

Nothing here is idempotent. Whoever is not of the staff and says the same again within five minutes is refused, and may
have to wait until the staff has approved a post; `/discourse/square` says who is of the staff, and approves.
"""

import json
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final
from urllib.parse import parse_qsl

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .accounts import Account, Accounts
from .clock import rfc3339
from .discourse_errors import DiscourseError, bad_key, failures, forbidden, not_found, unfit
from .discourse_posts import ForumPosts, Post, User
from .faults import Faults
from .paging import number

_LEAST: Final = 20
_MOST: Final = 32_000
_REPLIES: Final = 20
_MOST_FLAG_TYPE: Final = 10


class ForumUser(BaseModel):
    """What the forum shall think of a user."""

    staff: bool = True
    needs_approval: bool = False


class DiscourseRoutes:
    """`/discourse`."""

    def __init__(self, accounts: Accounts, posts: ForumPosts, faults: Faults) -> None:
        """Serve these posts to the forum's users among these accounts."""
        self._accounts = accounts
        self._posts = posts
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/discourse", include_in_schema=False)
        routes: list[tuple[str, str, Callable[..., object]]] = [
            ("PUT", "/square/users/{username}", self.set_user),
            ("POST", "/square/pending/{post}", self.approve),
            ("GET", "/session/current.json", self.session),
            ("GET", "/site/settings.json", self.settings),
            ("POST", "/posts.json", self.create),
            ("GET", "/posts/{username}/pending.json", self.pending),
            ("GET", "/posts/{post}/replies.json", self.replies),
            ("PUT", "/posts/{post}/unhide.json", self.unhide),
            ("GET", "/posts/{post}.json", self.read),
            ("PUT", "/posts/{post}.json", self.edit),
            ("DELETE", "/posts/{post}.json", self.delete),
            ("POST", "/post_actions.json", self.flag),
        ]
        for method, path, route in routes:
            router.add_api_route(path, route, methods=[method])
        return router

    async def set_user(self, username: str, user: ForumUser) -> Response:
        """Say whether a user is of the staff, and whether its posts must be approved."""
        self._posts.set_user(username, User(user.staff, user.needs_approval))
        return Response(status_code=204)

    async def approve(self, post: str) -> Response:
        """Approve a post that waits."""
        if self._posts.approve(number(post) or 0) is None:
            raise not_found("system")
        return Response(status_code=204)

    async def session(self, request: Request) -> Response:
        """Say whose key it is."""
        user = self._caller(request)
        shown = {"id": 7, "username": user.id, "name": user.name, "admin": False, "trust_level": 4}
        return _answer(user, {"current_user": shown | {"moderator": self._posts.user(user.id).staff}})

    async def settings(self, request: Request) -> Response:
        """Tell how long a post may be, as far as any browser is told."""
        user = self._caller(request)
        return _answer(user, {"min_post_length": _LEAST, "max_post_length": _MOST})

    async def create(self, request: Request) -> Response:
        """Take a reply to any post."""
        user = self._caller(request)
        fields = await _fields(request)
        raw = _fitting(user, str(fields.get("raw", "")))
        topic, answered = number(str(fields.get("topic_id", ""))), number(str(fields.get("reply_to_post_number", "1")))
        if not topic:
            raise unfit(user.id, "Title can't be blank")
        standing = self._posts.user(user.id)
        if not standing.staff and self._posts.said_just_now(user.id, raw):
            raise unfit(user.id, "Body is too similar to what you recently posted")

        async def accept() -> Response:
            waits = standing.needs_approval and not standing.staff
            post = self._posts.write(user.id, topic, answered or 1, raw, pending=waits)
            if not waits:
                return _answer(user, self._shown(post, user) | {"draft_sequence": 0})
            pending = {"action": "enqueued", "success": True, "pending_post": _waiting(post)}
            return _answer(user, pending | {"pending_count": len(self._posts.pending_of(user.id))})

        return await self._faults.meet("discourse", accept, failures(user.id))

    async def pending(self, request: Request, username: str) -> Response:
        """List what of the user's own posts waits for approval."""
        user = self._caller(request)
        if username.lower() != user.id.lower():
            raise not_found(user.id)
        return _answer(user, {"pending_posts": [_waiting(post) for post in self._posts.pending_of(user.id)]})

    async def replies(self, request: Request, post: str, after: str = "1") -> Response:
        """List the posts that answer one, at most 20 after a post number."""
        user = self._caller(request)
        found = self._there(user, post)
        newer = [one for one in self._posts.replies_to(found.topic, found.number) if one.number > (number(after) or 1)]
        shown = [self._shown(one, user) for one in newer[:_REPLIES]]
        for one in shown:
            del one["raw"]
        return _answer(user, shown)

    async def read(self, request: Request, post: str) -> Response:
        """Show a post; of a citizen's only that it is there."""
        user = self._caller(request)
        return _answer(user, self._shown(self._there(user, post), user))

    async def edit(self, request: Request, post: str) -> Response:
        """Edit a post of one's own."""
        user = self._caller(request)
        own = self._own(user, post)
        changed = (await _fields(request)).get("post")
        if not isinstance(changed, dict):
            raise DiscourseError(400, "param is missing or the value is empty: post", username=user.id)
        self._posts.edit(own, _fitting(user, str(changed.get("raw", ""))))
        return _answer(user, {"post": self._shown(self._there(user, post), user)})

    async def delete(self, request: Request, post: str) -> Response:
        """Take away a post of one's own, or as staff anybody's."""
        user = self._caller(request)
        found = self._there(user, post)
        if found.username is None and not self._posts.user(user.id).staff:
            raise forbidden(user.id)
        self._posts.delete(found.id)
        return Response(status_code=200, headers={"X-Discourse-Username": user.id})

    async def flag(self, request: Request) -> Response:
        """Flag a post; it is hidden at once where somebody of the staff takes action."""
        user = self._caller(request)
        fields = await _fields(request)
        found = self._there(user, str(fields.get("id", "")))
        kind = number(str(fields.get("post_action_type_id", ""))) or 0
        if not 0 < kind <= _MOST_FLAG_TYPE:
            raise DiscourseError(400, "param is missing or the value is empty: post_action_type_id", username=user.id)
        if found.hidden:
            raise forbidden(user.id)
        if fields.get("take_action") == "true" and self._posts.user(user.id).staff:
            self._posts.hide(found.id, True)
        return _answer(user, self._shown(self._there(user, str(found.id)), user))

    async def unhide(self, request: Request, post: str) -> Response:
        """Show a hidden post again, which only staff may."""
        user = self._caller(request)
        found = self._there(user, post)
        if not self._posts.user(user.id).staff:
            raise forbidden(user.id)
        self._posts.hide(found.id, False)
        return Response(status_code=200, headers={"X-Discourse-Username": user.id})

    def _caller(self, request: Request) -> Account:
        user = self._accounts.with_token("discourse", request.headers.get("api-key", ""))
        if user is None or request.headers.get("api-username", "").lower() != user.id.lower():
            raise bad_key()
        return user

    def _there(self, user: Account, post: str) -> Post:
        known = self._posts.find(number(post) or 0)
        if not number(post) or (known is not None and (known.deleted or known.pending)):
            raise not_found(user.id)
        native_id = number(post) or 0
        return known or Post(native_id, None, native_id, 1, None, "", 1, 0, 0, False, False, False)

    def _own(self, user: Account, post: str) -> Post:
        found = self._there(user, post)
        if found.username is None:
            raise forbidden(user.id)
        return found

    def _shown(self, post: Post, user: Account) -> dict[str, Any]:
        own = post.username is not None and post.username.lower() == user.id.lower()
        staff = self._posts.user(user.id).staff
        return {
            "id": post.id,
            "username": post.username or "citizen",
            "created_at": rfc3339(post.created_at),
            "updated_at": rfc3339(post.updated_at),
            "raw": post.raw,
            "cooked": f"<p>{escape(post.raw, quote=False)}</p>",
            "post_number": post.number,
            "post_type": 1,
            "reply_count": len(self._posts.replies_to(post.topic, post.number)),
            "reply_to_post_number": post.answered,
            "quote_count": 0,
            "incoming_link_count": 0,
            "reads": 3,
            "readers_count": 2,
            "score": 0.6,
            "yours": own,
            "topic_id": post.topic,
            "topic_slug": "a-matter-of-the-town",
            "version": post.version,
            "can_edit": own or staff,
            "can_delete": own or staff,
            "hidden": post.hidden,
            "deleted_at": None,
            "user_deleted": False,
            "actions_summary": [{"id": 2, "count": 1}],
        }


def _answer(user: Account, content: object) -> JSONResponse:
    return JSONResponse(content, headers={"X-Discourse-Username": user.id})


def _waiting(post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "raw_text": post.raw,
        "topic_id": post.topic,
        "username": post.username,
        "created_at": rfc3339(post.created_at),
    }


def _fitting(user: Account, raw: str) -> str:
    length = len(raw.strip())
    if length < _LEAST:
        raise unfit(user.id, f"Body is too short (minimum is {_LEAST} characters)")
    if length > _MOST:
        raise unfit(user.id, f"Body is limited to {_MOST} characters; you entered {length}.")
    return raw


async def _fields(request: Request) -> Mapping[str, Any]:
    """Read the body, a form or a JSON object whose members may be objects."""
    body = await request.body()
    try:
        if "json" not in request.headers.get("content-type", ""):
            return dict(parse_qsl(body.decode(), keep_blank_values=True))
        found = json.loads(body)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise DiscourseError(400, "The request could not be read.")
    return found
