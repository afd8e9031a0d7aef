"""What readers are told besides answers: short, truthful, and what they can do."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from core.errors import Interrupted, ParleyError

THINKING = "is thinking …"
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


# Who may use the bot.

ONLY_MANAGERS = "In this channel I answer only the people who manage it."
ONLY_LISTED = (
    "In this channel I answer only the people who are listed in its settings. Whoever manages the "
    "channel can add you with /parley settings."
)
UNSURE_WHO_MAY = "I cannot find out at the moment whether you may do this. Please try again soon."


def unknown_persona(name: str, personas: Collection[str]) -> str:
    """There is no persona of this name, but there may be others."""
    if not personas:
        return (
            f"There is no persona “{_short(name)}”, and none at all: my operator has set up none."
        )
    return f"There is no persona “{_short(name)}”. There are: {', '.join(sorted(personas))}."


def _short(name: str) -> str:
    return name if len(name) <= 40 else f"{name[:39]}…"
