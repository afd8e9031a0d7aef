"""What readers are told besides answers: short, truthful, and what they can do."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from core.controls import Control
from core.errors import Interrupted, ParleyError, Why
from core.usage import Period, Use, Used
from core.words import Notice, lines

THINKING = Notice("thinking")
READING = Notice("reading")
CONDENSING = Notice("condensing")
REASONING = Notice("reasoning")
WAITING_ITS_TURN = Notice("waiting_its_turn")

EMPTY_QUESTION = Notice("empty_question")
SHORTENED = Notice("shortened")
CUT_OFF = Notice("cut_off")
USED_UP = Notice("used_up")
FILTERED = Notice("filtered")
FILTERED_ALL = Notice("filtered_all")
WANTED_TOOLS = Notice("wanted_tools")
RESTARTING = Notice("restarting")
NOT_DELIVERED = Notice("not_delivered")

PAUSED_NOW = Notice("paused_now")
PAUSED_BEFORE = Notice("paused_before")
RESUMED_NOW = Notice("resumed_now")
RESUMED_BEFORE = Notice("resumed_before")
MANAGERS_ONLY = Notice("managers_only")
MANAGERS_UNKNOWN = Notice("managers_unknown")
CHANNELS_ONLY = Notice("channels_only")

STOPPED = Notice("stopped")
NOT_YOURS = Notice("not_yours")
NOTHING_TO_STOP = Notice("nothing_to_stop")
COMPLETE = Notice("complete")
STILL_WRITING = Notice("still_writing")
FORGOTTEN = Notice("forgotten")
QUESTION_GONE = Notice("question_gone")
FORMER_GONE = Notice("former_gone")
THANKS = Notice("thanks")
RESTORED = Notice("restored")
NEWER_BELOW = Notice("newer_below")

LABELS = {
    Control.STOP: Notice("label_stop"),
    Control.RETRY: Notice("label_retry"),
    Control.CONTINUE: Notice("label_continue"),
    Control.RESTORE: Notice("label_restore"),
    Control.GOOD: Notice("label_good"),
    Control.BAD: Notice("label_bad"),
    Control.WHY: Notice("label_why"),
}
"""What stands on the controls."""

HOW_MANY = Notice("how_many")
FRESH_START = Notice("fresh_start")
FRESH_IN_A_CHANNEL = Notice("fresh_in_a_channel")
FRESH_FAILED = Notice("fresh_failed")
ASK_ABOUT = Notice("ask_about")
WISH = Notice("wish")
WISH_HINT = Notice("wish_hint")
ASK = Notice("form_ask")
CANCEL = Notice("form_cancel")
EXPLAINED = Notice("explained")
THREAD_SUMMARY = Notice("thread_summary")
NO_FORM = Notice("no_form")
NO_FIGURES = Notice("no_figures")


def channel_summary(messages: int) -> Notice:
    """What somebody has asked for who wants a summary of so many messages."""
    return Notice("channel_summary", count=messages)


MOST_MODELS = 5
"""Models that a report of usage names, those that read most."""


def usage(yours: Use, all_: Use) -> str:
    """What somebody and what everybody has used, today and this month."""
    told = [
        *_period(Notice("used_by_you_today", count=yours.today.questions), yours.today),
        *_period(Notice("used_by_you_this_month", count=yours.month.questions), yours.month),
        *_period(Notice("used_by_all_today", count=all_.today.questions), all_.today),
        *_period(Notice("used_by_all_this_month", count=all_.month.questions), all_.month),
        Notice("usage_terms"),
    ]
    if any(used.estimated for used in (*yours.month.models, *all_.month.models)):
        told.append(Notice("usage_estimated"))
    return lines(told)


def _period(questions: Notice, period: Period) -> Iterator[Notice]:
    yield questions
    yield from map(_tokens, period.models[:MOST_MODELS])


def _tokens(used: Used) -> Notice:
    return Notice(
        "usage_tokens",
        model=used.model,
        about="≈ " if used.estimated else "",
        read=f"{used.read:,}",
        cached=f"{used.cached:,}",
        written=f"{used.written:,}",
    )


def condensed(messages: int) -> Notice:
    """How much of a long conversation the model read in short."""
    return Notice("condensed", count=messages)


PROMPTS = (
    (Notice("prompt_help"), Notice("prompt_help_asks")),
    (Notice("prompt_explain"), Notice("prompt_explain_asks")),
    (Notice("prompt_improve"), Notice("prompt_improve_asks")),
)
"""What is suggested to somebody who opens a direct message: a title, and what it asks."""


def first_contact(host: str) -> Notice:
    """What the bot is and where people's text goes, below its first answer in a channel."""
    return Notice("first_contact", host=host)


