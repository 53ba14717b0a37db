"""A Bluesky server on which everything goes well, until a test tells it otherwise; and what is said there."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms.bluesky import Bluesky
from services.publisher.domain.publications import Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from shared.ids import PublicationId
from tests.publisher.builders import a_publication
from tests.support.told_platform import Told, ToldPlatform

POSTS = "app.bsky.feed.post"
WATER, NIMAL = "did:plc:water", "did:plc:nimal"
ROOT = {"uri": f"at://did:plc:kamala/{POSTS}/3lroot", "cid": "bafyroot"}
PARENT = f"at://{NIMAL}/{POSTS}/3lparent"
PUBLICATION = PublicationId("pub_019aa3f2c1e47c55a0f3b2d98e6f1a07")
KEY = "3m643q6etbikr"
OURS = f"at://{WATER}/{POSTS}/{KEY}"
SINCE = datetime(2026, 11, 22, 8, tzinfo=UTC)
SESSION = {"did": WATER, "handle": "water.example.gov", "accessJwt": "access-1", "refreshJwt": "refresh-1"}
VIEW = {
    "uri": PARENT,
    "cid": "bafyparent",
    "author": {"did": NIMAL, "handle": "nimal.example", "viewer": {"blockedBy": False}},
    "record": {"$type": POSTS, "text": "No water", "reply": {"root": ROOT, "parent": ROOT}},
    "viewer": {},
    "likeCount": 3,
    "repostCount": 1,
    "replyCount": 2,
    "quoteCount": 0,
}
REPLY = {"root": ROOT, "parent": {"uri": PARENT, "cid": "bafyparent"}}
STANDING = {"uri": OURS, "cid": "bafyours", "value": {"$type": POSTS, "text": "We know.", "reply": REPLY}}


def a_reply(**changes: Any) -> Publication:
    return a_publication(
        **{
            "publication": PUBLICATION,
            "platform": "bluesky",
            "account": WATER,
            "thread": ROOT["uri"],
            "reply_to": PARENT,
            "mention": "nimal.example",
            "text": "We know.",
            **changes,
        }
    )


def a_task(kind: str = "delete", native_id: str = OURS) -> Task:
    return Task("tsk_1", "water", "bluesky", WATER, ROOT["uri"], kind, native_id)


def error(status: int, name: str, **headers: str) -> Told:
    return status, {"error": name, "message": "words to be ignored"}, headers


@asynccontextmanager
async def a_server() -> AsyncIterator[tuple[ToldPlatform, Bluesky, Credentials]]:
    """A server on which everything goes well."""
    http = Http()
    async with ToldPlatform() as platform:
        platform.tell("createSession", (200, SESSION))
        platform.tell("getPosts", (200, {"posts": [VIEW]}))
        platform.tell("putRecord", (200, {"uri": OURS, "cid": "bafyours"}))
        platform.tell("getRecord", (200, STANDING))
        platform.tell("deleteRecord", (200, {}))
        try:
            yield platform, Bluesky(http), Credentials("app-password", platform.url)
        finally:
            await http.close()
