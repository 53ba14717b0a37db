"""A short text that a pattern matches, so that a comment can be made for a rule which waits for one.

Only what policies use of RE2's syntax is known here; whoever uses a text lets the pattern itself confirm it.
"""

_CLASSES = {"d": "1", "D": "a", "w": "a", "W": " ", "s": " ", "S": "a", "b": "", "B": "", "A": "", "z": ""}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "a": "\a"}
_PLAIN = "abcxyz0123456789 .-"
_MOST_REPEATED = 60


def text_for(pattern: str) -> str | None:
    """A text that ``pattern`` matches, as short as comes easily; None for syntax that is not known here."""
    try:
        reader = _Reader(pattern)
        text = reader.alternatives()
        return text if reader.at == len(pattern) else None
    except (ValueError, RecursionError):
        return None


class _Reader:
    """Walks a pattern once, and makes text of each piece as it goes."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.at = 0

    def alternatives(self) -> str:
        """The first of several alternatives; the others are only read."""
        first = self._sequence()
        while self._next_is("|"):
            self._take()
            self._sequence()
        return first

    def _sequence(self) -> str:
        pieces = []
        while self.at < len(self.pattern) and not self._next_is("|)"):
            piece = self._piece()
            pieces.append(piece * self._times())
        return "".join(pieces)

    def _piece(self) -> str:
        char = self._take()
        if char == "(":
            return self._group()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escaped()
        return {"^": "", "$": "", ".": "a"}.get(char, char)

    def _times(self) -> int:
        """How often the piece stands that was read last: as seldom as its quantifier permits."""
        times = 1
        if self._next_is("*?"):
            self._take()
            times = 0
        elif self._next_is("+"):
            self._take()
        elif self._next_is("{") and self.pattern[self.at + 1 : self.at + 2].isdigit():
            times = int(self._until("}").strip("{}").split(",")[0])
        else:
            return 1
        if self._next_is("?"):
            self._take()
        if times > _MOST_REPEATED:
            raise ValueError("longer than a comment")
        return times

    def _group(self) -> str:
        if self._next_is("?"):
            flags = self._take()
            while not self._next_is(":)>"):
                flags += self._take()
            if self._take() == ")":
                return ""
        text = self.alternatives()
        if self._take() != ")":
            raise ValueError("an open group")
        return text

    def _class(self) -> str:
        negated = self._next_is("^")
        if negated:
            self._take()
        members = [self._member()]
        while not self._next_is("]"):
            members.append(self._member())
        self._take()
        if not negated:
            return members[0]
        spans = [text for text in members if text != "-"]
        return next((char for char in _PLAIN if char not in spans), "ß")

    def _member(self) -> str:
        if self.pattern.startswith("[:", self.at):
            return "a" if "alpha" in self._until(":]") else "1"
        char = self._take()
        return self._escaped() if char == "\\" else char

    def _escaped(self) -> str:
        char = self._take()
        if char in "pP":
            name = self._until("}") if self._next_is("{") else self._take()
            return "1" if name.strip("{}").startswith("N") else "a"
        if char == "x":
            digits = self._until("}").strip("{}") if self._next_is("{") else self._take() + self._take()
            return chr(int(digits, 16))
        return _CLASSES.get(char, _CONTROLS.get(char, char))

    def _next_is(self, chars: str) -> bool:
        return self.at < len(self.pattern) and self.pattern[self.at] in chars

    def _take(self) -> str:
        if self.at >= len(self.pattern):
            raise ValueError("the pattern ends too soon")
        self.at += 1
        return self.pattern[self.at - 1]

    def _until(self, end: str) -> str:
        stop = self.pattern.index(end, self.at) + len(end)
        taken, self.at = self.pattern[self.at : stop], stop
        return taken
