"""What is posted to Open311: every way to write it, every limit, and what nobody should ever send."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode
from xml.etree import ElementTree

import httpx
import pytest
import pytest_asyncio

from services.ingest.adapters.open311 import catalogues
from services.ingest.settings import Open311Settings
from tests.ingest.open311_client import JsonClient, NotTaken, XmlClient
from tests.ingest.support import Ingest, running_ingest

pytestmark = pytest.mark.asyncio

KEY = "an-open311-key"
URL = "/open311/v2/requests.json"
FORM = "application/x-www-form-urlencoded"
BOUNDARY = "multipart/form-data; boundary=x"
CATALOGUE = """
agency: passports
changed: 2026-11-02T09:00:00Z
services:
  - {service_code: enquiry, service_name: Enquiry, description: Ask}
  - {service_code: pothole, service_name: Pothole, description: A hole, place: required}
  - service_code: everything
    service_name: Everything
    description: Every kind of question
    attributes:
      - {code: told, description: Please be careful., variable: false, required: true}
      - {code: line, description: One line, required: true}
      - {code: words, description: Words, datatype: text}
      - {code: number, description: How many, datatype: number}
      - {code: when, description: When, datatype: datetime}
      - {code: one, description: Which, datatype: singlevaluelist, values: {a: First, b: Second}}
      - {code: some, description: Which ones, datatype: multivaluelist, values: {a: First, b: Second}}
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def ingest(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ingest]:
    """One service for all of these tests: each looks only at its own answer."""
    folder = tmp_path_factory.mktemp("services")
    (folder / "passports.yaml").write_text(CATALOGUE)
    async with running_ingest(open311=Open311Settings(services=folder)) as running:
        await running.connect("open311", "passports", secrets={"api_key": KEY})
        yield running


@pytest.fixture
def client(ingest: Ingest) -> JsonClient:
    return JsonClient(ingest.http, KEY)


async def post(ingest: Ingest, body: bytes, content_type: str = FORM, url: str = URL) -> httpx.Response:
    return await ingest.http.post(url, content=body, headers={"content-type": content_type})


