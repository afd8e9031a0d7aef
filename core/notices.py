"""What readers are told besides answers: short, truthful, and what they can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from core.errors import Interrupted, ParleyError, Why

THINKING = "is thinking …"
READING = "is reading the files …"
REASONING = "is thinking it through …"
WAITING_ITS_TURN = "answers you next …"

EMPTY_QUESTION = (
    "You called me without a question. Write it after my name, in the same message, such as "
    "“what is a lease?”"
)
SHORTENED = (
    "Your question was longer than I can read at once: I read its beginning and its end, "
    "not its middle."
)
CUT_OFF = "The answer reached its length limit. Write “continue” and I go on."
USED_UP = (
    "The model reached its length limit before it had written anything. Please tell my operator: "
    "ANSWER_TOKENS is too small for it."
)
FILTERED = "The model's provider filtered the rest of this answer. Try asking in other words."
FILTERED_ALL = "The model's provider filtered the answer. Try asking in other words."
WANTED_TOOLS = "The model asked for a tool that I do not have, so the answer ends here."
RESTARTING = "I was stopped before this answer was complete. Please ask again in a minute."
NOT_DELIVERED = (
    "I had an answer, but I could not post it here. Please ask my operator to look at the log."
)


UNSEEN = "The model cannot see pictures, so it answers without them."
UNREAD = {
    Why.TOO_LARGE: "I did not open {files}: I read files of up to 20 MB.",
    Why.ELSEWHERE: "I did not open {files}: I read only what is stored here, not on other sites.",
    Why.LOCKED: (
        "I am not allowed to open {files}. Please tell my operator: on Slack, my app needs the "
        "scope files:read, and then has to be installed again."
    ),
    Why.GONE: "I could not open {files}: it is not there any more.",
    Why.NOT_REACHED: "I could not fetch {files} just now. Please ask again in a minute.",
    Why.NOT_READABLE: (
        "I cannot read {files}: I read pictures (PNG, JPEG, GIF, WebP), PDFs and text."
    ),
    Why.DAMAGED: "I could not open {files}: it seems to be damaged.",
    Why.PROTECTED: "I could not open {files}: it is protected by a password.",
    Why.WITHOUT_TEXT: (
        "I found no text in {files}, perhaps because its pages are scanned. Send them as "
        "pictures, and I look at them."
    ),
    Why.TOO_MANY_PIXELS: (
        "I did not open {files}: I look at pictures of up to 40 million pixels. Please send a "
        "smaller one."
    ),
    Why.TOO_SLOW: "I left {files} out: reading it took too long.",
    Why.TOO_MANY: (
        "That is more than I can look at at once, so I left out {files}. Ask about the rest in "
        "another message."
    ),
    Why.NO_ROOM: "I left out {files}: there was no room for it beside the rest.",
}
"""What the asker is told of files that the model does not see."""

NAMES = 4
"""Names of files that are listed; of more there is only the number."""


def unread(why: Why, names: Sequence[str]) -> str:
    """Why the model does not see some files."""
    return UNREAD[why].format(files=_listed([f"“{_short(name)}”" for name in names]))


def read_in_part(parts: Sequence[tuple[str, int]]) -> str:
    """Of which files the model sees only so many per cent."""
    files = _listed([f"“{_short(name)}” (about {percent} %)" for name, percent in parts])
    return f"I read only a part of {files}: the beginning and, where there was room, the end."


def first_frames(names: Sequence[str]) -> str:
    """Of which moving pictures the model sees the beginning."""
    return f"Of {_listed([f'“{_short(name)}”' for name in names])} I saw only the first frame."


def no_longer_seen(names: Sequence[str]) -> str:
    """Which files from further up the model does not see any more."""
    files = _listed([f"“{_short(name)}”" for name in names])
    return f"From further up, I had no room any more for {files}."


def _listed(names: Sequence[str]) -> str:
    """Names as people list them."""
    shown = list(names[:NAMES])
    if more := len(names) - len(shown):
        shown.append(f"{more} more")
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1])))


def _short(name: str) -> str:
    """A file's name in one line, and of a length that is read."""
    line = " ".join(name.split())
    return line if len(line) <= 60 else f"{line[:40]}…{line[-16:]}"


def left_out(turns: int) -> str:
    """How much of a long conversation the model did not see."""
    what = "message was" if turns == 1 else f"{turns} messages were"
    return f"This conversation is long: the oldest {what} left out."


def retrying(seconds: float) -> str:
    """The model is busy, and the bot tries again."""
    return f"waits for the model, trying again in {max(1, round(seconds))} s …"


@dataclass(frozen=True, slots=True)
class Ending:
    """How an answer ended: a word for the record, and what the reader is told of it.

    `notice` is empty when there is nothing to say beyond the answer itself. `figures` is
    what the log says of it, such as tokens.
    """

    outcome: str
    notice: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)


ANSWERED = Ending("answered")
WANTED = Ending("wanted_tools", WANTED_TOOLS)

FINISHES = {
    "stop": ANSWERED,
    "length": Ending("cut_off", CUT_OFF),
    "content_filter": Ending("filtered", FILTERED),
    "tool_calls": WANTED,
    "function_call": WANTED,
    # What other servers say instead, where their own words come through.
    "eos": ANSWERED,
    "eos_token": ANSWERED,
    "end_turn": ANSWERED,
    "stop_sequence": ANSWERED,
    "max_tokens": Ending("cut_off", CUT_OFF),
    "model_length": Ending("cut_off", CUT_OFF),
    "safety": Ending("filtered", FILTERED),
}
"""The finish reasons of the chat-completions API, and those that servers invent."""


SILENT_NOTICES = {"cut_off": USED_UP, "filtered": FILTERED_ALL}
"""What it means when there is not a word of an answer."""


def ending(finish_reason: str, *, silent: bool) -> Ending:
    """What a finish reason means.

    One that nobody knows may be an error's or an ordinary end's: better a notice too many
    than half an answer that looks whole. `silent` says that there is nothing of the answer
    to read.
    """
    found = FINISHES.get(finish_reason.strip().lower(), failure(Interrupted(finish_reason)))
    if silent and found.outcome in SILENT_NOTICES:
        return replace(found, notice=SILENT_NOTICES[found.outcome])
    return found


def failure(error: ParleyError) -> Ending:
    """An answer that failed, in the words of its error."""
    return Ending(error.word, error.sentence)
