"""``python -m tests.bench``: run the benchmark, print the table, leave ``build/bench.json``.

Exit codes: 0 measured, 1 a comment was lost or answered twice, 2 wrong use, 3 something did not start. A target that is
not reached is shown, not punished: machines differ.
"""

import argparse
import asyncio
import gc
import signal
import sys
from pathlib import Path

import uvloop
from rich.console import Console

from tests.bench import report
from tests.bench.flow import Stuck
from tests.bench.run import FULL, PARTS, QUICK, Outcome, Plan, measure
from tests.bench.system import NotStarted

OUTPUT = Path("build/bench.json")


def main() -> int:
    """Measure and report; the exit code."""
    options = _options()
    progress = Console(stderr=True, highlight=False)
    parts = frozenset({options.only}) if options.only else PARTS
    # What the generator would spend on looking for cycles it does not make.
    gc.disable()
    try:
        outcome = uvloop.run(_measure(parts, QUICK if options.quick else FULL, progress))
    except (NotStarted, Stuck) as error:
        print(error, file=sys.stderr)
        return 3
    except (KeyboardInterrupt, asyncio.CancelledError):
        print("stopped by a signal", file=sys.stderr)
        return 130
    _report(outcome, options)
    return 0 if outcome.is_right else 1


async def _measure(parts: frozenset[str], plan: Plan, progress: Console) -> Outcome:
    task = asyncio.current_task()
    assert task is not None
    # So that nothing is left running when this is ended early.
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    return await measure(parts, plan, lambda line: progress.print(f"[dim]bench[/]  {line}", soft_wrap=True))


def _report(outcome: Outcome, options: argparse.Namespace) -> None:
    console = Console(highlight=False)
    report.show(console, outcome.values, f"{outcome.kafka.version}, {'short' if options.quick else 'full'} run")
    if outcome.heavy:
        report.show_heavy(console, outcome.heavy)
    if outcome.pipeline is not None:
        report.show_cpu(console, outcome.pipeline, outcome.barest)
    for name, audit in outcome.audits.items():
        mark = "[green]right[/]" if audit.is_right else "[bold red]WRONG[/]"
        console.print(f"{mark}  {name}: {audit}", soft_wrap=True)
    if options.output is not None:
        report.write(options.output, outcome.values, outcome.heavy, outcome.kafka.name, outcome.versions)
        console.print(f"[dim]{options.output}[/]")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure Parley on this machine.")
    parser.add_argument("--only", choices=sorted(PARTS), help="one part, for development; writes no file")
    parser.add_argument("--quick", action="store_true", help="short windows, for development")
    parser.add_argument("--output", type=Path, help=f"default {OUTPUT}; a short run writes only where told")
    options = parser.parse_args()
    if options.only:
        options.output = None
    elif options.output is None and not options.quick:
        options.output = OUTPUT
    return options


if __name__ == "__main__":
    sys.exit(main())
