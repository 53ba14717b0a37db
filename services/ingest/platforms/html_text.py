"""HTML of a status, as the text that a person wrote.

Platforms that federate send what other servers rendered. Paragraphs and breaks become line ends, entities their
characters; everything else of the markup goes, scripts and styles with what they hold.
"""

from html.parser import HTMLParser

_SILENT = frozenset({"script", "style", "template", "head", "title"})
_BLOCKS = frozenset({"p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"})


def to_text(html: str) -> str:
    """The text of an HTML fragment: paragraphs apart by an empty line, ``<br>`` and list items by a line end."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.text()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._silent = 0

    def text(self) -> str:
        lines = [" ".join(line.split()) for line in "".join(self._parts).split("\n")]
        blocks = "\n".join(lines).strip("\n")
        while "\n\n\n" in blocks:
            blocks = blocks.replace("\n\n\n", "\n\n")
        return blocks

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SILENT:
            self._silent += 1
        elif tag in ("br", "li"):
            self._parts.append("\n")
        elif tag in _BLOCKS:
            self._parts.append("\n\n")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "br":
            self._parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        elif tag in _BLOCKS:
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            # Line ends in the markup are spaces to a browser.
            self._parts.append(data.replace("\r", " ").replace("\n", " "))
