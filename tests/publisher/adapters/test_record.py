"""The public record over HTTP, with a real Postgres behind: what is there, what never is, and who has it already."""

import json
import re
import time
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any, ClassVar
from xml.etree import ElementTree as Xml

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.publisher.domain.record import PRIVATE_PLATFORMS, may_be_shown
from shared.clock import rfc3339, utc_now
from shared.events import PublicationCorrected, PublicationRetracted, ResponseApproved, ResponsePublished
from tests.publisher.builders import a_response
from tests.publisher.public_office import Office, a_public_office, some_responses, whose

pytestmark = pytest.mark.asyncio(loop_scope="session")

HOME = "/public/passports"
ATOM = {"a": "http://www.w3.org/2005/Atom"}
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def a_correction(event: ResponsePublished, text: str = "Our office opens at 10 a.m.", **changes: Any) -> Any:
    about = {**whose(event), "correction": "rsp_9", "native_id": "n", "text": text, "how": "edit"}
    return PublicationCorrected(**about | {"corrected_at": utc_now(), **changes})


def a_retraction(event: ResponsePublished) -> PublicationRetracted:
    return PublicationRetracted(**whose(event), reason="wrong", was_published=True, retracted_at=utc_now())


class Marked(HTMLParser):
    """Notes the tags of a page, whether they nest, and its words by the tag around them."""

    EMPTY: ClassVar = {"meta", "link", "input"}

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[tuple[str, str]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(("/".join(self.open), data))

    def within(self, tag: str) -> list[str]:
        return [words for path, words in self.words if tag in path.split("/")]


def marked(html: str) -> Marked:
    page = Marked()
    page.feed(html)
    assert page.open == []
    return page


async def test_the_record_shows_a_publication_right_after_it_was_settled() -> None:
    async with a_public_office() as office:
        assert "opens at 9" not in (await office.get(HOME)).text
        await office.publish(a_response())
        settled = time.monotonic()
        for address in (HOME, f"{HOME}/feed.json", f"{HOME}/feed.atom"):
            assert "Our office opens at 9 a.m." in (await office.get(address)).text
        assert time.monotonic() - settled < 2


async def test_a_page_needs_no_script_and_forbids_it() -> None:
    async with a_public_office() as office:
        await office.publish(a_response())
        answer = await office.get(HOME)
        page = marked(answer.text)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "script" not in [tag for tag, _ in page.tags]
        assert [
            tag for tag, attributes in page.tags if any(one == "style" or one[:2] == "on" for one in attributes)
        ] == []
        (sheet,) = [attributes["href"] for tag, attributes in page.tags if attributes.get("rel") == "stylesheet"]
        style = await office.get(str(sheet))
        assert (style.status_code, style.headers["content-type"]) == (200, "text/css; charset=utf-8")


async def test_a_page_can_be_read_by_any_reader() -> None:
    async with a_public_office() as office:
        await office.publish(a_response(language="si"))
        page = marked((await office.get(HOME)).text)
        tags = [tag for tag, _ in page.tags]
        assert page.tags[0] == ("html", {"lang": "en"})
        assert [tags.count(tag) for tag in ("h1", "main", "title", "article")] == [1, 1, 1, 1]
        assert {"lang": "si", "dir": "auto", "class": "words"} in [
            attributes for tag, attributes in page.tags if tag == "p"
        ]
        assert all(attributes.get("datetime") for tag, attributes in page.tags if tag == "time")
        assert page.within("h1") == ["Department of Passports"]


@pytest.mark.parametrize(
    "words",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "]]> &amp; &#0;",
        "\u202eabc\u2066",
        "a\x07\x1b[0m",
    ],
)
async def test_words_stay_words_whatever_they_look_like(words: str) -> None:
    async with a_public_office() as office:
        await office.publish(a_response(text=words, language='en"><b>'))
        page = marked((await office.get(HOME)).text)
        shown = words.replace("\x07", "\ufffd").replace("\x1b", "\ufffd")
        assert page.within("bdi")[1:] == [shown]
        assert {tag for tag, _ in page.tags}.isdisjoint({"script", "img", "b"})
        feed = Xml.fromstring((await office.get(f"{HOME}/feed.atom")).content)
        assert feed.findtext("a:entry/a:content", namespaces=ATOM) == shown
        (item,) = (await office.get(f"{HOME}/feed.json")).json()["items"]
        assert item["content_text"] == words


