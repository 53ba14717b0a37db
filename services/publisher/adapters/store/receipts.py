"""Receipts, corrections and timers as events come in: written in the consumer's transaction, one statement a kind.

What must stay true: a comment's id never comes further than this module, which keeps the receipt's id in its place.
Facts are joined by case and receipt, in whatever order their events arrive.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters.store.record import SHOWN
from services.publisher.domain.register import TRANSFERRED, receipt_id
from shared.events import (
    CaseClosed,
    CaseRouted,
    ModerationEnded,
    ModerationOrdered,
    PublicationCorrected,
    PublicationFailed,
    PublicationRetracted,
    ResponsePublished,
)

MOST_RULE = 100
Key = tuple[str, str]
"""A case, and the receipt of one of its comments."""


class Receipts:
    """The unit of work of one batch: writes through ``connection``, never commits. ``measured`` are the platforms that
    tell how far a post has come."""

    def __init__(self, connection: AsyncConnection, key: bytes, measured: Collection[str]) -> None:
        self._connection = connection
        self._key = key
        self._measured = measured

    async def route(self, events: Sequence[CaseRouted]) -> None:
        latest: dict[Key, CaseRouted] = {}
        for one in sorted(events, key=lambda event: event.routed_at):
            latest.update({key: one for key in self._keys(one.case, one.comments)})
        await self._write(
            _ROUTE,
            latest,
            agencies=[one.agency for one in latest.values()],
            policies=[one.policy_version for one in latest.values()],
            rules=[",".join(one.rules) for one in latest.values()],
            levels=[one.level for one in latest.values()],
            routed=[one.routed_at for one in latest.values()],
            asked=[one.received_at or one.routed_at for one in latest.values()],
            origins=["received" if one.received_at else "routed" for one in latest.values()],
            due=[one.due_at for one in latest.values()],
        )

    async def close(self, events: Sequence[CaseClosed]) -> None:
        closed: dict[Key, tuple[str, str, datetime]] = {}
        for one in sorted(events, key=lambda event: event.closed_at):
            closed.update({key: (one.agency, one.reason, one.closed_at) for key in self._keys(one.case, one.comments)})
        await self._close(closed)
        left = [one for one in events if one.reason == TRANSFERRED]
        if left:
            times = {"cases": [one.case for one in left], "closed": [one.closed_at for one in left]}
            await self._connection.execute(_TRANSFER, times)

    async def give_up(self, events: Sequence[PublicationFailed]) -> None:
        closed: dict[Key, tuple[str, str, datetime]] = {}
        for one in events:
            closed.update({key: (one.agency, one.reason, one.failed_at) for key in self._keys(one.case, one.comments)})
        await self._close(closed)

    async def _close(self, closed: dict[Key, tuple[str, str, datetime]]) -> None:
        await self._write(
            _CLOSE,
            closed,
            agencies=[agency for agency, _, _ in closed.values()],
            reasons=[reason for _, reason, _ in closed.values()],
            closed=[at for _, _, at in closed.values()],
        )

    async def answer(self, events: Sequence[ResponsePublished]) -> None:
        left = [(key, one) for one in events for key in self._keys(one.case, one.comments)]
        while left:
            # Each comment once a statement: of several answers the first that was not taken back is the answer.
            answered = dict(reversed(left))
            await self._write(
                _ANSWER,
                answered,
                agencies=[one.agency for one in answered.values()],
                publications=[one.publication for one in answered.values()],
                answered=[one.published_at for one in answered.values()],
            )
            left = [(key, one) for key, one in left if answered[key] is not one]

    async def correct(self, events: Sequence[PublicationCorrected]) -> None:
        if not events:
            return
        await self._connection.execute(
            _CORRECT,
            {
                "publications": [one.publication for one in events],
                "corrections": [one.correction for one in events],
                "agencies": [one.agency for one in events],
                "texts": [one.text for one in events],
                "corrected": [one.corrected_at for one in events],
            },
        )
        await self._connection.execute(_COUNT_CORRECTIONS, {"publications": [one.publication for one in events]})
        await self._answer_by_correction([one for one in events if one.how == "reply"])

    async def _answer_by_correction(self, events: Sequence[PublicationCorrected]) -> None:
        """Where what is corrected never went out, its correction is the answer."""
        if not events:
            return
        rows = await self._connection.execute(_INSTEAD, {"corrections": [one.correction for one in events]})
        instead = {row.response: row.id for row in rows}
        answered = {
            key: one
            for one in events
            if one.purpose == "answer" and one.correction in instead
            for key in self._keys(one.case, one.comments)
        }
        await self._write(
            _ANSWER,
            answered,
            agencies=[one.agency for one in answered.values()],
            publications=[instead[one.correction] for one in answered.values()],
            answered=[one.corrected_at for one in answered.values()],
        )

    async def retract(self, events: Sequence[PublicationRetracted]) -> None:
        latest = {one.publication: one for one in events}
        if not latest:
            return
        retracted = {
            "publications": list(latest),
            "agencies": [one.agency for one in latest.values()],
            "retracted": [one.retracted_at for one in latest.values()],
        }
        await self._connection.execute(_RETRACT, retracted)
        await self._connection.execute(_MARK_RETRACTED, {k: v for k, v in retracted.items() if k != "agencies"})

    async def order(self, events: Sequence[ModerationOrdered]) -> None:
        ordered = {(one.case, receipt_id(self._key, one.comment)): one for one in events if one.action != "show"}
        await self._write(
            _ORDER,
            ordered,
            agencies=[one.agency for one in ordered.values()],
            rules=[one.rule and one.rule[:MOST_RULE] for one in ordered.values()],
        )

    async def moderate(self, events: Sequence[ModerationEnded]) -> None:
        ended = {(one.case, receipt_id(self._key, one.comment)): one for one in events}
        await self._write(
            _MODERATE,
            ended,
            agencies=[one.agency for one in ended.values()],
            hidden=[None if one.action == "show" else one.ended_at for one in ended.values()],
        )

    async def watch(self, events: Sequence[ResponsePublished]) -> None:
        ids = [one.publication for one in events if one.platform in self._measured]
        if ids:
            await self._connection.execute(_WATCH, {"publications": ids})

    async def _write(self, statement: Any, keyed: dict[Key, Any], **columns: list[Any]) -> None:
        if keyed:
            keys = {"cases": [case for case, _ in keyed], "ids": [receipt for _, receipt in keyed]}
            await self._connection.execute(statement, keys | columns)

    def _keys(self, case: str, comments: Iterable[str]) -> list[Key]:
        return [(case, receipt_id(self._key, comment)) for comment in comments]


_CHANGED = "changed_at = statement_timestamp(), entered = false"
_ROUTE = text(f"""
    INSERT INTO receipt AS r
        (case_id, id, agency, policy_version, rules, level, routed_at, asked_at, asked_from, due_at)
    SELECT n.case_id, n.id, n.agency, n.policy, string_to_array(n.rules, ','), n.level, n.routed, n.asked, n.origin,
           n.due
    FROM unnest(
        CAST(:cases AS text[]), CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:policies AS text[]),
        CAST(:rules AS text[]), CAST(:levels AS text[]), CAST(:routed AS timestamptz[]),
        CAST(:asked AS timestamptz[]), CAST(:origins AS text[]), CAST(:due AS timestamptz[])
    ) AS n (case_id, id, agency, policy, rules, level, routed, asked, origin, due)
    ORDER BY n.case_id, n.id
    ON CONFLICT (case_id, id) DO UPDATE SET
        agency = excluded.agency, policy_version = excluded.policy_version, rules = excluded.rules,
        level = excluded.level, routed_at = excluded.routed_at, due_at = coalesce(r.due_at, excluded.due_at),
        asked_at = coalesce(r.asked_at, excluded.asked_at), asked_from = coalesce(r.asked_from, excluded.asked_from),
        closed_at = CASE WHEN r.closed_at >= excluded.routed_at THEN r.closed_at END,
        closed_reason = CASE WHEN r.closed_at >= excluded.routed_at THEN r.closed_reason END,
        {_CHANGED}
    WHERE r.routed_at IS NULL OR r.routed_at <= excluded.routed_at