async def text_of(ingest: Ingest, answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    id_ = answer.json()[0]["service_request_id"]
    ((words,),) = await ingest.rows("SELECT text FROM comment WHERE id = :id", id=id_)
    return str(words)


# -- every way to write it


async def test_a_form_a_form_in_parts_and_json_say_the_same(ingest: Ingest) -> None:
    fields = {"api_key": KEY, "service_code": "everything", "description": "ආයුබෝවන් & more"}
    several = {"attribute[line]": "yes", "attribute[some][]": ["a", "b"]}
    nested = {**fields, "attribute": {"line": "yes", "some": ["a", "b"], "words": None}}
    bracketed = {**fields, "attribute[line]": "yes", "attribute[some]": ["a", "b"]}
    answers = [
        await ingest.http.post(URL, data={**fields, **several}),
        await ingest.http.post(URL, data={**fields, **several}, files={"media": ("", b"")}),
        await ingest.http.post(URL, json=nested),
        await ingest.http.post(URL, json=bracketed),
        await post(ingest, urlencode({**fields, **several}, doseq=True).encode(), f"{FORM}; charset=utf-8"),
        await post(ingest, urlencode({**fields, **several}, doseq=True).encode(), f'{FORM};charset="UTF-8"'),
    ]
    assert {answer.status_code for answer in answers} == {200}, [answer.text for answer in answers]
    assert len({answer.text for answer in answers}) == 1
    assert await text_of(ingest, answers[0]) == (
        "ආයුබෝවන් & more\n\nService: Everything\nOne line: yes\nWhich ones: First, Second"
    )


async def test_the_key_and_the_jurisdiction_may_stand_in_the_address(ingest: Ingest) -> None:
    body = urlencode({"service_code": "enquiry", "description": "In the address"}).encode()
    answer = await post(ingest, body, url=f"{URL}?{urlencode({'api_key': KEY, 'jurisdiction_id': 'passports'})}")
    assert answer.status_code == 200
    assert (await post(ingest, body + b"&api_key=wrong", url=f"{URL}?api_key={KEY}")).status_code == 403


async def test_an_empty_field_is_one_that_was_not_sent(client: JsonClient) -> None:
    empty = dict.fromkeys(
        ("lat", "long", "address_string", "address_id", "email", "phone", "media_url", "attribute[number]"), ""
    )
    await client.report("enquiry", description="Nothing else", **empty)
    with pytest.raises(NotTaken, match="400"):
        await client.report("enquiry", description="  ")


async def test_numbers_may_be_numbers_in_json(ingest: Ingest) -> None:
    body = {"api_key": KEY, "service_code": "pothole", "lat": -0.5, "long": 79, "phone": 94112345678}
    assert "Position: -0.5, 79.0" in await text_of(ingest, await ingest.http.post(URL, json=body))


async def test_an_answer_to_no_question_is_kept_and_other_fields_are_passed_over(ingest: Ingest) -> None:
    fields = {"api_key": KEY, "service_code": "enquiry", "description": "Hi", "attribute[uprn]": "9", "deviceid": "x"}
    assert (await text_of(ingest, await ingest.http.post(URL, data=fields))).endswith("Service: Enquiry\nuprn: 9")


async def test_several_pictures_come_with_a_report(ingest: Ingest, client: JsonClient) -> None:
    urls = ["https://x.example/a.jpg", "http://x.example/page?id=1"]
    fields = {"api_key": KEY, "service_code": "enquiry", "description": "Look", "media_url": urls}
    created = (await ingest.http.post(URL, data=fields)).json()[0]["service_request_id"]
    comment = (await ingest.http.get(f"/v1/comments/{created}", headers=ingest.bearer())).json()
    assert [(one["kind"], one["url"]) for one in comment["media"]] == [("image", urls[0]), ("link", urls[1])]
    assert (await client.request(created))["media_url"] == urls[0]


# -- every limit

WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("enquiry", {}, "description"),
    ("enquiry", {"description": "x" * 4_001}, "description"),
    ("enquiry", {"description": ["a", "b"]}, "description"),
    ("enquiry", {"email": "x" * 257}, "email"),
    ("enquiry", {"device_id": "x" * 257}, "device_id"),
    ("enquiry", {"address_string": "x" * 1_001}, "address_string"),
    ("enquiry", {"address_id": "x" * 257}, "address_id"),
    ("enquiry", {"media_url": "x"}, "media_url"),
    ("enquiry", {"media_url": "javascript:alert(1)"}, "media_url"),
    ("enquiry", {"media_url": "https://x.example/" + "x" * 2_048}, "media_url"),
    ("enquiry", {"media_url": [f"https://x.example/{n}" for n in range(11)]}, "media_url"),
    ("enquiry", {"lat": "1"}, "lat, long"),
    ("enquiry", {"long": "1"}, "lat, long"),
    *[("enquiry", {"lat": lat, "long": "1"}, "lat") for lat in ("90.1", "-91", "nan", "inf", "1e999", "1_0", "٣", "x")],
    *[("enquiry", {"lat": "1", "long": long}, "long") for long in ("180.01", "-inf", "1,5", "0x1", "- 1")],
    ("enquiry", {f"attribute[a{n}]": "x" for n in range(51)}, "attribute"),
    ("enquiry", {f"attribute[a{n}]": "x" * 4_000 for n in range(5)}, "attribute"),
    ("pothole", {}, "lat, long"),
    ("everything", {}, "attribute[line]"),
    ("everything", {"attribute[line]": "two\nlines"}, "attribute[line]"),
    ("everything", {"attribute[line]": "x" * 1_001}, "attribute[line]"),
    ("everything", {"attribute[line]": ["a", "b"]}, "attribute[line]"),
    ("everything", {"attribute[words]": "x" * 4_001}, "attribute[words]"),
    ("everything", {"attribute[number]": "many"}, "attribute[number]"),
    ("everything", {"attribute[number]": "nan"}, "attribute[number]"),
    ("everything", {"attribute[when]": "tomorrow"}, "attribute[when]"),
    ("everything", {"attribute[one]": "c"}, "attribute[one]"),
    ("everything", {"attribute[one]": ["a", "b"]}, "attribute[one]"),
    ("everything", {"attribute[some]": ["a", "c"]}, "attribute[some]"),
]


async def test_each_field_that_does_not_fit_is_named_and_not_repeated(ingest: Ingest) -> None:
    before = await ingest.count("report")
    for service, fields, name in WRONG:
        words = {} if name == "description" else {"description": "Hello"}
        sent = {"api_key": KEY, "service_code": service, **words, **fields}
        answer = await ingest.http.post(URL, data=sent)
        assert answer.status_code == 400, (service, fields, answer.text)
        errors = answer.json()
        assert {error["code"] for error in errors} == {400}
        assert name in [error["description"].partition(":")[0] for error in errors], (fields, errors)
        values = [value for value in fields.values() if isinstance(value, str) and len(value) > 3]
        assert not [value for value in values if value in answer.text]
    assert await ingest.count("report") == before