async def test_what_was_corrected_keeps_its_first_wording_struck() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        await office.hear(a_correction(event))
        page = marked((await office.get(HOME)).text)
        assert page.within("del") == ["Our office opens at 9 a.m."]
        assert page.within("ins") == ["Our office opens at 10 a.m."]
        (item,) = (await office.get(f"{HOME}/feed.json")).json()["items"]
        assert "corrected" in item["tags"]
        assert item["_parley"]["first_wording"] == "Our office opens at 9 a.m."
        assert item["content_text"].index("10 a.m.") < item["content_text"].index("no longer holding")
        assert item["date_modified"] > item["date_published"]


async def test_corrections_follow_each_other_and_the_newest_holds() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        first = a_correction(event, "At ten.", correction="rsp_8", corrected_at=utc_now() - timedelta(hours=1))
        await office.hear(a_correction(event, "At eleven."), first, first)
        page = marked((await office.get(HOME)).text)
        assert page.within("ins") == ["At eleven."]
        assert page.within("del") == ["At ten.", "Our office opens at 9 a.m."]


async def test_what_was_taken_back_leaves_its_place_and_not_its_words() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        before = (await office.get(f"{HOME}/feed.json")).json()["items"][0]
        await office.hear(a_correction(event), a_retraction(event))
        await office.run("UPDATE publication SET state = 'retracted'")
        for address in (HOME, f"{HOME}/feed.json", f"{HOME}/feed.atom", f"{HOME}/responses/{event.publication}"):
            said = (await office.get(address)).text
            assert "taken back" in said
            assert "a.m." not in said
        after = (await office.get(f"{HOME}/feed.json")).json()["items"][0]
        assert (after["id"], after["date_published"]) == (before["id"], before["date_published"])
        assert "retracted" in after["tags"]


async def test_a_response_has_a_page_of_its_own() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        page = marked((await office.get(f"{HOME}/responses/{event.publication}")).text)
        assert "Our office opens at 9 a.m." in page.within("bdi")
        assert (await office.get(f"{HOME}/responses/pub_none")).status_code == 404


async def test_the_subject_of_a_letter_is_on_no_page_and_in_no_feed() -> None:
    async with a_public_office() as office:
        await office.publish(a_response(subject_line="My daughter's illness"))
        for address in (HOME, f"{HOME}/feed.json", f"{HOME}/feed.atom"):
            shown = (await office.get(address)).text
            assert "opens at 9" in shown
            assert "illness" not in shown


async def test_an_agency_does_not_show_what_another_said() -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response(agency="water-board", account="2", text="Boil it."))
        assert "Boil it." not in (await office.get(HOME)).text
        assert (await office.get(f"{HOME}/responses/{event.publication}")).status_code == 404
        assert "Boil it." in (await office.get("/public/water-board")).text


@pytest.mark.parametrize("agency", ["nobody", "*", "a,b", "%00", "-", "x" * 101, "%F0%9F%98%80"])
async def test_an_agency_that_is_not_here_is_not_found(agency: str) -> None:
    async with a_public_office() as office:
        for path in ("", "/feed.json", "/feed.atom", "/register", "/register/heads"):
            assert (await office.get(f"/public/{agency}{path}")).status_code == 404


@pytest.mark.parametrize(
    "query", ["cursor=x", "cursor=%00", "cursor=MTIz", "cursor=OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5LmE"]
)
async def test_a_cursor_of_another_is_a_problem(query: str) -> None:
    async with a_public_office() as office:
        for feed in ("", "/feed.json", "/feed.atom"):
            assert (await office.get(f"{HOME}{feed}?{query}")).status_code == 400


