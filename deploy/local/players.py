"""How the demo plays the officers: it drafts where a reply is due and takes every step that a draft needs."""

from typing import Any

import httpx

from shared.ids import uuid7


class Stuck(RuntimeError):
    """No officer of the agency can take the next step."""


class Officers:
    """The officers of one agency, each with their own token."""

    def __init__(self, client: httpx.AsyncClient, policy_url: str, officers: list[dict[str, str]]) -> None:
        self._client = client
        self._policy_url = policy_url
        self._officers = sorted(officers, key=lambda officer: officer["level"])

    async def clear(self, case: str, text: str, language: str | None) -> int:
        """Draft ``text`` for ``case`` and have it released; how many consents that took. Raises ``Stuck``."""
        author, *others = self._officers
        drafts = f"/v1/cases/{case}/drafts"
        draft = await self._post(author, drafts, {"text": text, **({"language": language} if language else {})})
        path, steps = f"{drafts}/{draft['number']}", draft["steps"]
        for officer in others:
            for step in [step for step in steps if step["taken"] is None]:
                taken = await self._take(officer, path, step, draft["digest"])
                if taken is not None:
                    steps = taken["steps"]
                    break
        if any(step["taken"] is None for step in steps):
            raise Stuck(f"case {case} needs {[step for step in steps if step['taken'] is None]}")
        return len(steps)

    async def _take(
        self, officer: dict[str, str], path: str, step: dict[str, Any], digest: str
    ) -> dict[str, Any] | None:
        """The draft after this officer took the step, or None where it is not theirs."""
        try:
            if step["kind"] == "signoff":
                return await self._post(officer, f"{path}/signoffs", {"kind": step["specialism"], "digest": digest})
            return await self._post(officer, f"{path}/approvals", {"digest": digest})
        except httpx.HTTPStatusError as error:
            if error.response.status_code == 403:
                return None
            raise

    async def _post(self, officer: dict[str, str], path: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {officer['token']}", "Idempotency-Key": uuid7().hex}
        answer = await self._client.post(f"{self._policy_url}{path}", json=body, headers=headers)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found
