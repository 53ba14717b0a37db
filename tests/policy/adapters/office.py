"""An agency at work over HTTP: time passes when the test says so, and officers write, approve and delegate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from shared.clock import rfc3339
from tests.policy.adapters.support import Policy, running_policy, token
from tests.policy.builders import NOW, received

COMPLAINT = "Still waiting for my passport, terrible service"
RATES = "Will the exchange rate fall?"
DESK, DESK_2, COMMS = "passports-desk", "passports-desk-2", "passports-comms"
DIVISION, LEGAL, HEAD = "passports-division", "passports-legal", "passports-head"
DAY = timedelta(days=1)


class Office:
    """The passports department, unless another agency is named."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.now = NOW

    async def case(self, text: str = COMPLAINT, author: str = DESK, thread: str = "thread-1", **about: Any) -> str:
        """A case with an open draft; its id."""
        await self.policy.receive(received(text, thread=thread, comment=f"cmt_{thread}", **about), moment=self.now)
        rows = await self.policy.rows(f"SELECT id FROM \"case\" WHERE thread = '{thread}' ORDER BY id DESC LIMIT 1")
        case = str(rows[0].id)
        answer = await self.policy.post(f"/v1/cases/{case}/drafts", {"text": "We are sorry."}, author)
        assert answer.status_code == 201, answer.text
        return case

    async def draft(self, case: str, *agencies: str) -> dict[str, Any]:
        seen = await self.policy.get(f"/v1/cases/{case}", "anyone", *(agencies or ("passports",)))
        draft: dict[str, Any] = seen.json()["drafts"][-1]
        return draft

    async def approve(self, case: str, who: str, *agencies: str) -> Any:
        draft = await self.draft(case, *agencies)
        path = f"/v1/cases/{case}/drafts/{draft['number']}/approvals"
        return await self.policy.post(path, {"digest": draft["digest"]}, who, *agencies)

    async def delegate(self, by: str, to: str, **changes: Any) -> Any:
        asked = {
            "agency": "passports",
            "delegate": {"subject": to},
            "ceiling": {"sensitivity": "S3", "damage": "D3"},
            "until": rfc3339(self.now + 30 * DAY),
            **changes,
        }
        return await self.policy.post("/v1/delegations", asked, by)

    async def granted(self, by: str, to: str, **changes: Any) -> str:
        answer = await self.delegate(by, to, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def revoke(self, delegation: str, by: str) -> Any:
        return await self.policy.post(f"/v1/delegations/{delegation}/revocations", {"reason": "no longer"}, by)

    async def waiting(self, who: str) -> list[str]:
        found = await self.policy.get("/v1/cases?waiting_for=me", who)
        return [item["id"] for item in found.json()["items"]]

    async def audited(self, action: str) -> list[Any]:
        return list(await self.policy.rows(f"SELECT * FROM audit WHERE action = '{action}' ORDER BY number"))


@asynccontextmanager
async def an_office() -> AsyncIterator[Office]:
    """A running service whose clock is the office's."""
    clock: list[Office] = []

    def tell() -> datetime:
        return clock[0].now if clock else NOW

    async with running_policy(tell) as policy:
        clock.append(Office(policy))
        yield clock[0]


def auditor(*agencies: str) -> dict[str, str]:
    """The headers of an auditor."""
    return {"Authorization": f"Bearer {token('auditor', *agencies, scopes='cases:read audit:read')}"}


def kind_of(answer: Any) -> tuple[int, str]:
    """The status and the kind of a problem."""
    return answer.status_code, answer.json()["type"].rpartition(":")[2]
