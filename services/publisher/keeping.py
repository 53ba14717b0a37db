"""Keeping credentials alive: the loop that renews what runs out and finds out what it allows.

    claim ──▶ note the renewal ──▶ renew (if it runs out soon, or was refused) ──▶ probe each needed right ──▶ settle

What must stay true: one process at a time renews for an account, because a platform may take the old refresh token away
with the first use of it; what was renewed is written down before anything else is done with it. That a renewal begins
is written down before it does: whoever dies between the platform's answer and the commit leaves a note. The next one
tries the old refresh token, which is still good if the platform was never reached; where it is not, a person hears why.
"""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from services.publisher.domain.outcomes import CredentialsDead, Probe, Probed, Refresh, Refreshed, Unknown
from services.publisher.domain.pacing import Backoff
from services.publisher.ports import Channel, KeepClaim, Keeper, Kept, Watch
from shared import telemetry
from shared.clock import rfc3339

AT_ONCE = 4
IDLE_SECONDS = 5.0
STUMBLE_SECONDS = 1.0
SAVE_SECONDS = 120.0
SAVE_AGAIN_SECONDS = 0.5
DRAIN_SECONDS = 20.0
"""How long a renewal may still take when the service stops; more than any request."""
PROBE_EVERY = timedelta(days=1)
RENEW_BEFORE = timedelta(minutes=10)
"""How long before its end a token is renewed; of one that lives for less than an hour at two thirds of its life."""
SHORTEST_LIFE = timedelta(minutes=1)
"""A token that says to live for less is not renewed more often, or its platform would be asked without a pause."""
WAITS = Backoff(first=30, most=3600)


class Keeping:
    """Renews and probes credentials until it is cancelled."""

    def __init__(
        self,
        keeper: Keeper,
        channels: Mapping[str, Channel],
        *,
        watch: Watch = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._keeper = keeper
        self._channels = channels
        self._watch = watch
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
        under_way = [asyncio.create_task(self._keep(claim)) for claim in claims]
        if under_way:
            await _ended(under_way)
        return len(claims)

    async def _keep(self, claim: KeepClaim) -> None:
        channel = self._channels.get(claim.platform)
        if channel is None or claim.credentials is None:
            await self._keeper.settle(claim, Kept(None, None, PROBE_EVERY))
            return
        if channel.nature.refreshes and claim.wants_renewal(RENEW_BEFORE):
            if await self._keeper.begin_renewal(claim):
                renewed = _explained(await self._renew(channel, claim), claim)
                await self._save(claim, Kept(renewed, None, self._after_renewal(renewed, claim)))
            return
        probed = await self._probe(channel, claim)
        wait = PROBE_EVERY if isinstance(probed, Probed) else WAITS.wait(claim.failures + 1, self._chance())
        # What nobody can renew is not asked more often because it runs out, or did.
        again_in = _earlier(wait, claim) if channel.nature.refreshes else wait
        await self._keeper.settle(claim, Kept(None, probed, again_in))

    async def _save(self, claim: KeepClaim, renewed: Kept) -> None:
        """Write a renewal down; tries on while the database is away, for the old refresh token may be good no more."""
        until = self._watch() + SAVE_SECONDS
        while True:
            try:
                if not await self._keeper.settle(claim, renewed):
                    telemetry.logger().warning("credentials.renewal_not_kept", platform=claim.platform)
                return
            except Exception as error:
                telemetry.logger().warning("credentials.not_saved", error=type(error).__name__)
                if self._watch() > until:
                    raise
            await asyncio.sleep(SAVE_AGAIN_SECONDS)

    async def _renew(self, channel: Channel, claim: KeepClaim) -> Refresh:
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
            lives_for = renewed.lives_for
            is_short = lives_for is not None and lives_for <= RENEW_BEFORE.total_seconds()
            return max(timedelta(seconds=(lives_for or 0) * 2 / 3), SHORTEST_LIFE) if is_short else timedelta(0)
        if isinstance(renewed, CredentialsDead):
            return PROBE_EVERY
        return WAITS.wait(claim.failures + 1, self._chance())


def _explained(renewed: Refresh, claim: KeepClaim) -> Refresh:
    """A refusal, with what it comes of if an earlier renewal was never heard of again."""
    if not isinstance(renewed, CredentialsDead) or claim.renewing_since is None:
        return renewed
    began = f"the answer to a renewal of {rfc3339(claim.renewing_since)} was lost, and the old secrets are used up"
    return CredentialsDead(f"{began}: authorise the account anew ({renewed.detail})")


async def _ended(under_way: Sequence[asyncio.Task[None]]) -> None:
    """Wait until all have ended; what is cancelled meanwhile is this waiting, not what a platform has given away."""
    try:
        await asyncio.wait(under_way)
    except asyncio.CancelledError:
        await asyncio.wait(under_way, timeout=DRAIN_SECONDS)
        raise
    finally:
        for one in under_way:
            one.cancel()
    for one in under_way:
        one.result()


def _earlier(wait: timedelta, claim: KeepClaim) -> timedelta:
    """The wait, or less where the token runs out before."""
    if claim.expires_in is None:
        return wait
    margin = min(RENEW_BEFORE, claim.expires_in / 3)
    return max(min(wait, claim.expires_in - margin), timedelta(seconds=1))
