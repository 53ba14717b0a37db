"""The heaviest body of each platform that pushes, ten comments where one body carries so many, always with new ids.

The bodies are the ``ten`` of ``tests/payloads``. Every native id in them has the digits 424242 and nothing else has, so
that another number in their place makes each body new; then it is signed as its platform signs.
"""

from dataclasses import dataclass
from pathlib import Path

from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import NewComment
from services.ingest.platforms import WEBHOOKS
from shared.clock import utc_now
from shared.ids import AccountId
from tests.support.senders import SENDERS, Sender

PAYLOADS = Path(__file__).parents[1] / "payloads"
MARK = b"424242"
_FIRST = 500_000


@dataclass(frozen=True)
class Door:
    """Where bodies are posted to."""

    host: str
    port: int
    path: str


class Heaviest:
    """An endless supply (half a million) of one platform's heaviest body; ``count`` were made so far."""

    def __init__(self, platform: str, door: Door) -> None:
        self.platform = platform
        self.count = 0
        self._sender: Sender = SENDERS[platform]
        (path,) = (PAYLOADS / platform).glob("ten.*")
        self._body = path.read_bytes()
        self._head = f"POST {door.path} HTTP/1.1\r\nHost: {door.host}:{door.port}\r\nAccept: */*\r\n".encode()
        self.bytes = len(self._body)
        self.comments = _comments(platform, self._sender, self._body)

    def next(self) -> tuple[str, bytes]:
        """A key, and the whole request."""
        self.count += 1
        number = b"%06d" % (_FIRST + self.count)
        body, headers = self._sender.send(self._body.replace(MARK, number))
        fields = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return str(self.count), b"%b%bcontent-length: %d\r\n\r\n%b" % (self._head, fields.encode(), len(body), body)


def _comments(platform: str, sender: Sender, body: bytes) -> int:
    """How many comments the body brings."""
    sent, headers = sender.send(body)
    account = Account(AccountId("acc"), "bench", platform, sender.account, "Bench", utc_now(), (sender.secrets,))
    reading = WEBHOOKS[platform].read(sent, headers, account, utc_now())
    return sum(isinstance(entry, NewComment) for entry in reading)
