"""Reading the accounts of a platform: one watch for each that can be read, begun anew when it fails."""

import asyncio

from services.ingest.adapters.polling.means import Means
from services.ingest.adapters.polling.watch import Watch
from services.ingest.domain.accounts import Account
from shared import telemetry

NEW_ACCOUNTS_SECONDS = 0.25


class Polling:
    """Keeps one watch for each connected account of a feed's platform."""

    def __init__(self, means: Means) -> None:
        self._means = means

    async def run(self) -> None:
        """Watch every account until cancelled."""
        watches: dict[str, asyncio.Task[None]] = {}
        try:
            while True:
                for account in self._means.book.of(self._means.feed.platform):
                    if self._means.feed.reads(account) and (account.id not in watches or watches[account.id].done()):
                        watches[account.id] = asyncio.create_task(self._watch(account))
                await asyncio.sleep(NEW_ACCOUNTS_SECONDS)
        finally:
            for watch in watches.values():
                watch.cancel()
            await asyncio.gather(*watches.values(), return_exceptions=True)

    async def _watch(self, account: Account) -> None:
        try:
            await Watch(self._means, account).run()
        except Exception as error:
            platform = self._means.feed.platform
            telemetry.logger().warning(
                "polling.failed", platform=platform, account=account.account, error=_cause(error)
            )
            await asyncio.sleep(self._means.pace.retry_seconds)


def _cause(error: BaseException) -> str:
    """The name of what went wrong, out of the group that the tasks of a watch end in."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