""")  # noqa: S608 - a constant of this module
_CLOSE = text(f"""
    INSERT INTO receipt AS r (case_id, id, agency, closed_reason, closed_at)
    SELECT * FROM unnest(
        CAST(:cases AS text[]), CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:reasons AS text[]),
        CAST(:closed AS timestamptz[])) AS n (case_id, id, agency, reason, closed)
    ORDER BY n.case_id, n.id
    ON CONFLICT (case_id, id) DO UPDATE SET
        closed_reason = excluded.closed_reason, closed_at = excluded.closed_at, {_CHANGED}
    WHERE (r.routed_at IS NULL OR r.routed_at <= excluded.closed_at)
      AND (r.closed_at IS NULL OR r.closed_at <= excluded.closed_at)
""")  # noqa: S608 - a constant of this module
_TRANSFER = text(f"""
    UPDATE receipt AS r SET closed_reason = '{TRANSFERRED}', closed_at = n.closed, {_CHANGED}
    FROM unnest(CAST(:cases AS text[]), CAST(:closed AS timestamptz[])) AS n (case_id, closed)
    WHERE r.case_id = n.case_id AND r.answered_at IS NULL AND r.closed_at IS NULL AND r.hidden_at IS NULL
""")  # noqa: S608 - constants
_ANSWER = text(f"""
    INSERT INTO receipt AS r
        (case_id, id, agency, publication, answered_at, answer_level, answer_policy, approvals, signoffs, manner,
         corrections, retracted_at)
    SELECT n.case_id, n.id, n.agency, n.publication, n.answered, p.release ->> 'level', p.release ->> 'policy_version',
           coalesce(given.approvals, 0), coalesce(given.signoffs, 0), given.manner,
           (SELECT count(*) FROM record_correction AS c WHERE c.publication = n.publication),
           (SELECT b.retracted_at FROM record_retraction AS b WHERE b.publication = n.publication)
    FROM unnest(
        CAST(:cases AS text[]), CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:publications AS text[]),
        CAST(:answered AS timestamptz[])) AS n (case_id, id, agency, publication, answered)
    LEFT JOIN publication AS p ON p.id = n.publication
    LEFT JOIN LATERAL (
        SELECT count(*) FILTER (WHERE a ->> 'kind' = 'approval') AS approvals,
               count(*) FILTER (WHERE a ->> 'kind' = 'signoff') AS signoffs,
               CASE WHEN bool_or(a ->> 'kind' = 'break_glass') THEN 'break_glass'
                    WHEN bool_or(a ->> 'kind' = 'standing') THEN 'prepared_line' ELSE 'cleared' END AS manner
        FROM jsonb_array_elements(p.release -> 'authorisations') AS a
    ) AS given ON p.id IS NOT NULL
    ORDER BY n.case_id, n.id
    ON CONFLICT (case_id, id) DO UPDATE SET
        publication = excluded.publication, answered_at = excluded.answered_at, answer_level = excluded.answer_level,
        answer_policy = excluded.answer_policy, approvals = excluded.approvals, signoffs = excluded.signoffs,
        manner = excluded.manner, corrections = excluded.corrections, retracted_at = excluded.retracted_at, {_CHANGED}
    WHERE r.answered_at IS NULL OR (r.retracted_at IS NOT NULL AND excluded.retracted_at IS NULL)
