"""Duties as they come in: written in the consumer's transaction, one statement a kind of row.

What must stay true: a response makes one publication, however often its event arrives; with an answer, what is open to
the same comments and no answer is marked as overtaken in the same transaction.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store import accounts, corrections, task_rows
from services.publisher.adapters.store.actor import ACTOR
from services.publisher.adapters.tables import OPEN
from services.publisher.domain.publications import Nature, Publication, Release
from services.publisher.domain.settlements import SUPERSEDED
from services.publisher.domain.tasks import Task
from services.publisher.ports import AccountKey
from shared import audit
from shared.audit import Entry
from shared.clock import Clock
from shared.errors import Dead
from shared.events import (
    AccountConnected,
    AccountDisabled,
    ModerationOrdered,
    PuttingRight,
    ResponseCorrected,
    ResponseRetracted,
)
from shared.ids import AccountId, PublicationId, account_id, new_id

_SHARED_BY_AGENCIES = "rest"
"""The platform on which one account (a client) may write to several agencies."""


class Duties:
    """The unit of work of one batch of events: writes through ``connection``, never commits."""

    def __init__(self, connection: AsyncConnection, clock: Clock) -> None:
        self._connection = connection
        self._clock = clock

    async def facts(self, wanted: Collection[AccountKey]) -> Mapping[AccountKey, Mapping[str, int]]:
        """What the servers of these accounts told of their limits; those that told nothing are left out."""
        return await accounts.facts(self._connection, wanted)

    async def record(self, duties: Sequence[tuple[Publication, Release]]) -> None:
        """Write down duties that are not known yet, and their accounts where nobody has named them yet.

        Raises ``Dead`` with code ``account_of_another_agency``.
        """
        if not duties:
            return
        await self._meet_accounts(duties)
        new = set((await self._connection.execute(_RECORD, _columns(duties))).scalars())
        await self._overtake(
            [one.publication for one, _ in duties if one.purpose == "answer" and one.publication in new]
        )
        entries = [_recorded(one, release) for one, release in duties if one.publication in new]
        await audit.append(self._connection, entries, self._clock())

    async def _meet_accounts(self, duties: Sequence[tuple[Publication, Release]]) -> None:
        keys = _accounts(duties)
        await self._connection.execute(_MEET_ACCOUNTS, keys)
        stranger = (await self._connection.execute(_STRANGERS, keys)).first()
        if stranger is not None:
            # Written down it would never be due: its account row belongs to somebody else.
            whose = f"{stranger.platform} {stranger.account} is not an account of {stranger.agency}"
            raise Dead("account_of_another_agency", whose)

    async def _overtake(self, answers: Sequence[PublicationId]) -> None:
        # Before the audit rows, as in settling: the other way round the two could wait for each other.
        if answers:
            await self._connection.execute(_OVERTAKE, {"answers": answers, "reason": SUPERSEDED})

    async def connect(self, accounts: Sequence[AccountConnected]) -> None:
        """Remember accounts under their own ids and names."""
        latest = {(one.agency, one.platform, one.account): one for one in accounts}
        if not latest:
            return
        known = list(latest.values())
        await self._connection.execute(
            _CONNECT,
            {
                "ids": [one.account_id for one in known],
                "agencies": [one.agency for one in known],
                "platforms": [one.platform for one in known],
                "accounts": [one.account for one in known],
                "names": [one.name for one in known],
                "connected": [one.connected_at for one in known],
            },
        )

    async def disable(self, accounts: Sequence[AccountDisabled]) -> None:
        """Let accounts rest until they are connected again."""
        latest = {(one.agency, one.platform, one.account): one.disabled_at for one in accounts}
        for (agency, platform, account), at in latest.items():
            row = {"agency": agency, "platform": platform, "account": account, "at": at}
            await self._connection.execute(_DISABLE, row)

    async def retract(self, order: ResponseRetracted) -> None:
        """Take a response back."""
        await corrections.retract(self._connection, order, self._clock())
        await self._note(order, "response.retracted", order.retraction)

    async def correct(self, order: ResponseCorrected, natures: Mapping[str, Nature]) -> None:
        """Put a response right."""
        await corrections.correct(self._connection, order, natures, self._clock())
        await self._note(order, "response.corrected", order.correction)

    async def moderate(self, order: ModerationOrdered, traceparent: str | None) -> None:
        """Write down what is to be done with a comment. Raises ``Dead`` with code ``unknown_account``."""
        owner = (await self._connection.execute(_OWNER, vars(order))).scalar_one_or_none()
        if owner is None:
            raise Dead("unknown_account", f"nobody has connected {order.platform} {order.account}")
        captured = {"text": order.text, "author": order.author, "rule": order.rule}
        await task_rows.record(
            self._connection, [_moderation(order, owner, traceparent)], {**_authority(order), "captured": captured}
        )
        await self._note(order, "moderation.ordered", order.order)

    async def _note(self, order: PuttingRight | ModerationOrdered, action: str, subject: str) -> None:
        entry = Entry(
            agency=order.agency,
            actor=ACTOR,
            action=action,
            subject=subject,
            details={"reason": order.reason, "level": order.level, "digest": order.digest},
        )
        await audit.append(self._connection, [entry], self._clock())


def _moderation(order: ModerationOrdered, owner: str, traceparent: str | None) -> Task:
    return Task(
        task=new_id("tsk"),
        agency=owner,
        platform=order.platform,
        account=order.account,
        thread=order.thread,
        kind=order.action,
        native_id=order.native_id,
        reason=order.reason,
        case=order.case,
        order=order.order,
        comment=order.comment,
        traceparent=traceparent,
    )


def _authority(order: ModerationOrdered) -> dict[str, Any]:
    return {
        "level": order.level,
        "digest": order.digest,
        "policy_version": order.policy_version,
        "authorisations": [one.model_dump(mode="json") for one in order.authorisations],
    }


def own_account_id(agency: str, platform: str, account: str) -> AccountId:
    """The id of an account that no event has named yet; the same that its event will carry."""
    return account_id(platform, account, agency if platform == _SHARED_BY_AGENCIES else "")


def _accounts(duties: Sequence[tuple[Publication, Release]]) -> dict[str, list[str]]:
    keys = sorted({(one.agency, one.platform, one.account) for one, _ in duties})
    return {
        "ids": [own_account_id(*key) for key in keys],
        "agencies": [agency for agency, _, _ in keys],
        "platforms": [platform for _, platform, _ in keys],
        "accounts": [account for _, _, account in keys],
    }


def _columns(duties: Sequence[tuple[Publication, Release]]) -> dict[str, list[object]]:
    return {
        "ids": [one.publication for one, _ in duties],
        "agencies": [one.agency for one, _ in duties],
        "platforms": [one.platform for one, _ in duties],
        "accounts": [one.account for one, _ in duties],
        "threads": [one.thread for one, _ in duties],
        "responses": [one.response for one, _ in duties],
        "cases": [one.case for one, _ in duties],
        # unnest would flatten an array of arrays; our own ids hold no comma.
        "comments": [",".join(one.comments) for one, _ in duties],
        "parents": [one.reply_to for one, _ in duties],
        "texts": [one.text for one, _ in duties],
        "mentions": [one.mention for one, _ in duties],
        "visibilities": [one.visibility for one, _ in duties],
        "subject_lines": [one.subject_line for one, _ in duties],
        "publics": [one.public for one, _ in duties],
        "languages": [one.language for one, _ in duties],
        "traces": [one.traceparent for one, _ in duties],
        "purposes": [one.purpose for one, _ in duties],
        "windows": [one.valid_until for one, _ in duties],
        "parts": [json.dumps(one.parts) if one.parts else None for one, _ in duties],
        "levels": [release.level for _, release in duties],
        "digests": [release.digest for _, release in duties],
        "policies": [release.policy_version for _, release in duties],
        "authorisations": [release.authorisations for _, release in duties],
        "approved": [release.approved_at for _, release in duties],
    }


def _recorded(publication: Publication, release: Release) -> Entry:
    return Entry(
        agency=publication.agency,
        actor=ACTOR,
        action="publication.recorded",
        subject=publication.publication,
        details={"response": publication.response, "level": release.level, "digest": release.digest},
    )


_MEET_ACCOUNTS = text("""
    INSERT INTO account (id, agency, platform, account)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]))
    ON CONFLICT DO NOTHING
