"""Our own interfaces (REST, Open311) as a channel: publishing makes the reply readable at ingest, and nothing is sent.

``ResponsePublished`` carries the text to whoever asks there. The publication's own id is the native id.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain.outcomes import Absent, Outcome, Published, Sighting
from services.publisher.domain.publications import Nature, Publication
from services.publisher.ports import Credentials


class Rest(Sparse):
    """Publishes by saying so."""

    # Saying so twice is saying it once.
    nature = Nature(idempotent_for=timedelta(days=36_500))
    needs_credentials = False

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        return Published(publication.publication)

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        return Absent("nothing is ever sent")
