"""The agencies' accounts: who may speak officially, on which platform, with which token."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from .platforms import Platform
from .store import Store

Word = Annotated[str, Field(min_length=1, max_length=200)]


class AccountSetup(BaseModel):
    """One account as whoever sets up the square describes it."""

    agency: Word
    platform: Platform
    account: Word
    name: Word
    token: Word


@dataclass(frozen=True, slots=True)
class Account:
    """An agency's presence on one platform; its id is the one the platform gave it."""

    platform: Platform
    id: str
    agency: str
    name: str

    def shown(self) -> dict[str, str]:
        """Describe the account without its token."""
        return {"agency": self.agency, "platform": self.platform, "account": self.id, "name": self.name}


class Accounts:
    """Every account the square was told of.

    One that a later list leaves out is kept, so that its old statuses still have an author, but it can
    no longer act.
    """

    def __init__(self, store: Store) -> None:
        """Read and write accounts in this store."""
        self._store = store

    def replace(self, accounts: list[AccountSetup]) -> None:
        """Make these accounts, and no others, the ones that can act."""
        with self._store.transaction():
            self._store.change("UPDATE account SET active = 0")
            for each in accounts:
                self._store.change(
                    "INSERT INTO account (platform, id, agency, name, token) VALUES (?, ?, ?, ?, ?)"
                    " ON CONFLICT (platform, id)"
                    " DO UPDATE SET agency = excluded.agency, name = excluded.name,"
                    " token = excluded.token, active = 1",
                    each.platform,
                    each.account,
                    each.agency,
                    each.name,
                    each.token,
                )

    def active(self) -> list[Account]:
        """List the accounts that can act, in the order they were first named."""
        return self._all("SELECT platform, id, agency, name FROM account WHERE active = 1 ORDER BY rowid")

    def with_token(self, platform: Platform, token: str) -> Account | None:
        """Find whom a token speaks for."""
        return self._one(
            "SELECT platform, id, agency, name FROM account WHERE platform = ? AND token = ? AND active = 1",
            platform,
            token,
        )

    def with_id(self, platform: Platform, account: str) -> Account | None:
        """Find an account by the platform's id, whether it can still act or not."""
        return self._one(
            "SELECT platform, id, agency, name FROM account WHERE platform = ? AND id = ?", platform, account
        )

    def of_agency(self, platform: Platform, agency: str) -> Account | None:
        """Find the account that carries an agency's name on a platform."""
        return self._one(
            "SELECT platform, id, agency, name FROM account"
            " WHERE platform = ? AND lower(agency) = ? ORDER BY active DESC",
            platform,
            agency.lower(),
        )

    def _one(self, sql: str, *parameters: object) -> Account | None:
        return next(iter(self._all(sql, *parameters)), None)

    def _all(self, sql: str, *parameters: object) -> list[Account]:
        return [Account(*row) for row in self._store.rows(sql, parameters)]


class AccountRoutes:
    """`PUT /accounts`: the whole list of accounts, as often as one likes."""

    def __init__(self, accounts: Accounts) -> None:
        """Serve these accounts."""
        self._accounts = accounts

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter()
        router.add_api_route("/accounts", self.replace, methods=["PUT"])
        return router

    async def replace(self, accounts: list[AccountSetup]) -> dict[str, list[dict[str, str]]]:
        """Take the list in place of the one before."""
        self._accounts.replace(accounts)
        return {"items": [account.shown() for account in self._accounts.active()]}
