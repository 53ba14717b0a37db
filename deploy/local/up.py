"""``parley up``: start everything, show the demo once, stay until Ctrl-C."""

import asyncio
import signal
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from deploy.local import demo, parley_json, sample
from deploy.local.embedded import Embedded, Options
from deploy.local.errors import CannotRun


def run(options: Options, *, with_demo: bool) -> int:
    """Stay until SIGINT or SIGTERM; the exit code."""
    return asyncio.run(_run(options, with_demo=with_demo))


async def _run(options: Options, *, with_demo: bool) -> int:
    console = Console(stderr=True, highlight=False)
    parley = Embedded(options, lambda line: console.print(f"[dim]parley[/]  {line}"))
    stopped = stop_requested()
    try:
        starting = asyncio.ensure_future(parley.start())
        if not await _first(starting, stopped):
            starting.cancel()
            return 0
        if with_demo:
            showing = asyncio.ensure_future(demo.show(options.home, as_json=False, to=sys.stderr))
            await _first(showing, stopped)
            showing.cancel()
        if not stopped.is_set():
            show_addresses(options.home, console)
            console.print("Write a comment in the town square and follow it. Ctrl-C stops everything.")
        await stopped.wait()
        return 0
    except CannotRun as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 3
    finally:
        await parley.stop()


def show_addresses(home: Path, console: Console) -> None:
    """Where everything is, a line each. Nothing is cut or broken: an address is there to be copied."""
    found = parley_json.read(home)
    if found is None:
        return
    for name, address in (
        ("Town square (write as a citizen)", found["town_square"]),
        *((f"Public record of {agency}", f"{found['publisher']}/public/{agency}") for agency in sample.agencies()),
        ("Ingest API", f"{found['ingest']}/docs"),
        ("Policy API", f"{found['policy']}/docs"),
        ("Publisher API", f"{found['publisher']}/docs"),
        ("Tokens, accounts, processes", str(home / parley_json.NAME)),
        ("Logs", str(home / "logs")),
    ):
        console.print(f"  {name:<34}[bold]{escape(address)}[/]", soft_wrap=True)


def stop_requested() -> asyncio.Event:
    """Set by SIGINT and SIGTERM."""
    event = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, event.set)
    return event


async def _first(work: "asyncio.Future[Any]", stopped: asyncio.Event) -> bool:
    """Whether ``work`` ended before a stop was requested; raises what it raised."""
    waiting: asyncio.Future[Any] = asyncio.ensure_future(stopped.wait())
    await asyncio.wait({work, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if work.done():
        work.result()
        return True
    return False
