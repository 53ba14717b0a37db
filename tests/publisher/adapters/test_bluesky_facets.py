"""What is marked in a text for Bluesky, and where that stands in bytes."""

import pytest

from services.publisher.adapters.platforms.bluesky_facets import facets, handles, marks


def marked(text: str) -> list[tuple[str, str]]:
    """What is marked, and how it reads at its place."""
    written = text.encode()
    return [(mark.kind, written[mark.start : mark.end].decode()) for mark in marks(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See https://water.example.gov/a?b=c#d.", [("link", "https://water.example.gov/a?b=c#d")]),
        ("(https://water.example.gov)", [("link", "https://water.example.gov")]),
        ("https://example.org/Water_(board), then", [("link", "https://example.org/Water_(board)")]),
        ("ජලය HTTPS://water.example.gov/ජලය …", [("link", "HTTPS://water.example.gov/ජලය")]),
        ("https://... nothing, xhttps://example.org neither", []),
        ("water.example.gov alone is none", []),
        ("@water.example.gov: hello", [("mention", "@water.example.gov")]),
        ("(@a.test) and @b-c.bsky.social.", [("mention", "@a.test"), ("mention", "@b-c.bsky.social")]),
        ("mail@example.org, @nimal and @1.2 are none", []),
        ("#water, #ජලය and ＃தண்ணீர்!", [("tag", "#water"), ("tag", "#ජලය"), ("tag", "＃தண்ணீர்")]),
        ("#ශ්‍රීලංකා", [("tag", "#ශ්‍රීලංකා")]),
        ("#1 of #2026 #️⃣ #... a#b", []),
        ("#" + "x" * 64 + " #" + "y" * 65, [("tag", "#" + "x" * 64)]),
    ],
)
def test_what_official_apps_would_mark_is_marked(text: str, expected: list[tuple[str, str]]) -> None:
    assert marked(text) == expected


def test_whom_nobody_knows_stays_plain_text() -> None:
    text = "👋 @Known.test @unknown.test"
    assert handles(text + " @known.TEST") == ["known.test", "unknown.test"]
    assert facets(text, {"known.test": "did:plc:known"}) == [
        {
            "index": {"byteStart": 5, "byteEnd": 16},
            "features": [{"$type": "app.bsky.richtext.facet#mention", "did": "did:plc:known"}],
        }
    ]
