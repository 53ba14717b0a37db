"""What the publisher counts, each with a sentence."""

from prometheus_client import Counter, Histogram

ATTEMPTS = Counter(
    "parley_publication_attempts", "Attempts to publish or to look, by what came of them.", ["platform", "outcome"]
)
LEASES_LOST = Counter(
    "parley_publication_leases_lost", "Outcomes refused because the lease had passed to another.", ["platform"]
)
NEEDS_PERSON = Counter(
    "parley_publication_needs_person", "Publications of which only a person can say whether they stand.", ["platform"]
)
UNDELIVERED = Counter(
    "parley_publication_undelivered",
    "Publications that their platform had taken and then did not deliver, by reason.",
    ["platform", "reason"],
)
UNREADABLE = Counter(
    "parley_platform_unreadable_answers", "Answers of a platform that its documentation does not know.", ["platform"]
)
REACH_ALARMS = Counter(
    "parley_reach_alarms", "Answers of which hardly anybody takes notice, against what they answer.", ["platform"]
)
SEND_SECONDS = Histogram(
    "parley_platform_request_seconds",
    "Time from the first byte to the last of a request to a platform.",
    ["platform"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15),
)
CALLBACK_ATTEMPTS = Counter(
    "parley_callback_attempts", "Attempts to tell a subscriber, by what came of them.", ["outcome"]
)
