"""Small servers of platforms that push: what they list for whoever asks, and what they would have pushed.

Each checks who asks, pages as the real one does, newest first, and fails on demand.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.ingest.serving import serving

FIRST_ID = 9007199254740993
"""A float would break it."""


@dataclass
class FakePushing:
    """A platform's list of what was said to one account. ``fail`` answers the next requests with these (None: as it
    should). ``ahead`` is how far the clocks of all of them are before the machine's."""

    platform: ClassVar[str]
    account: ClassVar[str]
    secret: ClassVar[str]
    ahead: ClassVar[timedelta] = timedelta()

    url: str = ""
    token: str = "a-token"
    said: list[dict[str, Any]] = field(default_factory=list)
    fail: list[Response | None] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    page_size: int = 2

    def now(self) -> datetime:
        """The present moment there."""
        return datetime.now(UTC) + self.ahead

    def say(self, words: str, ago: timedelta = timedelta(), **more: Any) -> dict[str, Any]:
        """A person said this; what the platform keeps of it."""
        number = str(FIRST_ID + len(self.said))
        self.said.append(self.item(number, words, self.now() - ago, **more))
        return self.said[-1]

    def item(self, number: str, words: str, at: datetime, **more: Any) -> dict[str, Any]:
        """What is listed."""
        raise NotImplementedError

    def push(self, item: dict[str, Any]) -> bytes:
        """The body that tells of ``item``."""
        raise NotImplementedError

    def native_id(self, item: dict[str, Any]) -> str:
        """What names ``item`` in both."""
        return str(item["id"])

    def routes(self) -> list[Route]:
        """Where it can be asked."""
        raise NotImplementedError

    def proves(self, request: Request) -> bool:
        """Whether ``request`` comes from one who has the token."""
        return request.headers.get("authorization") == f"Bearer {self.token}"

    def refused(self) -> Response:
        """What others are told."""
        return JSONResponse({"title": "Unauthorized", "status": 401}, 401)

    def failure(self, request: Request) -> Response | None:
        """What goes wrong with ``request``."""
        self.asked.append(str(request.url.path))
        failure = self.fail.pop(0) if self.fail else None
        return failure if failure is not None or self.proves(request) else self.refused()


def offset(moment: datetime) -> str:
    """``2026-11-22T08:30:00+0000``, as Meta writes it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}+0000"


def milliseconds(moment: datetime) -> str:
    """``2026-11-22T08:30:00.000Z``."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


