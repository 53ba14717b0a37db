"""The outcome: a table for people, ``build/bench.json`` for machines.

The targets are those of the design; the keys of the file are a contract.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.bench.intake import Heavy
from tests.bench.pipeline import Pipeline


@dataclass(frozen=True)
class Figure:
    """One key of the file, and what it has to reach: at least ``target``, or at most where ``less_is_better``; nothing
    where there is no target."""

    key: str
    means: str
    target: float | None
    unit: str = ""
    digits: int = 2
    less_is_better: bool = False

    def reached(self, value: float) -> bool:
        if self.target is None:
            return True
        return value <= self.target if self.less_is_better else value >= self.target

    def show(self, value: float) -> str:
        return f"{value:,.{self.digits}f}{self.unit}"

    def bound(self) -> str:
        """The target as it stands in the table."""
        if self.target is None:
            return ""
        return f"{'≤' if self.less_is_better else '≥'} {self.show(self.target)}"


def _milliseconds(key: str, means: str, target: float) -> Figure:
    return Figure(key, means, target, " ms", 0, less_is_better=True)


FIGURES = (
    Figure("intake_ratio", "webhooks accepted a second ÷ empty route", 0.65),
    Figure("pipeline_per_second", "comments a second, webhook to reply", 1_000, "", 0),
    Figure("pipeline_ratio", "the same ÷ barest loop", 0.3),
    Figure("cpu_ms_per_comment", "CPU a comment", 1.4, " ms", 2, less_is_better=True),
    _milliseconds("latency_p50_ms", "latency at half that rate, p50", 100),
    _milliseconds("latency_p99_ms", "latency at half that rate, p99", 500),
    _milliseconds("latency_87_p50_ms", "latency at 87 a second, p50", 40),
    _milliseconds("latency_87_p99_ms", "latency at 87 a second, p99", 120),
    Figure("decide_us", "a decision under 1,000 rules and 5,000 phrases", 50, " µs", 1, less_is_better=True),
    Figure("decide_growth", "the same under twice as many ÷ that", 1.2, less_is_better=True),
    Figure("classify_us", "besides it: of what kind a comment is", None, " µs", 1),
    Figure("language_us", "besides it: in which language it is", None, " µs", 1),
    Figure("replies_per_second", "replies a second, duty to platform", 500, "", 0),
    Figure("reply_cpu_ms", "CPU a reply", None, " ms"),
    Figure("reply_ratio", "replies a second ÷ barest loop with the same client", None),
    Figure("beside_1000_p50", "latency of replies, 1,000 waiting for a dead platform ÷ none, p50", None),
    Figure("beside_1000_p99", "the same, p99", None),
    Figure("beside_20000_p50", "latency of replies, 20,000 waiting for a dead platform ÷ none, p50", None),
    Figure("beside_20000_p99", "the same, p99", None),
    Figure("intake_beside_timers", "intake while timers go off (100,000 a minute) ÷ without", None),
    Figure("callbacks_per_second", "callbacks a second to 50 subscribers", 2_000, "", 0),
    Figure("callbacks_cpu_ms", "CPU a callback", None, " ms", 2),
    Figure("callbacks_ratio", "callbacks a second ÷ barest loop", None),
    Figure("replay_100k_seconds", "replay of 100,000 stored comments", None, " s", 0),
)

Values = Mapping[str, float]


def show(console: Console, values: Values, subtitle: str) -> None:
    """The table of what was measured against its target."""
    table = Table(title="Parley, measured", caption=subtitle, title_style="bold", caption_style="dim")
    table.add_column("figure")
    table.add_column("value", justify="right", style="bold")
    table.add_column("target", justify="right")
    table.add_column("reached", justify="center")
    for figure in FIGURES:
        if figure.key in values:
            value = values[figure.key]
            mark = "" if figure.target is None else "[green]yes[/]" if figure.reached(value) else "[red]no[/]"
            table.add_row(figure.means, figure.show(value), figure.bound(), mark)
    console.print(table)


def show_cpu(console: Console, ours: Pipeline, barest: Pipeline | None) -> None:
    """Where the CPU of a comment goes, process by process."""
    table = Table(title="CPU a comment (ms)", title_style="bold")
    table.add_column("process")
    table.add_column("Parley", justify="right")
    table.add_column("barest loop", justify="right")
    others = barest.cpu_ms if barest is not None else {}
    for name in dict.fromkeys([*ours.cpu_ms, *others]):
        table.add_row(name, _cell(ours.cpu_ms.get(name)), _cell(others.get(name)))
    total = barest.cpu_ms_per_comment if barest is not None else None
    table.add_row("all", _cell(ours.cpu_ms_per_comment), _cell(total), style="bold")
    generator = barest.generator_cpu_ms if barest is not None else None
    table.add_row("generator and stub", _cell(ours.generator_cpu_ms), _cell(generator), style="dim")
    console.print(table)


def show_heavy(console: Console, heavy: Sequence[Heavy]) -> None:
    """Intake of each platform's heaviest body."""
    table = Table(title="Intake of the heaviest bodies", title_style="bold")
    columns = ("platform", "comments", "bytes", "bodies a second", "comments a second", "empty route", "µs a comment")
    for column in columns:
        table.add_column(column, justify="left" if column == "platform" else "right")
    table.add_column("ratio", justify="right", style="bold")
    for one in heavy:
        table.add_row(
            one.platform,
            f"{one.comments}",
            f"{one.bytes:,}",
            f"{one.per_second:,.0f}",
            f"{one.per_second * one.comments:,.0f}",
            f"{one.empty_per_second:,.0f}",
            f"{one.ingest_us / one.comments:,.0f}",
            f"{one.ratio:.2f}",
        )
    console.print(table)


def write(path: Path, values: Values, heavy: Sequence[Heavy], broker: str, versions: Mapping[str, str]) -> None:
    """Leave every figure for machines."""
    rounded: dict[str, object] = {figure.key: round(values[figure.key], 4) for figure in FIGURES}
    rounded["intake_ratio_of_heaviest"] = {one.platform: round(one.ratio, 4) for one in heavy}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**rounded, "broker": broker, "versions": dict(versions)}, indent=1) + "\n")


def _cell(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
