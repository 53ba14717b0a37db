"""Whether a page of X's shows our reply: newest first, posts of the account or messages of a conversation."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from services.publisher.adapters.http import Answer
from services.publisher.adapters.platforms import times
from services.publisher.adapters.platforms.x_answers import said_of
from services.publisher.adapters.platforms.x_wording import same_post
from services.publisher.domain.outcomes import Absent, CannotSee, Found, Sighting
from services.publisher.domain.publications import Publication


class Look:
    """One look, page by page, for what was sent not before ``since`` and is not ``taken``."""

    def __init__(self, publication: Publication, since: datetime, taken: Collection[str]) -> None:
        self.since = since
        self.next_token = ""
        self._publication = publication
        self._taken = taken

    def at(self, answer: Answer) -> Sighting | None:
        """What this page shows; None where the next one is needed, which ``next_token`` names then."""
        body = answer.object()
        listed, meta = body.get("data", []), body.get("meta")
        if answer.status != 200 or not isinstance(listed, list) or not isinstance(meta, dict):
            return CannotSee(said_of(answer))
        entries = [one for one in listed if isinstance(one, dict)]
        for entry in entries:
            if self._is_ours(entry) and entry["id"] not in self._taken:
                return Found(entry["id"], self._address(entry["id"]))
        token = meta.get("next_token")
        if not token or any(self._is_before(entry) for entry in entries):
            return Absent()
        self.next_token = str(token)
        return None

    def _is_ours(self, entry: dict[str, Any]) -> bool:
        created = times.iso(entry.get("created_at"))
        return (
            isinstance(entry.get("id"), str)
            and created is not None
            and created >= self.since
            and self._stands_there(entry)
            and self._reads_so(entry)
        )

    def _stands_there(self, entry: dict[str, Any]) -> bool:
        """Whether a post answers what we answer; a message answers nothing, but somebody sent it."""
        if not self._publication.public:
            return entry.get("sender_id") == self._publication.account
        referenced = entry.get("referenced_tweets")
        answered = {"type": "replied_to", "id": self._publication.reply_to}
        return isinstance(referenced, list) and answered in referenced

    def _reads_so(self, entry: dict[str, Any]) -> bool:
        whole = entry.get("note_tweet")
        words = whole if isinstance(whole, dict) else entry
        return same_post(self._publication.text, str(words.get("text", "")), words.get("entities"))

    def _is_before(self, entry: dict[str, Any]) -> bool:
        created = times.iso(entry.get("created_at"))
        return created is not None and created < self.since

    def _address(self, native_id: str) -> str | None:
        return f"https://x.com/i/web/status/{native_id}" if self._publication.public else None
