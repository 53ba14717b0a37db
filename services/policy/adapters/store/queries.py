"""Questions of the API about cases; nothing here locks or writes."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.domain.authority.mandates import Mandate
from services.policy.domain.clearance.cases import Turn

MOST_TURNS_SHOWN = 50


@dataclass(frozen=True)
class Filter:
    """Which cases are asked for. ``after`` is the place of the last one seen; ``waiting_for`` a person's mandates, by
    agency, ``standing`` the delegations under which consents still count, ``lines`` the cleared wording (agency,
    language, text) that some of these mandates are confined to, ``ordered`` the cases with an order for them."""

    agencies: Sequence[str] | None
    state: str | None = None
    level: str | None = None
    assignee: str | None = None
    after: tuple[datetime | None, str] | None = None
    waiting_for: Sequence[tuple[str, Mandate]] | None = None
    standing: Sequence[str] = ()
    lines: Sequence[tuple[str, str, str]] = ()
    ordered: Sequence[str] = ()
    limit: int = 50


async def list_cases(connection: AsyncConnection, asked: Filter) -> list[Any]:
    """Rows of cases, those that breach next first; what is due no more comes last."""
    conditions, values = _conditions(asked)
    statement = f"""
        SELECT c.* FROM "case" AS c WHERE {" AND ".join(conditions) or "true"}
        ORDER BY c.due_at ASC NULLS LAST, c.id LIMIT :limit
    """  # noqa: S608 - conditions are constants of this module
    return list((await connection.execute(text(statement), {**values, "limit": asked.limit})).all())


async def find_case(connection: AsyncConnection, case_id: str) -> Any:
    """The row of a case, or None."""
    return (await connection.execute(_CASE, {"id": case_id})).one_or_none()


async def turns_of(connection: AsyncConnection, ids: Sequence[str]) -> dict[str, list[Turn]]:
    """The latest turns of each case, oldest first."""
    found: dict[str, list[Turn]] = defaultdict(list)
    for row in await connection.execute(_TURNS, {"cases": list(ids), "most": MOST_TURNS_SHOWN}):
        found[row.case_id].append(rows.turn_of(row))
    return found


def _conditions(asked: Filter) -> tuple[list[str], dict[str, Any]]:
    conditions: list[str] = []
    values: dict[str, Any] = {}
    if asked.agencies is not None:
        conditions.append("c.agency = ANY (CAST(:agencies AS text[]))")
        values["agencies"] = list(asked.agencies)
    if asked.state is not None:
        conditions.append("c.state = :state")
        values["state"] = asked.state
    if asked.level is not None:
        conditions.append("c.level = :level")
        values["level"] = asked.level
    if asked.assignee is not None:
        conditions.append("c.assignee = :assignee")
        values["assignee"] = asked.assignee
    if asked.after is not None:
        due, last = asked.after
        values["last"] = last
        conditions.append(_AFTER_UNDUE if due is None else _AFTER)
        if due is not None:
            values["due"] = due
    if asked.waiting_for is not None:
        conditions.append(f"({_WAITING} OR c.id = ANY (CAST(:ordered AS text[])))")
        values.update(ordered=list(asked.ordered))
        values.update(_mandates(asked.waiting_for), standing=list(asked.standing), **_lines(asked.lines))
    return conditions, values


def _mandates(held: Sequence[tuple[str, Mandate]]) -> dict[str, Any]:
    return {
        "by_agencies": [agency for agency, _ in held],
        "by_subjects": [mandate.subject for _, mandate in held],
        "by_levels": [mandate.level for _, mandate in held],
        "by_specialisms": [",".join(mandate.specialisms) for _, mandate in held],
        "by_topics": [",".join(mandate.topics) for _, mandate in held],
        "by_platforms": [",".join(mandate.platforms) for _, mandate in held],
        "by_sensitivities": [mandate.ceiling.sensitivity for _, mandate in held],
        "by_damages": [mandate.ceiling.damage for _, mandate in held],
        "by_posts": [mandate.post_behind for _, mandate in held],
        "by_lines_only": [mandate.cleared_lines_only for _, mandate in held],
    }


def _lines(lines: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    return {
        "line_agencies": [agency for agency, _, _ in lines],
        "line_languages": [language for _, language, _ in lines],
        "line_texts": [wording for _, _, wording in lines],
    }


_AFTER = "(c.due_at > :due OR (c.due_at = :due AND c.id > :last) OR c.due_at IS NULL)"
_AFTER_UNDUE = "(c.due_at IS NULL AND c.id > :last)"
# The same conditions as ``deciders.may_decide``, so that a long list can be cut into pages by the database; a consent
# counts as ``Counting`` says.
_COUNTS = """
    (s #>> '{taken,officer}' IS NOT NULL
     AND (s #>> '{taken,on_behalf_of}' IS NULL OR s #>> '{taken,instrument}' = ANY (CAST(:standing AS text[])))
     AND NOT EXISTS (SELECT 1 FROM recusal AS r WHERE r.case_id = c.id AND r.officer = s #>> '{taken,officer}'))
"""
_OWN_STEP = f"""EXISTS (
    SELECT 1 FROM json_array_elements(d.steps) AS s
    WHERE {_COUNTS} AND s #>> '{{taken,officer}}' = mandate.subject)"""  # noqa: S608
_OPEN_TO_THEM = f"""EXISTS (
    SELECT 1 FROM json_array_elements(d.steps) AS s
    WHERE NOT {_COUNTS} AND s ->> 'level' <= mandate.level
        AND (s ->> 'kind' = 'approval' OR s ->> 'specialism' = ANY (string_to_array(mandate.specialisms, ',')))
        AND (coalesce(json_array_length(s -> 'posts'), 0) = 0
             OR mandate.post IN (SELECT json_array_elements_text(s -> 'posts')))
        AND NOT EXISTS (
            SELECT 1 FROM json_array_elements(d.steps) AS earlier
            WHERE CAST(earlier ->> 'stage' AS int) < CAST(s ->> 'stage' AS int)
                AND NOT {_COUNTS.replace("s #>>", "earlier #>>")}))"""  # noqa: S608
_CONDITIONS = """
    SELECT m ->> 'officer' AS officer, m ->> 'level' AS level FROM json_array_elements(d.remarks) AS m
    WHERE m ->> 'kind' = 'condition' AND CAST(m ->> 'version' AS int) = d.version
        AND NOT CAST(m ->> 'lifted' AS boolean)
        AND NOT EXISTS (SELECT 1 FROM recusal AS r WHERE r.case_id = c.id AND r.officer = m ->> 'officer')
"""
_THEIRS_TO_LIFT = f"""(
    EXISTS ({_CONDITIONS})
    AND (EXISTS (SELECT 1 FROM ({_CONDITIONS}) AS k WHERE k.officer = mandate.subject)
         AND ({_OWN_STEP}
              OR NOT EXISTS (SELECT 1 FROM json_array_elements(d.steps) AS s WHERE NOT {_COUNTS}))
         OR NOT EXISTS (SELECT 1 FROM json_array_elements(d.steps) AS s WHERE NOT {_COUNTS})
            AND NOT EXISTS (SELECT 1 FROM ({_CONDITIONS}) AS k WHERE k.level >= mandate.level)))"""  # noqa: S608
_WAITING = f"""EXISTS (
    SELECT 1 FROM draft AS d
    JOIN unnest(CAST(:by_agencies AS text[]), CAST(:by_subjects AS text[]), CAST(:by_levels AS text[]),
                CAST(:by_specialisms AS text[]), CAST(:by_topics AS text[]), CAST(:by_platforms AS text[]),
                CAST(:by_sensitivities AS text[]), CAST(:by_damages AS text[]), CAST(:by_posts AS text[]),
                CAST(:by_lines_only AS boolean[]))
         AS mandate (agency, subject, level, specialisms, topics, platforms, sensitivity, damage, post, lines_only)
         ON mandate.agency = c.agency
    WHERE d.case_id = c.id AND d.state = 'open' AND d.author <> mandate.subject
        AND d.sensitivity <= mandate.sensitivity AND d.damage <= mandate.damage
        AND (NOT mandate.lines_only OR EXISTS (
            SELECT 1 FROM unnest(CAST(:line_agencies AS text[]), CAST(:line_languages AS text[]),
                                 CAST(:line_texts AS text[])) AS line (agency, language, wording)
            WHERE line.agency = c.agency AND line.language = lower(split_part(d.language, '-', 1))
                AND line.wording = d.text))
        AND (mandate.platforms = '' OR c.platform = ANY (string_to_array(mandate.platforms, ',')))
        AND (mandate.topics = '' OR (
            SELECT coalesce(bool_and(topic = ANY (string_to_array(mandate.topics, ','))), false)
            FROM json_array_elements_text(d.topics) AS topic))
        AND NOT EXISTS (SELECT 1 FROM recusal AS r WHERE r.case_id = c.id AND r.officer = mandate.subject)
        AND ((NOT {_OWN_STEP} AND {_OPEN_TO_THEM}) OR {_THEIRS_TO_LIFT}))"""  # noqa: S608
_CASE = text('SELECT * FROM "case" WHERE id = :id')
_TURNS = text("""
    SELECT t.* FROM unnest(CAST(:cases AS text[])) AS wanted (id)
    CROSS JOIN LATERAL (
        SELECT * FROM turn WHERE case_id = wanted.id ORDER BY number DESC LIMIT :most) AS t
    ORDER BY t.case_id, t.number
""")
