"""``python -m tests.policy.labelled``: how far the sample policies agree with the labelled sample.

Exit codes: 0 reported, 2 wrong use. What is worse than before fails a test, not the report.
"""

import argparse
import json
import sys
from pathlib import Path

from tests.policy.labelled.report import figures, misses, text
from tests.policy.labelled.sample import outcomes


def main() -> int:
    """Decide and report; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.policy.labelled", description=__doc__)
    parser.add_argument("--json", action="store_true", help="figures instead of tables")
    parser.add_argument("--misses", action="store_true", help="list what went wrong in the tuning part instead")
    parser.add_argument("--output", type=Path, metavar="FILE", help="leave the figures there as JSON")
    options = parser.parse_args()
    if options.misses:
        print("\n".join(misses(outcomes())))
        return 0
    report = figures(outcomes())
    as_json = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    if options.output is not None:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(as_json, "utf-8")
    print(as_json if options.json else text(report), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
