"""Cases in Postgres: read for a batch with their rows locked, written with one statement for each kind of row.

The lock on the case's row is what makes an officer's click and a citizen's next comment come one after the other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import casework_rows, drafts, reviews, rows, submissions, timers, times
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.clearance.cases import Case, Thread, Turn
from shared import audit, outbox


async def load_threads(
    connection: AsyncConnection, threads: Iterable[Thread], comments: Iterable[str], authors: Iterable[str]
) -> list[Case]:
    """The cases of these threads, locked, with their live turns, those of ``comments``, and the open draft.

    ``authors`` are those whose earlier comments in each case are counted and looked at.
    """
    wanted = sorted(set(threads), key=lambda t: (t.agency, t.platform, t.account, t.thread))
    if not wanted:
        return []
    found = await connection.execute(
        _BY_THREAD,
        {
            "agencies": [thread.agency for thread in wanted],
            "platforms": [thread.platform for thread in wanted],
            "accounts": [thread.account for thread in wanted],
            "threads": [thread.thread for thread in wanted],
        },
    )
    return await _with_parts(connection, found.all(), comments, authors)


async def load_ids(
    connection: AsyncConnection, ids: Iterable[str], comments: Iterable[str] = (), authors: Iterable[str] = ()
) -> list[Case]:
    """The same for cases by their ids, as far as they exist and may be seen."""
    found = await connection.execute(_BY_ID, {"ids": sorted(set(ids))})
    return await _with_parts(connection, found.all(), comments, authors)


async def load_whole(connection: AsyncConnection, case_id: str) -> Case | None:
    """One case, locked, with every turn that it ever had."""
    if not (found := await load_ids(connection, [case_id])):
        return None
    turns = await connection.execute(_ALL_TURNS, {"case": case_id})
    found[0].turns = [rows.turn_of(row) for row in turns]
    return found[0]


async def is_known(connection: AsyncConnection, thread: Thread) -> bool:
    """Whether an agency has a case of this thread."""
    return bool((await connection.execute(_KNOWN, asdict(thread))).scalar_one())


async def look_at(connection: AsyncConnection, ids: Iterable[str]) -> list[Case]:
    """The same to look at only: nothing is locked, and nothing may be written."""
    found = await connection.execute(_LOOK_AT, {"ids": sorted(set(ids))})
    return await _with_parts(connection, found.all(), (), ())


async def _with_parts(
    connection: AsyncConnection, found: Sequence[Any], comments: Iterable[str], authors: Iterable[str]
) -> list[Case]:
    cases = {row.id: rows.case_of(row) for row in found}
    if not cases:
        return []
    ids = list(cases)
    at_hand = {*comments, *(case.head[0] for case in cases.values())}
    if any(case.drafts_written for case in cases.values()):
        for case_id, draft in (await drafts.latest(connection, ids)).items():
            cases[case_id].draft = draft if draft.state == "open" else None
            at_hand.update(draft.answers)
    for row in await connection.execute(_TURNS, {"cases": ids, "comments": sorted(at_hand)}):
        cases[row.case_id].turns.append(rows.turn_of(row))
    if counted := sorted(set(authors)):
        for row in await connection.execute(_TURNS_BY, {"cases": ids, "authors": counted}):
            cases[row.case_id].turns_by[row.author_id] = row.written
            cases[row.case_id].sorted_before[row.author_id] = rows.earlier_of(row.earlier)
    return list(cases.values())


async def write(connection: AsyncConnection, work: UnitOfWork, now: datetime) -> None:
    """Everything that a unit of work has gathered, into the caller's transaction."""
    await _write_cases(connection, _INSERT_CASES, work.new_cases)
    await _write_cases(connection, _UPDATE_CASES, work.old_cases)
    await _insert_turns(connection, work.new_turns())
    await _update_turns(connection, work)
    await timers.arm(connection, work)
    await drafts.write(connection, work)
    await reviews.put(connection, work.reviews)
    await submissions.write(connection, work.kept_orders.values())
    await _write_responses(connection, work)
    await times.write(connection, work, now)
    await audit.append(connection, [audit.Entry(**_entry(act)) for act in work.acts], now)
    await outbox.stage(connection, work.events, work.traceparents)


def _entry(act: Any) -> dict[str, Any]:
    return {name: getattr(act, name) for name in act.__slots__}


