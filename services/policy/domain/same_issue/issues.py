"""Same issues: what several people say at once, told apart from what one person says often.

An issue lives as long as somebody raises it within the policy's window. The comment that opens it stands for it: who
joins is compared with that one, so that an issue does not drift. What several people say in one language and several
in another on the same subject is counted together; one voice in another language proves nothing, or a broad subject
would draw in everything that touches on it.

Authors are counted by marks with the minute in which they spoke last. The same marks in any order, once or repeatedly,
from one process or merged from several, give the same count.
"""

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.policy.domain.policies import SameIssue
from services.policy.domain.same_issue.likeness import Likeness, Subject, similarity
from services.policy.domain.scales import Kind
from shared.events import CommentText
from shared.ids import new_id

MOST_AUTHORS = 512
"""An issue counts so many and no more, or four times what makes a surge; those who spoke last are kept."""

KEPT_ALONE = timedelta(hours=2)
KEPT_SHARED = timedelta(days=30)
"""How long after its end an issue of one comment, and one of several or with a person's judgement, can be looked at."""

Key = tuple[str, int]
"""An agency, and one of the keys of a ``Likeness``."""


@dataclass(slots=True, eq=False)
class Issue:
    """The aggregate.

    ``words`` are those of the comment that opened it. ``authors``: marks, with the minute since 1970 in which each
    spoke last within the window. ``joined``: how many of its ``comments`` came since it was read. ``judged``: of what
    kind a person found one of them to be. ``surging_since``: when the surge began that still is, ``surge_begins`` if
    that is now. ``edition``: how often it was written. ``elsewhere``: the issues of other languages that are the same,
    as far as they are at hand.
    """

    id: str
    agency: str
    kind: Kind
    topics: tuple[str, ...]
    language: str
    words: frozenset[int]
    subject: int | None
    within: SameIssue
    opened_at: datetime
    last_at: datetime
    authors: dict[int, int] = field(default_factory=dict)
    comments: int = 0
    joined: int = 0
    judged: Kind | None = None
    surging_since: datetime | None = None
    surge_begins: bool = False
    edition: int = 0
    elsewhere: tuple["Issue", ...] = ()
    _earliest: int = 0

    @property
    def ends_at(self) -> datetime:
        """Until when comments may join."""
        return self.last_at + timedelta(minutes=self.within.window_minutes)

    @property
    def forget_at(self) -> datetime:
        """When nobody needs it any more."""
        return self.ends_at + (KEPT_ALONE if self.is_alone else KEPT_SHARED)

    @property
    def is_alone(self) -> bool:
        """Whether it is one comment that nobody has looked at."""
        return self.comments == 1 and self.judged is None

    @property
    def raised_by(self) -> int:
        """How many authors raise it within the window, for the rules. Spam from many is no issue of the people."""
        if "spam" in (self.kind, self.judged):
            return 1
        if len(self.authors) > 1 and self.elsewhere:
            others = (author for other in self.elsewhere for author in other.authors.items())
            return len(self.authors.keys() | {author for author, minute in others if minute >= self._earliest})
        return max(1, len(self.authors))

    def judged_for(self, like: Likeness) -> Kind | None:
        """Of what kind a person found a comment of these very words to be; one that is only like it was not judged."""
        return self.judged if like.words == self.words else None

    def is_open(self, at: datetime) -> bool:
        """Whether a comment of that time may join. What a person has judged is recognised later, too."""
        return self.judged is not None or at <= self.ends_at

    def add(self, author: int, at: datetime, *, again: bool = False) -> None:
        """Take in one more comment; ``again`` for another revision of one that is in already."""
        self.last_at = max(self.last_at, at)
        self._hear(author, _minute(at))
        if not again:
            self.comments += 1
            self.joined += 1

    def merge(self, other: "Issue") -> None:
        """Take in what another process has heard meanwhile of the same issue."""
        self.within, self.elsewhere = other.within, other.elsewhere
        self.last_at = max(self.last_at, other.last_at)
        for author, minute in other.authors.items():
            self._hear(author, minute)
        self.comments += other.joined
        self.joined += other.joined

    def note_surge(self) -> None:
        """Begin a surge where enough raise the issue; end it where less than half as many do."""
        raised_by, enough = self.raised_by, self.within.surge_at
        self.surge_begins = False
        if self.surging_since is None and raised_by >= enough:
            self.surging_since = self.last_at
            self.surge_begins = all(other.surging_since is None for other in self.elsewhere)
        elif raised_by * 2 < enough:
            self.surging_since = None

    def latest_authors(self) -> dict[int, int]:
        """Those to be kept: all, unless there are more than are counted."""
        most = max(MOST_AUTHORS, 4 * self.within.surge_at)
        if len(self.authors) <= most:
            return self.authors
        return dict(sorted(self.authors.items(), key=lambda author: (-author[1], author[0]))[:most])

    def _hear(self, author: int, minute: int) -> None:
        earliest = _minute(self.last_at) - self.within.window_minutes
        if earliest > self._earliest:
            self._earliest = earliest
            self.authors = {author: minute for author, minute in self.authors.items() if minute >= earliest}
        if minute >= self._earliest:
            self.authors[author] = max(minute, self.authors.get(author, 0))


