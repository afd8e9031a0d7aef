"""What readers are told besides answers: short, truthful, and what they can do."""

from collections.abc import Collection, Mapping, Sequence
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


# Settings.

SETTINGS = {
    "model": "Model",
    "persona": "Persona",
    "system_prompt": "System prompt",
    "temperature": "Temperature",
    "top_p": "Top_p",
    "answer_tokens": "Answer length",
    "place": "Place of replies",
    "audience": "Who may use it",
    "notices": "Notices",
    "language": "Language of notices",
}
"""What people call each setting."""

ORIGINS = {
    "deployment": "from the deployment",
    "workspace": "set for all channels",
    "channel": "set for this channel",
    "persona": "from the persona",
}

CHOICES = {
    "place": {"thread": "in a thread", "channel": "in the channel"},
    "notices": {
        "platform": "private where that is possible",
        "private": "private",
        "thread": "in the thread",
        "reaction": "a reaction only",
    },
    "language": {"auto": "the reader's", "en": "English", "de": "Deutsch"},
    "audience": {
        "everybody": "everybody",
        "listed": "only those listed",
        "managers": "only those who manage the channel",
    },
}
"""What can be chosen, in words."""

INHERIT = "not set here"
SETTINGS_TITLE = "Parley's settings"
SETTINGS_OF_CHANNEL = "These are the settings of this channel."
SETTINGS_OF_WORKSPACE = "These are the settings for all channels; a channel's own win over them."
EMPTY_INHERITS = (
    "What you leave empty is taken from what is set for all channels, or from the deployment."
)
EMPTY_INHERITS_WORKSPACE = "What you leave empty is taken from the deployment."
READ_ONLY = "Only people who manage this channel can change its settings; here is what holds."
READ_ONLY_WORKSPACE = (
    "Only administrators can change what is set for all channels; here is what holds."
)
MAY_NOT_CHANGE = "Only people who manage this channel can change its settings."
MAY_NOT_CHANGE_WORKSPACE = "Only administrators can change what is set for all channels."
NOTHING_CHANGED = "Nothing was changed."
NOT_SAVED = "I cannot reach my database, so nothing was changed. Please try again in a minute."
NO_MODAL = "I could not open the settings. Please try /parley settings again."
PEOPLE = "People"
GROUPS = "User groups"
ROLES = "People and roles"
SAMPLING = "Temperature or top_p"
SAMPLING_HINT = "0.7, or top_p 0.9"
CHANGE_ANSWERS = "Model and prompt …"
CHANGE_PEOPLE = "Place and people …"
CORRECT = "Correct it …"
SAVE = "Save"
CLOSE = "Close"
CANCEL = "Cancel"

ONE_OF_TWO = "Temperature and top_p: set one of them, not both."
BAD_TEMPERATURE = "The temperature is a number from 0 to 2, such as 0.7."
BAD_TOP_P = "Top_p is a number above 0, and 1 at most, such as 0.9."
SAMPLING_FIXED = "My operator has fixed this for everybody (OPENAI_EXTRA_BODY)."
NOBODY_LISTED = "Nobody is listed. List somebody, or let everybody use me."


def bad_answer_length(least: int, most: int) -> str:
    """An answer's length is none."""
    return f"The answer length is a whole number of tokens, from {least} to {most:,}."


def prompt_too_long(length: int, most: int) -> str:
    """A system prompt is longer than one may be."""
    return f"The system prompt has {length:,} characters; {most:,} is the most it may have."


def prompt_not_in_form(length: int) -> str:
    """A system prompt is longer than a form can hold."""
    return (
        f"The system prompt has {length:,} characters, which is more than fits here. "
        "/parley prompt, and a text after it, sets another."
    )


def prompt_shown(prompt: str, origin: str) -> str:
    """The system prompt, as long as it can be shown."""
    text = prompt if len(prompt) <= LONGEST_SHOWN else f"{prompt[:LONGEST_SHOWN]}…"
    return f"{SETTINGS['system_prompt']} ({ORIGINS[origin]}):\n{text}"


LONGEST_SHOWN = 1500
"""Characters of a prompt that are shown."""


def no_room(prompt: int, answer: int, context: int) -> str:
    """Prompt and answer leave no room for a question."""
    return (
        f"The system prompt (about {prompt:,} tokens) and the answer ({answer:,} tokens) leave no "
        f"room for a question: together they have {context:,} tokens. Shorten one of them."
    )


def no_model_name(name: str) -> str:
    """This cannot be the name of a model."""
    return f"“{_short(' '.join(name.split()))}” cannot be the name of a model."


def unknown_model(name: str, near: Sequence[str]) -> str:
    """The endpoint has no model of this name, but perhaps others like it."""
    meant = f" Did you mean {' or '.join(near)}?" if near else ""
    return f"There is no model “{_short(name)}”.{meant}"


def none_of(given: str, choices: Sequence[str]) -> str:
    """Something else was entered than there is to choose from."""
    return f"“{_short(given)}” is none of: {', '.join(choices)}."


def setting_line(name: str, value: str, origin: str) -> str:
    """One setting, with where it comes from."""
    return f"{SETTINGS[name]}: {value} ({ORIGINS[origin]})"


def setting_problem(name: str, problem: str) -> str:
    """What is wrong with one setting."""
    return f"{SETTINGS[name]}: {problem}"


def now_holds(value: str, origin: str) -> str:
    """What holds now, beside a field."""
    return f"Now: {value} ({ORIGINS[origin]})"


def value_in_words(name: str, value: object) -> str:
    """A value, in few words."""
    if value in (None, ""):
        return "none" if name == "persona" else "the model's own"
    if name == "answer_tokens":
        return f"at most {value:,} tokens"
    text = " ".join(CHOICES.get(name, {}).get(str(value), str(value)).split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


LONGEST_VALUE = 80
"""Characters of a value in a line."""


def audience_in_words(who: str, listed: Sequence[str]) -> str:
    """Who may use the bot."""
    words = CHOICES["audience"][who]
    return f"{words}: {', '.join(listed)}" if listed else words


def saved(lines: Sequence[str]) -> str:
    """What has been changed, as it now holds."""
    return "\n".join(["Saved.", *lines]) if lines else NOTHING_CHANGED


def set_how(command: str) -> str:
    """How to set what was just shown."""
    return f"{command} sets another; /parley settings shows everything."