async def _write_cases(connection: AsyncConnection, statement: Any, cases: list[Case]) -> None:
    if not cases:
        return
    standings = [case.standing for case in cases]
    await connection.execute(
        statement,
        {
            "ids": [case.id for case in cases],
            "agencies": [case.thread.agency for case in cases],
            "platforms": [case.thread.platform for case in cases],
            "accounts": [case.thread.account for case in cases],
            "threads": [case.thread.thread for case in cases],
            "states": [case.state for case in cases],
            "dispositions": [s and s.disposition for s in standings],
            "levels": [s and s.level for s in standings],
            "sensitivities": [s and s.sensitivity for s in standings],
            "damages": [s and s.damage for s in standings],
            "owners": [s and s.owner for s in standings],
            "clocks": [s and s.clock for s in standings],
            "signoffs": [rows.as_json(s.signoffs if s else ()) for s in standings],
            "heads": [case.head[0] for case in cases],
            "head_revisions": [case.head[1] for case in cases],
            "turn_counts": [case.turn_count for case in cases],
            "drafts_written": [case.drafts_written for case in cases],
            "approvals": [s.approvals if s else 0 for s in standings],
            "opened": [case.opened_at for case in cases],
            "since": [case.since for case in cases],
            "due": [case.due_at for case in cases],
            "pauses": [rows.pauses_json(case.pauses) for case in cases],
            "fired": [rows.moments_json(case.fired) for case in cases],
            "escalations": [rows.escalation_json(case.escalation) for case in cases],
            "calendars": [case.calendar for case in cases],
            "raised": [case.raised_to for case in cases],
            "assignees": [case.casework.assignee for case in cases],
            "caseworks": [casework_rows.as_column(case.casework) for case in cases],
        },
    )


async def _insert_turns(connection: AsyncConnection, turns: list[tuple[Case, Turn]]) -> None:
    if not turns:
        return
    await connection.execute(
        _INSERT_TURNS,
        {
            "cases": [case.id for case, _ in turns],
            "numbers": [turn.number for _, turn in turns],
            "agencies": [case.thread.agency for case, _ in turns],
            "comments": [turn.comment for _, turn in turns],
            "revisions": [turn.revision for _, turn in turns],
            "natives": [turn.native_id for _, turn in turns],
            "authors": [turn.author.id for _, turn in turns],
            "names": [turn.author.name for _, turn in turns],
            "handles": [turn.author.handle for _, turn in turns],
            "texts": [turn.text for _, turn in turns],
            "languages": [turn.language for _, turn in turns],
            "publics": [turn.public for _, turn in turns],
            "visibilities": [turn.visibility for _, turn in turns],
            "hiddens": [turn.hidden for _, turn in turns],
            "sent": [turn.sent_at for _, turn in turns],
            "received": [turn.received_at for _, turn in turns],
            "states": [turn.state for _, turn in turns],
            "decisions": [rows.decision_json(turn.decision) for _, turn in turns],
            "issues": [turn.issue for _, turn in turns],
            "windows": [turn.window_ends_at for _, turn in turns],
            "subject_lines": [turn.subject_line for _, turn in turns],
            **_clocks(turns),
        },
    )


async def _update_turns(connection: AsyncConnection, work: UnitOfWork) -> None:
    if not (turns := work.changed_turns()):
        return
    await connection.execute(
        _UPDATE_TURNS,
        {
            "cases": [case.id for case, _ in turns],
            "numbers": [turn.number for _, turn in turns],
            "states": [turn.state for _, turn in turns],
            "revisions": [turn.revision for _, turn in turns],
            "hiddens": [turn.hidden for _, turn in turns],
            "publics": [turn.public for _, turn in turns],
            "visibilities": [turn.visibility for _, turn in turns],
            # A decision changes seldom, and is dear to spell.
            "decisions": [
                rows.decision_json(turn.decision) if work.is_decided_anew(case, turn) else None for case, turn in turns
            ],
            **_clocks(turns),
        },
    )


def _clocks(turns: list[tuple[Case, Turn]]) -> dict[str, Any]:
    deadlines = [turn.deadlines for _, turn in turns]
    return {
        "answered": [turn.answered_at for _, turn in turns],
        "responses": [turn.response for _, turn in turns],
        "deadlines": [None if each is None else rows.moments_json(each) for each in deadlines],
    }