async def test_all_that_is_wrong_is_told_at_once(ingest: Ingest) -> None:
    fields = {"service_code": "everything", "lat": "x", "media_url": "x", "attribute[one]": "x"}
    answer = await ingest.http.post("/open311/v2/requests.xml", data={"api_key": KEY, **fields})
    with pytest.raises(NotTaken) as refusal:
        XmlClient(ingest.http).understand(answer)
    names = [error["description"].partition(":")[0] for error in refusal.value.errors]
    assert names == ["lat", "media_url", "attribute[line]", "attribute[one]"]


async def test_what_fits_exactly_is_taken(client: JsonClient) -> None:
    await client.report("enquiry", description="ආ" * 4_000, lat="90", long="-180", email="x" * 256)
    await client.report(
        "everything",
        **{
            "attribute[line]": "x" * 1_000,
            "attribute[words]": "x\n" * 2_000,
            "attribute[number]": "-1.5e3",
            "attribute[when]": "2026-12-24",
            "attribute[one]": "b",
        },
    )


async def test_no_service_code_is_400(client: JsonClient) -> None:
    for fields in ({}, {"service_code": ""}):
        with pytest.raises(NotTaken, match=r"400.*service_code"):
            client.understand(await client.post(fields))


async def test_another_kind_of_body_is_415_and_a_large_one_413(ingest: Ingest) -> None:
    for kind in (
        "text/xml",
        "application/xml",
        "text/plain",
        "",
        f"{FORM}; charset=utf-16",
        f"{FORM}; Charset = punycode",
    ):
        answer = await post(ingest, b"<request/>", kind)
        assert (answer.status_code, answer.json()[0]["code"]) == (415, 415), kind
    assert (await post(ingest, b"x=" + b"x" * (1 << 20))).status_code == 413


async def test_files_are_refused_with_the_way_out(ingest: Ingest) -> None:
    fields = {"api_key": KEY, "service_code": "enquiry", "description": "With a picture"}
    answer = await ingest.http.post(URL, data=fields, files={"media": ("a.png", b"\x89PNG")})
    assert answer.status_code == 400
    assert "media_url" in answer.json()[0]["description"]


# -- what nobody should ever send

