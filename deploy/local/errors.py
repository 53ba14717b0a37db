"""Why the embedded run cannot go on.

CannotRun
├── PortTaken       addresses
├── NoBroker        broker
├── PostgresFailed  postgres
├── SeedingFailed   seeding
└── NotStarted      embedded
"""


class CannotRun(RuntimeError):
    """A needed part cannot be had; the message says which, in one line."""
