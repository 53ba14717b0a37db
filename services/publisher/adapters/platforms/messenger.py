"""Answers to private messages to a Facebook Page.

Sources: those of ``meta_messages``; "Messenger Platform: Send API" for the length (2000 characters). A sent message can
be neither changed nor taken back through the API, and has no numbers: that it was delivered and read is told by
webhooks only. The thread is the id of the person for this Page (PSID).
"""

from collections.abc import Collection
from datetime import datetime
from typing import Final

from services.publisher.adapters.http import Http
from services.publisher.adapters.platforms import meta, meta_messages, meta_rights
from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain import formatting
from services.publisher.domain.outcomes import Outcome, Probe, Sighting, View
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials

PLATFORM: Final = "messenger"
RIGHTS: Final[meta_rights.Needs] = {
    "reply": (frozenset({"pages_messaging"}),),
    "read": (frozenset({"pages_messaging", "pages_read_engagement", "pages_manage_metadata"}),),
}


class Messenger(Sparse):
    """Private messages from the Page, whose id is the account."""

    nature = Nature(can_look=True, absence_proves=True)
    needs_credentials = True

    def __init__(self, http: Http, *, default_version: str) -> None:
        self._graph = meta.Graph(http, meta_messages.dialect(PLATFORM), default_version=default_version)

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        assert credentials is not None
        refused = formatting.too_long_for(PLATFORM, publication.text)
        return refused or await meta_messages.send(self._graph, publication.account, publication, credentials)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        assert credentials is not None
        since = sent_at - meta.CLOCK_SKEW
        return await meta_messages.find(self._graph, publication.account, publication, since, taken, credentials)

    async def view(self, account: str, native_id: str, credentials: Credentials | None) -> View:
        assert credentials is not None
        return await meta_messages.view(self._graph, native_id, credentials)

    async def probe(self, account: str, credentials: Credentials) -> Probe:
        return await meta_rights.probe(self._graph, RIGHTS, credentials, page=account)
