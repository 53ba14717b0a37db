"""The classifier that every agency begins with: the lexicon, and a model of how citizens write to any office.

The model is fitted to the comments beside it, written for this purpose in three languages, each with its kind
(``cli/common_training.py``). Agencies' own models weigh what it says.
"""

import functools
import json
from pathlib import Path

from services.policy.domain.learning.learned import Learned
from services.policy.domain.learning.linear_model import LinearModel
from services.policy.domain.triage.classification import Classifier, Lexicon

COMMON = Path(__file__).parents[1] / "common"
MODEL = COMMON / "model.json"


@functools.cache
def common_classifier() -> Classifier:
    """The lexicon with the common model; read once, safe to share. Its version names the comments it was fitted to."""
    stored = json.loads(MODEL.read_text("utf-8"))
    return Learned(Lexicon(), LinearModel.from_json(stored["model"]), f"common@{stored['comments'][:12]}")
