import io
import itertools
import time

import pypdf
import pytest

from core import pdfs
from core.errors import FileUnread, Why
from tests.papers import pdf, scan


def read(data, clock=time.monotonic):
    return pdfs.read(data, clock)


def why(data):
    with pytest.raises(FileUnread) as failed:
        read(data)
    return failed.value.why


def test_each_page_is_read_under_its_number():
    words = read(pdf("Hello", "World").data)

    assert words.text == "[page 1]\nHello\n\n[page 2]\nWorld"
    assert (words.pages, words.read) == (2, 2)
    assert words.length == len(words.text)


def test_one_of_pictures_alone_has_no_text():
    assert why(scan().data) is Why.WITHOUT_TEXT


@pytest.mark.parametrize("data", [b"%PDF-1.7", b"%PDF-1.4\nrubbish" * 100, pdf("Hi").data[:200]])
def test_a_broken_one_is_damaged(data):
    assert why(data) is Why.DAMAGED


def encrypted(password):
    writer = pypdf.PdfWriter(io.BytesIO(pdf("Secret").data))
    writer.encrypt(password, "owner", algorithm="RC4-128")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_one_behind_a_password_is_protected():
    assert why(encrypted("secret")) is Why.PROTECTED


def test_one_that_only_may_not_be_changed_is_read():
    assert "Secret" in read(encrypted("")).text


def test_of_one_that_takes_too_long_the_first_pages_are_read():
    ticks = itertools.count()
    words = read(pdf(*["words"] * 40).data, lambda: next(ticks))

    assert 1 < words.read < 40 == words.pages
    assert len(words.text) < words.length


def test_of_a_long_one_so_many_pages_are_read(monkeypatch):
    monkeypatch.setattr(pdfs, "MOST_PAGES", 5)
    words = read(pdf(*["words"] * 40).data)

    assert (words.read, words.pages) == (5, 40)
