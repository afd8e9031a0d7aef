"""What readers are told besides answers: short, truthful, and what they can do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from core.errors import Interrupted, ParleyError
from core.usage import Use, Used

THINKING = "is thinking …"
REASONING = "is thinking it through …"
READING = "reads the long conversation …"
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

HOW_MANY = "Write how many messages I should read, from 1 to 200: `/parley summary 50`."
FRESH_START = "A fresh start: I no longer read what was said here before."
FRESH_IN_A_CHANNEL = (
    "In a channel every thread is a talk of its own: mention me in a new message, and we start "
    "afresh. In a direct message with me, `/parley new` does it."
)
FRESH_FAILED = "I could not start afresh. Please try again in a minute."
ASK_ABOUT = "Ask Parley about this"
WISH = "What do you want to know?"
WISH_HINT = "Leave it empty, and Parley explains the message."
ASK, CANCEL = "Ask", "Cancel"
EXPLAINED = "what does this message mean?"
THREAD_SUMMARY = "a summary of this thread"
NO_FORM = "I could not open the form in time. Please choose the entry once more."
NO_FIGURES = "I cannot reach my database, so I cannot tell you the figures. Please try later."


def channel_summary(messages: int) -> str:
    """What somebody has asked for who wants a summary of so many messages."""
    return "a summary of the newest message" + ("" if messages == 1 else f"s, up to {messages}")


MOST_MODELS = 5
"""Models that a report of usage names, those that read most."""


def help_text(bold: str, ask: str, menu: str) -> str:
    """What people can do, in ten lines.

    `bold` is the mark around bold words; `ask` says how to ask with a command, `menu` where
    the menu of a message is.
    """
    lines = (
        ("Mention me", "in a channel, and I answer in a thread. In a direct message just write."),
        ("In that thread", "you need not mention me again. I stay quiet while you talk together."),
        ("stop", "alone in the thread, or the button Stop, ends an answer that is being written."),
        ("Below an answer", "there are Try again, 👍 and 👎, and Continue where it was cut off."),
        (
            "Edit your question",
            "soon, and the answer follows; delete it while I answer, and I end.",
        ),
        ("/ask", ask),
        (
            "The menu of a message",
            f"({menu}) has “Ask Parley about this” and “Summarise this thread”.",
        ),
        ("/parley summary", "gives you the newest messages of a channel in a few points."),
        ("/parley new", "starts a direct message afresh. `/parley usage` counts what was used."),
        ("/parley settings", "shows how I work here. `/parley pause` and `resume` keep me quiet."),
    )
    return "\n".join(f"• {bold}{what}{bold} {does}" for what, does in lines)


def usage(yours: Use, all_: Use) -> str:
    """What somebody and what everybody has used, today and this month."""
    lines = [
        *_use("You", yours),
        *_use("Everybody", all_),
        "Days and months begin at midnight UTC; “in” is what the model read, “out” what it wrote.",
    ]
    if any(used.estimated for used in (*yours.month.models, *all_.month.models)):
        lines.append("≈ stands where some are my own count, as the model's server told none.")
    return "\n".join(lines)


def _use(who: str, use: Use) -> Iterator[str]:
    for when, period in (("today", use.today), ("this month", use.month)):
        what = "1 question" if period.questions == 1 else f"{period.questions:,} questions"
        yield f"{who}, {when}: {what}"
        yield from (f"• {used.model}: {_tokens(used)}" for used in period.models[:MOST_MODELS])


def _tokens(used: Used) -> str:
    about = "≈ " if used.estimated else ""
    return f"{about}{used.read:,} in ({used.cached:,} of them cached), {used.written:,} out"


def condensed(messages: int) -> str:
    """How much of a long conversation the model read in short."""
    what = "message" if messages == 1 else f"{messages} messages"
    return f"This conversation is long: I read its oldest {what} as a summary."


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