class Issues:
    """The issues that the comments at hand may belong to, by their keys.

    ``raised`` are those that a comment at hand belongs to, by id.
    """

    def __init__(self) -> None:
        self.raised: dict[str, Issue] = {}
        self._by_key: dict[Key, Issue] = {}
        self._held_until: dict[Key, datetime] = {}

    def fill(self, issue: Issue, held_until: Mapping[Key, datetime]) -> None:
        """Take in an issue as it is stored, and until when which keys lead to it."""
        self._by_key |= dict.fromkeys(held_until, issue)
        self._held_until |= held_until

    def join(self, event: CommentText, like: Likeness, within: SameIssue, earlier: str | None = None) -> Issue:
        """Count a comment to the issue that it belongs to; it opens one where there is none.

        ``earlier``: the issue of the comment's former revision, which is not counted twice.
        """
        at = event.received_at
        issue = self._nearest(event.agency, like, within, at) or self._open_one(event.agency, like, within, at)
        issue.add(_mark(event), at, again=earlier == issue.id)
        if like.subject is not None and like.subject.number == issue.subject:
            self._speak(issue, like.subject, like.language, at)
        self.raised[issue.id] = issue
        return issue

    def to_be_held(self) -> dict[Key, Issue]:
        """The keys that are to lead to the issues raised: new ones, and those that would soon lead there no more."""
        return {
            key: issue for key, issue in self._by_key.items() if issue.id in self.raised and self._is_let_go(key, issue)
        }

    def _nearest(self, agency: str, like: Likeness, within: SameIssue, at: datetime) -> Issue | None:
        for issue in self._open(agency, (like.same,), at):
            return issue
        found = {issue.id: issue for issue in self._open(agency, like.near, at)}
        best, nearest = 0.0, None
        for issue in found.values():
            near = similarity(issue.words, like.words)
            if near > best or (near == best and nearest is not None and issue.id < nearest.id):
                best, nearest = near, issue
        return nearest if best >= within.similarity else None

    def _open_one(self, agency: str, like: Likeness, within: SameIssue, at: datetime) -> Issue:
        """A new issue, to which the words of its comment lead.

        Words near to it may lead to another one, which gives way while it is alone: in a stream without end, what was
        said last is the likeliest to be said again.
        """
        issue = Issue(
            id=new_id("issue"),
            agency=agency,
            kind=like.kind,
            topics=like.topics,
            language=like.language,
            words=like.words,
            subject=like.subject and like.subject.number,
            within=within,
            opened_at=at,
            last_at=at,
        )
        free = [key for key in like.near if all(other.is_alone for other in self._open(agency, (key,), at))]
        for key in (like.same, *free):
            self._lead(agency, key, issue)
        return issue

    def _speak(self, issue: Issue, subject: Subject, language: str, at: datetime) -> None:
        """Where several raise an issue, it speaks for its subject in its language, unless more raise another."""
        found = self._open(issue.agency, subject.elsewhere, at)
        issue.elsewhere = tuple([other for other in found if other is not issue])
        if len(issue.authors) > 1 and language == issue.language:
            others = self._open(issue.agency, (subject.here,), at)
            if all(len(other.authors) < len(issue.authors) for other in others):
                self._lead(issue.agency, subject.here, issue)

    def _open(self, agency: str, keys: Iterable[int], at: datetime) -> Iterator[Issue]:
        """The issues to which these keys lead, as far as comments may still join them."""
        for key in keys:
            issue = self._by_key.get((agency, key))
            if issue is not None and issue.is_open(at):
                yield issue

    def _lead(self, agency: str, key: int, issue: Issue) -> None:
        if self._by_key.get((agency, key)) is not issue:
            self._by_key[agency, key] = issue
            self._held_until.pop((agency, key), None)

    def _is_let_go(self, key: Key, issue: Issue) -> bool:
        held_until = self._held_until.get(key)
        return held_until is None or held_until < issue.ends_at - timedelta(minutes=issue.within.window_minutes) / 4


def _minute(at: datetime) -> int:
    return int(at.timestamp()) // 60


def _mark(event: CommentText) -> int:
    """Stands for who wrote a comment: 32 bits, by which nobody is known."""
    return zlib.crc32(f"{event.platform} {event.author.id}".encode("utf-8", "surrogatepass"))
