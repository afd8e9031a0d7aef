import asyncio
import gzip
import hashlib
import threading
from pathlib import Path

import pytest
import tiktoken
from hypothesis import example, given, settings
from hypothesis import strategies as st

from core import tokens
from core.errors import StartError
from core.messages import Image, Role, Text, Turn
from core.tokens import PER_REQUEST, QUICK, Tokenizer, count_image, pieces, utf8_bytes

PROSE = "The quick brown fox, it's said, jumps over 12345 lazy dogs!\n\n# Größe 你好 🎉 `x_y`\n"
# Each alone and in any order: what the patterns of the encodings tell apart.
CHARACTERS = st.text(
    st.sampled_from(list("aAéÅ中ー19٣²'s_ \t\n\r\u00a0\u3000.,!?/`~-=\"$。\uff0c\u0301🎉\u200d"))
)

calm = settings(deadline=None)  # a busy machine is no reason to fail


def user(text):
    return Turn(Role.USER, (Text(text),))


@pytest.fixture
async def exact():
    return await Tokenizer.load("gpt-4o")


@pytest.fixture
async def estimating():
    return await Tokenizer.load("somebodys-model-7b")


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    """tiktoken's own encodings, from its own cache folder, filled with our ranks."""
    cache = tmp_path_factory.mktemp("tiktoken")
    patch = pytest.MonkeyPatch()
    patch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
    for name in ("o200k_base", "cl100k_base"):
        url = f"https://openaipublic.blob.core.windows.net/encodings/{name}.tiktoken"
        ranks = Path("core/data", f"{name}.tiktoken.gz").read_bytes()
        (cache / hashlib.sha1(url.encode()).hexdigest()).write_bytes(gzip.decompress(ranks))
    yield {name: tiktoken.get_encoding(name) for name in ("o200k_base", "cl100k_base")}
    patch.undo()


@pytest.mark.parametrize(
    ("model", "name", "exact"),
    [
        ("gpt-4o", "o200k_base", True),
        ("gpt-5.6-luna", "o200k_base", True),
        ("gpt-4-0613", "cl100k_base", True),
        ("gpt-oss-20b", "o200k_base", True),
        ("openai/gpt-oss-20b", "o200k_base", True),
        ("gpt-6-luna", "o200k_base", False),
        ("llama-3.3-70b", "o200k_base", False),
        ("text-davinci-003", "o200k_base", False),
        ("", "o200k_base", False),
    ],
)
async def test_every_model_name_has_a_tokenizer_and_known_ones_count_as_the_library_does(
    library, model, name, exact
):
    tokenizer = await Tokenizer.load(model)

    assert tokenizer.exact is exact
    assert tokenizer.count(PROSE) == len(library[name].encode_ordinary(PROSE))


@calm
@given(text=st.text() | CHARACTERS)
def test_any_text_counts_as_the_library_counts_it(library, text):
    for encoding in (tokens._O200K, tokens._CL100K):
        counted = tokens._vocabulary(encoding).quick(text)
        assert counted == len(library[encoding.name].encode_ordinary(text))


@calm
@given(text=st.text() | CHARACTERS, size=st.integers(1, 20))
@example(text="it's, we'll, don't I'M", size=1)
def test_no_token_reaches_over_the_border_of_two_pieces(library, text, size):
    cut = list(pieces(text, size))

    assert "".join(cut) == text
    for encoding in library.values():
        whole = [token for piece in cut for token in encoding.encode_ordinary(piece)]
        assert whole == encoding.encode_ordinary(text)


@pytest.mark.parametrize(
    "text",
    ["", "\ud800", "a\udc00b", "<|endoftext|>", "\x00", "🏳️‍🌈" * 50, "\ud83d\ude00", "\r\n" * 100],
)
async def test_no_content_makes_counting_fail(exact, text):
    assert 0 <= exact.count(text) <= utf8_bytes(text)


@pytest.mark.parametrize("run", [" ", "\t", "\u3000", "\n", "a", "=", "中", "\ud800"])
async def test_runs_of_a_million_characters_are_counted_and_never_too_low(exact, run):
    text = run * 1_100_000
    await exact.prime([text])

    assert exact.count(text) == utf8_bytes(text)


async def test_a_long_text_is_counted_exactly_once_it_was_primed(exact, library):
    text = PROSE * 3000
    unprimed = exact.count(text)
    await exact.prime([text])

    assert unprimed == utf8_bytes(text)
    assert exact.count(text) == len(library["o200k_base"].encode_ordinary(text))


