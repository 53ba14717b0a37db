"""Timers and measurements of reach: claimed in one short transaction, kept in another.

What must stay true: a timer is one row, due at one moment; who claims it moves that moment to the end of its lease, so
that several processes measure once. No transaction is open while a platform is asked. A measurement and its alarm are
written once for an hour, and the world is told in the same transaction.
"""

import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.publisher.adapters import metrics
from services.publisher.adapters.credentials import Vault
from services.publisher.domain.reach import Alarm, Measurement, hour_after, hour_due
from services.publisher.record_ports import DueReach
from shared import outbox
from shared.database import EVERY_AGENCY, Database
from shared.events import ReachMeasured
from shared.ids import new_id

GONE = "gone"


class PostgresReaches:
    """The timers and measurements in Postgres."""

    def __init__(self, database: Database, vault: Vault, *, lease: timedelta) -> None:
        self._database = database
        self._vault = vault
        self._lease = lease

    async def claim(self, most: int) -> Sequence[DueReach]:
        token = uuid.uuid4()
        asked = {"most": most, "token": token, "lease": self._lease.total_seconds()}
        async with self._database.begin(EVERY_AGENCY) as connection:
            rows = (await connection.execute(_CLAIM, asked)).all()
        return [self._due(row, token) for row in rows]

    def _due(self, row: Any, token: uuid.UUID) -> DueReach:
        credentials = None if row.sealed is None else self._vault.open(row)
        hour = hour_due(row.published_at, row.next_hour, row.now)
        return DueReach(
            publication=row.publication,
            agency=row.agency,
            platform=row.platform,
            account=row.account,
            thread=row.thread,
            response=row.response,
            case=row.case_id,
            comments=tuple(row.comments),
            purpose=row.purpose,
            native_id=row.native_id,
            reply_to=row.reply_to,
            published_at=row.published_at,
            after_hours=hour,
            now=row.now,
            lease=token,
            # What was tried for an hour that is over says nothing of this one.
            failures=row.failures if hour == row.next_hour else 0,
            answer_before=row.answer_before or {},
            question_before=row.question_before or {},
            credentials=credentials,
        )

    async def keep(self, due: DueReach, measurement: Measurement, alarm: Alarm | None) -> bool:
        async with self._database.begin(EVERY_AGENCY) as connection:
            if not await self._move_on(connection, due, measurement):
                return False
            await connection.execute(_KEEP, _columns(due, measurement))
            is_first = alarm is not None and await _raise(connection, due, alarm)
            await outbox.stage(connection, [_event(due, measurement)])
        if is_first:
            metrics.REACH_ALARMS.labels(due.platform).inc()
        return True

    async def put_off(self, due: DueReach, wait: timedelta) -> bool:
        moved = {
            "publication": due.publication,
            "token": due.lease,
            "hour": due.after_hours,
            "wait": wait.total_seconds(),
            "failures": due.failures + 1,
        }
        async with self._database.begin(EVERY_AGENCY) as connection:
            return (await connection.execute(_PUT_OFF, moved)).scalar_one_or_none() is not None

    async def _move_on(self, connection: AsyncConnection, due: DueReach, measurement: Measurement) -> bool:
        following = None if measurement.answer.why_unknown == GONE else hour_after(due.after_hours)
        ours = {"publication": due.publication, "token": due.lease}
        if following is None:
            return (await connection.execute(_END, ours)).scalar_one_or_none() is not None
        moved = ours | {"hour": following, "due": due.published_at + timedelta(hours=following)}
        return (await connection.execute(_NEXT, moved)).scalar_one_or_none() is not None


async def _raise(connection: AsyncConnection, due: DueReach, alarm: Alarm) -> bool:
    """Write an alarm down; False if this answer has had its alarm."""
    return (await connection.execute(_ALARM, _alarm(due, alarm))).scalar_one_or_none() is not None


def _event(due: DueReach, measurement: Measurement) -> ReachMeasured:
    return ReachMeasured(
        agency=due.agency,
        platform=due.platform,
        account=due.account,
        thread=due.thread,
        publication=due.publication,
        response=due.response,
        case=due.case,
        comments=due.comments,
        purpose=due.purpose,
        native_id=due.native_id,
        after_hours=measurement.after_hours,
        answer=dict(measurement.answer.numbers),
        question=measurement.comparable_question,
        series=measurement.series,
        measured_at=measurement.measured_at,
    )


