import codecs
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.texts import KEPT_END, LEFT_OUT, MOST, Words, decoded


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"plain", "plain"),
        ("Größe 小林 🙂".encode(), "Größe 小林 🙂"),
        ("Größe".encode("utf-8-sig"), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe".encode("utf-16-be").join([b"\xfe\xff", b""]), "Größe"),
        ("Größe".encode("utf-32"), "Größe"),
        (b"The r\xe9sum\xe9 says \x93yes\x94 and no more", "The résumé says “yes” and no more"),
        ("Привет, как дела? Это обычный текст.".encode("cp1251"), "Привет"),
        (b"one\r\ntwo\rthree\n", "one\ntwo\nthree"),
        (b"\x1b[31mred\x1b[0m log", "\x1b[31mred\x1b[0m log"),
        (b"", ""),
    ],
)
def test_a_text_is_read_in_whatever_encoding(data, says):
    assert says in decoded(data).text


@pytest.mark.parametrize(
    "data", [b"\x00\x01\x02\x03" * 50, b"PK\x03\x04" + bytes(200), b"\x7fELF" + bytes(60)]
)
def test_bytes_are_no_text(data):
    assert decoded(data) is None


def test_noise_is_no_text():
    assert not any(decoded(os.urandom(4000)) for _ in range(50))


@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_not(data):
    words = decoded(data)

    assert words is None or words.length >= len(words.text) - len(LEFT_OUT)


def test_of_a_huge_text_both_ends_are_kept():
    text = "begin " + "x" * (3 * MOST) + " end"
    words = decoded(text.encode())

    assert words.length == len(text)
    assert len(words.text) == MOST + len(LEFT_OUT)
    assert words.text.startswith("begin")
    assert words.text.endswith("x" * (KEPT_END - 4) + " end")


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-8-sig"])
def test_a_letter_on_the_edge_of_a_piece_is_whole(encoding):
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    mark |= {"utf-32-le": codecs.BOM_UTF32_LE}
    words = "a" + "👋ö" * 40_000

    assert decoded(mark.get(encoding, b"") + words.encode(encoding)) == Words(words, len(words))