async def test_long_texts_are_counted_off_the_loop(exact, monkeypatch):
    where = set()
    count = exact._vocabulary._count_piece
    monkeypatch.setattr(
        exact._vocabulary,
        "_count_piece",
        lambda piece: where.add(threading.current_thread()) or count(piece),
    )
    await exact.prime(["long" * QUICK])
    exact.count("unseen" * QUICK)

    assert where
    assert threading.current_thread() not in where


async def test_a_text_that_was_counted_is_not_counted_again(exact, monkeypatch):
    text = "seen before " * 100
    first = exact.count(text)
    monkeypatch.setattr(exact._vocabulary, "_count_piece", None)

    assert exact.count(text) == first


def test_what_is_remembered_is_bounded():
    vocabulary = tokens._Vocabulary(tokens._vocabulary(tokens._O200K)._encoding, remembered=10)
    vocabulary.count_all(str(number) for number in range(100))

    assert len(vocabulary._counts) == 10
    assert vocabulary.quick("99") == 1


async def test_loading_at_once_loads_once():
    tokenizers = await asyncio.gather(*(Tokenizer.load("gpt-4o") for _ in range(5)))

    assert len({id(tokenizer._vocabulary) for tokenizer in tokenizers}) == 1


async def test_each_message_costs_its_framing(exact):
    assert exact.count_turn(user("hello")) == 4 + exact.count("hello")


def test_damaged_ranks_stop_the_start_with_one_clear_line(tmp_path, monkeypatch):
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.setattr("importlib.resources.files", lambda _: tmp_path)
    for content in (gzip.compress(b"IQ== 0"), b"no gzip", gzip.compress(b"IQ== 0")[:-9]):
        (data / "o200k_base.tiktoken.gz").write_bytes(content)
        with pytest.raises(StartError, match="install Parley again"):
            tokens._read_ranks(tokens._O200K)


def counted(tokenizer, turns):
    """What a whole request comes to."""
    return PER_REQUEST + sum(map(tokenizer.count_turn, turns))


async def test_an_estimate_follows_what_the_server_reports(estimating):
    request = [user(PROSE * 20)]
    before = counted(estimating, request)
    estimating.learn(request, before * 2)

    assert counted(estimating, request) == pytest.approx(before * 2, rel=0.01)


async def test_a_hundred_reports_at_once_correct_no_more_than_one(estimating):
    request = [user(PROSE * 20)]
    reported = counted(estimating, request) * 3 // 2
    for _ in range(100):
        estimating.learn(request, reported)

    assert counted(estimating, request) == pytest.approx(reported, rel=0.01)


async def test_one_odd_report_moves_nothing(estimating):
    request = [user(PROSE * 20)]
    before = counted(estimating, request)
    for reported in (before, before, before * 1000, before, 0, -5):
        estimating.learn(request, reported)

    assert counted(estimating, request) == before


async def test_the_correction_is_bounded(estimating):
    request = [user(PROSE * 20)]
    before = counted(estimating, request)
    estimating.learn(request, before * 1000)

    assert before * 3.9 < counted(estimating, request) <= before * 4


async def test_small_requests_and_pictures_and_known_encodings_teach_nothing(estimating, exact):
    small, picture = user("hello"), Image(b"", "image/png", 640, 480)
    large = Turn(Role.USER, (Text(PROSE * 20), picture))
    for tokenizer, request in ((estimating, small), (estimating, large), (exact, user(PROSE * 20))):
        before = tokenizer.count_turn(request)
        tokenizer.learn([request], before * 3)
        assert tokenizer.count_turn(request) == before


@pytest.mark.parametrize(
    ("width", "height", "tiles", "patches"),
    [(512, 512, 255, 630), (1024, 1024, 765, 2520), (9000, 9000, 765, 3779), (1, 1, 255, 3)],
)
def test_a_picture_counts_by_the_dearest_published_rule(width, height, tiles, patches):
    assert count_image(Image(b"", "image/png", width, height)) == max(tiles, patches)


@calm
@given(width=st.integers(-5, 100_000), height=st.integers(-5, 100_000))
def test_no_picture_costs_more_than_the_rules_allow(width, height):
    assert 255 <= count_image(Image(b"", "image/png", width, height)) <= 3779


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/gpt-4o-mini-2024-07-18"])
def test_the_model_whose_pictures_are_dear_has_a_rule_of_its_own(model):
    assert count_image(Image(b"", "image/png", 512, 512), model) == 8500
    assert count_image(Image(b"", "image/png", 1024, 1024), model) == 25_501
