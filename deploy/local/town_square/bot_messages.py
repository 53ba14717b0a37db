"""What bots wrote on platforms of messages: Telegram, Viber, LINE. Nobody can read it there, so it is only kept.

What citizens wrote is never kept, since it arrived elsewhere; all that can be known of it is that it was deleted.
"""

from dataclasses import dataclass
from typing import Final

from .accounts import Account
from .clock import Clock
from .platforms import Platform
from .replies import Replies
from .store import Store

_COLUMNS: Final = "account, chat, id, text, created_at"


@dataclass(frozen=True, slots=True)
class BotMessage:
    """A message that a bot wrote; ``id`` is unique in its chat."""

    account: str
    chat: str
    id: str
    text: str
    created_at: int


class BotMessages:
    """Takes, changes and finds the messages of bots."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep messages in this store."""
        self._store = store
        self._replies = replies
        self._clock = clock

    def take(
        self,
        account: Account,
        chat: str,
        message: str,
        text: str,
        *,
        answers: str,
        name: str | None = None,
        key: str | None = None,
    ) -> BotMessage:
        """Take a message; in the record it bears ``name``, or else its id, and answers what ``answers`` names."""
        taken = BotMessage(account.id, chat, message, text, self._clock())
        with self._store.transaction():
            self._store.change(
                f"INSERT INTO bot_message (platform, key, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                account.platform,
                key,
                account.id,
                chat,
                message,
                text,
                taken.created_at,
            )
            self._replies.record(account.platform, answers, name or message, text, taken.created_at)
        return taken

    def next_number(self, account: Account, chat: str, after: int = 0) -> int:
        """Give the number of the next message in a chat, higher than ``after``."""
        row = self._store.row(
            "SELECT max(CAST(id AS INTEGER)) FROM bot_message WHERE platform = ? AND chat = ?",
            (account.platform, chat),
        )
        return max(after, row[0] or 0 if row else 0) + 1

    def next_id(self) -> str:
        """Give an id that nothing else has."""
        return str(self._store.next_id(self._clock()))

    def with_key(self, account: Account, key: str, since: int) -> BotMessage | None:
        """Find the message that the account sent under a key, not before ``since``."""
        where = "platform = ? AND account = ? AND key = ? AND created_at >= ?"
        return self._one(where, account, account.id, key, since)

    def find(self, account: Account, chat: str, message: str) -> BotMessage | None:
        """Find a message of the account that was not deleted."""
        where = "platform = ? AND account = ? AND chat = ? AND id = ? AND deleted = 0 AND text IS NOT NULL"
        return self._one(where, account, account.id, chat, message)

    def called(self, platform: Platform, message: str) -> BotMessage | None:
        """Find a message of a platform whose ids are unique there."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM bot_message WHERE platform = ? AND id = ?", (platform, message))
        return BotMessage(*row) if row else None

    def is_deleted(self, account: Account, chat: str, message: str) -> bool:
        """Tell whether a message, a citizen's or a bot's, was deleted here."""
        found = self._store.row(
            "SELECT 1 FROM bot_message WHERE platform = ? AND chat = ? AND id = ? AND deleted = 1",
            (account.platform, chat, message),
        )
        return found is not None

    def edit(self, message: BotMessage, text: str) -> None:
        """Replace the text of a message."""
        self._store.change(
            "UPDATE bot_message SET text = ? WHERE account = ? AND chat = ? AND id = ?",
            text,
            message.account,
            message.chat,
            message.id,
        )

    def delete(self, account: Account, chat: str, message: str) -> None:
        """Take a message away, whoever wrote it."""
        changed = self._store.change(
            "UPDATE bot_message SET deleted = 1 WHERE platform = ? AND chat = ? AND id = ?",
            account.platform,
            chat,
            message,
        )
        if not changed:
            self._store.change(
                f"INSERT INTO bot_message (platform, deleted, {_COLUMNS}) VALUES (?, 1, ?, ?, ?, NULL, ?)",
                account.platform,
                account.id,
                chat,
                message,
                self._clock(),
            )

    def count(self, account: Account) -> int:
        """Count what the account has sent."""
        row = self._store.row(
            "SELECT count(*) FROM bot_message WHERE platform = ? AND account = ? AND text IS NOT NULL",
            (account.platform, account.id),
        )
        return int(row[0]) if row else 0

    def _one(self, where: str, account: Account, *parameters: object) -> BotMessage | None:
        row = self._store.row(f"SELECT {_COLUMNS} FROM bot_message WHERE {where}", (account.platform, *parameters))
        return BotMessage(*row) if row else None
