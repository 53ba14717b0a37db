"""The record as a page for people: readable with nothing but HTML, by any reader, in any direction of writing.

What must stay true: every word that is not ours passes ``safe``; every text of an answer stands in a ``bdi`` of its
own, so that no direction mark reaches beyond it. There is no script and no inline style, and the policy forbids both.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from html import escape

from services.publisher.domain.record import Correction, Entry, Page
from shared.clock import rfc3339

HTML_TYPE = "text/html; charset=utf-8"
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
PLATFORMS = {
    "bluesky": "Bluesky",
    "discourse": "the forum",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "mastodon": "Mastodon",
    "open311": "the service desk",
    "rest": "a partner's service",
    "standard": "a partner's service",
    "telegram": "Telegram",
    "x": "X",
    "youtube": "YouTube",
}
PURPOSES = {
    "acknowledgement": "Acknowledgement",
    "closing": "Closing words",
    "correction": "Correction",
    "holding": "Holding reply: an answer is being prepared",
}


def page_of(page: Page, *, is_first: bool = True) -> bytes:
    """A page of the record, the newest first; ``is_first`` is whether nothing newer came before it."""
    entries = "\n".join(f"<li>{_article(page, one)}</li>" for one in page.entries)
    listed = f'<ol class="entries">\n{entries}\n</ol>' if entries else '<p class="empty">Nothing was published yet.</p>'
    links = [] if is_first else [_link(_home(page), "Newest responses")]
    if page.following is not None:
        links.append(_link(f"{_home(page)}?cursor={page.following}", "Older responses", rel="next"))
    around = f'<nav aria-label="Pages">{" · ".join(links)}</nav>' if links else ""
    return document(page, f"{page.name}: public record", f"{listed}\n{around}")


def page_of_one(page: Page, entry: Entry) -> bytes:
    """A page of a single response."""
    whole = f'<nav aria-label="Pages">{_link(_home(page), "The whole record")}</nav>'
    return document(page, f"{entry.title} – {page.name}", f"{_article(page, entry)}\n{whole}")


def document(page: Page, title: str, content: str) -> bytes:
    """A whole page around its content, which is HTML already."""
    home = _home(page)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{safe(title)}</title>
<link rel="stylesheet" href="{home}/style.css">
<link rel="alternate" type="application/atom+xml" title="Atom" href="{home}/feed.atom">
<link rel="alternate" type="application/feed+json" title="JSON Feed" href="{home}/feed.json">
</head>
<body>
<a class="skip" href="#record">To the responses</a>
<header>
<p class="over">Public record</p>
<h1><bdi>{safe(page.name)}</bdi></h1>
<p class="lead">What this agency has answered in public, in its own words, with what was put right since.</p>
</header>
<main id="record">
{content}
</main>
<footer>
<form action="{home}/receipts">
<label for="comment">What became of your comment? Its number:</label>
<input id="comment" name="comment" required maxlength="100" autocomplete="off">
<button>Show its receipt</button>
</form>
<ul>
<li>{_link(f"{home}/feed.atom", "Follow by Atom")}</li>
<li>{_link(f"{home}/feed.json", "Follow by JSON Feed")}</li>
<li>{_link(f"{home}/register", "Register of receipts")}</li>
<li>{_link(f"{home}/register/heads", "Daily heads of the register")}</li>
</ul>
<p>Citizens’ own words and names are not part of this record. Times are UTC.</p>
</footer>
</body>
</html>
""".encode()


def _article(page: Page, entry: Entry) -> str:
    kind = "retracted" if entry.is_retracted else "corrected" if entry.corrections else "standing"
    there = f"{_home(page)}/responses/{safe(entry.publication)}"
    stamp = f'<p class="meta"><a href="{there}">{_time(entry.published_at)}</a>{_chip(entry)}</p>'
    return f'<article class="{kind}">\n{_content(entry, stamp)}\n</article>'


def _content(entry: Entry, stamp: str) -> str:
    if entry.is_retracted:
        at = "" if entry.retracted_at is None else f" on {_time(entry.retracted_at)}"
        return f'{stamp}\n<p class="note">This response was taken back{at}. Its wording is no longer shown.</p>'
    if not entry.corrections:
        return f"{stamp}\n{_words(entry.text, entry)}\n{_where(entry)}"
    *earlier, newest = entry.corrections
    holds = f'<p class="note">Corrected on {_time(newest.at)}</p>\n{stamp}\n{_words(newest.text, entry, "ins")}'
    return f"{holds}\n{_where(entry)}\n{_history(entry, earlier)}"


def _history(entry: Entry, earlier: Iterable[Correction]) -> str:
    """What the response read before, the latest first; struck, because it no longer holds."""
    struck = [(f"From {_time(one.at)} it read:", one.text) for one in earlier][::-1]
    struck.append(("It first read:", entry.text))
    return "\n".join(
        f'<div class="first"><p class="meta">{label}</p>{_words(words, entry, "del")}</div>' for label, words in struck
    )


def _words(words: str, entry: Entry, wrap: str | None = None) -> str:
    language = f' lang="{safe(entry.language)}"' if entry.language else ""
    isolated = f'<bdi dir="auto">{safe(words)}</bdi>'
    wrapped = f"<{wrap}>{isolated}</{wrap}>" if wrap else isolated
    return f'<p class="words" dir="auto"{language}>{wrapped}</p>'


def _where(entry: Entry) -> str:
    name = PLATFORMS.get(entry.platform, entry.platform.capitalize())
    where = f"Published on {safe(name)}"
    return f'<p class="meta below">{_link(entry.url, where, rel="noopener nofollow") if entry.url else where}</p>'


def _chip(entry: Entry) -> str:
    return f'<span class="chip">{PURPOSES[entry.purpose]}</span>' if entry.purpose in PURPOSES else ""


def _time(moment: datetime) -> str:
    there = moment.astimezone(UTC)
    return f'<time datetime="{rfc3339(there)}">{there.day} {there:%B %Y, %H:%M}</time>'


def _link(address: str, words: str, rel: str | None = None) -> str:
    """A link; ``words`` are HTML already."""
    related = f' rel="{rel}"' if rel else ""
    return f'<a href="{safe(address)}"{related}>{words}</a>'


def _home(page: Page) -> str:
    return f"/public/{safe(page.agency)}"


def safe(words: str) -> str:
    """Words as text or attribute; control characters, which no browser shows, become visible."""
    lines = words.replace("\r\n", "\n")
    return escape("".join(one if one in "\n\t" or one.isprintable() or ord(one) >= 0xA0 else "\ufffd" for one in lines))
