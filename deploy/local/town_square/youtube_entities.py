"""Comments and threads in YouTube's words.

The shapes follow the resources "Comments" and "CommentThreads" of the YouTube Data API.
"""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any, Final, Literal

from starlette.datastructures import QueryParams

from .youtube_comments import Comment, video_of
from .youtube_errors import bad_request

Entity = dict[str, Any]
TextFormat = Literal["html", "plainText"]

MOST_CHARACTERS: Final = 10_000
_MOST_REPLIES_SHOWN: Final = 5


def text_of(query: QueryParams) -> TextFormat:
    """Read how texts shall be written; HTML unless said otherwise."""
    match query.get("textFormat", "html"):
        case "html":
            return "html"
        case "plainText":
            return "plainText"
    raise bad_request("invalidParameter", "Invalid value for the parameter textFormat.")


def page_entity(kind: str, items: Sequence[Entity], token: str | None, limit: int) -> Entity:
    """Describe a list."""
    page: Entity = {"kind": f"youtube#{kind}ListResponse", "etag": _etag(str([each["etag"] for each in items]))}
    if token:
        page["nextPageToken"] = token
    return page | {"pageInfo": {"totalResults": len(items), "resultsPerPage": limit}, "items": list(items)}


def thread_entity(top: Comment, replies: Sequence[Comment], parts: Sequence[str], text: TextFormat) -> Entity:
    """Describe a comment with as many of its replies as the original shows; ``parts`` are what was asked for."""
    entity: Entity = {"kind": "youtube#commentThread", "etag": _etag(f"{top}{len(replies)}"), "id": top.id}
    if "snippet" in parts:
        entity["snippet"] = {
            "channelId": top.channel,
            "videoId": video_of(top.channel),
            "topLevelComment": comment_entity(top, text),
            "canReply": True,
            "totalReplyCount": len(replies),
            "isPublic": True,
        }
    if "replies" in parts and replies:
        entity["replies"] = {"comments": [comment_entity(each, text) for each in replies[:_MOST_REPLIES_SHOWN]]}
    return entity


def comment_entity(comment: Comment, text: TextFormat) -> Entity:
    """Describe a comment to somebody who did not write it."""
    snippet: Entity = {
        "channelId": comment.channel,
        "videoId": video_of(comment.channel),
        "textDisplay": _html(comment.text) if text == "html" else comment.text,
        "authorDisplayName": comment.name,
        "authorProfileImageUrl": "",
        "authorChannelUrl": f"http://www.youtube.com/{comment.name}",
        "authorChannelId": {"value": comment.author},
        "canRate": True,
        "viewerRating": "none",
        "likeCount": 0,
        "publishedAt": _moment(comment.published_at),
        "updatedAt": _moment(comment.updated_at),
    }
    if comment.parent:
        snippet["parentId"] = comment.parent
    return {"kind": "youtube#comment", "etag": _etag(str(comment)), "id": comment.id, "snippet": snippet}


def channel_entity(channel: str) -> Entity:
    """Describe a channel by its id alone."""
    return {"kind": "youtube#channel", "etag": _etag(channel), "id": channel}


def _html(text: str) -> str:
    return escape(text).replace("&#x27;", "&#39;").replace("\n", "<br>")


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _etag(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:27]
