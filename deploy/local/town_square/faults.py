"""Misbehaviour on demand: the next replies on a platform meet what real platforms do on a bad day.

A fault is used up by one reply that is otherwise in order. Faults of one platform wait in the order in
which they were asked for, and outlive a restart like everything else.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from .connection import Dropped, Held
from .platforms import Platform
from .store import Store

FaultKind = Literal[
    "accept_then_drop", "accept_then_500", "accept_late", "hang", "throttle", "down", "token_dead", "parent_gone"
]

Failures = Mapping[FaultKind, Callable[[], Response]]
"""How one platform words its failures. `accept_then_drop`, `accept_late` and `hang` have no words."""


class Fault(BaseModel):
    """A kind of misbehaviour that the next `count` replies on a platform meet."""

    platform: Platform
    kind: FaultKind
    count: Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class Faults:
    """The faults that still wait for a reply."""

    def __init__(self, store: Store, hang_seconds: float, late_seconds: float) -> None:
        """Keep faults in this store, hold a hung request this long, and take a late one after so long."""
        self._store = store
        self._hang_seconds = hang_seconds
        self._late_seconds = late_seconds

    def add(self, fault: Fault) -> None:
        """Let a fault wait behind those of its platform."""
        self._store.change(
            "INSERT INTO fault (platform, kind, count) VALUES (?, ?, ?)",
            fault.platform,
            fault.kind,
            fault.count,
        )

    def clear(self) -> None:
        """Forget all faults."""
        self._store.change("DELETE FROM fault")

    def waiting(self) -> list[Fault]:
        """List what is left, oldest first."""
        rows = self._store.rows("SELECT platform, kind, count FROM fault ORDER BY number")
        return [Fault(platform=platform, kind=kind, count=count) for platform, kind, count in rows]

    async def meet(self, platform: Platform, accept: Callable[[], Awaitable[Response]], failures: Failures) -> Response:
        """Let a reply that is in order be accepted, or meet the fault that waits for it."""
        match kind := self._take(platform):
            case None:
                return await accept()
            case "hang":
                return Held(self._hang_seconds)
            case "accept_late":
                # Whoever asked has most likely gone by then; a slow server does not know that.
                await asyncio.sleep(self._late_seconds)
                return await accept()
            case "accept_then_drop":
                await accept()
                return Dropped()
            case "accept_then_500":
                await accept()
        return failures[kind]()

    def _take(self, platform: Platform) -> FaultKind | None:
        waiting = self._store.row(
            "SELECT number, kind, count FROM fault WHERE platform = ? ORDER BY number LIMIT 1", (platform,)
        )
        if waiting is None:
            return None
        number, kind, count = waiting
        if count > 1:
            self._store.change("UPDATE fault SET count = count - 1 WHERE number = ?", number)
        else:
            self._store.change("DELETE FROM fault WHERE number = ?", number)
        taken: FaultKind = kind
        return taken


class FaultRoutes:
    """`/faults`: ask for misbehaviour, see what is left of it, call it off."""

    def __init__(self, faults: Faults) -> None:
        """Serve these faults."""
        self._faults = faults

    def router(self) -> APIRouter:
        """Bind the routes."""
        router = APIRouter()
        router.add_api_route("/faults", self.add, methods=["POST"])
        router.add_api_route("/faults", self.waiting, methods=["GET"])
        router.add_api_route("/faults", self.clear, methods=["DELETE"], status_code=204)
        return router

    async def add(self, fault: Fault) -> dict[str, list[Fault]]:
        """Let a fault wait; answers all that wait."""
        self._faults.add(fault)
        return await self.waiting()

    async def waiting(self) -> dict[str, list[Fault]]:
        """List what is left."""
        return {"items": self._faults.waiting()}

    async def clear(self) -> None:
        """Call everything off."""
        self._faults.clear()
