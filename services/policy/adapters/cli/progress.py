"""How far a long command has come, on standard error: one line that renews itself on a terminal, else one now and
then, so that a log stays readable."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

ON_TERMINAL_SECONDS, IN_A_LOG_SECONDS = 0.2, 5.0


class Progress:
    """Says how many of how many are done, how fast it goes and how long it will take. ``clock`` counts seconds."""

    def __init__(self, noun: str, to: TextIO | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._noun, self._to, self._clock = noun, to or sys.stderr, clock
        self._on_terminal = self._to.isatty()
        self._pause = ON_TERMINAL_SECONDS if self._on_terminal else IN_A_LOG_SECONDS
        self._began = self._said = clock()

    async def report(self, done: int, total: int) -> None:
        """Say it, unless it was said a moment ago."""
        now = self._clock()
        if now - self._said < self._pause and done < total:
            return
        self._said = now
        line = self._line(done, total, now - self._began)
        if self._on_terminal:
            self._to.write(f"\r{line}\x1b[K" + "\n" * (done >= total))
        else:
            self._to.write(f"{line}\n")
        self._to.flush()

    def _line(self, done: int, total: int, seconds: float) -> str:
        share = done / total if total else 1.0
        rate = done / seconds if seconds > 0 else 0.0
        left = f", {(total - done) / rate:,.0f} s left" if rate and done < total else ""
        return f"{share:4.0%} of {total:,} {self._noun}, {rate:,.0f} a second{left}"