def _columns(due: DueReach, measurement: Measurement) -> dict[str, Any]:
    return {
        "publication": due.publication,
        "agency": due.agency,
        "hour": measurement.after_hours,
        "measured_at": measurement.measured_at,
        "answer": json.dumps(dict(measurement.answer.numbers)),
        "question": json.dumps(dict(measurement.question.numbers)),
        "answer_series": json.dumps(dict(measurement.answer.series)),
        "question_series": json.dumps(dict(measurement.question.series)),
        "answer_unknown": measurement.answer.why_unknown,
        "question_unknown": measurement.question.why_unknown,
        "broken": list(measurement.broken),
        "parity": measurement.parity,
    }


def _alarm(due: DueReach, alarm: Alarm) -> dict[str, Any]:
    return {
        "id": new_id("alm"),
        "agency": due.agency,
        "publication": due.publication,
        "hour": alarm.after_hours,
        "answer": alarm.answer,
        "question": alarm.question,
        "parity": alarm.parity,
        "share": alarm.share,
        "remedies": list(alarm.remedies),
        "raised_at": due.now,
    }


_CLAIM = text("""
    WITH due AS (
        SELECT publication FROM reach_timer WHERE due_at <= statement_timestamp()
        ORDER BY due_at LIMIT :most FOR UPDATE SKIP LOCKED
    ), ours AS (
        UPDATE reach_timer AS t SET
            lease_token = :token, due_at = statement_timestamp() + make_interval(secs => :lease)
        FROM due WHERE t.publication = due.publication
        RETURNING t.publication, t.published_at, t.next_hour, t.failures
    )
    SELECT ours.*, p.agency, p.platform, p.account, p.thread, p.response, p.case_id, p.comments, p.purpose,
           p.native_id, p.reply_to, a.id AS account_id, c.sealed, c.base_url, c.version,
           before.answer_before, before.question_before, statement_timestamp() AS now
    FROM ours JOIN publication AS p ON p.id = ours.publication
    LEFT JOIN account AS a ON (a.agency, a.platform, a.account) = (p.agency, p.platform, p.account)
    LEFT JOIN credentials AS c ON c.account_id = a.id
    CROSS JOIN LATERAL (
        SELECT jsonb_object_agg(of_it.metric, of_it.series ORDER BY m.after_hours)
                   FILTER (WHERE of_it.is_answer) AS answer_before,
               jsonb_object_agg(of_it.metric, of_it.series ORDER BY m.after_hours)
                   FILTER (WHERE NOT of_it.is_answer) AS question_before
        FROM reach_measurement AS m CROSS JOIN LATERAL (
            SELECT key AS metric, value AS series, true AS is_answer FROM jsonb_each(m.answer_series)
            UNION ALL SELECT key, value, false FROM jsonb_each(m.question_series)
        ) AS of_it WHERE m.publication = ours.publication
    ) AS before
""")
_KEEP = text("""
    INSERT INTO reach_measurement (publication, agency, after_hours, measured_at, answer, question, answer_series,
        question_series, answer_unknown, question_unknown, broken, parity)
    VALUES (:publication, :agency, :hour, :measured_at, CAST(:answer AS jsonb), CAST(:question AS jsonb),
        CAST(:answer_series AS jsonb), CAST(:question_series AS jsonb), CAST(:answer_unknown AS text),
        CAST(:question_unknown AS text), CAST(:broken AS text[]), CAST(:parity AS float))
""")
_ALARM = text("""
    INSERT INTO reach_alarm
        (id, agency, publication, after_hours, answer, question, parity, share, remedies, raised_at)
    VALUES (:id, :agency, :publication, :hour, :answer, :question, :parity, :share, CAST(:remedies AS text[]),
        :raised_at)
    ON CONFLICT (publication) DO NOTHING RETURNING id
""")
_END = text("DELETE FROM reach_timer WHERE publication = :publication AND lease_token = :token RETURNING publication")
_NEXT = text("""
    UPDATE reach_timer SET next_hour = :hour, due_at = :due, failures = 0, lease_token = NULL
    WHERE publication = :publication AND lease_token = :token RETURNING publication
""")
_PUT_OFF = text("""
    UPDATE reach_timer SET next_hour = :hour, failures = :failures, lease_token = NULL,
        due_at = statement_timestamp() + make_interval(secs => :wait)
    WHERE publication = :publication AND lease_token = :token RETURNING publication
""")
