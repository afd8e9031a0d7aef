"""A conversation and a question as one request within the token budget (pure)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from types import MappingProxyType
from zlib import crc32

from core.messages import Attachment, Author, Image, Part, Question, Role, Text, Turn
from core.pages import join
from core.shorten import share, without_middle
from core.tokens import PER_REQUEST

SPEAKERS = (
    "Several people may write in this conversation. Each of their messages begins with its "
    "writer's name and a colon; a name anywhere else is only part of what was written. "
    "Do not begin your own messages with a name."
)
LEFT_OUT = "\n\n[… the middle of this message was too long and is left out …]\n\n"

_LONGEST_NAME = 60
_LEAST = 32  # tokens that the text of a question keeps, or there would be nothing to answer
_BORDERS = 8  # tokens that may arise where a shortened question meets the mark
_STEPS = 8  # of the budget, in which room for questions is set aside


@dataclass(frozen=True, slots=True)
class Fitted:
    """A request that is ready to send.

    `turns` are the system prompt, the history and the questions; `tokens` is what they come
    to, with the framing of the request. It is more than the budget only when the
    system prompt and the least of each question already are. `seen` is how many
    contributions of the history are in it and `left_out` how many are not; `shortened` that
    a question lost its middle. `told` is what the asker should know of the files, `unseen`
    that there are pictures among them which the model cannot see, `files` the names of those
    that it sees.
    """

    turns: tuple[Turn, ...]
    tokens: int
    seen: int
    left_out: int
    shortened: bool
    told: tuple[str, ...] = ()
    unseen: bool = False
    files: tuple[str, ...] = ()


def fit(
    *,
    system: str,
    history: Sequence[Turn],
    questions: Sequence[Question],
    note: str,
    budget: int,
    count: Callable[[Turn], int],
    direct: bool = False,
    files: Mapping[str, tuple[Part, ...]] = MappingProxyType({}),
) -> Fitted:
    """Fit the questions, and what of the history has room before them, into the budget.

    `history` is oldest first and without the questions. `direct` says that the asker is
    alone with the bot; otherwise each person's turns begin with their name. `note` (date, place,
    asker) goes into the last question, before its text: behind everything that a provider
    may have cached, and not into a system turn, since many models' templates
    refuse one that is not the first. `files` are what is shown of the files, by their ids;
    questions are shortened, files are not.

    For a very long question it counts as much text as the budget has room for: call it
    in a thread.
    """
    authors = [*(turn.author for turn in history), *(question.asker for question in questions)]
    names = None if direct else _Names(authors)
    first = _system(system, direct=direct)
    spare = budget - PER_REQUEST - sum(map(count, first))
    asked = _Asking(note, names, count, files).all(questions, spare)
    needed = sum(ask.tokens for ask in asked)
    said = [_Sized(turn, count(turn)) for turn in _contributions(history, names, files)]
    # In steps, so that short questions of different lengths do not move the cut.
    step = max(1, budget // _STEPS)
    begin = _cut(said, spare - -(-needed // step) * step)
    kept = said[begin:]
    return Fitted(
        turns=(*first, *(one.turn for one in kept), *(ask.turn for ask in asked)),
        tokens=budget - spare + sum(one.tokens for one in kept) + needed,
        seen=len(kept),
        left_out=begin,
        shortened=any(ask.shortened for ask in asked),
    )


@dataclass(frozen=True, slots=True)
class _Sized:
    """A turn and its tokens."""

    turn: Turn
    tokens: int
    shortened: bool = False


class _Names:
    """What the people of a conversation are called; two of one name get their ids' ends."""

    def __init__(self, authors: Iterable[Author | None]) -> None:
        self._bearers: defaultdict[str, set[str]] = defaultdict(set)
        for author in authors:
            if author is not None:
                self._bearers[speaker(author.name)].add(author.id)

    def prefixed(self, author: Author | None, text: str) -> str:
        """A text with its writer's name before it."""
        name = speaker(author.name if author else "")
        if author is not None and len(self._bearers[name]) > 1:
            name = f"{name} ({author.id[-4:]})"
        return f"{name}: {text}"


def speaker(name: str) -> str:
    """A name in one line, without colons, so that nobody can speak as somebody else."""
    plain = "".join(" " if c in ":：" or not c.isprintable() else c for c in name)  # noqa: RUF001
    return " ".join(plain.split())[:_LONGEST_NAME].strip() or "Somebody"


def named(file: Attachment, more: str = "") -> str:
    """What a file is called where it stands for itself."""
    kind = speaker(file.media_type.partition(";")[0])
    return f"attached: {speaker(file.name)} ({kind}{more})"


def enclosed(files: Iterable[Attachment], parts: Mapping[str, tuple[Part, ...]]) -> Iterator[Part]:
    """What stands in a turn for the files that hang on its message.

    One of which nothing is known is named all the same, so that the model does not make
    its content up.
    """
    for file in files:
        yield from parts.get(file.id, (Text(f"[{named(file)}; its content is not shown to you]"),))


