"""Citizens on Bluesky who want no answer: conversations that are closed, and accounts that are blocked.

Source: lexicons app.bsky.feed.threadgate and app.bsky.graph.block. As there, neither stops a write: the reply is taken,
and shown to nobody. Who reads is told beforehand: ``replyDisabled`` and ``blockedBy``.
"""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel

from .store import Store

_SCHEMA: Final = (
    "CREATE TABLE IF NOT EXISTS bluesky_closed (root TEXT PRIMARY KEY)",
    "CREATE TABLE IF NOT EXISTS bluesky_block (author TEXT NOT NULL, account TEXT NOT NULL,"
    " PRIMARY KEY (author, account))",
)


class Closed(BaseModel):
    """The first post of a conversation that nobody may answer any more."""

    post: str


class Block(BaseModel):
    """Who blocks which account, both by their DIDs."""

    author: str
    account: str


class Gates:
    """Who may not answer what."""

    def __init__(self, store: Store) -> None:
        """Keep gates in this store."""
        for statement in _SCHEMA:
            store.change(statement)
        self._store = store

    def close(self, root: str) -> None:
        """Close a conversation to everybody."""
        self._store.change("INSERT OR IGNORE INTO bluesky_closed (root) VALUES (?)", root)

    def block(self, author: str, account: str) -> None:
        """Keep an account away from somebody's posts."""
        self._store.change("INSERT OR IGNORE INTO bluesky_block (author, account) VALUES (?, ?)", author, account)

    def is_closed(self, root: str) -> bool:
        """Tell whether a conversation is closed."""
        return self._store.row("SELECT 1 FROM bluesky_closed WHERE root = ?", (root,)) is not None

    def is_blocked(self, author: str, account: str) -> bool:
        """Tell whether somebody blocks an account."""
        found = self._store.row("SELECT 1 FROM bluesky_block WHERE author = ? AND account = ?", (author, account))
        return found is not None


class GateRoutes:
    """`/bluesky/closed` and `/bluesky/blocks`: what citizens do in their own apps."""

    def __init__(self, gates: Gates) -> None:
        """Serve these gates."""
        self._gates = gates

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter(prefix="/bluesky")
        router.add_api_route("/closed", self.close, methods=["POST"], status_code=204)
        router.add_api_route("/blocks", self.block, methods=["POST"], status_code=204)
        return router

    async def close(self, closed: Closed) -> None:
        """Close a conversation."""
        self._gates.close(closed.post)

    async def block(self, block: Block) -> None:
        """Block an account."""
        self._gates.block(block.author, block.account)
