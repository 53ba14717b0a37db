"""How long a replay of a hundred thousand stored comments takes.

The comments are made by SQL out of a thousand different ones, with the decisions that the sample policy of the passport
office really makes for them; the replay reads them through the same cursor as it does in earnest.
"""

import asyncio
import itertools
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from services.policy.adapters.replaying import Asked, replay_stored
from services.policy.adapters.store import rows
from services.policy.domain.comments import Comment, History, circumstances
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.policies import Rule
from shared.database import EVERY_AGENCY, Database
from tests.policy.builders import sample
from tests.support.postgres import fresh_service_database

AGENCY = "passports"
COUNT = 100_000
FROM = datetime(2026, 10, 1, tzinfo=UTC)
DAYS = 30

_VARIANTS = 1_000
_OPENINGS = (
    "What are your opening hours on Saturday?",
    "Still waiting for my passport, terrible service.",
    "When will my passport be ready?",
    "Thank you, the new counter is a great help!",
    "I suggest you open one counter in the evening.",
    "කාර්යාලය විවෘත වේලාව කීයටද?",
    "கடவுச்சீட்டு கட்டணம் எவ்வளவு?",
    "What is the exchange rate today?",
    "I have waited three months and nobody answers the phone.",
    "My number is 071 234 5678, please call me back.",
    "You dogs, my lawyer will sue you.",
    "Where do I hand in the form for my daughter?",
    "Click here to earn money from home.",
)
_ENDINGS = (
    "",
    "I came twice this week and the queue was around the corner both times.",
    "My mother is travelling to see her grandchildren in the new year and we have booked already.",
    "Nobody at the gate could tell me anything.",
    "ස්තුතියි.",
    "நன்றி.",
    "Please answer here, others want to know it too.",
)


def measure(count: int = COUNT) -> dict[str, float]:
    """Seconds and comments a second of one replay of ``count`` comments, under a draft that changes some of them."""
    return asyncio.run(_measure(count))


async def _measure(count: int) -> dict[str, float]:
    urls = await fresh_service_database("policy")
    database = Database(urls.working, application_name="bench", pool_size=2)
    try:
        await store_comments(database, count)
        began = time.perf_counter()
        asked = Asked(AGENCY, FROM, FROM + timedelta(days=DAYS))
        totals = (await replay_stored(database, a_draft(), asked, _in_silence)).totals
        seconds = time.perf_counter() - began
    finally:
        await database.close()
    assert totals.comments == count
    assert 0 < totals.changed < count
    return {"replay_seconds": seconds, "replay_per_second": count / seconds}


def a_draft() -> PolicyInForce:
    """The sample policy with one more rule: what mentions a counter goes one level up."""
    policy = sample(AGENCY).policy
    rule = {"id": "bench.counter", "name": "Counters", "when": {"phrase": {"en": ["counter"]}}, "then": {"level_up": 1}}
    more = Rule.model_validate_json(rows.as_json(rule))
    return PolicyInForce(policy.model_copy(update={"rules": (more, *policy.rules)}))


async def store_comments(database: Database, count: int) -> None:
    """Store ``count`` decided comments of thirty days, each in a case of its own."""
    variants = list(itertools.islice(_variants(), _VARIANTS))
    names = {"agency": AGENCY, "count": count, "first": FROM, "step": timedelta(days=DAYS) / count}
    decided = {"texts": [words for words, _ in variants], "decisions": [decision for _, decision in variants]}
    async with database.begin(EVERY_AGENCY) as connection:
        await connection.execute(text("SET LOCAL statement_timeout = 0"))
        await connection.execute(_CASES, names)
        await connection.execute(_TURNS, {**names, **decided, "variants": len(variants)})


def _variants() -> Iterator[tuple[str, str]]:
    policy = sample(AGENCY)
    parts = itertools.product(_ENDINGS, _ENDINGS, _OPENINGS)
    for number, (ending, middle, opening) in enumerate(itertools.cycle(parts)):
        comment = Comment(f"{opening} {middle} {ending}".strip(), "mastodon", "citizen", reach=number % 3000)
        history = History(turn=1 + number % 3)
        decision = policy.decide(comment, history, FROM)
        yield comment.text, rows.decision_json(decision._replace(circumstances=circumstances(comment, history, FROM)))


async def _in_silence(done: int, total: int) -> None:
    pass


_CASES = text("""
    INSERT INTO "case" (id, agency, platform, account, thread, state, signoffs, head_comment, head_revision, turn_count,
                        drafts_written, opened_at)
    SELECT 'case_' || i, :agency, 'mastodon', 'acc', 'thread-' || i, 'open', '[]', 'cmt_' || i, 1, 1, 0,
           CAST(:first AS timestamptz) + i * CAST(:step AS interval)
    FROM generate_series(0, CAST(:count AS int) - 1) AS i
""")
_TURNS = text("""
    INSERT INTO turn (case_id, number, agency, comment, revision, native_id, author_id, text, language, public, hidden,
                      sent_at, received_at, state, decision)
    SELECT 'case_' || i, 1, :agency, 'cmt_' || i, 1, 'n-' || i, 'citizen', words, 'en', true, false, at, at, 'waiting',
           CAST(decision AS json)
    FROM generate_series(0, CAST(:count AS int) - 1) AS i
    CROSS JOIN LATERAL (SELECT CAST(:first AS timestamptz) + i * CAST(:step AS interval) AS at) AS moment
    JOIN unnest(CAST(:texts AS text[]), CAST(:decisions AS text[])) WITH ORDINALITY
         AS variant (words, decision, place) ON variant.place = 1 + i % CAST(:variants AS int)
""")

if __name__ == "__main__":
    print(measure())
