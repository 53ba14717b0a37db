"""Forms: what stands in them, and what is written to wear out whoever takes them apart."""

import pytest

from services.ingest.domain.refusals import Unreadable
from services.ingest.platforms.form_body import MOST_FIELDS, Form, parse_form, without_files

URLENCODED = "application/x-www-form-urlencoded; charset=utf-8"
MULTIPART = "multipart/form-data; boundary=X"
FIELD = b'--X\r\nContent-Disposition: form-data; name="body-plain"\r\n\r\n\xe0\xb6\x85\r\nb\r\n'
END = b"--X--\r\n"
MIB = 1 << 20


def file(disposition: bytes, content: bytes = b"\x00\r\n--\xff") -> bytes:
    head = b"--X\r\nContent-Disposition: form-data; " + disposition + b"\r\nContent-Type: image/png\r\n\r\n"
    return head + content + b"\r\n"


def read(body: bytes, content_type: str = MULTIPART) -> Form:
    return parse_form(body, content_type)


def test_an_urlencoded_form_is_decoded_when_it_is_asked() -> None:
    form = read(b"body-plain=%E0%B6%85+%2B%0D%0Ab&Message-Id=%3Ca%2Bb%40x%3E&empty=&bare&%66rom=a", URLENCODED)
    assert form.text("body-plain") == "අ +\r\nb"
    assert [form.text(name) for name in ("Message-Id", "empty", "bare", "from", "none")] == ["<a+b@x>", "", "", "a", ""]
    assert form.raw["Message-Id"] == b"%3Ca%2Bb%40x%3E"


def test_of_several_fields_with_one_name_the_last_one_counts() -> None:
    assert read(b"token=forged&token=real", URLENCODED).text("token") == "real"
    assert read(FIELD + FIELD.replace(b"b\r\n", b"c\r\n") + END).text("body-plain") == "අ\r\nc"


def test_what_is_not_utf_8_is_replaced() -> None:
    assert read(b"a=%ff%41\xff%zz", URLENCODED).text("a") == "\ufffdA\ufffd%zz"
    assert read(FIELD.replace(b"\xe0", b"") + END).text("body-plain") == "\ufffd\ufffd\r\nb"


def test_a_multipart_form_has_fields_and_files() -> None:
    form = read(FIELD + file(b'name="attachment-1"; filename="a.png"') + END)
    assert form.text("body-plain") == "අ\r\nb"
    (attached,) = form.files
    assert (attached.name, attached.filename, attached.content_type) == ("attachment-1", "a.png", "image/png")
    assert bytes(attached.content) == b"\x00\r\n--\xff"


@pytest.mark.parametrize(
    ("disposition", "filename"),
    [
        ('name="f"; filename="පෝලිම.jpg"'.encode(), "පෝලිම.jpg"),
        (b'name="f"; filename="a \\"b\\"; c.pdf"', 'a "b"; c.pdf'),
        (b'name="f";filename=bare.pdf', "bare.pdf"),
        (b"name=\"f\"; filename*=UTF-8''%E0%B6%85.pdf", "අ.pdf"),
        (b'NAME="f"; FileName=""', ""),
    ],
)
def test_a_file_is_known_by_its_name_however_that_is_written(disposition: bytes, filename: str) -> None:
    form = read(file(disposition) + END)
    assert (form.raw, [(one.name, one.filename) for one in form.files]) == ({}, [("f", filename)])


def test_what_is_kept_of_a_form_has_empty_files_and_reads_the_same() -> None:
    body = FIELD + file(b'name="attachment-1"; filename="a.png"', b"x" * MIB) + FIELD.replace(b"plain", b"html") + END
    kept = without_files(body)
    assert len(kept) < 500
    assert read(kept).raw == read(body).raw
    assert [(one.filename, bytes(one.content)) for one in read(kept).files] == [("a.png", b"")]
    assert without_files(kept) == kept


@pytest.mark.parametrize("body", [FIELD + END, b"a=b&c=d", b"", b"--", b"--X\r\n--X--\r\n", b"--X\r\nx", b'{"a":1}'])
def test_a_form_without_files_is_kept_as_it_came(body: bytes) -> None:
    assert without_files(body) == body


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--\r\n",
        b"no boundary",
        b"--X",
        b"--" + b"X" * 1000 + b"\r\n",
        FIELD,
        FIELD + b"--X",
        FIELD[:20],
        b"--X\r\nno head\r\n--X--\r\n",
        b"--X\r\n" + b"a" * 5000 + b"\r\n\r\nv\r\n--X--\r\n",
        FIELD * (MOST_FIELDS + 1) + END,
    ],
)
def test_a_multipart_form_that_is_none_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        read(body)


def test_a_form_of_too_many_fields_is_unreadable() -> None:
    assert len(read(b"&".join(b"%d=" % n for n in range(MOST_FIELDS)), URLENCODED).raw) == MOST_FIELDS
    with pytest.raises(Unreadable):
        read(b"&" * (35 * MIB), URLENCODED)


def test_the_worst_of_35_mib_is_refused_or_decoded_in_part() -> None:
    with pytest.raises(Unreadable):
        read(FIELD + b"\r\n--XY" * (35 * MIB // 6) + b"\r\n" + END)
    assert len(read(b"a=" + b"%41" * (12 * MIB), URLENCODED).text("a")) < MIB
