"""What policy counts, each with a sentence."""

from prometheus_client import Counter

SURGES = Counter("parley_issue_surges", "Times that so many raised one issue that it became a surge.", ["agency"])
TIMERS = Counter("parley_timers", "Timers that were due and worked off, by what they are for.", ["agency", "kind"])