async def test_a_json_feed_has_what_its_format_asks_for() -> None:
    async with a_public_office() as office:
        await office.publish(a_response(language="ta"))
        answer = await office.get(f"{HOME}/feed.json")
        feed = answer.json()
        assert answer.headers["content-type"] == "application/feed+json"
        assert feed["version"] == "https://jsonfeed.org/version/1.1"
        assert feed["title"]
        assert feed["feed_url"] == f"https://parley.example{HOME}/feed.json"
        (item,) = feed["items"]
        assert item["id"].startswith("urn:parley:publication:pub_")
        assert isinstance(item["content_text"], str)
        assert item["language"] == "ta"
        assert RFC3339.fullmatch(item["date_published"])
        assert RFC3339.fullmatch(item["date_modified"])
        # Members of our own begin with an underscore, and only those are none of the format's.
        known = {"id", "url", "external_url", "title", "content_text", "date_published", "date_modified", "authors"}
        assert {name for name in item if not name.startswith("_")} <= known | {"tags", "language"}


async def test_an_atom_feed_has_what_its_format_asks_for() -> None:
    async with a_public_office() as office:
        await office.publish(*some_responses(3))
        answer = await office.get(f"{HOME}/feed.atom")
        feed = Xml.fromstring(answer.content)
        assert answer.headers["content-type"] == "application/atom+xml"
        assert feed.tag == "{http://www.w3.org/2005/Atom}feed"
        assert [len(feed.findall(f"a:{name}", ATOM)) for name in ("id", "title", "updated", "author")] == [1, 1, 1, 1]
        assert feed.findtext("a:author/a:name", namespaces=ATOM) == "Department of Passports"
        assert {link.get("rel") for link in feed.findall("a:link", ATOM)} == {"self", "alternate"}
        entries = feed.findall("a:entry", ATOM)
        ids = [entry.findtext("a:id", namespaces=ATOM) for entry in entries]
        assert len(set(ids)) == 3
        for entry in entries:
            assert [len(entry.findall(f"a:{name}", ATOM)) for name in ("id", "title", "updated", "content")] == [1] * 4
            assert RFC3339.fullmatch(str(entry.findtext("a:updated", namespaces=ATOM)))


async def test_an_empty_record_is_a_valid_feed() -> None:
    async with a_public_office() as office:
        assert (await office.get(f"{HOME}/feed.json")).json()["items"] == []
        feed = Xml.fromstring((await office.get(f"{HOME}/feed.atom")).content)
        assert RFC3339.fullmatch(str(feed.findtext("a:updated", namespaces=ATOM)))
        assert "Nothing was published yet" in (await office.get(HOME)).text


@pytest.mark.parametrize("feed", ["feed.json", "feed.atom"])
async def test_a_feed_is_read_page_by_page_to_its_end(feed: str) -> None:
    async with a_public_office() as office:
        await office.publish(*some_responses(7))
        found: list[str] = []
        address = f"{HOME}/{feed}?limit=3"
        for _ in range(3):
            answer = await office.get(address)
            found += re.findall(r"urn:parley:publication:\w+", answer.text)
            address = answer.links.get("next", {}).get("url", "")
        assert (len(found), len(set(found)), address) == (7, 7, "")


async def test_the_page_leads_on_to_older_responses() -> None:
    async with a_public_office() as office:
        await office.publish(*some_responses(25))
        page = marked((await office.get(HOME)).text)
        (older,) = [attributes["href"] for _, attributes in page.tags if attributes.get("rel") == "next"]
        rest = marked((await office.get(str(older))).text)
        assert [len([tag for tag, _ in one.tags if tag == "article"]) for one in (page, rest)] == [20, 5]