""")  # noqa: S608 - a constant of this module
_CORRECT = text("""
    INSERT INTO record_correction (publication, correction, agency, text, corrected_at)
    SELECT * FROM unnest(
        CAST(:publications AS text[]), CAST(:corrections AS text[]), CAST(:agencies AS text[]),
        CAST(:texts AS text[]), CAST(:corrected AS timestamptz[]))
    ON CONFLICT DO NOTHING
""")
_COUNT_CORRECTIONS = text(f"""
    UPDATE receipt AS r SET
        corrections = (SELECT count(*) FROM record_correction AS c WHERE c.publication = r.publication), {_CHANGED}
    WHERE r.publication = ANY (CAST(:publications AS text[]))
""")  # noqa: S608 - a constant of this module
_INSTEAD = text("""
    SELECT p.response, p.id FROM publication AS p JOIN publication AS first ON first.id = p.corrects
    WHERE p.response = ANY (CAST(:corrections AS text[])) AND first.published_at IS NULL
""")
_RETRACT = text("""
    INSERT INTO record_retraction (publication, agency, retracted_at)
    SELECT * FROM unnest(
        CAST(:publications AS text[]), CAST(:agencies AS text[]), CAST(:retracted AS timestamptz[]))
    ON CONFLICT DO NOTHING
""")
_MARK_RETRACTED = text(f"""
    UPDATE receipt AS r SET retracted_at = n.retracted, {_CHANGED}
    FROM unnest(CAST(:publications AS text[]), CAST(:retracted AS timestamptz[])) AS n (publication, retracted)
    WHERE r.publication = n.publication
""")  # noqa: S608 - a constant of this module
_ORDER = text(f"""
    INSERT INTO receipt AS r (case_id, id, agency, house_rule)
    SELECT * FROM unnest(
        CAST(:cases AS text[]), CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:rules AS text[]))
    ON CONFLICT (case_id, id) DO UPDATE SET house_rule = excluded.house_rule, {_CHANGED}
""")  # noqa: S608 - a constant of this module
_MODERATE = text(f"""
    INSERT INTO receipt AS r (case_id, id, agency, hidden_at)
    SELECT * FROM unnest(
        CAST(:cases AS text[]), CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:hidden AS timestamptz[]))
    ON CONFLICT (case_id, id) DO UPDATE SET hidden_at = excluded.hidden_at, {_CHANGED}
""")  # noqa: S608 - a constant of this module
_WATCH = text(f"""
    INSERT INTO reach_timer (publication, agency, published_at, next_hour, due_at)
    SELECT p.id, p.agency, p.published_at, 1, p.published_at + interval '1 hour' FROM publication AS p
    WHERE p.id = ANY (CAST(:publications AS text[])) AND {SHOWN} AND p.native_id IS NOT NULL
    ON CONFLICT DO NOTHING
""")  # noqa: S608 - a constant of this package