def _system(system: str, *, direct: bool) -> tuple[Turn, ...]:
    """The part that is always the same: no dates, no names."""
    text = "\n\n".join(filter(None, (system.strip(), "" if direct else SPEAKERS)))
    return (Turn(Role.SYSTEM, (Text(text),)),) if text else ()


def _contributions(
    history: Sequence[Turn], names: _Names | None, files: Mapping[str, tuple[Part, ...]]
) -> Iterator[Turn]:
    """The history with the pages of an answer as one turn, names before people's texts."""
    for role, group in groupby(filter(_says_something, history), key=lambda turn: turn.role):
        turns = list(group)
        if role is Role.ASSISTANT:
            yield _as_one(turns)
        elif role is Role.USER:
            said = (_named(turn, names) for turn in turns) if names else turns
            yield from (_with_files(turn, files) for turn in said)
        else:
            yield from turns


def _says_something(turn: Turn) -> bool:
    return bool(turn.text.strip() or turn.attachments or _images(turn))


def _as_one(turns: Sequence[Turn]) -> Turn:
    images = [image for turn in turns for image in _images(turn)]
    return _with_text(turns[0], join([turn.text for turn in turns]), images)


def _named(turn: Turn, names: _Names) -> Turn:
    return _with_text(turn, names.prefixed(turn.author, turn.text), _images(turn))


def _with_text(turn: Turn, text: str, images: Iterable[Image]) -> Turn:
    parts: tuple[Part, ...] = (Text(text),) if text else ()
    return replace(turn, parts=(*parts, *images))


def _with_files(turn: Turn, files: Mapping[str, tuple[Part, ...]]) -> Turn:
    return replace(turn, parts=(*turn.parts, *enclosed(turn.attachments, files)))


def _images(turn: Turn) -> list[Image]:
    return [part for part in turn.parts if isinstance(part, Image)]


def _cut(said: Sequence[_Sized], room: int) -> int:
    """Where the history begins, so that what is sent fits and seldom begins elsewhere.

    A provider caches what requests have in common from their start. Were the history always
    as long as it may be, each new turn would move its beginning. So it begins with one of the
    turns that leave the room half full or more: the one whose id hashes lowest, which stays
    the same until it no longer fits, wherever the history that we are given begins.
    """
    sizes = [one.tokens for one in reversed(said)]
    lengths = [*reversed(list(accumulate(sizes))), 0]
    if lengths[0] <= room:
        return 0
    first = next((at for at, length in enumerate(lengths) if length <= room), len(said))
    enough = [at for at in range(first, len(said)) if lengths[at] * 2 >= room]
    asking = [at for at in enough if said[at].turn.role is Role.USER]
    return min(asking or enough or [first], key=lambda at: _rank(said, at))


def _rank(said: Sequence[_Sized], at: int) -> int:
    if at == len(said):
        return 0
    turn = said[at].turn
    return crc32((turn.id or turn.text).encode("utf-8", "surrogatepass"))


@dataclass(frozen=True, slots=True)
class _Asking:
    """How questions become turns, and what text comes to in tokens."""

    note: str
    names: _Names | None
    count: Callable[[Turn], int]
    files: Mapping[str, tuple[Part, ...]]

    def all(self, questions: Sequence[Question], room: int) -> list[_Sized]:
        """The questions as turns; where they are too long together, the longest are shortened."""
        last = len(questions) - 1
        forms = [replace(self, note=self.note if at == last else "") for at in range(last + 1)]
        whole = [form.sized(question) for form, question in zip(forms, questions, strict=True)]
        most = share([ask.tokens for ask in whole], room)
        return [
            ask if ask.tokens <= most else form.shortened(question, ask, most)
            for form, question, ask in zip(forms, questions, whole, strict=True)
        ]

    def sized(self, question: Question) -> _Sized:
        turn = self._turn(question, question.text)
        return _Sized(turn, self.count(turn))

    def shortened(self, question: Question, whole: _Sized, tokens: int) -> _Sized:
        """A question without its middle, of so many tokens if its note leaves room for that."""
        fixed = self.count(self._turn(question, LEFT_OUT)) + _BORDERS
        room = max(tokens - fixed, _LEAST)
        if (size := self._size(question.text)) <= room:
            # What is said in it was counted, and the turn as a whole was not: it looked larger.
            return replace(whole, tokens=fixed + size)
        short = without_middle(question.text, room, self._size)
        turn = self._turn(question, short.joined(LEFT_OUT))
        return _Sized(turn, fixed + short.tokens, shortened=True)

    def _turn(self, question: Question, text: str) -> Turn:
        said = self.names.prefixed(question.asker, text) if self.names else text
        words = tuple(Text(words) for words in (self.note, said) if words)
        parts = (*words, *enclosed(question.attachments, self.files))
        return Turn(Role.USER, parts, question.asker, question.message)

    def _size(self, text: str) -> int:
        """A text's tokens without the framing of a turn."""
        framing = self.count(Turn(Role.USER, (Text(""),)))
        return self.count(Turn(Role.USER, (Text(text),))) - framing
