"""What policy counts, each with a sentence."""

from prometheus_client import Counter, Gauge

SURGES = Counter("parley_issue_surges", "Times that so many raised one issue that it became a surge.", ["agency"])
UNREADABLE = Gauge("parley_policies_unreadable", "Policies in force that this release cannot read, and decides not by.")
TIMERS = Counter("parley_timers", "Timers that were due and worked off, by what they are for.", ["agency", "kind"])
