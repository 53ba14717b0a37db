"""Private messages between a person and an agency's account, as far as the square knows them.

What persons write usually arrives elsewhere. Who is never written down here is taken to have just written; whoever is,
by `POST /citizens/messages`, can be answered only as long as Meta's window is open.
"""

import base64
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from .accounts import Account, Accounts
from .clock import Clock
from .refusals import Refused
from .replies import Replies
from .store import Row, Store

Private = Literal["messenger", "instagram", "whatsapp"]

_SCHEMA: Final = (
    """CREATE TABLE IF NOT EXISTS private_message (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, platform TEXT NOT NULL, account TEXT NOT NULL,
        person TEXT NOT NULL, by_person INTEGER NOT NULL, text TEXT NOT NULL, reference TEXT, at INTEGER NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS private_message_person ON private_message (platform, account, person, number)",
)
_COLUMNS: Final = "id, platform, account, person, by_person, text, reference, at"
_PREFIX: Final[dict[Private, str]] = {"messenger": "m_", "instagram": "aWdfZAG1faXRlbTox", "whatsapp": "wamid."}


@dataclass(frozen=True, slots=True)
class PrivateMessage:
    """A message; `reference` is what its sender attached to it for themselves."""

    id: str
    platform: str
    account: str
    person: str
    by_person: bool
    text: str
    reference: str | None
    at: int

    @classmethod
    def of(cls, row: Row) -> "PrivateMessage":
        """Read a row whose columns stand in the order of the fields."""
        return cls(*(*row[:4], bool(row[4]), *row[5:8]))


class PrivateMessages:
    """Takes and finds private messages."""

    def __init__(self, store: Store, replies: Replies, clock: Clock) -> None:
        """Keep messages in this store."""
        for statement in _SCHEMA:
            store.change(statement)
        self._store = store
        self._replies = replies
        self._clock = clock

    def write(self, platform: Private, account: str, person: str, text: str) -> PrivateMessage:
        """Take a message from a person."""
        return self._add(platform, account, person, True, text, None)

    def send(
        self, platform: Private, account: Account, person: str, text: str, reference: str | None, parent: str
    ) -> PrivateMessage:
        """Take a message from an account; it goes into the record in the same transaction."""
        with self._store.transaction():
            message = self._add(platform, account.id, person, False, text, reference)
            self._replies.record(platform, parent, message.id, text, message.at)
        return message

    def find(self, message: str) -> PrivateMessage | None:
        """Find a message."""
        row = self._store.row(f"SELECT {_COLUMNS} FROM private_message WHERE id = ?", (message,))
        return PrivateMessage.of(row) if row else None

    def newest(self, platform: Private, account: str, person: str) -> list[PrivateMessage]:
        """List a conversation, newest first."""
        rows = self._store.rows(
            f"SELECT {_COLUMNS} FROM private_message WHERE platform = ? AND account = ? AND person = ?"
            " ORDER BY number DESC",
            (platform, account, person),
        )
        return [PrivateMessage.of(row) for row in rows]

    def silent_for(self, platform: Private, account: str, person: str) -> int:
        """Tell how many milliseconds ago a person last wrote; 0 if nothing of theirs is known here."""
        wrote = [each.at for each in self.newest(platform, account, person) if each.by_person]
        return self._clock() - wrote[0] if wrote else 0

    def _add(
        self, platform: Private, account: str, person: str, by_person: bool, text: str, reference: str | None
    ) -> PrivateMessage:
        now = self._clock()
        number = self._store.next_id(now)
        tail = base64.urlsafe_b64encode(f"{account}:{number}".encode()).decode().rstrip("=")
        message = PrivateMessage(_PREFIX[platform] + tail, platform, account, person, by_person, text, reference, now)
        self._store.change(
            f"INSERT INTO private_message (number, {_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            number,
            message.id,
            platform,
            account,
            person,
            by_person,
            text,
            reference,
            now,
        )
        return message


class NewMessage(BaseModel):
    """What a person writes to an account in private; `person` is the platform's id of them."""

    platform: Private
    account: str
    person: Annotated[str, Field(min_length=1, max_length=200)]
    text: Annotated[str, Field(min_length=1, max_length=5000)]


class CitizenMessageRoutes:
    """`POST /citizens/messages`: what a person writes in private."""

    def __init__(self, accounts: Accounts, messages: PrivateMessages) -> None:
        """Serve these messages."""
        self._accounts = accounts
        self._messages = messages

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/citizens")
        router.add_api_route("/messages", self.write, methods=["POST"], status_code=201)
        return router

    async def write(self, new: NewMessage) -> dict[str, str]:
        """Take a message from a person; answers the platform's id of it."""
        if self._accounts.with_id(new.platform, new.account) is None:
            raise Refused(422, "account", "no agency speaks here under this account")
        return {"id": self._messages.write(new.platform, new.account, new.person, new.text).id}
