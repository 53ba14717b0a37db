"""Everyone who can write a status: agencies with their accounts, and citizens under the name they chose."""

import re
from dataclasses import dataclass

from .accounts import Account, Accounts
from .store import Row, Store


@dataclass(frozen=True, slots=True)
class Person:
    """An author as others see one."""

    id: str
    username: str
    name: str
    official: bool

    @classmethod
    def of(cls, account: Account) -> "Person":
        """See an agency's account as an author; its username is the agency's name."""
        return cls(account.id, account.agency, account.name, official=True)


class People:
    """Finds authors, and makes room for a new citizen."""

    def __init__(self, store: Store, accounts: Accounts) -> None:
        """Look for agencies among these accounts and for citizens in this store."""
        self._store = store
        self._accounts = accounts

    def with_token(self, token: str) -> Person | None:
        """Find the agency that a Mastodon token speaks for."""
        account = self._accounts.with_token("mastodon", token)
        return Person.of(account) if account else None

    def with_id(self, person: str) -> Person | None:
        """Find an author by id."""
        account = self._accounts.with_id("mastodon", person)
        if account:
            return Person.of(account)
        return self._citizen(self._store.row("SELECT id, username, name FROM citizen WHERE id = ?", (person,)))

    def with_username(self, username: str) -> Person | None:
        """Find whom a mention means, in whatever case it is written."""
        account = self._accounts.of_agency("mastodon", username)
        if account:
            return Person.of(account)
        return self._citizen(
            self._store.row("SELECT id, username, name FROM citizen WHERE username = ?", (username.lower(),))
        )

    def citizen_called(self, name: str, now: int) -> Person:
        """Find the citizen with this name, or welcome a new one."""
        key = name.casefold()
        known = self._store.row("SELECT id, username, name FROM citizen WHERE name_key = ?", (key,))
        if known is None:
            known = (self._store.next_id(now), self._free_username(name), name)
            self._store.change("INSERT INTO citizen (id, username, name, name_key) VALUES (?, ?, ?, ?)", *known, key)
        person = self._citizen(known)
        assert person is not None
        return person

    def _free_username(self, name: str) -> str:
        # Usernames are ASCII on Mastodon, so a name in Sinhala or Tamil script leaves nothing to make one of.
        wanted = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")[:30] or "citizen"
        username, number = wanted, 1
        while self.with_username(username):
            number += 1
            username = f"{wanted}_{number}"
        return username

    @staticmethod
    def _citizen(row: Row | None) -> Person | None:
        return Person(str(row[0]), row[1], row[2], official=False) if row else None
