"""A small world for the dispatcher: a store in memory with its own clock, and a channel that does as it is told."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.publisher.adapters.platforms.base import Sparse
from services.publisher.domain.outcomes import Absent, Found, Outcome, Published, Sighting, Unknown
from services.publisher.domain.publications import OPEN, Nature, Progress, Publication
from services.publisher.ports import AccountKey, Claim, Credentials, Settled
from tests.publisher.builders import NOW, a_progress


@dataclass
class Row:
    """A publication in the fake store. ``due`` and ``lease_until`` are seconds of the fake clock."""

    publication: Publication
    progress: Progress
    due: float | None = 0.0
    lease: UUID | None = None
    native_id: str | None = None
    attempts: list[str] = field(default_factory=list)


class FakeClaims:
    """Claims in memory, with the same rules as Postgres: due, oldest of its thread, account not paused."""

    def __init__(self, *publications: Publication, credentials: Credentials | None = None) -> None:
        self.rows = {one.publication: Row(one, a_progress()) for one in publications}
        self.credentials = credentials or Credentials("token", "http://platform.test")
        self.seconds = 0.0
        self.troubles: dict[AccountKey, int] = {}
        self.paused: dict[AccountKey, float] = {}
        self.degraded: set[AccountKey] = set()
        self.refuse_settles = 0

    @property
    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def watch(self) -> float:
        return self.seconds

    async def claim(
        self, room: int, room_of: Mapping[AccountKey, int], each: int, room_on: Mapping[str, int]
    ) -> Sequence[Claim]:
        claims: list[Claim] = []
        taken: dict[AccountKey, int] = {}
        for row in self.rows.values():
            account = (row.publication.agency, row.publication.platform, row.publication.account)
            most = 1 if self.troubles.get(account) else room_of.get(account, each)
            if not self._is_free(row) or self.paused.get(account, 0) > self.seconds or taken.get(account, 0) >= most:
                continue
            if len(claims) >= room:
                break
            if sum(one.publication.platform == row.publication.platform for one in claims) >= room_on.get(
                row.publication.platform, room
            ):
                continue
            taken[account] = taken.get(account, 0) + 1
            claims.append(self._stamp(row, account))
        return claims

    def _is_free(self, row: Row) -> bool:
        if row.due is None or row.due > self.seconds or row.progress.state not in OPEN:
            return False
        older = next(
            one
            for one in self.rows.values()
            if one.publication.thread == row.publication.thread
            and one.progress.state in OPEN
            and (one is row or not self._keeps_nothing_back(one))
        )
        return older is row

    def _keeps_nothing_back(self, row: Row) -> bool:
        return row.publication.purpose != "answer" and row.progress.state == "unknown" and row.lease is None

    def _stamp(self, row: Row, account: AccountKey) -> Claim:
        before = row.progress
        row.lease = uuid4()
        row.due = self.seconds + 30
        if before.state == "pending":
            row.progress = replace(before, state="sending", sent_at=self.now)
        others = {one.native_id for one in self.rows.values() if one is not row and one.native_id}
        return Claim(
            row.publication,
            before,
            row.lease,
            self.now,
            self.credentials,
            account in self.degraded,
            self.troubles.get(account, 0),
            frozenset(others),
        )

    async def settle(self, settled: Settled) -> bool:
        if self.refuse_settles:
            self.refuse_settles -= 1
            raise ConnectionError("the database is away")
        row = self.rows[settled.claim.publication.publication]
        if row.lease != settled.claim.lease:
            return False
        row.lease = None
        row.progress = settled.settlement.progress
        due_in = settled.settlement.due_in
        row.due = None if due_in is None else self.seconds + due_in.total_seconds()
        row.native_id = settled.settlement.native_id
        if settled.attempt is not None:
            row.attempts.append(settled.attempt.outcome)
        self._follow(settled)
        return True

    def _follow(self, settled: Settled) -> None:
        account = settled.claim.account
        if settled.settlement.pause is not None:
            self.troubles[account] = self.troubles.get(account, 0) + 1
            self.paused[account] = self.seconds + settled.settlement.pause.total_seconds()
            if settled.attempt is not None and settled.attempt.outcome == "credentials_dead":
                self.degraded.add(account)
        elif settled.settlement.native_id is not None:
            self.troubles.pop(account, None)
            self.paused.pop(account, None)
            self.degraded.discard(account)


class FakeChannel(Sparse):
    """A platform that keeps what it takes; ``script`` says what happens to the next sends.

    ``take`` and ``drop`` are whether the platform keeps the reply and whether its answer is lost.
    """

    needs_credentials = True

    def __init__(self, nature: Nature, *script: Outcome | str) -> None:
        self.nature = nature
        self.script = list(script)
        self.replies: list[tuple[str, str]] = []
        self.sends = 0
        self.looks = 0
        self.gate: asyncio.Event | None = None

    async def send(self, publication: Publication, credentials: Credentials | None) -> Outcome:
        self.sends += 1
        if self.gate is not None:
            await self.gate.wait()
        told = self.script.pop(0) if self.script else "take"
        if not isinstance(told, str):
            return told
        native_id = self._take(publication) if told.startswith("take") else ""
        return Unknown("no answer") if told in ("take_and_drop", "hang") else Published(native_id)

    def _take(self, publication: Publication) -> str:
        key: str = publication.key
        if self.nature.idempotent_for and any(known == key for known, _ in self.replies):
            return next(native_id for known, native_id in self.replies if known == key)
        native_id = f"native-{len(self.replies) + 1}"
        self.replies.append((key, native_id))
        return native_id

    async def find(
        self, publication: Publication, sent_at: datetime, taken: Collection[str], credentials: Credentials | None
    ) -> Sighting:
        self.looks += 1
        for key, native_id in self.replies:
            if key == publication.key and native_id not in taken:
                return Found(native_id)
        return Absent()


class FakeBell:
    """Rings that nobody waits for."""

    def __init__(self) -> None:
        self.rung = 0

    def ring(self) -> None:
        self.rung += 1

    def clear(self) -> None:
        pass

    async def wait(self, seconds: float) -> None:
        await asyncio.sleep(0)