async def _write_responses(connection: AsyncConnection, work: UnitOfWork) -> None:
    if responses := work.responses:
        await connection.execute(
            _INSERT_RESPONSES,
            {
                "ids": [response.response for response in responses],
                "agencies": [response.agency for response in responses],
                "cases": [response.case for response in responses],
                "comments": [rows.as_json(response.comments) for response in responses],
                "texts": [response.text for response in responses],
                "languages": [response.language for response in responses],
                "levels": [response.level for response in responses],
                "digests": [response.digest for response in responses],
                "versions": [response.policy_version for response in responses],
                "purposes": [response.purpose for response in responses],
                "authorisations": [
                    rows.as_json([each.model_dump(mode="json") for each in response.authorisations])
                    for response in responses
                ],
                "approved": [response.approved_at for response in responses],
                "clearances": [response.clearance for response in responses],
            },
        )
    if settled := work.settled:
        await connection.execute(
            _SETTLE_RESPONSES,
            {
                "ids": [each.response for each in settled],
                "states": [each.state for each in settled],
                "natives": [each.native_id for each in settled],
                "ats": [each.at for each in settled],
            },
        )


_CASE_COLUMNS = """id, agency, platform, account, thread, state, disposition, level, sensitivity, damage, owner, clock,
    signoffs, head_comment, head_revision, turn_count, drafts_written, approvals, opened_at, since, due_at,
    pauses, fired, escalation, calendar, raised_to, assignee, casework"""
_CASES = """unnest(
    CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]),
    CAST(:threads AS text[]), CAST(:states AS text[]), CAST(:dispositions AS text[]), CAST(:levels AS text[]),
    CAST(:sensitivities AS text[]), CAST(:damages AS text[]), CAST(:owners AS text[]), CAST(:clocks AS text[]),
    CAST(CAST(:signoffs AS text[]) AS json[]), CAST(:heads AS text[]), CAST(:head_revisions AS int[]),
    CAST(:turn_counts AS int[]), CAST(:drafts_written AS int[]), CAST(:approvals AS int[]),
    CAST(:opened AS timestamptz[]), CAST(:since AS timestamptz[]), CAST(:due AS timestamptz[]),
    CAST(CAST(:pauses AS text[]) AS json[]), CAST(CAST(:fired AS text[]) AS json[]),
    CAST(CAST(:escalations AS text[]) AS json[]), CAST(:calendars AS text[]),
    CAST(:raised AS text[]), CAST(:assignees AS text[]), CAST(CAST(:caseworks AS text[]) AS json[]))"""

