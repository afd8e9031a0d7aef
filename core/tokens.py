"""Counting what a text costs a model; the only module that imports tiktoken.

The ranks of the two encodings that chat models use lie beside this file, so nothing
is ever downloaded. Their patterns and hashes are those of tiktoken's `openai_public`.
"""

import asyncio
import functools
import gzip
import hashlib
import importlib.resources
import math
import re
import statistics
import threading
import zlib
from binascii import a2b_base64
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from core.errors import StartError
from core.messages import Image, Text, Turn

if TYPE_CHECKING:
    import tiktoken

QUICK = 10_000  # characters that are counted within 1 ms, 5 ms for the worst of texts
PIECE = 20_000
# Between runs of a million white-space characters, which make tiktoken panic, and any prose.
LONGEST_RUN = 50_000

PER_MESSAGE = 4  # three of framing and one for the role, says OpenAI's cookbook
PER_REQUEST = 3  # the reply is primed with so many

# No pattern of either encoding lets a token reach over such a place: a letter or digit
# before it; after it white space or a punctuation mark other than the apostrophe.
_SEAM = re.compile(r"(?<=[^\W_])(?=[\s!-&(-/:-@\[-`{-~\u3001\u3002\uff0c\uff01\uff1f])")


def pieces(text: str, size: int) -> Iterator[str]:
    """Cut a text where no token reaches over the cut, a little over `size` characters each.

    The tokens of the pieces add up to those of the text. A piece is as long as it must
    be where a text has no such place.
    """
    start = 0
    while start < len(text):
        seam = _SEAM.search(text, start + size)
        end = seam.start() if seam else len(text)
        yield text[start:end]
        start = end


