"""Fitting the common model anew, after its comments or the features have changed: ``make common-model``.

The comments in ``services/policy/common`` were written for this purpose and are nobody's. How well the model sorts them
is measured on folds that it has not seen, and kept beside it.
"""

import hashlib
import json
import sys

from services.policy.adapters import training
from services.policy.adapters.common_classifier import COMMON, MODEL
from services.policy.adapters.policy_files import above
from services.policy.domain.composing.composition import compose
from services.policy.domain.deciding.decisions import PolicyInForce
from services.policy.domain.learning.examples import Example
from services.policy.learning import learn

_NOBODYS_POLICY = {"agency": "common", "name": "Common", "version": 1, "officers": []}


def common_comments() -> list[Example]:
    """The comments that the model is fitted to."""
    files = sorted(COMMON.glob("*.jsonl"))
    return [Example(**json.loads(line)) for file in files for line in file.read_text("utf-8").splitlines()]


def digest_of(comments: list[Example]) -> str:
    """SHA-256 (hex) of comments with their kinds."""
    content = json.dumps([[each.text, each.kind] for each in comments], ensure_ascii=False)
    return hashlib.sha256(content.encode()).hexdigest()


def main() -> None:
    """Learn, measure, and write the model."""
    comments = common_comments()
    policy = PolicyInForce(compose(_NOBODYS_POLICY, above()))
    lesson = learn(policy, comments, training.train, len(comments) // 2, lambda told: print(told, file=sys.stderr))
    scores = {"before": lesson.before._asdict(), "learned": lesson.learned._asdict()}
    content = {"comments": digest_of(comments), "scores": scores, "model": lesson.model.as_json()}
    MODEL.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")) + "\n", "utf-8")
    print(f"right {lesson.before.accuracy:.1%} → {lesson.learned.accuracy:.1%} of {len(comments)} unseen comments")


if __name__ == "__main__":
    main()
