"""Answers to messages to a WhatsApp business number, through the Cloud API.

Sources: Meta, "WhatsApp Cloud API: Messages" and "Text messages" (4096 characters, ``context``,
``biz_opaque_callback_data``), "Business-scoped user IDs", "Error codes", "Messaging limits" (one message to the same
person in 6 seconds). What must stay true:

- The thread is the person: the id they have for this business (``LK.1349…``) or, before there were such, their number.
- Free text is taken for 24 hours after the person's last message; there are no templates here.
- Nothing that was sent can be read back, and no key makes a send idempotent: an unknown outcome goes to a person. Our
  ``biz_opaque_callback_data`` comes back with the reports on the message.
- A 200 means accepted; whether it is delivered is told by webhooks, as is what later went wrong.
- A message can be neither changed nor taken back.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from services.publisher.adapters.http import Answer, Http
from services.publisher.adapters.platforms import meta, meta_rights
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import NOT_POSSIBLE, CannotSee, Outcome, Probe, Sighting
from services.publisher.domain.publications import Nature, Publication
from services.publisher.domain.settlements import WINDOW_CLOSED
from services.publisher.ports import Credentials

PLATFORM: Final = "whatsapp"
PAIR_SECONDS: Final = 6.0
"""The least time between two messages to the same person."""
_USER_ID = re.compile(r"[A-Z]{2}\.(?:ENT\.)?[A-Za-z0-9]{1,128}")
"""The id of a person for a business, or for a family of businesses."""

DIALECT: Final = meta.Dialect(
    PLATFORM,
    reasons={
        (131047, None): WINDOW_CLOSED,
        (131026, None): NOT_POSSIBLE,  # nobody there who could receive it
        (131049, None): "blocked",  # withheld from this person for the health of the ecosystem
        (131050, None): "blocked",
        (131005, None): "not_permitted",
        (131030, None): "not_permitted",  # not among the numbers that a test number may write to
        (130403, None): "not_permitted",
        (130497, None): "not_permitted",  # not to people of that country
    },
    dead=frozenset(
        {
            (0, None),
            (33, None),
            meta.OBJECT_GONE,  # the path names our own number
            (131031, None),  # locked
            (131037, None),  # its name is not approved
            (131042, None),  # its bill is not paid
            (131045, None),  # not registered
            (133010, None),
        }
    ),
    waits={
        (130429, None): None,
        (131048, None): None,
        (131056, None): PAIR_SECONDS,
        (131057, None): None,  # in maintenance
    },
    unsure=frozenset({(131000, None), (131016, None)}),
)
RIGHTS: Final[meta_rights.Needs] = {"reply": (frozenset({"whatsapp_business_messaging"}),)}


class WhatsApp(Sparse):
    """Messages from the number whose id is the account."""

    nature = Nature()
    needs_credentials = True

    def __init__(self, http: Http, *, default_version: str) -> None:
        self._graph = meta.Graph(http, DIALECT, default_version=default_version)

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        """``POST /{phone-number-id}/messages``; answers ``{"messages": [{"id": "wamid.…"}]}``."""
        assert credentials is not None
        refused = formatting.too_long_for(PLATFORM, publication.text)
        if refused is not None:
            return refused
        path = (publication.account, "messages")
        answer = await self._graph.ask(credentials, "POST", path, message_of(publication))
        return outcome_of(answer) if isinstance(answer, Answer) else answer

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        return CannotSee("messages on this platform cannot be read back", never=True)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        return await meta_rights.probe(self._graph, RIGHTS, credentials)


def message_of(publication: Publication) -> dict[str, Any]:
    """The message to send, which quotes what it answers."""
    person = publication.thread
    recipient = {"recipient": person} if _USER_ID.fullmatch(person) else {"to": person}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **recipient,
        "context": {"message_id": publication.reply_to},
        "type": "text",
        "text": {"body": publication.text, "preview_url": False},
        "biz_opaque_callback_data": publication.key,
    }


def outcome_of(answer: Answer) -> Outcome:
    """What WhatsApp's answer to a message means."""
    return meta.outcome_of(answer, DIALECT, _native_id)


def _native_id(body: Mapping[str, Any]) -> object:
    messages = body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    return first.get("id") if isinstance(first, dict) else None
