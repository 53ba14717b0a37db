"""Same issues in Postgres: looked up by their keys before a batch, written after it.

Other processes hear of the same issues at the same time. Nothing is locked before a batch is written; what another
process has written since it was read is merged then. Keys are locked before issues and both in their order, so that no
two transactions wait for each other. Two that open one issue with the same words meet at its key: the first to commit
has opened it.
"""

import struct
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.policy.adapters.store import rows
from services.policy.adapters.store.work import UnitOfWork
from services.policy.domain.policies import SameIssue
from services.policy.domain.same_issue.issues import Issue, Key
from services.policy.domain.same_issue.likeness import near_keys, same_key, sketch_of, words_in
from services.policy.domain.same_issue.readings import Reading
from services.policy.domain.scales import Kind


async def read(connection: AsyncConnection, work: UnitOfWork, readings: Iterable[Reading]) -> None:
    """Fill the unit of work with the issues that these comments may belong to."""
    policies = {each.policy.policy.agency: each.policy.policy for each in readings}
    wanted = {
        (each.policy.policy.agency, key, each.likeness.sketch)
        for each in readings
        if each.likeness is not None
        for key in each.likeness.keys
    }
    if not wanted:
        return
    agencies, keys, sketches = map(list, zip(*wanted, strict=True))
    least = 0.75 * min(policy.same_issue.similarity for policy in policies.values())
    arguments = {"agencies": agencies, "keys": keys, "sketches": sketches, "least": least}
    for row in await connection.execute(_BY_KEY, arguments):
        held_until = {(row.agency, key): until for key, until in zip(row.led_by, row.held_until, strict=True)}
        work.issues.fill(_issue_of(row, policies[row.agency].same_issue), held_until)


async def write(connection: AsyncConnection, work: UnitOfWork) -> list[Issue]:
    """Write the issues that were raised; those of them that begin to surge."""
    raised = work.issues.raised
    if not raised:
        return []
    rivals = await _hold(connection, work.issues.to_be_held())
    # Where there are rivals, all are read and thereby locked at once: in one order.
    written = {} if rivals else await _put(connection, raised.values())
    if len(written) < len(raised):
        late = [issue for issue in raised.values() if issue.id not in written]
        written |= await _merge(connection, work, late, rivals)
    return [issue for issue in written.values() if issue.surge_begins]


async def judge(connection: AsyncConnection, issue_id: str, kind: Kind, until: datetime) -> None:
    """Note of what kind a person found a comment of this issue to be: what is like it is known for that until then."""
    row = (await connection.execute(_ISSUE, {"issue": issue_id})).one_or_none()
    issue = _issue_of(row, SameIssue()) if row is not None else await _opened_again(connection, issue_id)
    if issue is None:
        return
    keys = {(issue.agency, key): issue for key in (same_key(issue.words), *near_keys(issue.words))}
    await _hold(connection, keys, until)
    await connection.execute(_JUDGE, {"issue": issue_id, "judged": kind, "until": until})


async def _opened_again(connection: AsyncConnection, issue_id: str) -> Issue | None:
    """An issue of one comment is forgotten before an officer may have come to it: its words stand in the turn."""
    row = (await connection.execute(_TURN, {"issue": issue_id})).one_or_none()
    if row is None:
        return None
    turn = rows.turn_of(row)
    issue = Issue(
        id=issue_id,
        agency=row.agency,
        kind=turn.decision.kind,
        topics=turn.decision.topics,
        language=turn.decision.language,
        words=words_in(turn.text),
        subject=None,
        within=SameIssue(),
        opened_at=turn.received_at,
        last_at=turn.received_at,
        comments=1,
    )
    await _put(connection, [issue])
    return issue


async def _hold(
    connection: AsyncConnection, to_be_held: Mapping[Key, Issue], until: datetime | None = None
) -> dict[str, str]:
    """Let keys lead to issues; for a new issue whose very words lead to another one already, that one's id."""
    if not to_be_held:
        return {}
    keys = sorted(to_be_held)
    found = await connection.execute(
        _HOLD,
        {
            "agencies": [agency for agency, _ in keys],
            "keys": [key for _, key in keys],
            "issues": [to_be_held[key].id for key in keys],
            "ends": [until or to_be_held[key].ends_at for key in keys],
            "now": max(issue.last_at for issue in to_be_held.values()),
        },
    )
    lost = [(to_be_held[row.agency, row.key], row.issue) for row in found]
    return {mine.id: other for mine, other in lost if mine.edition == 0 and mine.id != other}