@pytest.mark.parametrize("path", ["", "/feed.json", "/feed.atom"])
async def test_who_has_the_newest_already_is_told_so(path: str) -> None:
    async with a_public_office() as office:
        (event,) = await office.publish(a_response())
        await office.run("UPDATE publication SET published_at = published_at - interval '1 hour'")
        first = await office.get(HOME + path)
        assert first.headers["cache-control"].startswith("public, max-age=5")
        tag, modified = first.headers["etag"], first.headers["last-modified"]
        for known in ({"if_none_match": tag}, {"if_none_match": f'"x", W/{tag}'}, {"if_modified_since": modified}):
            again = await office.get(HOME + path, **known)
            assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        # The tag outweighs the time.
        assert (await office.get(HOME + path, if_none_match='"x"', if_modified_since=modified)).status_code == 200
        await office.hear(a_correction(event))
        assert (await office.get(HOME + path, if_none_match=tag)).status_code == 200
        assert (await office.get(HOME + path, if_modified_since=modified)).status_code == 200


async def test_a_change_of_this_second_is_not_yet_named_by_its_time() -> None:
    async with a_public_office() as office:
        await office.publish(a_response())
        assert "last-modified" not in (await office.get(HOME)).headers
        assert (await office.get(HOME, if_modified_since="Tue, 01 Jan 2999 00:00:00 GMT")).status_code == 200


@pytest.mark.parametrize("said", ["yesterday", "", "Tue, 99 Jan 2026 00:00:00 GMT"])
async def test_a_time_that_nobody_can_read_is_passed_over(said: str) -> None:
    async with a_public_office() as office:
        await office.publish(a_response())
        assert (await office.get(HOME, if_modified_since=said)).status_code == 200


async def test_a_link_leads_nowhere_but_to_the_web() -> None:
    async with a_public_office() as office:
        await office.publish(a_response())
        await office.run("UPDATE publication SET url = 'javascript:alert(1)'")
        assert "javascript" not in (await office.get(HOME)).text
        await office.run("UPDATE publication SET url = 'https://example.social/@a/1'")
        assert 'href="https://example.social/@a/1"' in (await office.get(HOME)).text


async def test_what_was_not_published_is_not_on_record() -> None:
    async with a_public_office() as office:
        await office.publish(a_response())
        await office.run("UPDATE publication SET state = 'failed', reason = 'rejected', published_at = NULL")
        assert (await office.get(f"{HOME}/feed.json")).json()["items"] == []


async def _all_that_is_public(office: Office) -> str:
    said = ""
    for path in ("", "/feed.json?limit=100", "/feed.atom?limit=100"):
        said += (await office.get(HOME + path)).text
    return said


some_response = st.fixed_dictionaries(
    {
        "public": st.booleans(),
        "visibility": st.sampled_from([None, "public", "unlisted", "private", "direct", "friends"]),
        "platform": st.sampled_from(["facebook", "mastodon", "x", "telegram", "rest", *PRIVATE_PLATFORMS]),
        "purpose": st.sampled_from(["answer", "holding", "acknowledgement", "closing"]),
    }
)


@settings(max_examples=10, deadline=None)
@given(drawn=st.lists(some_response, min_size=1, max_size=12))
async def test_no_private_answer_is_ever_in_any_feed(drawn: list[dict[str, Any]]) -> None:
    responses: list[ResponseApproved] = [
        a_response(thread=f"t{n}", text=f"canary-{n}-end", **facts) for n, facts in enumerate(drawn)
    ]
    async with a_public_office() as office:
        await office.publish(*responses)
        said = await _all_that_is_public(office)
    for n, facts in enumerate(drawn):
        shown = may_be_shown(
            public=facts["public"],
            visibility=facts["visibility"],
            platform=facts["platform"],
            was_published=True,
        )
        assert said.count(f"canary-{n}-end") == 0 if not shown else said.count(f"canary-{n}-end") >= 3


async def test_times_are_those_of_publication() -> None:
    async with a_public_office() as office:
        await office.publish(a_response())
        ((at,),) = await office.rows("SELECT published_at FROM publication")
        (item,) = json.loads((await office.get(f"{HOME}/feed.json")).content)["items"]
        assert item["date_published"] == rfc3339(at)
