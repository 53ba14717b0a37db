"""What clients post over our own API, a group in one transaction: the idempotency keys, the comments, the answers.

A key that was used before gets its earlier answer; two requests with one key in one group are one. The claims stand in
the same transaction as the comments, so a process that is killed leaves neither.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.store import arrivals, comments
from services.ingest.domain.entries import NewComment
from services.ingest.ports import Arrival
from shared.idempotency import Answer, Claim, earlier_answer, key_reused
from shared.problems import Problem

Key = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class Submission:
    """One posted comment: the claim of its request, and the arrival with its one entry."""

    claim: Claim
    arrival: Arrival


async def write(connection: AsyncConnection, group: Sequence[Submission]) -> list[Answer | Problem]:
    """Write a group in the caller's transaction; the answer of each, in order."""
    first: dict[Key, Submission] = {}
    for submission in group:
        first.setdefault(_key(submission.claim), submission)
    claimed = await _claim(connection, first)
    answers = await _earlier(connection, [one for key, one in first.items() if key not in claimed])
    fresh = [one for key, one in first.items() if key in claimed]
    answers |= await _accept(connection, fresh)
    return [_answer_for(one, first[_key(one.claim)], answers) for one in group]


def _key(claim: Claim) -> Key:
    return claim.principal, claim.method, claim.path, claim.key, claim.agency


def _answer_for(
    submission: Submission, claimant: Submission, answers: Mapping[Key, Answer | Problem]
) -> Answer | Problem:
    if submission.claim.fingerprint != claimant.claim.fingerprint:
        return key_reused()
    return answers[_key(submission.claim)]


async def _claim(connection: AsyncConnection, submissions: Mapping[Key, Submission]) -> set[Key]:
    rows = await connection.execute(_CLAIM, _claims([submissions[key] for key in sorted(submissions)]))
    return {(row.principal, row.method, row.path, row.key, row.agency) for row in rows}


async def _earlier(connection: AsyncConnection, submissions: Sequence[Submission]) -> dict[Key, Answer | Problem]:
    if not submissions:
        return {}
    rows = await connection.execute(_EARLIER, _claims(submissions))
    known = {(row.principal, row.method, row.path, row.key, row.agency): row for row in rows}
    answers: dict[Key, Answer | Problem] = {}
    for one in submissions:
        try:
            answers[_key(one.claim)] = earlier_answer(one.claim, known.get(_key(one.claim)))
        except Problem as problem:
            answers[_key(one.claim)] = problem
    return answers


async def _accept(connection: AsyncConnection, submissions: Sequence[Submission]) -> dict[Key, Answer | Problem]:
    """Write the comments of ``submissions``; answers are kept with their claims, refusals give theirs back."""
    if not submissions:
        return {}
    filed = await arrivals.write(connection, [one.arrival for one in submissions])
    views = await comments.by_id(connection, [one.comments[0] for one in filed if one.comments[0]])
    accepted: dict[Key, Answer] = {}
    refused: dict[Key, Submission] = {}
    for submission, written in zip(submissions, filed, strict=True):
        view = views.get(written.comments[0] or "")
        if view is None or view["text"] != _entry(submission).text:
            refused[_key(submission.claim)] = submission
        else:
            accepted[_key(submission.claim)] = Answer(202, view, {"Location": f"/v1/comments/{view['id']}"})
    await _keep(connection, accepted)
    await _release(connection, list(refused.values()))
    return {**accepted, **dict.fromkeys(refused, native_id_taken())}


def native_id_taken() -> Problem:
    """409: a native id names one comment for ever; nothing is dropped silently."""
    return Problem(
        409,
        "native-id-taken",
        "This native_id names another comment",
        detail="A comment with this native_id and another text was accepted before. Use a native_id once.",
    )


def _entry(submission: Submission) -> NewComment:
    ((_, entry),) = submission.arrival.kept
    assert isinstance(entry, NewComment)
    return entry


def _claims(submissions: Sequence[Submission]) -> dict[str, list[str]]:
    claims = [one.claim for one in submissions]
    return {
        "principals": [claim.principal for claim in claims],
        "methods": [claim.method for claim in claims],
        "paths": [claim.path for claim in claims],
        "keys": [claim.key for claim in claims],
        "agencies": [claim.agency for claim in claims],
        "fingerprints": [claim.fingerprint for claim in claims],
    }


async def _keep(connection: AsyncConnection, answers: Mapping[Key, Answer]) -> None:
    if not answers:
        return
    principals, methods, paths, keys, agencies = map(list, zip(*answers, strict=True))
    await connection.execute(
        _KEEP,
        {
            "principals": principals,
            "methods": methods,
            "paths": paths,
            "keys": keys,
            "agencies": agencies,
            "statuses": [answer.status for answer in answers.values()],
            "bodies": [json.dumps(answer.body) for answer in answers.values()],
            "headers": [json.dumps(answer.headers) for answer in answers.values()],
        },
    )


async def _release(connection: AsyncConnection, submissions: Sequence[Submission]) -> None:
    if submissions:
        claims = _claims(submissions)
        del claims["fingerprints"]
        await connection.execute(_RELEASE, claims)


_KEY_ARRAYS = """
    CAST(:principals AS text[]), CAST(:methods AS text[]), CAST(:paths AS text[]), CAST(:keys AS text[]),
    CAST(:agencies AS text[])"""
_SAME_KEY = """
    k.principal = w.principal AND k.method = w.method AND k.path = w.path AND k.key = w.key AND k.agency = w.agency"""
_CLAIM = text(f"""
    INSERT INTO idempotency_key (principal, method, path, key, agency, fingerprint)
    SELECT * FROM unnest({_KEY_ARRAYS}, CAST(:fingerprints AS text[]))
    ON CONFLICT DO NOTHING RETURNING principal, method, path, key, agency
""")  # noqa: S608 - constants of this module
_EARLIER = text(f"""
    SELECT k.principal, k.method, k.path, k.key, k.agency, k.fingerprint, k.status, k.body, k.headers
    FROM idempotency_key k
    JOIN unnest({_KEY_ARRAYS}, CAST(:fingerprints AS text[]))
         AS w (principal, method, path, key, agency, fingerprint)
      ON {_SAME_KEY}
""")  # noqa: S608
_KEEP = text(f"""
    UPDATE idempotency_key k SET status = w.status, body = w.body, headers = w.headers
    FROM unnest({_KEY_ARRAYS}, CAST(:statuses AS int[]), CAST(:bodies AS text[]), CAST(:headers AS text[]))
         AS w (principal, method, path, key, agency, status, body, headers)
    WHERE {_SAME_KEY}
""")  # noqa: S608
_RELEASE = text(f"""
    DELETE FROM idempotency_key k USING unnest({_KEY_ARRAYS}) AS w (principal, method, path, key, agency)
    WHERE {_SAME_KEY}
""")  # noqa: S608
