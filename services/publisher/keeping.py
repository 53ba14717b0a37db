"""Keeping credentials alive: the loop that renews what runs out and finds out what it allows.

    claim ──▶ renew (if it runs out soon, or was refused) ──▶ probe each needed right ──▶ settle

What must stay true: one process at a time renews for an account, because a platform may take the old refresh token away
with the first use of it; what was renewed is written down before anything else is done with it.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from datetime import timedelta

from services.publisher.domain.outcomes import CredentialsDead, Probe, Probed, Refresh, Refreshed, Unknown
from services.publisher.domain.pacing import Backoff
from services.publisher.ports import Channel, KeepClaim, Keeper, Kept
from shared import telemetry

AT_ONCE = 4
IDLE_SECONDS = 5.0
STUMBLE_SECONDS = 1.0
PROBE_EVERY = timedelta(days=1)
RENEW_BEFORE = timedelta(minutes=10)
"""How long before its end a token is renewed; of one that lives for less than an hour at two thirds of its life."""
WAITS = Backoff(first=30, most=3600)


class Keeping:
    """Renews and probes credentials until it is cancelled."""

    def __init__(
        self, keeper: Keeper, channels: Mapping[str, Channel], *, chance: Callable[[], float] = random.random
    ) -> None:
        self._keeper = keeper
        self._channels = channels
        self._chance = chance

    async def run(self) -> None:
        """The loop."""
        while True:
            try:
                if await self.keep_due() == 0:
                    await asyncio.sleep(IDLE_SECONDS)
            except Exception as error:
                telemetry.logger().error("keeping.stumbled", error=type(error).__name__, exc_info=error)
                await asyncio.sleep(STUMBLE_SECONDS)

    async def keep_due(self) -> int:
        """See to the credentials that are due, at most ``AT_ONCE``; how many that were."""
        claims = await self._keeper.claim(AT_ONCE)
        await asyncio.gather(*(self._keep(claim) for claim in claims))
        return len(claims)

    async def _keep(self, claim: KeepClaim) -> None:
        channel = self._channels.get(claim.platform)
        if channel is None or claim.credentials is None:
            await self._keeper.settle(claim, Kept(None, None, PROBE_EVERY))
            return
        renewed = await self._renew(channel, claim)
        if renewed is not None:
            await self._keeper.settle(claim, Kept(renewed, None, self._after_renewal(renewed, claim)))
            return
        probed = await self._probe(channel, claim)
        wait = PROBE_EVERY if isinstance(probed, Probed) else WAITS.wait(claim.failures + 1, self._chance())
        await self._keeper.settle(claim, Kept(None, probed, _earlier(wait, claim)))

    async def _renew(self, channel: Channel, claim: KeepClaim) -> Refresh | None:
        if not channel.nature.refreshes or not claim.wants_renewal(RENEW_BEFORE):
            return None
        assert claim.credentials is not None
        try:
            return await channel.refresh(claim.account, claim.credentials)
        except Exception as error:
            telemetry.logger().error("credentials.renewal_failed", platform=claim.platform, exc_info=error)
            return Unknown(f"our own mistake: {type(error).__name__}")

    async def _probe(self, channel: Channel, claim: KeepClaim) -> Probe:
        assert claim.credentials is not None
        try:
            return await channel.probe(claim.account, claim.credentials)
        except Exception as error:
            telemetry.logger().error("credentials.probe_failed", platform=claim.platform, exc_info=error)
            return Unknown(f"our own mistake: {type(error).__name__}")

    def _after_renewal(self, renewed: Refresh, claim: KeepClaim) -> timedelta:
        """Probe at once what is new; ask a person, not the platform, about what is dead."""
        if isinstance(renewed, Refreshed):
            return timedelta(0)
        if isinstance(renewed, CredentialsDead):
            return PROBE_EVERY
        return WAITS.wait(claim.failures + 1, self._chance())


def _earlier(wait: timedelta, claim: KeepClaim) -> timedelta:
    """The wait, or less where the token runs out before."""
    if claim.expires_in is None:
        return wait
    margin = min(RENEW_BEFORE, claim.expires_in / 3)
    return max(min(wait, claim.expires_in - margin), timedelta(seconds=1))
