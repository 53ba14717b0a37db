"""The mail that went out through the square, whoever the provider; nobody's mailbox is reached from here."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .clock import Clock
from .platforms import Platform
from .replies import Replies
from .store import Row, Store

_COLUMNS: Final = "platform, account, id, message_id, recipient, subject, text, headers, variables, at"


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as it left. `id` is the provider's own, `message_id` stands in the header, without angle brackets."""

    platform: Platform
    account: str
    id: str
    message_id: str
    recipient: str
    subject: str
    text: str
    headers: Mapping[str, str]
    variables: Mapping[str, str]
    at: int = 0

    @classmethod
    def of(cls, row: Row) -> "Mail":
        """Read a row whose columns stand in the order of the fields."""
        platform, account, own_id, message_id, recipient, subject, text, headers, variables, at = row
        known = json.loads(headers), json.loads(variables)
        return cls(platform, account, own_id, message_id, recipient, subject, text, *known, at)

    @property
    def answered(self) -> str:
        """The Message-ID that the mail answers, or else whom it is for."""
        named = {name.lower(): value for name, value in self.headers.items()}
        return named.get("in-reply-to", "").strip("<>") or self.recipient


class SentMail:
    """Every mail that a provider took."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep mail in this store."""
        self._store = store
        self._replies = replies
        self._clock = clock

    def send(self, mail: Mail) -> int:
        """Take a mail; it goes into the record in the same transaction. Gives the moment."""
        now = self._clock()
        with self._store.transaction():
            self._store.change(
                f"INSERT INTO sent_mail ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                mail.platform,
                mail.account,
                mail.id,
                mail.message_id,
                mail.recipient,
                mail.subject,
                mail.text,
                json.dumps(dict(mail.headers)),
                json.dumps(dict(mail.variables)),
                now,
            )
            self._replies.record(mail.platform, mail.answered, mail.message_id, mail.text, now)
        return now

    def of(self, platform: Platform, account: str) -> list[Mail]:
        """List what an account has sent, newest first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM sent_mail WHERE platform = ? AND account = ? ORDER BY number DESC",
            (platform, account),
        )
        return [Mail.of(row) for row in rows]

    def called(self, platform: Platform, message_id: str) -> Mail | None:
        """Find what was sent under a Message-ID, the newest of several."""
        row = self._store.row(
            f"SELECT {_COLUMNS} FROM sent_mail WHERE platform = ? AND message_id = ? ORDER BY number DESC LIMIT 1",
            (platform, message_id),
        )
        return Mail.of(row) if row else None
