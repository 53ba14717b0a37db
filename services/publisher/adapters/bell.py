"""The bell between whoever makes something due and the dispatcher that works it off."""

import asyncio
from contextlib import suppress


class Bell:
    """Rings within this process; what another process makes due is found by looking now and then."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """There may be something to do."""
        self._rung.set()

    def clear(self) -> None:
        """Forget earlier rings; before looking, so that none is missed after it."""
        self._rung.clear()

    async def wait(self, seconds: float) -> None:
        """Return at the next ring, or after ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rung.wait()