""")
_STRANGERS = text("""
    SELECT wanted.agency, wanted.platform, wanted.account FROM unnest(
        CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[])
    ) AS wanted (agency, platform, account)
    WHERE NOT EXISTS (SELECT FROM account AS a WHERE (a.agency, a.platform, a.account)
                      = (wanted.agency, wanted.platform, wanted.account))
""")
_RECORD = text("""
    INSERT INTO publication
        (id, agency, platform, account, thread, response, case_id, comments, reply_to, text, mention, visibility,
         public, language, traceparent, purpose, valid_until, parts, subject_line, release, due_at)
    SELECT new.id, new.agency, new.platform, new.account, new.thread, new.response, new.case_id,
           string_to_array(new.comments, ','), new.reply_to, new.words, new.mention, new.visibility,
           new.public, new.language, new.trace, new.purpose, new.valid_until,
           CASE WHEN new.parts IS NOT NULL
                THEN ARRAY(SELECT jsonb_array_elements_text(CAST(new.parts AS jsonb))) END,
           new.subject_line,
           jsonb_build_object('level', new.level, 'digest', new.digest, 'policy_version', new.policy,
                              'authorisations', CAST(new.authorisations AS jsonb), 'approved_at', new.approved),
           statement_timestamp()
    FROM unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]),
        CAST(:threads AS text[]), CAST(:responses AS text[]), CAST(:cases AS text[]), CAST(:comments AS text[]),
        CAST(:parents AS text[]), CAST(:texts AS text[]), CAST(:mentions AS text[]),
        CAST(:visibilities AS text[]), CAST(:publics AS boolean[]), CAST(:languages AS text[]),
        CAST(:traces AS text[]), CAST(:purposes AS text[]), CAST(:windows AS timestamptz[]), CAST(:parts AS text[]),
        CAST(:subject_lines AS text[]), CAST(:levels AS text[]), CAST(:digests AS text[]),
        CAST(:policies AS text[]), CAST(:authorisations AS text[]), CAST(:approved AS timestamptz[]))
        WITH ORDINALITY AS new (id, agency, platform, account, thread, response, case_id, comments, reply_to, words,
            mention, visibility, public, language, trace, purpose, valid_until, parts, subject_line, level, digest,
            policy, authorisations, approved, nth)
    ORDER BY new.nth
    ON CONFLICT (response) DO NOTHING RETURNING id
