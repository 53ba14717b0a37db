"""What ingest counts, each with a sentence."""

from prometheus_client import Counter, Gauge, Histogram

DELIVERIES = Counter(
    "parley_ingest_deliveries", "Webhook deliveries, by platform and by what was answered.", ["platform", "answer"]
)
ENTRIES = Counter(
    "parley_ingest_entries",
    "Entries of authentic deliveries and polled pages: changed something, repeated what was known, set aside, word of "
    "replies that have not arrived.",
    ["platform", "fate"],
)
UNUSED = Counter("parley_ingest_unused", "Entries that Parley does not work with, by kind.", ["platform", "kind"])
GROUP_SIZE = Histogram(
    "parley_ingest_group_size",
    "Deliveries that were committed in one transaction.",
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
GAPS = Counter("parley_ingest_gaps", "Things that a platform did not push and that only asking brought.", ["platform"])
STREAMS = Gauge("parley_ingest_streams", "Streams of polled platforms that are open.", ["platform"])
STREAM_ENDS = Counter(
    "parley_ingest_stream_ends", "Streams that ended or were not to be had, by outcome.", ["platform", "outcome"]
)
POLLS = Counter("parley_ingest_polls", "Requests to polled platforms, by outcome.", ["platform", "outcome"])
DEGRADED = Counter("parley_ingest_accounts_degraded", "Times that an account stopped working.", ["platform"])
