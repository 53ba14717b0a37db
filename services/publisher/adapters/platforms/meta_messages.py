"""Private messages of Messenger and Instagram: sent through the Send API, looked for through the Conversations API.

Sources: Meta, "Messenger Platform: Send API", "Message tags", "Error codes"; "Conversations API" (a conversation is
found by ``user_id``, and only its newest 20 messages can be read). What must stay true:

- A message can be sent for 24 hours after the person's last one, as ``RESPONSE``. For 7 days a human agent may answer
  (``HUMAN_AGENT``), if Meta has approved that for the app: ``human_agent`` among the account's secrets is then "true".
- No key makes a send idempotent. ``metadata`` comes back in the echo of the message.
- A conversation has two parties, so that what is not by the person is by us. A list that neither shows the message that
  was answered nor anything older than our own does not reach back far enough, or is not to be trusted.
"""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from services.publisher.adapters.http import Answer, NoAnswer, NothingSent
from services.publisher.adapters.platforms import meta, meta_nodes, times
from services.publisher.adapters.platforms.meta import Code, Dialect, Graph
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    Absent,
    CannotSee,
    Found,
    Gone,
    Outcome,
    Refused,
    Sighting,
    Unknown,
    View,
)
from services.publisher.domain.publications import Publication
from services.publisher.domain.settlements import WINDOW_CLOSED
from services.publisher.ports import Credentials

READABLE = 20
"""As many messages of a conversation as can be read, the newest."""
FIELDS: Final = "id,created_time,from,to,message"

REASONS: Final[Mapping[Code, str]] = {
    (10, 2018065): WINDOW_CLOSED,
    (10, 2018278): WINDOW_CLOSED,
    (10, 2534022): WINDOW_CLOSED,
    (10, 2018108): "blocked",
    (200, 1545041): "blocked",
    (551, None): "blocked",
    (100, 2018001): NOT_POSSIBLE,
}
"""The window; a person who does not receive from us; a person who is not there."""
UNSURE: Final[frozenset[Code]] = frozenset({(1200, None)})
"""A "temporary send message failure"."""

_RESPONSE: Final = {"messaging_type": "RESPONSE"}
_AGENT: Final = {"messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
_Fields = dict[str, Any]


def dialect(platform: str) -> Dialect:
    """The errors of a platform's private messages: what is gone (100/33) is the account itself, not the person."""
    return Dialect(platform, REASONS, dead=frozenset({meta.OBJECT_GONE}), unsure=UNSURE)


async def send(graph: Graph, speaker: str, publication: Publication, credentials: Credentials) -> Outcome:
    """``POST /{speaker}/messages``; answers ``{"recipient_id": "…", "message_id": "…"}``."""
    try:
        # Both together must not take longer than one: the claim may end then.
        async with asyncio.timeout(graph.attempt_seconds):
            response = await _send(graph, speaker, publication, credentials, _RESPONSE)
            is_closed = isinstance(response, Refused) and response.reason == WINDOW_CLOSED
            if not is_closed or credentials.secrets.get("human_agent") != "true":
                return response
            return await _send(graph, speaker, publication, credentials, _AGENT)
    except TimeoutError:
        return Unknown("no answer within the time of an attempt")


async def _send(
    graph: Graph, speaker: str, publication: Publication, credentials: Credentials, kind: Mapping[str, str]
) -> Outcome:
    message = {"text": publication.text, "metadata": publication.key}
    content = {"recipient": {"id": publication.thread}, **kind, "message": message}
    answer = await graph.ask(credentials, "POST", (speaker, "messages"), content)
    if not isinstance(answer, Answer):
        return answer
    return meta.outcome_of(answer, graph.dialect, lambda body: body.get("message_id"))


async def find(
    graph: Graph,
    speaker: str,
    publication: Publication,
    since: datetime,
    taken: Collection[str],
    credentials: Credentials,
) -> Sighting:
    """``GET /{speaker}/conversations`` with the person, and the newest messages of the one that there is."""
    query = {
        "platform": graph.dialect.platform,
        "user_id": publication.thread,
        "fields": f"messages.limit({READABLE}){{id,message,from,created_time}}",
    }
    try:
        answer = await graph.get(credentials, (speaker, "conversations"), query)
    except (NothingSent, NoAnswer) as unseen:
        return CannotSee(str(unseen))
    return sighting_of(answer, publication, since, taken)


def sighting_of(answer: Answer, publication: Publication, since: datetime, taken: Collection[str]) -> Sighting:
    """Whether the conversation shows our message: not the person's, same words, not earlier than ``since``."""
    messages = _messages(answer.object().get("data")) if answer.status == 200 else None
    if messages is None:
        return CannotSee(f"status {answer.status}, and no conversation to read")
    for message in messages:
        if _is_ours(message, publication, since) and message["id"] not in taken:
            return Found(message["id"])
    shows_what_was_answered = any(message.get("id") == publication.reply_to for message in messages)
    if not shows_what_was_answered and not meta.reaches_before(messages, "created_time", since):
        return CannotSee("the conversation does not reach back to what was answered")
    return Absent()


async def view(graph: Graph, native_id: str, credentials: Credentials) -> View:
    """``GET /{message-id}``; of a message that is not among the newest Graph also says that it was deleted."""
    seen = await meta_nodes.view(graph, native_id, FIELDS, "message", credentials)
    return CannotSee(f"deleted, or not among the newest {READABLE}", never=True) if isinstance(seen, Gone) else seen


def _messages(conversations: object) -> list[_Fields] | None:
    """The messages of the only conversation in a list."""
    if not isinstance(conversations, list) or len(conversations) != 1 or not isinstance(conversations[0], dict):
        return None
    messages = conversations[0].get("messages")
    listed = messages.get("data") if isinstance(messages, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else None


def _is_ours(message: _Fields, publication: Publication, since: datetime) -> bool:
    author = message.get("from")
    author_id = author.get("id") if isinstance(author, dict) else None
    created = times.iso(message.get("created_time"))
    return (
        isinstance(message.get("id"), str)
        and isinstance(author_id, str)
        and author_id != publication.thread
        and created is not None
        and created >= since
        and formatting.same_text(publication.text, str(message.get("message", "")))
    )