HOSTILE: list[tuple[bytes, str]] = [
    (b"\xff\xfe\x00", FORM),
    (b"description=\xff", FORM),
    (b"description=%FF%FE", FORM),
    (b"description=%ED%A0%80", FORM),
    (b"=&=&&&==%=%%%3", FORM),
    (b"&" * 500_000, FORM),
    (b"a=b&" * 200_000, FORM),
    (b"x" * 300 + b"=1", FORM),
    (b"attribute[=1&attribute[]=2&attribute[[x]]=3&attribute[x][y]=4", FORM),
    (b"", "multipart/form-data"),
    (b"", BOUNDARY),
    (b"nonsense", BOUNDARY),
    (b"--x\r\n\r\nno name\r\n--x--", BOUNDARY),
    (b'--x\r\nContent-Disposition: form-data; name="description"\r\n\r\ncut off', BOUNDARY),
    (b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\xff\xfe\r\n--x--\r\n', BOUNDARY),
    (b"--x\r\n" + b"A" * 100_000 + b": b\r\n\r\n", BOUNDARY),
    (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n' * 300 + b"--x--", BOUNDARY),
    (b"--x", "multipart/form-data; boundary=" + "x" * 500),
    (b"--x", 'multipart/form-data; boundary=""'),
    (b"--x", "multipart/form-data; boundary=x; charset=idna"),
    (b"", "application/json"),
    (b"[]", "application/json"),
    (b'"x"', "application/json"),
    (b'{"description": NaN}', "application/json"),
    (b'{"description": "\\ud800"}', "application/json"),
    (b'{"description": "\\u0000"}', "application/json"),
    (b'{"a": 1, "a": 2}', "application/json"),
    (b"[" * 100_000, "application/json"),
    (b'{"lat": 1e999}', "application/json"),
    (b'{"lat": ' + b"9" * 5_000 + b"}", "application/json"),
    (b'{"attribute": []}', "application/json"),
    (b'{"attribute": {"x": {"y": 1}}}', "application/json"),
    (b'{"description": {"x": 1}}', "application/json"),
    (b'{"description": [["x"]]}', "application/json"),
    (b'{"api_key": ["a", "b"]}', "application/json"),
    (b'{"api_key": true, "service_code": false}', "application/json"),
]


async def test_hostile_bodies_are_refused_in_the_shape_asked_for(ingest: Ingest) -> None:
    before = await ingest.count("report")
    for body, kind in HOSTILE:
        for client in (JsonClient(ingest.http), XmlClient(ingest.http)):
            answer = await post(ingest, body, kind, f"/open311/v2/requests.{client.format}?service_code=enquiry")
            assert answer.status_code in (400, 403, 415), (body[:60], kind, answer.text)
            with pytest.raises(NotTaken):
                client.understand(answer)
    assert await ingest.count("report") == before


async def test_whatever_is_said_is_told_again_in_xml_that_can_be_read(ingest: Ingest) -> None:
    words = "</description><x>&amp; \x00\x01\x08\x0b\x0c\x1f\x7f\x85\ufffe\uffff \U0001f6b1 ]]> \r\n end"
    body = f"api_key={KEY}&service_code=enquiry&description={quote(words)}&address_string={quote(words)}"
    answer = await post(ingest, body.encode())
    id_ = answer.json()[0]["service_request_id"]
    read = await ingest.http.get(f"/open311/v2/requests/{id_}.xml")
    found = ElementTree.fromstring(read.content).find("request/description")
    assert found is not None
    assert found.text is not None
    assert found.text.startswith("</description><x>&amp; ")
    assert found.text.endswith("\U0001f6b1 ]]> \n end")
    as_json = (await ingest.http.get(f"/open311/v2/requests/{id_}.json")).json()
    assert "\x00" not in as_json[0]["description"]


async def test_bad_escapes_in_a_form_are_taken_as_they_stand(ingest: Ingest) -> None:
    body = f"api_key={KEY}&service_code=enquiry&description=100%+of+%zz+%2"
    assert (await text_of(ingest, await post(ingest, body.encode()))).startswith("100% of %zz %2\n")


async def test_hostile_questions_are_answered_below_500(ingest: Ingest) -> None:
    for path in ("services", "services/x", "requests", "requests/x", "tokens/x", "discovery"):
        for query in ("jurisdiction_id=%00", "service_request_id=%00,%FF", "service_code=%00", "start_date=%00", "=%"):
            answer = await ingest.http.get(f"/open311/v2/{path}.xml?{query}", headers={"host": "[::1<&"})
            assert answer.status_code < 500, (path, query)
            ElementTree.fromstring(answer.content)


# -- catalogues

BAD: list[tuple[str, str]] = [
    ("services: []", "agency"),
    (CATALOGUE.replace("agency: passports", "agency: others"), "another agency"),
    (CATALOGUE.replace("service_code: pothole", "service_code: enquiry"), "same code"),
    (CATALOGUE.replace("service_code: pothole", "service_code: pot.hole"), "service_code"),
    (CATALOGUE.replace("code: words", "code: line"), "same code"),
    (CATALOGUE.replace(", values: {a: First, b: Second}", ""), "values"),
    (CATALOGUE.replace("description: Ask}", "description: Ask, attributes: [{code: a, description: A}]}"), "first"),
    (CATALOGUE.replace("place: required", "place: perhaps"), "place"),
    (CATALOGUE.replace("2026-11-02T09:00:00Z", "2026-11-02"), "changed"),
    ("]", "yaml"),
]


@pytest.mark.parametrize(("content", "said"), BAD)
async def test_a_file_of_services_that_cannot_be_used_stops_the_start_and_is_named(
    tmp_path: Path, content: str, said: str
) -> None:
    path = tmp_path / "passports.yaml"
    path.write_text(content)
    with pytest.raises(catalogues.BadCatalogue) as bad:
        catalogues.read(tmp_path)
    assert str(path) in str(bad.value)
    assert said in str(bad.value)


async def test_the_questions_are_told_in_their_order(client: JsonClient) -> None:
    asked = (await client.definition("everything"))["attributes"]
    assert [(one["order"], one["code"]) for one in asked] == list(
        enumerate(("told", "line", "words", "number", "when", "one", "some"), start=1)
    )
    assert asked[0] == {
        "variable": False,
        "code": "told",
        "datatype": "string",
        "required": True,
        "datatype_description": None,
        "order": 1,
        "description": "Please be careful.",
    }
    assert asked[5]["values"] == [{"key": "a", "name": "First"}, {"key": "b", "name": "Second"}]
    assert json.dumps(asked)