class FakeGraph(FakePushing):
    """What Meta's two share: tokens, errors, lists with cursors."""

    def refused(self) -> Response:
        return self.error(190, 460)

    @staticmethod
    def error(code: int, subcode: int | None = None, status: int = 400, **headers: str) -> Response:
        """An error of the Graph API."""
        error = {"message": "No.", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
        return JSONResponse({"error": {**error, **({"error_subcode": subcode} if subcode else {})}}, status, headers)

    def listed(self, items: list[dict[str, Any]], request: Request, after: str | None) -> dict[str, Any]:
        """A page of a list that begins with the newest."""
        begin = int(after or 0)
        page = items[::-1][begin : begin + self.page_size]
        paging: dict[str, Any] = {"cursors": {"before": str(begin), "after": str(begin + len(page))}}
        if begin + len(page) < len(items):
            paging["next"] = f"{request.url}&after={begin + len(page)}"
        return {"data": page, "paging": paging} if page else {"data": []}


class FakeFacebook(FakeGraph):
    platform, account, secret = "facebook", "110000000000001", "page_token"
    post = "110000000000001_1220000000000077"

    def item(self, number: str, words: str, at: datetime, **more: Any) -> dict[str, Any]:
        author = {"id": "7254899741216339", "name": "Nimal Perera"}
        return {
            "id": f"1220000000000077_{number}", "message": words, "from": author, "created_time": offset(at), **more,
        }  # fmt: skip

    def push(self, item: dict[str, Any]) -> bytes:
        value = {
            "from": item["from"], "item": "comment", "verb": "add", "comment_id": item["id"], "post_id": self.post,
            "parent_id": item.get("parent", {}).get("id", self.post), "message": item["message"],
            "created_time": int(datetime.fromisoformat(item["created_time"]).timestamp()),
        }  # fmt: skip
        entry = {"id": self.account, "time": 1795336200, "changes": [{"field": "feed", "value": value}]}
        return json.dumps({"object": "page", "entry": [entry]}, separators=(",", ":")).encode()

    def routes(self) -> list[Route]:
        return [
            Route(f"/v25.0/{self.account}/feed", self.feed),
            Route(f"/v25.0/{self.post}/comments", self.comments),
            Route("/v25.0/110000000000001_1220000000000078/comments", self.gone),
        ]

    async def feed(self, request: Request) -> Response:
        if failure := self.failure(request):
            return failure
        long_ago = offset(datetime(2020, 1, 1, tzinfo=UTC))
        newest = max((one["created_time"] for one in self.said), default=long_ago)
        posts = [
            {"id": self.post, "updated_time": newest},
            {"id": "110000000000001_1220000000000078", "updated_time": newest},
            {"id": "110000000000001_1220000000000001", "updated_time": long_ago},
        ]
        return JSONResponse({"data": posts, "paging": {"cursors": {"before": "a", "after": "b"}}})

    async def comments(self, request: Request) -> Response:
        if failure := self.failure(request):
            return failure
        query = request.query_params
        assert (query["filter"], query["order"]) == ("stream", "reverse_chronological")
        since = datetime.fromtimestamp(int(query["since"]), UTC)
        due = [one for one in self.said if datetime.fromisoformat(one["created_time"]) >= since]
        return JSONResponse(self.listed(due, request, query.get("after")))

    async def gone(self, request: Request) -> Response:
        return self.failure(request) or self.error(100, 33)


class FakeInstagram(FakeGraph):
    platform, account, secret = "instagram", "17841405793187219", "access_token"
    picture = "17998204631145027"

    def item(self, number: str, words: str, at: datetime, **more: Any) -> dict[str, Any]:
        author = {"id": "1254459154682919", "username": "nimal.perera"}
        return {"id": number, "text": words, "from": author, "timestamp": offset(at), **more}

    def push(self, item: dict[str, Any]) -> bytes:
        value = {"from": item["from"], "media": {"id": self.picture}, "id": item["id"], "text": item["text"]}
        entry = {"id": self.account, "time": 1795336200, "changes": [{"field": "comments", "value": value}]}
        return json.dumps({"object": "instagram", "entry": [entry]}, separators=(",", ":")).encode()

    def routes(self) -> list[Route]:
        return [
            Route(f"/v25.0/{self.account}/media", self.media),
            Route(f"/v25.0/{self.picture}/comments", self.comments),
        ]

    async def media(self, request: Request) -> Response:
        if failure := self.failure(request):
            return failure
        comments = self.listed(self.said, request, None)
        pictures = [{"id": self.picture, **({"comments": comments} if self.said else {})}, {"id": "17998204631145000"}]
        return JSONResponse({"data": pictures})

    async def comments(self, request: Request) -> Response:
        return self.failure(request) or JSONResponse(self.listed(self.said, request, request.query_params["after"]))


class FakeX(FakePushing):
    platform, account, secret = "x", "1471190036205195265", "bearer_token"

    def item(self, number: str, words: str, at: datetime, **more: Any) -> dict[str, Any]:
        return {
            "id": number, "text": words, "author_id": "1460323737035677699", "created_at": milliseconds(at),
            "edit_history_tweet_ids": [number], "conversation_id": number, "lang": "en", **more,
        }  # fmt: skip

    def push(self, item: dict[str, Any]) -> bytes:
        data = {
            "event_uuid": f"-{item['id']}", "filter": {"user_id": self.account}, "event_type": "post.mention.create",
            "payload": item, "includes": self.includes,
        }  # fmt: skip
        return json.dumps({"data": data}, ensure_ascii=False).encode()

    includes: ClassVar[Mapping[str, Any]] = {
        "users": [{"id": "1460323737035677699", "name": "Nimal Perera", "username": "nimal_perera"}]
    }

    def routes(self) -> list[Route]:
        return [Route(f"/2/users/{self.account}/mentions", self.mentions)]

    async def mentions(self, request: Request) -> Response:
        if failure := self.failure(request):
            return failure
        query = request.query_params
        assert query["max_results"] == "100"
        assert query["end_time"] < milliseconds(self.now() - timedelta(seconds=10)), "X would refuse it"
        same = "|".join((query["end_time"], query.get("since_id", ""), query.get("start_time", "")))
        begin, _, asked = query.get("pagination_token", f"0|{same}").partition("|")
        assert asked == same, "a token is good for the same question only"
        due = [one for one in self.said if self.is_due(one, query)][::-1]
        page = due[int(begin) : int(begin) + self.page_size]
        meta: dict[str, Any] = {"result_count": len(page)}
        if page:
            meta |= {"newest_id": page[0]["id"], "oldest_id": page[-1]["id"]}
        if int(begin) + len(page) < len(due):
            meta["next_token"] = f"{int(begin) + len(page)}|{same}"
        return JSONResponse({**({"data": page, "includes": self.includes} if page else {}), "meta": meta})

    def is_due(self, one: dict[str, Any], query: Mapping[str, str]) -> bool:
        since = query.get("since_id")
        begun = int(one["id"]) > int(since) if since else one["created_at"] >= query["start_time"]
        return begun and one["created_at"] < query["end_time"]


@dataclass
class FakeForum(FakePushing):
    """A forum; an old one looks through 50 ids for each page, whether or not posts are among them."""

    platform, account, secret = "discourse", "Passports", "api_key"
    is_old: bool = False
    page_size: int = 2

    def item(self, number: str, words: str, at: datetime, **more: Any) -> dict[str, Any]:
        return {
            "id": int(number), "name": "Nimal Perera", "username": "NimalP", "created_at": milliseconds(at),
            "updated_at": milliseconds(at), "raw": words, "cooked": f"<p>{words}</p>", "post_number": 2, "post_type": 1,
            "topic_id": 4947, "version": 1, "user_id": 9007199254740995, "hidden": False, "deleted_at": None,
            "user_deleted": False, "reads": 3, **more,
        }  # fmt: skip

    def push(self, item: dict[str, Any]) -> bytes:
        return json.dumps({"post": {**item, "topic_archetype": "regular"}}, ensure_ascii=False).encode()

    def proves(self, request: Request) -> bool:
        return (request.headers.get("api-key"), request.headers.get("api-username")) == (self.token, self.account)

    def refused(self) -> Response:
        return JSONResponse({"errors": ["You are not permitted to view the requested resource."]}, 403)

    def routes(self) -> list[Route]:
        return [Route("/posts.json", self.latest)]

    async def latest(self, request: Request) -> Response:
        if failure := self.failure(request):
            return failure
        before = int(request.query_params.get("before", "0"))
        if self.is_old:
            newest = before or max((one["id"] for one in self.said), default=0)
            page = [one for one in self.said if newest - 50 < one["id"] <= newest]
        else:
            page = [one for one in self.said if not before or one["id"] < before][-self.page_size :]
        return JSONResponse({"latest_posts": page[::-1]})


FAKES: tuple[type[FakePushing], ...] = (FakeFacebook, FakeInstagram, FakeX, FakeForum)


@asynccontextmanager
async def fake(kind: type[FakePushing]) -> AsyncIterator[Any]:
    """A running server."""
    made = kind()
    async with serving(made.routes()) as made.url:
        yield made
