"""Randomness of the operating system, fetched for many at a time.

A system call for each id and each trace of a comment cost more than making the id. What is handed out here is never
handed out again, whichever thread asks; a forked process starts with nothing.
"""

import os
from collections import deque

_PIECES = 256


class Entropy:
    """Hands out random pieces of ``size`` bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._ready: deque[bytes] = deque()
        os.register_at_fork(after_in_child=self._ready.clear)

    def take(self) -> bytes:
        """``size`` random bytes."""
        try:
            return self._ready.pop()
        except IndexError:
            size = self._size
            block = os.urandom(size * _PIECES)
            self._ready.extend(block[at : at + size] for at in range(size, len(block), size))
            return block[:size]