""")
# What is being tried ends first; what only waits for its time is due at once, so that it keeps no answer back.
_OVERTAKE = text(f"""
    UPDATE publication AS p SET
        reason = :reason, due_at = CASE p.state WHEN 'pending' THEN statement_timestamp() ELSE p.due_at END
    FROM (
        SELECT older.id FROM publication AS answer JOIN publication AS older
            ON older.thread_key = answer.thread_key AND older.{OPEN} AND older.position < answer.position
        WHERE answer.id = ANY (CAST(:answers AS text[]))
          AND older.purpose NOT IN ('answer', 'correction') AND older.comments && answer.comments
        ORDER BY older.position FOR UPDATE OF older
    ) AS overtaken
    WHERE p.id = overtaken.id
""")  # noqa: S608 - a constant of this package
_CONNECT = text("""
    INSERT INTO account AS known (id, agency, platform, account, name, connected_at)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]),
        CAST(:names AS text[]), CAST(:connected AS timestamptz[]))
    ON CONFLICT (agency, platform, account) DO UPDATE
        SET id = excluded.id, name = excluded.name, connected_at = excluded.connected_at,
            disabled_at = CASE WHEN known.disabled_at > excluded.connected_at THEN known.disabled_at END
""")
_DISABLE = text("""
    UPDATE account SET disabled_at = :at
    WHERE (agency, platform, account) = (:agency, :platform, :account)
      AND (connected_at IS NULL OR connected_at < :at)
""")
_OWNER = text("""
    SELECT agency FROM account WHERE platform = :platform AND account = :account
    ORDER BY agency = :agency DESC LIMIT 1
""")
