"""Messages on Telegram, as a bot: in private chats, in groups, and in chats of a connected business account.

Sources: Telegram, "Bot API" (making requests, sendMessage, ReplyParameters, editMessageText, deleteMessage,
deleteBusinessMessages, getMe, ResponseParameters); "Bots FAQ" for the limits. What must stay true:

- The token stands in the address, because Telegram wants it there: no outcome, log line or metric may hold an address.
- There is no key that makes a repeated message known, and bots cannot read what they wrote: what nobody answered is
  never sent again, a person decides.
- A message is named ``<chat>:<message>``, in a business chat ``<connection>:<chat>:<message>``, as it came in.
- The answer stands under the message it answers, and with ``allow_sending_without_reply`` false it is not sent at all
  once that is gone (business chats know no such wish). In a forum it lands in the topic of what it answers.
- A group that became a supergroup has another id, and its old messages are not there: the answer goes to the new chat
  with the author's name before it, since a message of that number there would be somebody else's.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms.asking import asked
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.adapters.platforms.telegram_answers import (
    Place,
    effect_of,
    migrated_to,
    outcome_of,
    rights_of,
)
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import CannotDo, CannotSee, Effect, Outcome, Probe, Refused, Sighting, Unknown
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.tasks import Task
from services.publisher.ports import Credentials
from shared import lengths

PLATFORM = "telegram"


class Telegram(Sparse):
    """Speaks as the bot whose token it holds."""

    nature = Nature(tasks=frozenset({"edit", "delete", "remove"}), delete_for=timedelta(hours=48))
    needs_credentials = True

    def __init__(self, http: Http) -> None:
        self._http = http

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``sendMessage`` as an answer to the citizen's message; once more where the group has moved."""
        assert credentials is not None
        refused = formatting.too_long_for(PLATFORM, publication.text)
        if refused is not None:
            return refused
        place = Place.parse(publication.reply_to)
        if place is None:
            return Refused("rejected", "what is answered is no message of Telegram")
        try:
            async with asyncio.timeout(self._http.total_seconds):
                return await self._send_to(place, publication, credentials)
        except TimeoutError:
            return Unknown("no answer in time")

    async def _send_to(self, place: Place, publication: Publication, credentials: Credentials) -> Outcome:
        moved: list[int] = []

        def read(answer: Answer) -> Outcome:
            chat = migrated_to(answer)
            moved.extend([] if chat is None else [chat])
            return outcome_of(answer, place)

        outcome = await asked(self._call("sendMessage", message_of(publication, place), credentials), read)
        if not moved:
            return outcome
        there = place.moved(moved[0])
        message = message_after_move(publication, there)
        return await asked(self._call("sendMessage", message, credentials), lambda answer: outcome_of(answer, there))

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        return CannotSee("bots cannot read what they wrote")

    async def change(self, task: Task, credentials: Credentials | None) -> Effect:
        """``editMessageText``, ``deleteMessage``, ``deleteBusinessMessages``."""
        assert credentials is not None
        place = Place.parse(task.native_id)
        if place is None:
            return CannotDo("this is no message of Telegram")
        if task.kind == "edit":
            return await self._edit(place, task.text or "", credentials)
        if task.kind in ("delete", "remove"):
            return await self._delete(place, credentials)
        return await super().change(task, credentials)

    async def _edit(self, place: Place, text: str, credentials: Credentials) -> Effect:
        refused = formatting.too_long_for(PLATFORM, text)
        if refused is not None:
            return refused
        content = place.chat_fields() | {"message_id": place.message, "text": text}
        return await asked(self._call("editMessageText", content, credentials), effect_of)

    async def _delete(self, place: Place, credentials: Credentials) -> Effect:
        if place.connection is not None:
            content: dict[str, Any] = {
                "business_connection_id": place.connection,
                "message_ids": [place.message],
            }
            return await asked(self._call("deleteBusinessMessages", content, credentials), effect_of)
        content = {"chat_id": place.chat, "message_id": place.message}
        return await asked(self._call("deleteMessage", content, credentials), effect_of)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        """``getMe``."""
        return await asked(self._call("getMe", {}, credentials), lambda answer: rights_of(answer, account))

    async def _call(self, method: str, content: dict[str, Any], credentials: Credentials) -> Answer:
        address = f"{credentials.base_url}/bot{quote(credentials.token, safe=':')}/{method}"
        return await self._http.post(PLATFORM, address, {}, content)


def message_of(publication: Publication, place: Place) -> dict[str, Any]:
    """The message to send, standing under what it answers."""
    reply = {"message_id": place.message, "allow_sending_without_reply": False}
    return place.chat_fields() | {"text": publication.text, "reply_parameters": reply}


def message_after_move(publication: Publication, place: Place) -> dict[str, Any]:
    """The message to send where nothing stands that it could be put under; the author's name is left out if it does
    not fit."""
    wording = formatting.with_mention(publication)
    return place.chat_fields() | {"text": wording if lengths.fits(PLATFORM, wording) else publication.text}