async def _put(connection: AsyncConnection, issues: Collection[Issue]) -> dict[str, Issue]:
    """Write issues, each as the edition after the one that it was read as; those that nobody else has written since."""
    for issue in issues:
        issue.note_surge()
    ordered = sorted(issues, key=lambda issue: issue.id)
    found = await connection.execute(_PUT, {name: [of(each) for each in ordered] for name, of in _COLUMNS.items()})
    written = set(found.scalars())
    return {issue.id: issue for issue in ordered if issue.id in written}


async def _merge(
    connection: AsyncConnection, work: UnitOfWork, late: Iterable[Issue], rivals: Mapping[str, str]
) -> dict[str, Issue]:
    """Write issues that other processes have written meanwhile, or have opened before us."""
    within = {mine.agency: mine.within for mine in late}
    found = await connection.execute(_LOCK, {"issues": sorted({rivals.get(mine.id, mine.id) for mine in late})})
    stored = {row.id: _issue_of(row, within[row.agency]) for row in found}
    there = {mine.id: stored.get(rivals.get(mine.id, mine.id), mine) for mine in late}
    for mine in late:
        if there[mine.id] is not mine:
            there[mine.id].merge(mine)
    await _follow(connection, work, {mine: rival for mine, rival in rivals.items() if rival in stored}, stored)
    return await _put(connection, {issue.id: issue for issue in there.values()}.values())


async def _follow(
    connection: AsyncConnection, work: UnitOfWork, moved: Mapping[str, str], stored: Mapping[str, Issue]
) -> None:
    """Turns and keys of an issue that another process had opened before go with that one."""
    if not moved:
        return
    for _, turn in work.new_turns():
        turn.issue = turn.issue and moved.get(turn.issue, turn.issue)
    keys = {key: mine.id for key, mine in work.issues.to_be_held().items() if mine.id in moved}
    await _hold(connection, {key: stored[moved[mine]] for key, mine in keys.items()})


def _issue_of(row: Any, within: SameIssue) -> Issue:
    marks = _numbers(row.author_marks)
    half = len(marks) // 2
    return Issue(
        id=row.id,
        agency=row.agency,
        kind=row.kind,
        topics=tuple(rows.from_json(row.topics)),
        language=row.language,
        words=frozenset(_numbers(row.words)),
        subject=row.subject,
        within=within,
        opened_at=row.opened_at,
        last_at=row.last_at,
        authors=dict(zip(marks[:half], marks[half:], strict=True)),
        comments=row.comments,
        judged=row.judged,
        surging_since=row.surging_since,
        edition=row.edition,
    )


def _marks(issue: Issue) -> bytes:
    """All marks, then all their minutes."""
    authors = issue.latest_authors()
    return _bytes([*authors.keys(), *authors.values()])


def _bytes(numbers: Collection[int]) -> bytes:
    """Numbers of 32 bits, the low byte first."""
    return struct.pack(f"<{len(numbers)}I", *numbers)


def _numbers(packed: bytes) -> tuple[int, ...]:
    return struct.unpack(f"<{len(packed) // 4}I", packed)


_COLUMNS: Mapping[str, Callable[[Issue], Any]] = {
    "ids": lambda issue: issue.id,
    "agencies": lambda issue: issue.agency,
    "kinds": lambda issue: issue.kind,
    "topics": lambda issue: rows.as_json(issue.topics),
    "languages": lambda issue: issue.language,
    "words": lambda issue: _bytes(issue.words),
    "sketches": lambda issue: sketch_of(issue.words),
    "subjects": lambda issue: issue.subject,
    "comments": lambda issue: issue.comments,
    "authors": lambda issue: len(issue.authors),
    "marks": _marks,
    "opened": lambda issue: issue.opened_at,
    "last": lambda issue: issue.last_at,
    "ends": lambda issue: issue.ends_at,
    "forget": lambda issue: issue.forget_at,
    "surging": lambda issue: issue.surging_since,
    "editions": lambda issue: issue.edition + 1,
}

