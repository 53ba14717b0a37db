"""What every call to the Graph API has: fields from the query and the body, and a token that speaks for accounts."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request

from .accounts import Account, Accounts
from .fields import Unreadable, read_fields
from .graph_errors import bad, no_such_field, token_dead
from .platforms import Platform

META: Final[tuple[Platform, ...]] = ("facebook", "messenger", "instagram", "whatsapp")
_EDGE: Final = re.compile(r"(\w+)(?:\.limit\((\d+)\))?(?:\{([^{}]*)\})?")


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls, and with what. One token may speak for a Page, its Messenger and its Instagram."""

    token: str
    accounts: Mapping[Platform, Account]
    fields: Mapping[str, str]

    def on(self, *platforms: Platform) -> Account:
        """Give the account that the token speaks for on the first of these platforms."""
        found = next((self.accounts[platform] for platform in platforms if platform in self.accounts), None)
        if found is None:
            raise token_dead()
        return found

    def wanted(self, usual: str) -> list[str]:
        """List the fields that are asked for."""
        return [field.strip() for field in (self.fields.get("fields") or usual).split(",")]

    def edge(self, name: str) -> tuple[int, list[str]] | None:
        """Read a field with fields of its own, as `messages.limit(20){id,message}`: how many, and which."""
        found = next((each for each in _EDGE.finditer(self.fields.get("fields", "")) if each[1] == name), None)
        return (int(found[2] or 25), (found[3] or "id,created_time").split(",")) if found else None

    def part(self, name: str) -> dict[str, Any]:
        """Read a field that is an object, which a form carries as JSON."""
        try:
            value = json.loads(self.fields.get(name, "{}"))
        except ValueError as broken:
            raise bad(f"Param {name} must be an object") from broken
        if not isinstance(value, dict):
            raise bad(f"Param {name} must be an object")
        return value


class GraphCalls:
    """Reads calls."""

    def __init__(self, accounts: Accounts) -> None:
        """Let these accounts call."""
        self._accounts = accounts

    async def read(self, request: Request) -> Call:
        """Read a call whose token speaks for an account."""
        call = await self.read_any(request)
        if not call.accounts:
            raise token_dead()
        return call

    async def read_any(self, request: Request) -> Call:
        """Read a call, whoever makes it."""
        try:
            fields = dict(request.query_params) | await read_fields(request)
        except Unreadable as unreadable:
            raise bad(str(unreadable)) from unreadable
        scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
        token = fields.get("access_token") or (bearer.strip() if scheme.lower() == "bearer" else "")
        return Call(token, self.of_token(token), fields)

    def of_token(self, token: str) -> dict[Platform, Account]:
        """Find whom a token speaks for on each of Meta's platforms."""
        found = {platform: self._accounts.with_token(platform, token) for platform in META}
        return {platform: account for platform, account in found.items() if account is not None}


def picked(known: Mapping[str, Any], wanted: list[str]) -> dict[str, Any]:
    """Pick the wanted fields of a node; its id always comes along."""
    for field in wanted:
        if field not in known:
            raise no_such_field(field)
    return {field: known[field] for field in [*wanted, "id"]}
