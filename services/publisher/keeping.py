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
from collections.abc import Callable, Mapping
from datetime import timedelta

from services.publisher.domain.outcomes import CredentialsDead, Probe, Probed, Refresh, Refreshed, Unavailable, Unknown
from services.publisher.domain.pacing import Backoff
from services.publisher.ports import Bell, Channel, KeepClaim, Keeper, Kept, Watch
from services.publisher.side_by_side import Rhythm, SideBySide
from shared import telemetry
from shared.clock import rfc3339

AT_ONCE = 32
EACH_ON = 4
"""How many credentials of one platform are seen to at once: one that hangs leaves room for the others."""
RHYTHM = Rhythm(breath=0.1, idle=5.0, drain=20.0)
"""A renewal that is under way when the service stops may take longer than any request."""
SAVE_SECONDS = 120.0
SAVE_AGAIN_SECONDS = 0.5
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
        bell: Bell,
        *,
        watch: Watch = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._keeper = keeper
        self._channels = channels
        self._watch = watch
        self._chance = chance
        self._errands = SideBySide(bell, all=AT_ONCE, each=1, each_on=EACH_ON)

    async def run(self) -> None:
        """The loop. On cancellation it claims nothing more; what a platform is giving away just now is not lost."""
        await self._errands.go_on(self.claim_and_start, RHYTHM)

    async def keep_due(self) -> int:
        """See to the credentials that are due and have room, to the end; how many that were."""
        begun = await self.claim_and_start()
        await self._errands.finish()
        return begun

    async def claim_and_start(self) -> int:
        """Claim what there is room for and begin with it; how many that were."""
        now = self._watch()
        rooms = self._errands.rooms(now)
        claims = await self._keeper.claim(rooms) if rooms.all > 0 else []
        for claim in claims:
            self._errands.start((claim.agency, claim.platform, claim.account), self._keep(claim), now)
        return len(claims)

    async def _keep(self, claim: KeepClaim) -> bool:
        """Whether the platform gave an answer."""
        channel = self._channels.get(claim.platform)
        if channel is None or claim.credentials is None:
            await self._keeper.settle(claim, Kept(None, None, PROBE_EVERY))
            return True
        if channel.nature.refreshes and claim.wants_renewal(RENEW_BEFORE):
            if not await self._keeper.begin_renewal(claim):
                return True
            renewed = _explained(await self._renew(channel, claim), claim)
            await self._save(claim, Kept(renewed, None, self._after_renewal(renewed, claim)))
            return not isinstance(renewed, Unavailable | Unknown)
        probed = await self._probe(channel, claim)
        wait = PROBE_EVERY if isinstance(probed, Probed) else WAITS.wait(claim.failures + 1, self._chance())
        # What nobody can renew is not asked more often because it runs out, or did.
        again_in = _earlier(wait, claim) if channel.nature.refreshes else wait
        await self._keeper.settle(claim, Kept(None, probed, again_in))
        return not isinstance(probed, Unavailable | Unknown)

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


def _earlier(wait: timedelta, claim: KeepClaim) -> timedelta:
    """The wait, or less where the token runs out before."""
    if claim.expires_in is None:
        return wait
    margin = min(RENEW_BEFORE, claim.expires_in / 3)
    return max(min(wait, claim.expires_in - margin), timedelta(seconds=1))