UNSEEN = Notice("unseen")

UNREAD: Mapping[Why, Callable[[str], Notice]] = {
    Why.TOO_LARGE: lambda files: Notice("unread_too_large", files=files),
    Why.ELSEWHERE: lambda files: Notice("unread_elsewhere", files=files),
    Why.LOCKED: lambda files: Notice("unread_locked", files=files),
    Why.GONE: lambda files: Notice("unread_gone", files=files),
    Why.NOT_REACHED: lambda files: Notice("unread_not_reached", files=files),
    Why.NOT_READABLE: lambda files: Notice("unread_not_readable", files=files),
    Why.DAMAGED: lambda files: Notice("unread_damaged", files=files),
    Why.PROTECTED: lambda files: Notice("unread_protected", files=files),
    Why.WITHOUT_TEXT: lambda files: Notice("unread_without_text", files=files),
    Why.TOO_MANY_PIXELS: lambda files: Notice("unread_too_many_pixels", files=files),
    Why.TOO_SLOW: lambda files: Notice("unread_too_slow", files=files),
    Why.TOO_MANY: lambda files: Notice("unread_too_many", files=files),
    Why.NO_ROOM: lambda files: Notice("unread_no_room", files=files),
}
"""What the asker is told of files that the model does not see."""

NAMES = 4
"""Names of files that are listed; of more there is only the number."""


def unread(why: Why, names: Sequence[str]) -> Notice:
    """Why the model does not see some files."""
    return UNREAD[why](_files(names))


def read_in_part(parts: Sequence[tuple[str, int]]) -> Notice:
    """Of which files the model sees only so many per cent."""
    files = [Notice("file_in_part", name=_short(name), percent=part) for name, part in parts]
    return Notice("read_in_part", files=_listed(files))


def first_frames(names: Sequence[str]) -> Notice:
    """Of which moving pictures the model sees the beginning."""
    return Notice("first_frames", files=_files(names))


def no_longer_seen(names: Sequence[str]) -> Notice:
    """Which files from further up the model does not see any more."""
    return Notice("no_longer_seen", files=_files(names))


def _files(names: Sequence[str]) -> Notice:
    return _listed([Notice("file", name=_short(name)) for name in names])


def _listed(files: Sequence[Notice]) -> Notice:
    """Files as people list them."""
    shown = list(files[:NAMES])
    if more := len(files) - len(shown):
        shown.append(Notice("more_files", count=more))
    *first, last = shown
    if not first:
        return last
    before = reduce(lambda one, other: Notice("listed", first=one, second=other), first)
    return Notice("listed_last", first=before, second=last)


def _short(name: str) -> str:
    """A file's name in one line, and of a length that is read."""
    line = " ".join(name.split())
    return line if len(line) <= 60 else f"{line[:40]}…{line[-16:]}"


def left_out(turns: int) -> Notice:
    """How much of a long conversation the model did not see."""
    return Notice("left_out", count=turns)


def retrying(seconds: float) -> Notice:
    """The model is busy, and the bot tries again."""
    return Notice("retrying", seconds=max(1, round(seconds)))


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