def utf8_bytes(text: str) -> int:
    """The most tokens that a text can be: a byte-level encoding has no smaller ones."""
    return len(text.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class _Encoding:
    """What defines an encoding, besides its ranks."""

    name: str
    sha256: str
    pattern: str


_O200K = _Encoding(
    "o200k_base",
    "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
)
_CL100K = _Encoding(
    "cl100k_base",
    "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+"
    r"| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
)
# Harmony adds special tokens only, and text is counted without any.
_KNOWN = {"o200k_base": _O200K, "o200k_harmony": _O200K, "cl100k_base": _CL100K}


class _Vocabulary:
    """An encoding with the counts of the texts that it saw last; safe to use from threads."""

    def __init__(self, encoding: "tiktoken.Encoding", remembered: int = 20_000) -> None:
        self._encoding = encoding
        self._remembered = remembered
        self._counts: OrderedDict[bytes, int] = OrderedDict()
        self._lock = threading.Lock()

    def quick(self, text: str) -> int:
        """The text's tokens; of a long text that was not counted before, its bytes."""
        key = _digest(text)
        count = self._recall(key)
        if count is not None:
            return count
        return self._count(key, text) if len(text) <= QUICK else utf8_bytes(text)

    def fully(self, text: str) -> int:
        """The text's tokens, however long it takes."""
        key = _digest(text)
        count = self._recall(key)
        return self._count(key, text) if count is None else count

    def count_all(self, texts: Iterable[str]) -> None:
        """Count texts of any length, so that `quick` knows them; may take its time."""
        for text in texts:
            self.fully(text)

    def _recall(self, key: bytes) -> int | None:
        with self._lock:
            count = self._counts.get(key)
            if count is not None:
                self._counts.move_to_end(key)
            return count

    def _count(self, key: bytes, text: str) -> int:
        count = sum(map(self._count_piece, pieces(text, PIECE)))
        with self._lock:
            self._counts[key] = count
            if len(self._counts) > self._remembered:
                self._counts.popitem(last=False)
        return count

    def _count_piece(self, piece: str) -> int:
        if len(piece) > LONGEST_RUN:
            return utf8_bytes(piece)
        return len(self._encoding.encode_ordinary(piece))


def _digest(text: str) -> bytes:
    """A key of one size for any text, which keeps no text in memory longer than it should."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _read_ranks(encoding: _Encoding) -> bytes:
    path = importlib.resources.files("core") / "data" / f"{encoding.name}.tiktoken.gz"
    try:
        ranks = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error) as error:
        raise StartError(f"Cannot read {path}: {error}. Please install Parley again.") from error
    if hashlib.sha256(ranks).hexdigest() != encoding.sha256:
        raise StartError(f"{path} is damaged. Please install Parley again.")
    return ranks


@functools.cache
def _vocabulary(encoding: _Encoding) -> _Vocabulary:
    import tiktoken  # noqa: PLC0415  # 26 ms, and only here are they due

    lines = (line.split() for line in _read_ranks(encoding).splitlines())
    ranks = {a2b_base64(token): int(rank) for token, rank in lines}
    return _Vocabulary(
        tiktoken.Encoding(
            encoding.name, pat_str=encoding.pattern, mergeable_ranks=ranks, special_tokens={}
        )
    )


_loading = threading.Lock()  # an encoding takes 0.4 s and 70 MB: never load one twice


def _load(model: str) -> tuple[_Vocabulary, bool]:
    """The vocabulary for a model's name, and whether it is the model's own."""
    from tiktoken.model import encoding_name_for_model  # noqa: PLC0415

    try:
        # Gateways put the vendor before the name: "openai/gpt-oss-20b".
        encoding = _KNOWN.get(encoding_name_for_model(model.removeprefix("openai/")))
    except KeyError:
        encoding = None
    with _loading:
        return _vocabulary(encoding or _O200K), encoding is not None


class Tokenizer:
    """Counts tokens as one model would; safe to use from threads.

    `exact` says that the model's encoding is known. Otherwise counts are estimates by
    o200k_base, which `learn` corrects. Framing and pictures are estimates either way.
    """

    LEARN_FROM = 200  # tokens; below, the server's own framing drowns what there is to learn
    FACTORS = (0.5, 4.0)

    def __init__(self, vocabulary: _Vocabulary, *, exact: bool, model: str = "") -> None:
        self.exact = exact
        self._model = model
        self._vocabulary = vocabulary
        self._ratios: deque[float] = deque(maxlen=15)
        self._factor = 1.0

    @classmethod
    async def load(cls, model: str) -> Self:
        """A tokenizer for a model of any name. Raises `StartError` when its data is damaged."""
        vocabulary, exact = await asyncio.to_thread(_load, model)
        return cls(vocabulary, exact=exact, model=model)

    def count(self, text: str) -> int:
        """How many tokens a text is, within milliseconds; never raises.

        A text of more than 10,000 characters is counted exactly if it was primed; if
        not, the answer is the number of its bytes, which is never too few.
        """
        return self._corrected(self._vocabulary.quick(text))

    def count_turn(self, turn: Turn) -> int:
        """What a turn adds to a request: its text, its pictures and its framing."""
        return self._corrected(self._raw_turn(turn, self._vocabulary.quick)) + self._pictures(turn)

    def measure(self, turn: Turn) -> int:
        """The same, counted whole however long its texts are: for threads, not for the loop."""
        return self._corrected(self._raw_turn(turn, self._vocabulary.fully)) + self._pictures(turn)

    def most(self, turns: Sequence[Turn], counted: int) -> int:
        """The most tokens that a request can be, which was counted as so many."""
        if self.exact:
            return counted
        texts = [part.text for turn in turns for part in turn.parts if isinstance(part, Text)]
        framing = sum(PER_MESSAGE + self._pictures(turn) for turn in turns)
        return PER_REQUEST + framing + sum(map(utf8_bytes, texts))

    async def prime(self, texts: Iterable[str]) -> None:
        """Count texts in a thread, so that a later `count` of them is quick and exact."""
        wanted = tuple(texts)
        if sum(map(len, wanted)) > QUICK:
            await asyncio.to_thread(self._vocabulary.count_all, wanted)

    def learn(self, turns: Iterable[Turn], reported: int) -> None:
        """Correct later estimates by the prompt tokens that the server reported for a request.

        It takes the request, not an old estimate of it: what many calls at once report
        must not be taken for an error on top of the correction that the first one brought.
        Requests with pictures teach nothing about text, and one odd report moves little:
        the factor is the median of the last ones, and never below a half or above four.
        """
        sent = tuple(turns)
        if self.exact or any(map(_has_pictures, sent)):
            return
        quick = self._vocabulary.quick
        estimated = PER_REQUEST + sum(self._raw_turn(turn, quick) for turn in sent)
        if estimated >= self.LEARN_FROM and reported > 0:
            self._ratios.append(reported / estimated)
            least, most = self.FACTORS
            self._factor = min(most, max(least, statistics.median_high(self._ratios)))

    def _raw_turn(self, turn: Turn, count: Callable[[str], int]) -> int:
        texts = (part.text for part in turn.parts if isinstance(part, Text))
        return PER_MESSAGE + sum(map(count, texts))

    def _pictures(self, turn: Turn) -> int:
        pictures = (part for part in turn.parts if isinstance(part, Image))
        return sum(count_image(picture, self._model) for picture in pictures)

    def _corrected(self, tokens: int) -> int:
        return math.ceil(tokens * self._factor)


class Tokenizers:
    """One tokenizer for each model, loaded when it is first asked for."""

    KEPT = 50
    """Models whose tokenizers, with what these have learned, are kept."""

    def __init__(self) -> None:
        self._loaded: OrderedDict[str, Tokenizer] = OrderedDict()

    async def of(self, model: str) -> Tokenizer:
        """The tokenizer of a model; raises `StartError` when its data is damaged."""
        if model not in self._loaded:
            loaded = await Tokenizer.load(model)
            self._loaded.setdefault(model, loaded)
        self._loaded.move_to_end(model)
        found = self._loaded[model]
        while len(self._loaded) > self.KEPT:
            self._loaded.popitem(last=False)
        return found


def _has_pictures(turn: Turn) -> bool:
    return any(isinstance(part, Image) for part in turn.parts)


def count_image(image: Image, model: str = "") -> int:
    """The most tokens that any published rule takes for a picture of this size.

    One model is so far above all others that it has a rule of its own.
    """
    if model.removeprefix("openai/").startswith(DEAR_MODEL):
        return _by_tiles(image, *DEAR_TILES)
    return max(_by_tiles(image, *TILES), _by_patches(image))


DEAR_MODEL, DEAR_TILES = "gpt-4o-mini", (2833, 5667)
"""Its tokens are cheap, and its pictures cost what they cost with its large sister."""

TILES = (85, 170)
"""Tokens of a picture and of each of its tiles; others of this family count 140 or 150."""


def _by_tiles(image: Image, base: int, tile: int) -> int:
    """gpt-4o and gpt-4.1: within 2,048 px, the short side to 768, then tiles of 512 px."""
    short, long = sorted((max(1, image.width), max(1, image.height)))
    scale = min(1.0, 2048 / long, 768 / short)
    return base + tile * math.ceil(short * scale / 512) * math.ceil(long * scale / 512)


def _by_patches(image: Image) -> int:
    """The small models: patches of 32 px, 1,536 at most, each 2.46 tokens for the smallest."""
    across, down = (math.ceil(max(1, side) / 32) for side in (image.width, image.height))
    return math.ceil(min(across * down, 1536) * 2.46)