# Always in the order of their ids, so that two transactions cannot wait for each other.
_BY_THREAD = text(f"""
    SELECT {_CASE_COLUMNS} FROM "case" WHERE (agency, platform, account, thread) IN (
        SELECT * FROM unnest(CAST(:agencies AS text[]), CAST(:platforms AS text[]), CAST(:accounts AS text[]),
                             CAST(:threads AS text[])))
    ORDER BY id FOR UPDATE
""")  # noqa: S608 - constants of this module
_BY_ID = text(
    f'SELECT {_CASE_COLUMNS} FROM "case" WHERE id = ANY (CAST(:ids AS text[])) ORDER BY id FOR UPDATE'  # noqa: S608
)
_LOOK_AT = text(f'SELECT {_CASE_COLUMNS} FROM "case" WHERE id = ANY (CAST(:ids AS text[])) ORDER BY id')  # noqa: S608
_TURNS = text("""
    SELECT * FROM turn WHERE case_id = ANY (CAST(:cases AS text[]))
        AND (state IN ('waiting', 'watching', 'released') OR comment = ANY (CAST(:comments AS text[])))
    ORDER BY case_id, number
""")
_ALL_TURNS = text("SELECT * FROM turn WHERE case_id = :case ORDER BY number")
_KNOWN = text("""
    SELECT EXISTS (SELECT 1 FROM "case" WHERE agency = :agency AND platform = :platform AND account = :account
                   AND thread = :thread)
""")
# All of an author's comments are counted, the latest twenty looked at: somebody may write in one thread for years.
_TURNS_BY = text("""
    SELECT counted.*, latest.* FROM (
        SELECT case_id, author_id, count(DISTINCT comment) AS written FROM turn
        WHERE case_id = ANY (CAST(:cases AS text[])) AND author_id = ANY (CAST(:authors AS text[]))
        GROUP BY case_id, author_id) AS counted
    CROSS JOIN LATERAL (
        SELECT json_agg(json_build_array(
            comment, kind, disposition, topics, line, state, circumstances -> 'reach', received_at)
            ORDER BY number) AS earlier
        FROM (SELECT comment, decision, number, state, received_at FROM turn
              WHERE case_id = counted.case_id AND author_id = counted.author_id
              ORDER BY number DESC LIMIT 20) AS t,
             json_to_record(decision)
                 AS d (kind text, disposition text, topics json, line text, circumstances json)) AS latest
""")
_INSERT_CASES = text(f'INSERT INTO "case" ({_CASE_COLUMNS}) SELECT * FROM {_CASES}')  # noqa: S608
_UPDATE_CASES = text(f"""
    UPDATE "case" SET
        state = new.state, disposition = new.disposition, level = new.level, sensitivity = new.sensitivity,
        damage = new.damage, owner = new.owner, clock = new.clock, signoffs = new.signoffs,
        head_comment = new.head_comment, head_revision = new.head_revision, turn_count = new.turn_count,
        drafts_written = new.drafts_written, approvals = new.approvals, since = new.since, due_at = new.due_at,
        pauses = new.pauses, fired = new.fired, escalation = new.escalation, calendar = new.calendar,
        raised_to = new.raised_to, assignee = new.assignee, casework = new.casework
    FROM {_CASES} AS new ({_CASE_COLUMNS}) WHERE "case".id = new.id
""")  # noqa: S608
_INSERT_TURNS = text("""
    INSERT INTO turn (case_id, number, agency, comment, revision, native_id, author_id, author_name, author_handle,
                      text, language, public, visibility, hidden, sent_at, received_at, state, decision, issue,
                      answered_at, deadlines, response, window_ends_at, subject_line)
    SELECT * FROM unnest(
        CAST(:cases AS text[]), CAST(:numbers AS int[]), CAST(:agencies AS text[]), CAST(:comments AS text[]),
        CAST(:revisions AS int[]), CAST(:natives AS text[]), CAST(:authors AS text[]), CAST(:names AS text[]),
        CAST(:handles AS text[]), CAST(:texts AS text[]), CAST(:languages AS text[]), CAST(:publics AS boolean[]),
        CAST(:visibilities AS text[]), CAST(:hiddens AS boolean[]), CAST(:sent AS timestamptz[]),
        CAST(:received AS timestamptz[]), CAST(:states AS text[]), CAST(CAST(:decisions AS text[]) AS json[]),
        CAST(:issues AS text[]), CAST(:answered AS timestamptz[]), CAST(CAST(:deadlines AS text[]) AS json[]),
        CAST(:responses AS text[]), CAST(:windows AS timestamptz[]),
        CAST(:subject_lines AS text[]))
""")
_UPDATE_TURNS = text("""
    UPDATE turn SET state = new.state, revision = new.revision, hidden = new.hidden, public = new.public,
                    visibility = new.visibility, answered_at = new.answered_at, deadlines = new.deadlines,
                    response = new.response, decision = coalesce(new.decision, turn.decision)
    FROM unnest(CAST(:cases AS text[]), CAST(:numbers AS int[]), CAST(:states AS text[]), CAST(:revisions AS int[]),
                CAST(:hiddens AS boolean[]), CAST(:publics AS boolean[]), CAST(:visibilities AS text[]),
                CAST(:answered AS timestamptz[]), CAST(CAST(:deadlines AS text[]) AS json[]),
                CAST(:responses AS text[]), CAST(CAST(:decisions AS text[]) AS json[]))
         AS new (case_id, number, state, revision, hidden, public, visibility, answered_at, deadlines, response,
                 decision)
    WHERE turn.case_id = new.case_id AND turn.number = new.number
""")
_INSERT_RESPONSES = text("""
    INSERT INTO response (id, agency, case_id, comments, text, language, level, digest, policy_version, purpose,
                          authorisations, state, approved_at, clearance)
    SELECT id, agency, case_id, comments, body, language, level, digest, policy_version, purpose, authorisations,
           'approved', approved_at, clearance
    FROM unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:cases AS text[]),
        CAST(CAST(:comments AS text[]) AS json[]), CAST(:texts AS text[]), CAST(:languages AS text[]),
        CAST(:levels AS text[]), CAST(:digests AS text[]), CAST(:versions AS text[]), CAST(:purposes AS text[]),
        CAST(CAST(:authorisations AS text[]) AS json[]), CAST(:approved AS timestamptz[]),
        CAST(:clearances AS text[]))
        AS new (id, agency, case_id, comments, body, language, level, digest, policy_version, purpose,
                authorisations, approved_at, clearance)
""")
_SETTLE_RESPONSES = text("""
    UPDATE response SET state = new.state, native_id = coalesce(new.native_id, response.native_id),
                        settled_at = new.at
    FROM unnest(CAST(:ids AS text[]), CAST(:states AS text[]), CAST(:natives AS text[]), CAST(:ats AS timestamptz[]))
         AS new (id, state, native_id, at)
    WHERE response.id = new.id AND response.state <> 'retracted'
""")
