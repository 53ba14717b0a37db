"""What the database lists as waiting for somebody is what the rules let them decide."""

import itertools
from dataclasses import replace

import pytest

from services.policy.adapters.store import cases, queries, rows
from services.policy.adapters.store.drafts import remark_body
from services.policy.adapters.store.steps import step_body
from services.policy.domain.authority.mandates import Mandate, OnBehalfOf, Weight
from services.policy.domain.clearance.approvals import Consent, Counting, Draft, Remark, Step
from services.policy.domain.clearance.deciders import Decider, may_decide
from services.policy.domain.roster import Ceiling
from shared.database import EVERY_AGENCY
from tests.policy.adapters.office import DESK, Office, an_office
from tests.policy.builders import NOW

pytestmark = pytest.mark.asyncio

TEXTS = (
    "My lawyer will sue you for defamation",
    "The fee is a scandal and my lawyer will sue you for defamation",
    "The fee is a scandal, how long does it take, and my lawyer will sue you for defamation",
)
BEHALF = OnBehalfOf("head", "Head")
CONSENTS = (
    (),
    (Consent("me", "Post", "L3", NOW, "0" * 64),),
    (Consent("me", "Post", "L3", NOW, "0" * 64, "del_gone", BEHALF),),
    (Consent("other", "Post", "L3", NOW, "0" * 64, "del_1", BEHALF),),
    (Consent("recused", "Post", "L3", NOW, "0" * 64), Consent("other", "Post", "L2", NOW, "0" * 64)),
    (Consent("third", "Post", "L3", NOW, "0" * 64), Consent("other", "Post", "L2", NOW, "0" * 64)),
    (Consent("third", "Post", "L3", NOW, "0" * 64), Consent("other", "Post", "L2", NOW, "0" * 64, "del_gone", BEHALF)),
    tuple(Consent(who, "Post", "L3", NOW, "0" * 64) for who in ("third", "other", "fourth")),
    tuple(Consent(who, "Post", "L3", NOW, "0" * 64) for who in ("me", "other", "fourth")),
)
REMARKS: tuple[tuple[Remark, ...], ...] = (
    (),
    (Remark("condition", "me", "Post", "L2", "the date", 1, NOW),),
    (Remark("condition", "other", "Post", "L1", "the date", 1, NOW),),
    (Remark("condition", "other", "Post", "L3", "the date", 1, NOW),),
    (Remark("condition", "recused", "Post", "L1", "the date", 1, NOW),),
    (Remark("condition", "other", "Post", "L1", "the date", 1, NOW, lifted=True),),
)
SHAPES: tuple[tuple[tuple[int, ...], tuple[str, ...]], ...] = (
    ((1, 1, 1), ()),
    ((1, 2, 1), ()),
    ((2, 1, 3), ("Post",)),
    ((1, 1, 2), ("Another",)),
)
MANDATES = [
    Mandate(
        "me",
        "Post",
        level,
        "post",
        specialisms=specialisms,
        topics=topics,
        platforms=platforms,
        ceiling=Ceiling(sensitivity=sensitivity, damage="D3"),
        cleared_lines_only=lines_only,
    )
    for level, specialisms, topics, platforms, sensitivity, lines_only in itertools.product(
        ("L1", "L2", "L3"), ((), ("legal",)), ((), ("fees",)), ((), ("mastodon",), ("x",)), ("S0", "S4"), (False, True)
    )
]
LINES = (("passports", "en", "We are sorry."), ("passports", "si", "We are sorry."), ("passports", "en", "We are."))
"""The wording of every draft here; the same in another language, and other words."""


def with_consents(
    draft: Draft, consents: tuple[Consent, ...], stages: tuple[int, ...] = (1, 1, 1), posts: tuple[str, ...] = ()
) -> Draft:
    """The draft with its last approvals taken so; some have their steps one after the other, or for one post."""
    steps: list[Step] = list(draft.steps)
    for index, consent in zip((1, 0, 2), consents, strict=False):
        steps[index] = replace(steps[index], taken=consent)
    steps = [replace(step, stage=stages[index]) for index, step in enumerate(steps)]
    steps[0] = replace(steps[0], posts=posts)
    return replace(draft, steps=tuple(steps))


async def put(office: Office, case: str, draft: Draft) -> None:
    steps = rows.as_json([step_body(step) for step in draft.steps]).replace("'", "''").replace(":", "\\:")
    remarks = rows.as_json([remark_body(remark) for remark in draft.remarks]).replace(":", "\\:")
    await office.policy.rows(
        f"UPDATE draft SET steps = '{steps}', remarks = '{remarks}' WHERE case_id = '{case}' RETURNING 1"
    )


async def test_the_list_and_the_rules_agree() -> None:
    async with an_office() as office:
        wanted: dict[str, tuple[Weight, Draft]] = {}
        for number, (text, consents, remarks) in enumerate(itertools.product(TEXTS, CONSENTS, REMARKS)):
            case = await office.case(text, author=DESK, thread=f"thread-{number}")
            async with office.policy.database.begin(EVERY_AGENCY) as connection:
                (loaded,) = await cases.load_ids(connection, [case])
            assert loaded.draft is not None
            assert loaded.standing is not None
            draft = with_consents(loaded.draft, consents, *SHAPES[number % len(SHAPES)])
            draft = replace(draft, remarks=remarks)
            await put(office, case, draft)
            topics = tuple({topic for turn in loaded.unanswered for topic in turn.decision.topics})
            standing = loaded.standing
            assert draft.weight == Weight(standing.sensitivity, standing.damage, tuple(sorted(topics)), "mastodon")
            wanted[case] = draft.weight, draft
            await office.policy.rows(
                "INSERT INTO recusal (case_id, officer, agency, reason, at)"
                f" VALUES ('{case}', 'recused', 'passports', 'kin', now()) RETURNING 1"
            )
        assert {weight.topics for weight, _ in wanted.values()} >= {(), ("fees",)}
        counting = Counting(frozenset(["del_1"]), frozenset(["recused"]))
        answers = set()
        for mandate, line in itertools.product(MANDATES, LINES):
            asked = queries.Filter(
                ["passports"], waiting_for=[("passports", mandate)], standing=["del_1"], lines=[line], limit=300
            )
            async with office.policy.database.begin(["passports"]) as connection:
                listed = {row.id for row in await queries.list_cases(connection, asked)}
            decider = Decider("me", (mandate,), cleared_line=line is LINES[0])
            lawful = {
                case for case, (weight, draft) in wanted.items() if may_decide(draft.recounted(counting), decider)
            }
            assert listed == lawful, mandate
            answers.add(len(lawful))
        assert len(answers) > 4
