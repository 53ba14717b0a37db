"""``parley demo``: a dozen comments on their way through Parley, and what became of each.

Everything is seen from outside: comments go in as platforms and clients send them, officers act over the API, and the
end is read from the ingest API. It succeeds only if every comment ended as its scene says.
"""

import asyncio
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import httpx
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from deploy.local import parley_json
from deploy.local.citizens import Citizens
from deploy.local.embedded import Embedded, Options
from deploy.local.errors import CannotRun
from deploy.local.players import Officers
from deploy.local.scenes import SCENES, Scene

SCENE_SECONDS = 60.0
LOOK_SECONDS = 0.1
NARROWEST = 150
_ENDED = {"answered", "closed"}


@dataclass(frozen=True)
class Outcome:
    """What became of a scene. ``seconds`` from the sending to the end, officers' typing not simulated."""

    scene: Scene
    rule: str
    level: str
    disposition: str
    approvals: int
    reply: str | None
    seconds: float
    problem: str | None = None

    @property
    def as_expected(self) -> bool:
        expected = (self.scene.rule, self.scene.level, self.scene.disposition, self.scene.published)
        return self.problem is None and expected == (self.rule, self.level, self.disposition, self.reply is not None)

    def as_json(self) -> dict[str, Any]:
        return {
            "comment": self.scene.text,
            "platform": self.scene.platform,
            "agency": self.scene.agency,
            "rule": self.rule,
            "level": self.level,
            "disposition": self.disposition,
            "approvals": self.approvals,
            "published": self.reply is not None,
            "seconds": round(self.seconds, 3),
        }


def run(options: Options, *, as_json: bool) -> int:
    """Use the system that runs in the home folder, or start one and drain it; the exit code."""
    return asyncio.run(_run(options, as_json=as_json))


async def _run(options: Options, *, as_json: bool) -> int:
    if parley_json.read(options.home) is not None:
        return await show(options.home, as_json=as_json, to=sys.stdout)
    console = Console(stderr=True, highlight=False)
    parley = Embedded(options, lambda line: console.print(f"[dim]parley[/]  {line}"))
    try:
        await parley.start()
        return await show(options.home, as_json=as_json, to=sys.stdout)
    except CannotRun as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3
    finally:
        await parley.stop()


async def show(home: Path, *, as_json: bool, to: TextIO) -> int:
    """Play every scene against the Parley in ``home``; 0 if each ended as expected, else 1."""
    found = parley_json.read(home)
    assert found is not None, "the demo is shown to a Parley that runs"
    console = Console(stderr=True, highlight=False)
    done = 0
    with console.status("") as status:
        async with httpx.AsyncClient(timeout=15, trust_env=False) as client:
            stage = Stage(client, found)
            playing = [asyncio.create_task(stage.play(scene)) for scene in SCENES]
            outcomes = []
            for next_one in asyncio.as_completed(playing):
                outcomes.append(await next_one)
                done += 1
                status.update(f"demo: {done} of {len(SCENES)} comments have reached their end")
    outcomes.sort(key=lambda outcome: SCENES.index(outcome.scene))
    if as_json:
        for outcome in outcomes:
            print(json.dumps(outcome.as_json(), ensure_ascii=False), file=to)
    else:
        Console(file=to, highlight=False, width=max(console.width, NARROWEST)).print(_table(outcomes))
    for outcome in outcomes:
        if not outcome.as_expected:
            console.print(
                f"[red]not as expected[/]: {outcome.scene} ended as {outcome.as_json()} {outcome.problem or ''}"
            )
    return 0 if all(outcome.as_expected for outcome in outcomes) else 1


class Stage:
    """Plays scenes against one running Parley."""

    def __init__(self, client: httpx.AsyncClient, found: dict[str, Any]) -> None:
        self._client = client
        self._found = found
        self._citizens = Citizens(client, found)
        self._admin = {"Authorization": f"Bearer {found['tokens']['admin']}"}

    async def play(self, scene: Scene) -> Outcome:
        """Send the comment, play the officers, wait for its end."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(SCENE_SECONDS):
                return await self._play(scene, began)
        except (TimeoutError, httpx.HTTPError, RuntimeError) as error:
            said = error.response.text if isinstance(error, httpx.HTTPStatusError) else str(error)
            problem = f"{type(error).__name__} {said}"
            return Outcome(scene, "", "", "", 0, None, time.monotonic() - began, problem)

    async def _play(self, scene: Scene, began: float) -> Outcome:
        native_id = await self._citizens.write(scene.platform, scene.agency, scene.text)
        comment = await self._until(scene, native_id, {"routed", *_ENDED})
        case = await self._get("policy", f"/v1/cases/{comment['case']}")
        approvals = 0
        if scene.reply is not None and comment["status"] == "routed":
            officers = [one for one in self._found["officers"] if one["agency"] == scene.agency]
            players = Officers(self._client, self._found["policy"], officers)
            approvals = await players.clear(case["id"], scene.reply, comment["language"])
        comment = await self._until(scene, native_id, _ENDED)
        reply = comment["reply"]
        decision = case["explanation"]
        return Outcome(
            scene=scene,
            rule=decision["rules"][-1]["id"],
            level=case["level"],
            disposition=case["disposition"],
            approvals=approvals,
            reply=reply["text"] if reply else None,
            seconds=time.monotonic() - began,
        )

    async def _until(self, scene: Scene, native_id: str, statuses: set[str]) -> dict[str, Any]:
        while True:
            listed = await self._get(
                "ingest", f"/v1/comments?agency={scene.agency}&platform={scene.platform}&limit=100"
            )
            for comment in listed["items"]:
                if comment["native_id"] == native_id and comment["status"] in statuses:
                    found: dict[str, Any] = comment
                    return found
            await asyncio.sleep(LOOK_SECONDS)

    async def _get(self, service: str, path: str) -> dict[str, Any]:
        answer = await self._client.get(f"{self._found[service]}{path}", headers=self._admin)
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found


def _table(outcomes: list[Outcome]) -> Table:
    table = Table(title="What became of each comment", title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", width=1)
    table.add_column("comment", no_wrap=True, overflow="ellipsis", max_width=40)
    for column in ("platform", "agency", "rule", "level", "disposition"):
        table.add_column(column, no_wrap=True, min_width=len(column))
    table.add_column("approvals", justify="right", no_wrap=True, min_width=9)
    table.add_column("reply", no_wrap=True, overflow="ellipsis", max_width=26)
    table.add_column("seconds", justify="right", no_wrap=True, min_width=7)
    for outcome in outcomes:
        table.add_row(
            Text("✓", "green") if outcome.as_expected else Text("✗", "red"),
            escape(outcome.scene.text),
            outcome.scene.platform,
            outcome.scene.agency,
            outcome.rule,
            outcome.level,
            outcome.disposition,
            str(outcome.approvals),
            escape(outcome.reply or "–"),
            f"{outcome.seconds:.1f}",
        )
    return table
