"""What the providers that send our mail have in common: the letter that answers a citizen's mail.

Sources: RFC 5322, section 3.6.4 (Message-ID, In-Reply-To, References); RFC 3834 (Auto-Submitted). What must stay true:

- The Message-ID is fixed before the first attempt, ``<key@domain of the account>``: it is our native id of the letter,
  what the citizen's next mail names, and what the provider's log is searched for.
- The author's address is the publication's ``mention``; the account is the address that the letter comes from. Comments
  are named by their Message-ID; those of a mail without one have no ``@`` and cannot stand in a header.
- An answer to a machine may be answered by a machine: nothing goes to our own address or to one that nobody reads.
- The subject is that of the citizen's mail after a ``Re:``, or programs would show our letter apart from theirs; where
  theirs had none, a neutral one in the reply's language. No one else is written to, so nobody else reads it.
"""

import re
from dataclasses import dataclass

from services.publisher.domain.outcomes import NOT_POSSIBLE, Refused
from services.publisher.domain.publications import Publication
from services.publisher.ports import Credentials
from shared import subject_lines

SUBJECTS = {
    "en": "Re: Your message to us",
    "si": "Re: ඔබ අපට එවූ පණිවිඩය",
    "ta": "Re: நீங்கள் எங்களுக்கு அனுப்பிய செய்தி",
}
AUTOMATIC = frozenset({"acknowledgement", "holding"})
"""Purposes of letters that go out by themselves because a mail came in (RFC 3834, ``auto-replied``)."""

_WORD = r"[^\s<>@,;:\"()\\\[\]\x00-\x1f\x7f]+"
_ADDRESS = re.compile(f"{_WORD}@{_WORD}")
_MESSAGE_ID = re.compile(r"[^\s<>@\x00-\x1f\x7f]+@[^\s<>@\x00-\x1f\x7f]+")
_COMMENT = re.compile(r"cmt_[0-9a-f]{32}")
_UNREAD = re.compile(r"(mailer-daemon|postmaster|bounces?|no-?reply|do-?not-?reply)([+=.\-_].*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail as its provider takes it. ``message_id`` is without angle brackets, ``headers`` in their order."""

    sender: str
    recipient: str
    subject: str
    text: str
    message_id: str
    headers: tuple[tuple[str, str], ...]
    reply_to: str | None = None

    @property
    def domain(self) -> str:
        """The domain that the letter is sent from."""
        return domain_of(self.sender)


def letter_of(publication: Publication, credentials: Credentials) -> Letter | Refused:
    """The letter that a publication asks for, or why there can be none."""
    sender, recipient = publication.account, publication.mention or ""
    if not _ADDRESS.fullmatch(sender):
        return Refused("not_permitted", "the account is not an address that mail can come from")
    if not _ADDRESS.fullmatch(recipient):
        return Refused(NOT_POSSIBLE, "there is no address of the author to answer to")
    if _mailbox(recipient) == _mailbox(sender) or _UNREAD.fullmatch(recipient.rpartition("@")[0]):
        return Refused("rejected", "the answer would go to a machine")
    return Letter(
        sender=sender,
        recipient=recipient,
        subject=subject_of(publication.subject_line, publication.language),
        text=publication.text,
        message_id=message_id_of(publication),
        headers=_headers(publication),
        reply_to=_reply_to(publication, credentials),
    )


def message_id_of(publication: Publication) -> str:
    """Our own Message-ID, without angle brackets: the same for every attempt."""
    return f"{publication.key}@{domain_of(publication.account)}"


def domain_of(address: str) -> str:
    """What stands behind the ``@``."""
    return address.rpartition("@")[2].lower()


def subject_of(asked: str | None, language: str | None) -> str:
    """The subject of an answer to a mail with the subject ``asked``, or one that says nothing of the matter."""
    neutral = SUBJECTS.get((language or "en").partition("-")[0].lower(), SUBJECTS["en"])
    return subject_lines.answer_to(asked) or neutral


def _headers(publication: Publication) -> tuple[tuple[str, str], ...]:
    chain = tuple(dict.fromkeys(filter(_MESSAGE_ID.fullmatch, (publication.thread, publication.reply_to))))
    headers = [("Message-ID", f"<{message_id_of(publication)}>")]
    if _MESSAGE_ID.fullmatch(publication.reply_to):
        headers.append(("In-Reply-To", f"<{publication.reply_to}>"))
    if chain:
        headers.append(("References", " ".join(f"<{one}>" for one in chain)))
    if publication.purpose in AUTOMATIC:
        headers.append(("Auto-Submitted", "auto-replied"))
    return tuple(headers)


def _reply_to(publication: Publication, credentials: Credentials) -> str | None:
    """Where an answer finds its thread even if programs on the way lose the headers: ``box+cmt_…@domain``.

    Only for accounts that name an address (``reply_to`` in the secrets) whose mailbox takes what stands behind a plus.
    """
    local, _, domain = credentials.secrets.get("reply_to", "").rpartition("@")
    comment = publication.comments[-1] if publication.comments else ""
    return f"{local}+{comment}@{domain}" if local and _COMMENT.fullmatch(comment) else None


def _mailbox(address: str) -> str:
    """An address without what stands behind its plus."""
    return re.sub(r"\+[^@]*", "", address).lower()