_READ = """issue.id, issue.agency, kind, topics, language, words, subject, comments, author_marks, judged, opened_at,
    last_at, surging_since, edition"""

# Of the many issues that are still alone, those that are clearly unlike are not read at all. The sketches of comments
# that are alike have at least as much in common as their words; a quarter less is allowed for chance.
_BY_KEY = text(f"""
    SELECT {_READ}, led_by, held_until FROM (
        SELECT k.issue, array_agg(k.key) AS led_by, array_agg(k.ends_at) AS held_until
        FROM unnest(CAST(:agencies AS text[]), CAST(:keys AS bigint[]), CAST(:sketches AS bigint[]))
             AS wanted (agency, key, sketch)
        JOIN issue_key AS k ON k.agency = wanted.agency AND k.key = wanted.key
        JOIN issue AS i ON i.id = k.issue
        WHERE i.comments > 1 OR i.judged IS NOT NULL
            OR bit_count(CAST(i.sketch & wanted.sketch AS bit(64)))
                >= CAST(:least AS float8) * bit_count(CAST(i.sketch | wanted.sketch AS bit(64)))
        GROUP BY k.issue) AS led
    JOIN issue ON issue.id = led.issue
""")  # noqa: S608 - constants of this module
# A key of very words (odd) stays with whoever has it; of what is near, the latest is kept.
_HOLD = text("""
    INSERT INTO issue_key (agency, key, issue, ends_at)
    SELECT * FROM unnest(CAST(:agencies AS text[]), CAST(:keys AS bigint[]), CAST(:issues AS text[]),
                         CAST(:ends AS timestamptz[]))
    ON CONFLICT (agency, key) DO UPDATE SET
        issue = CASE WHEN issue_key.key % 2 = 1 AND issue_key.ends_at >= CAST(:now AS timestamptz)
                     THEN issue_key.issue ELSE excluded.issue END,
        ends_at = greatest(issue_key.ends_at, excluded.ends_at)
    RETURNING agency, key, issue
""")
_LOCK = text(f"SELECT {_READ} FROM issue WHERE id = ANY (CAST(:issues AS text[])) ORDER BY id FOR UPDATE")  # noqa: S608
_PUT = text("""
    INSERT INTO issue (id, agency, kind, topics, language, words, sketch, subject, comments, authors, author_marks,
                       opened_at, last_at, ends_at, forget_at, surging_since, edition)
    SELECT * FROM unnest(
        CAST(:ids AS text[]), CAST(:agencies AS text[]), CAST(:kinds AS text[]),
        CAST(CAST(:topics AS text[]) AS json[]), CAST(:languages AS text[]), CAST(:words AS bytea[]),
        CAST(:sketches AS bigint[]), CAST(:subjects AS bigint[]), CAST(:comments AS int[]), CAST(:authors AS int[]),
        CAST(:marks AS bytea[]), CAST(:opened AS timestamptz[]), CAST(:last AS timestamptz[]),
        CAST(:ends AS timestamptz[]), CAST(:forget AS timestamptz[]), CAST(:surging AS timestamptz[]),
        CAST(:editions AS int[]))
    ON CONFLICT (id) DO UPDATE SET
        comments = excluded.comments, authors = excluded.authors, author_marks = excluded.author_marks,
        last_at = excluded.last_at, ends_at = excluded.ends_at,
        forget_at = greatest(issue.forget_at, excluded.forget_at), surging_since = excluded.surging_since,
        edition = excluded.edition
    WHERE issue.edition = excluded.edition - 1
    RETURNING id
""")
_ISSUE = text(f"SELECT {_READ} FROM issue WHERE id = :issue")  # noqa: S608 - constants of this module
_TURN = text("SELECT * FROM turn WHERE issue = :issue ORDER BY received_at LIMIT 1")
_JUDGE = text("""
    UPDATE issue SET judged = :judged, forget_at = greatest(forget_at, CAST(:until AS timestamptz)),
                     edition = edition + 1
    WHERE id = :issue
""")
