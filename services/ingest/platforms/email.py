"""What the providers that receive our mail have in common: a mail, and what it says.

Sources: RFC 5322, section 3.6.4 (Message-ID, In-Reply-To, References) and 3.3 (dates); RFC 3834 (Auto-Submitted). What
must stay true:

- A mail is private, and its ``Message-ID`` (without the angle brackets) is what an answer names.
- ``From`` is what the sender wrote: neither provider vouches for it, and who else has seen the mail may answer in its
  thread. Nothing is taken from ``Authentication-Results``; whoever must know who wrote asks in another way.
- What machines send is not a comment, and an answer to it may be answered by a machine again.
- Attachments are named, never kept.
- Rules see the text alone, so that a subject that says something of its own is the first line of it: that of a mail
  that opens a conversation, and that of an answer whose writer has put another one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from services.ingest.domain import language
from services.ingest.domain.accounts import Account
from services.ingest.domain.entries import UNKNOWN_AUTHOR, Echo, Entry, Media, MediaKind, NewComment, Unused
from services.ingest.domain.refusals import Unreadable
from services.ingest.domain.text import MOST_ID_CHARACTERS, clean, clean_name
from services.ingest.platforms.base import MEBIBYTE
from services.ingest.platforms.html_text import to_text
from shared import subject_lines

MOST_BYTES = 35 * MEBIBYTE
MOST_ATTACHMENTS = 20
"""As many as an event has room for beside the longest text."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]+")
_MEDIA_TYPE = re.compile("[!-~]{1,100}")
_MOST_DATE_CHARACTERS = 100
_MOST_FILE_NAME_CHARACTERS = 100
_MOST_HTML_CHARACTERS = 500_000
_MOST_SUBJECT_CHARACTERS = 1_000
_BULK = frozenset({"bulk", "junk", "list"})
_EARLIEST, _LATEST = timedelta(days=-366), timedelta(days=1)
_WORD = "[^\\s<>@\\x00-\\x1f\\x7f\\ud800-\\udfff]+"
_ADDRESS = re.compile(f"{_WORD}@{_WORD}")
_BRACKETED = re.compile("<([^<>]+)>")
_ID = re.compile("[^\\s<>\\x00-\\x1f\\x7f\\ud800-\\udfff]+")
_COMMENT_ID = re.compile("cmt_[0-9a-f]{32}")
_KINDS: Mapping[str, MediaKind] = {"image": "image", "video": "video", "audio": "audio"}


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as its provider hands it over.

    ``headers`` by lower-case name, of several the first. ``newest`` is the part that the sender wrote now, where the
    provider could tell it from what is quoted. ``recipient`` is the address that it came to, ``token`` what stood
    behind the plus of it. ``provider_id`` names a mail without Message-ID.
    """

    author: str
    author_name: str | None
    recipient: str
    headers: Mapping[str, str] = field(repr=False)
    subject: str
    newest: str
    plain: str
    html: str
    date: str
    provider_id: str | None
    token: str = ""
    attachments: tuple[Media, ...] = ()


def read_mail(mail: Mail, account: Account, now: datetime) -> Entry:
    """What a mail to ``account`` says: a comment, our own words coming back, or nothing that is used."""
    native_id = _id_of(mail)
    thread, parent = _place(mail, native_id, account)
    if _is_own(mail, account):
        return Echo(account.account, native_id, thread, parent)
    if _is_automatic(mail.headers):
        return Unused(account.account, "automatic")
    subject = _subject_line(mail)
    text = _text(mail, subject, opens=parent is None)
    if not text and not mail.attachments:
        return Unused(account.account, "empty")
    return NewComment(
        account=account.account,
        native_id=native_id,
        author_id=address(mail.author) or UNKNOWN_AUTHOR,
        author_name=clean_name(mail.author_name),
        author_handle=address(mail.author),
        text=text,
        sent_at=moment(mail.date, now) or now,
        thread=thread,
        parent=parent,
        language=language.identify(text),
        media=mail.attachments[:MOST_ATTACHMENTS],
        public=False,
        subject_line=subject,
    )


def address(value: str) -> str | None:
    """An address in lower case: people spell their own now so, now so. None for what is none."""
    found = _ADDRESS.fullmatch(value.strip().lower())
    return found.group() if found and len(found.group()) <= MOST_ID_CHARACTERS else None


def plus_token(recipient: str) -> str:
    """What stands behind the plus of an address: ``contact+cmt_…@agency.example``."""
    return recipient.rpartition("@")[0].partition("+")[2]


def moment(date: str, now: datetime) -> datetime | None:
    """The moment of a ``Date``; None for what is no date, has no zone, or cannot be when a mail was written that came
    ``now``: more than a year ago, or later than tomorrow."""
    try:
        written = parsedate_to_datetime(date[:_MOST_DATE_CHARACTERS])
        if written.tzinfo is None or not _EARLIEST <= written - now <= _LATEST:
            return None
        return written.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def attachment(name: str, content_type: str) -> Media:
    """An attachment by what is said of it. JSON would spell a control character as six bytes: no name needs any."""
    kind = content_type.partition(";")[0].strip().lower()
    file_name = clean_name(_CONTROLS.sub(" ", name))
    return Media(
        _KINDS.get(kind.partition("/")[0], "file"),
        name=file_name[:_MOST_FILE_NAME_CHARACTERS] if file_name else None,
        content_type=kind if _MEDIA_TYPE.fullmatch(kind) else None,
    )


def _id_of(mail: Mail) -> str:
    found = _ids(mail.headers.get("message-id", ""))
    native_id = found[0] if found else mail.provider_id
    if not native_id:
        raise Unreadable("The mail has no id.")
    return native_id


def _place(mail: Mail, native_id: str, account: Account) -> tuple[str | None, str | None]:
    """Thread and parent. The first of References is the root; In-Reply-To, or else the last one, is what is answered.

    Where the chain begins with an own answer, programs on the way have cut it, and the thread of what is answered
    decides. A chain that was lost altogether may still stand in the address that the answer went to.
    """
    chain = [one for one in _ids(mail.headers.get("references", "")) if one != native_id]
    answered = [one for one in _ids(mail.headers.get("in-reply-to", "")) if one != native_id]
    hint = mail.token.lower() if _COMMENT_ID.fullmatch(mail.token.lower()) else None
    parent = next(iter((*answered, *reversed(chain))), hint)
    if parent is None:
        return native_id, None
    if not chain or chain[0] == parent or _is_of_domain(chain[0], account.account, mail.recipient):
        return None, parent
    return chain[0], parent


def _is_of_domain(message_id: str, *addresses: str) -> bool:
    domain = message_id.rpartition("@")[2].lower()
    return any(domain == one.rpartition("@")[2].lower() for one in addresses if "@" in one)


def _ids(value: str) -> list[str]:
    """The ids in a header field; those that nothing could name are left out."""
    found = _BRACKETED.findall(value) or [word for word in value.split() if "@" in word]
    folded = ("".join(one.split()) for one in found)
    return [one for one in folded if len(one) <= MOST_ID_CHARACTERS and _ID.fullmatch(one)]


def _mailbox(value: str) -> str | None:
    """An address without what stands behind its plus."""
    found = address(value)
    return re.sub(r"\+[^@]*", "", found) if found else None


def _is_own(mail: Mail, account: Account) -> bool:
    author = _mailbox(mail.author)
    return author is not None and author in (_mailbox(account.account), _mailbox(mail.recipient))


def _is_automatic(headers: Mapping[str, str]) -> bool:
    """Whether a machine sent it: an absence note, a bounce, a mailing list."""
    submitted = headers.get("auto-submitted", "no").partition(";")[0].strip().lower()
    return (
        submitted not in ("", "no")
        or headers.get("precedence", "").strip().lower() in _BULK
        or "x-autoreply" in headers
        or headers.get("return-path", "").strip() == "<>"
    )


def _subject_line(mail: Mail) -> str | None:
    return subject_lines.one_line(clean(mail.subject[:_MOST_SUBJECT_CHARACTERS]))


def _text(mail: Mail, subject: str | None, *, opens: bool) -> str:
    """What was written, under the subject unless that only repeats what is answered."""
    body = next((one.strip() for one in (mail.newest, mail.plain) if one.strip()), None)
    if body is None:
        body = to_text(mail.html[:_MOST_HTML_CHARACTERS])
    told = subject if subject and (opens or not subject_lines.is_answer(subject)) else ""
    return clean("\n".join(part for part in (told, body) if part))
