"""What can be done to one node of Meta's graph, a comment mostly: change it, take it away, read it.

Sources: Graph API reference, "Comment" (updating, deleting), "IG Comment", "Conversations API" (a message).
"""

import asyncio
from collections.abc import Mapping
from typing import Any

from services.publisher.adapters.http import Answer, NoAnswer, NothingSent
from services.publisher.adapters.platforms import meta
from services.publisher.adapters.platforms.meta import Dialect, Graph
from services.publisher.domain.outcomes import (
    NOT_POSSIBLE,
    CannotDo,
    CannotSee,
    Captured,
    Done,
    Effect,
    Gone,
    Measure,
    Measured,
    Refused,
    Unknown,
    Unmeasured,
    View,
)
from services.publisher.ports import Credentials


async def update(graph: Graph, native_id: str, content: dict[str, Any], credentials: Credentials) -> Effect:
    """``POST /{id}`` with what shall be otherwise; answers ``{"success": true}``."""
    answer = await graph.ask(credentials, "POST", (native_id,), content)
    return effect_of(answer, graph.dialect) if isinstance(answer, Answer) else answer


async def delete(graph: Graph, native_id: str, credentials: Credentials) -> Effect:
    """``DELETE /{id}``; what is no longer there is deleted.

    Graph says "gone" in the same words where it only lacks the right to delete, so then it is asked for the node.
    """
    try:
        # Both together must not take longer than one attempt.
        async with asyncio.timeout(graph.attempt_seconds):
            return await _delete(graph, native_id, credentials)
    except TimeoutError:
        return Unknown("no answer within the time of an attempt")


async def _delete(graph: Graph, native_id: str, credentials: Credentials) -> Effect:
    answer = await graph.ask(credentials, "DELETE", (native_id,))
    if not isinstance(answer, Answer):
        return answer
    if not meta.is_gone(answer):
        return effect_of(answer, graph.dialect)
    match await view(graph, native_id, "id", "id", credentials):
        case Gone():
            return Done(detail="it was gone already")
        case Captured():
            return Refused("not_permitted", "it stands, but these credentials do not delete it")
        case CannotSee(detail):
            return Unknown(detail)


def effect_of(answer: Answer, dialect: Dialect) -> Effect:
    """What the answer to a change means."""
    if 200 <= answer.status < 300 and answer.object().get("success") is True:
        return Done()
    if meta.is_gone(answer):
        return CannotDo(f"status {answer.status}: it is gone, or not for these credentials")
    if 200 <= answer.status < 300:
        return Unknown(f"an answer that is not documented, status {answer.status}")
    refusal = meta.refusal_of(answer, dialect)
    if isinstance(refusal, Refused) and refusal.reason == NOT_POSSIBLE:
        return CannotDo(refusal.detail)
    return refusal


async def view(graph: Graph, native_id: str, fields: str, text: str, credentials: Credentials) -> View:
    """``GET /{id}`` with some ``fields``, of which ``text`` holds the words."""
    try:
        answer = await graph.get(credentials, (native_id,), {"fields": fields})
    except (NothingSent, NoAnswer) as unseen:
        return CannotSee(str(unseen))
    body = answer.object()
    if meta.is_gone(answer):
        return Gone(f"status {answer.status}: it is gone, or not for these credentials")
    if answer.status != 200 or "id" not in body:
        return CannotSee(f"status {answer.status}")
    return Captured(str(body.get(text, "")), body)


async def measure(graph: Graph, native_id: str, metrics: Mapping[str, str], credentials: Credentials) -> Measure:
    """The numbers of a node; ``metrics`` says by our names which fields of its own they are."""
    seen = await view(graph, native_id, ",".join(["id", *metrics.values()]), "id", credentials)
    match seen:
        case Gone(detail):
            return Unmeasured("gone", detail)
        case CannotSee(detail):
            return Unmeasured("no_answer", detail)
    told = {name: seen.body.get(metric) for name, metric in metrics.items()}
    numbers = {name: number for name, number in told.items() if isinstance(number, int) and number >= 0}
    series = f"{graph.dialect.platform}/{graph.version(credentials)}"
    return Measured(numbers, {name: f"{series} {metrics[name]}" for name in numbers})
