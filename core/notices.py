"""What readers are told besides answers: short, truthful, and what they can do."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce

from core.controls import Control
from core.errors import Interrupted, ParleyError, Why
from core.prices import dollars
from core.usage import Period, Use, Used, Whose
from core.words import Notice, languages, lines, told

THINKING = Notice("thinking")
READING = Notice("reading")
CONDENSING = Notice("condensing")
REASONING = Notice("reasoning")
WAITING_ITS_TURN = Notice("waiting_its_turn")
WAITING_FOR_OTHERS = Notice("waiting_for_others")

EMPTY_QUESTION = Notice("empty_question")
PAUSED = Notice("paused")
SHORTENED = Notice("shortened")
ASKS_ANOTHER = Notice("asks_another")
CUT_OFF = Notice("cut_off")
CUT_OFF_FOR_GOOD = Notice("cut_off_for_good")
USED_UP = Notice("used_up")
FILTERED = Notice("filtered")
FILTERED_ALL = Notice("filtered_all")
WANTED_TOOLS = Notice("wanted_tools")
RESTARTING = Notice("restarting")
LEFT_OPEN = Notice("left_open")
DIED_AGAIN = Notice("died_again")
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
ASKED_GONE = Notice("asked_gone")
FORMER_GONE = Notice("former_gone")
THANKS = Notice("thanks")
NOTED_BEFORE = Notice("noted_before")
NOTED_INSTEAD = Notice("noted_instead")
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
    Control.AFRESH: Notice("label_afresh"),
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
FORM_OUTLIVED = Notice("form_outlived")
NO_FIGURES = Notice("no_figures")
USAGE_HOW = Notice("usage_how")
USAGE_CHANNEL_ONLY = Notice("usage_channel_only")
USAGE_SERVER_ONLY = Notice("usage_server_only")
USAGE_FOR_MANAGERS = Notice("usage_for_managers")
USAGE_FOR_ADMINISTRATORS = Notice("usage_for_administrators")
CHART_FOLLOWS = Notice("chart_follows")
CHART_FAILED = Notice("chart_failed")
CHART_ALL = Notice("chart_all")
FORGET_HOW = Notice("forget_how")
FORGET = Notice("forget")
FORGET_NOT = Notice("forget_not")
FORGETTING = Notice("forgetting")
FORGOT = Notice("forgot")
FORGOT_NOTHING = Notice("forgot_nothing")
FORGET_FAILED = Notice("forget_failed")


def forget_asked(platform: str) -> Notice:
    """Whether somebody is to be forgotten, and what that means."""
    return Notice("forget_asked", platform=platform)


def channel_summary(messages: int) -> Notice:
    """What somebody has asked for who wants a summary of so many messages."""
    return Notice("channel_summary", count=messages)


SUBJECTS = {
    Whose.PERSON: Notice("used_by_you"),
    Whose.CHANNEL: Notice("used_in_channel"),
    Whose.WORKSPACE: Notice("used_by_all"),
}
"""Of whom there are figures."""

MOST_MODELS = 5
"""Models that a report of usage names, those that cost most."""

MOST_PEOPLE = 6
"""People that a report names, the last of them perhaps all others together."""


def usage(
    whose: Whose,
    use: Use,
    zone: str,
    people: Sequence[tuple[str, int, str]] = (),
) -> str:
    """What somebody, a channel or a workspace has used, today and this month.

    `people` are those who used most in the last days, each with what that cost in dollars; one
    that stands for several others has no name, but their number.
    """
    told = [
        *_period(SUBJECTS[whose], Notice("today"), use.today),
        *_period(SUBJECTS[whose], Notice("this_month"), use.month),
        *_people(people),
        Notice("usage_terms", zone=zone),
    ]
    if use.month.estimated:
        told.append(Notice("usage_estimated"))
    return lines(told)


def _period(whose: str, when: str, period: Period) -> Iterator[Notice]:
    about = "≈ " if period.estimated else ""
    cost = f"{about}{dollars(period.cost)} USD"
    yield Notice("used", whose=whose, when=when, count=period.questions, cost=cost)
    yield from map(_tokens, period.models[:MOST_MODELS])
    if period.good or period.bad:
        yield Notice("usage_ratings", good=period.good, bad=period.bad)


def _tokens(used: Used) -> Notice:
    return Notice(
        "usage_tokens",
        model=_short(used.model),
        about="≈ " if used.estimated else "",
        read=f"{used.read:,}",
        cached=f"{used.cached:,}",
        written=f"{used.written:,}",
        cost=f"{dollars(used.cost)} USD",
    )


def _people(people: Sequence[tuple[str, int, str]]) -> Iterator[Notice]:
    if people:
        listed = [_person(*one) for one in people]
        names = reduce(lambda some, one: Notice("listed", first=some, second=one), listed)
        yield Notice("usage_by_person", people=names)


def _person(name: str, others: int, cost: str) -> Notice:
    if others:
        return Notice("usage_of_others", count=others, cost=f"{cost} USD")
    return Notice("usage_of_one", name=_short(name), cost=f"{cost} USD")


def condensed(messages: int) -> Notice:
    """How much of a long conversation the model read in short."""
    return Notice("condensed", count=messages)


def condensed_in_part(messages: int, unread: int) -> Notice:
    """How much of a long conversation the model read in short, and how much not at all."""
    return Notice("condensed_in_part", condensed=messages, count=unread)


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
    """A name in one line, and of a length that is read."""
    line = " ".join(name.split())
    return line if len(line) <= 60 else f"{line[:40]}…{line[-16:]}"


def left_out(turns: int) -> Notice:
    """How much of a long conversation the model did not see."""
    return Notice("left_out", count=turns)


def in_line(position: int, seconds: int | None) -> Notice:
    """The question waits for the model, at this place in the line, probably for so long."""
    if seconds is None:
        return Notice("in_line", place=_ordinal(position))
    return Notice("in_line_for", place=_ordinal(position), wait=_duration(seconds))


def _ordinal(number: int) -> Notice:
    last = 0 if number % 100 in (11, 12, 13) else number % 10
    if last == 1:
        return Notice("ordinal_1", number=number)
    if last == 2:
        return Notice("ordinal_2", number=number)
    if last == 3:
        return Notice("ordinal_3", number=number)
    return Notice("ordinal", number=number)


def _duration(seconds: int) -> Notice:
    """A time in seconds, or minutes if it is some of them."""
    if seconds < 60:
        return Notice("for_seconds", count=seconds)
    return Notice("for_minutes", count=math.ceil(seconds / 60))


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


def ending(finish_reason: str, *, silent: bool, goes_on: bool = True) -> Ending:
    """What a finish reason means.

    One that nobody knows may be an error's or an ordinary end's: better a notice too many
    than half an answer that looks whole. `silent` says that there is nothing of the answer
    to read, `goes_on` that one that was cut off can be continued.
    """
    found = FINISHES.get(finish_reason.strip().lower(), failure(Interrupted(finish_reason)))
    if silent and found.outcome in SILENT_NOTICES:
        return replace(found, notice=SILENT_NOTICES[found.outcome])
    if found.notice == CUT_OFF and not goes_on:
        return replace(found, notice=CUT_OFF_FOR_GOOD)
    return found


def stood_in(model: str, chosen: str) -> Notice:
    """Another model has answered."""
    return Notice("stood_in", model=model, chosen=chosen)


def failure(error: ParleyError) -> Ending:
    """An answer that failed, in the words of its error."""
    return Ending(error.word, error.sentence)


# Who may use the bot.

ONLY_MANAGERS = Notice("only_managers")
ONLY_LISTED = Notice("only_listed")
UNSURE_WHO_MAY = Notice("unsure_who_may")
DIRECT_MESSAGES_OFF = Notice("direct_messages_off")
NO_GUESTS = Notice("no_guests")
NO_CONNECT = Notice("no_connect")
OTHER_WORKSPACE = Notice("other_workspace")
NO_MEMBER = Notice("no_member")
NOT_IN_THIS_CHANNEL = Notice("not_in_this_channel")
NOT_ON_THE_LIST = Notice("not_on_the_list")


def server_not_allowed(server: str) -> Notice:
    """The operator has not allowed this server of Discord's."""
    return Notice("server_not_allowed", server=server)


def unknown_persona(name: str, personas: Collection[str]) -> Notice:
    """There is no persona of this name, but there may be others."""
    if not personas:
        return Notice("no_personas", name=_short(name))
    return Notice("unknown_persona", name=_short(name), personas=", ".join(sorted(personas)))


def too_many_of_yours(count: int, seconds: float, contact: str) -> Notice:
    """Somebody has asked so many questions in a minute, which is the most."""
    said = Notice("too_many_of_yours", count=count, when=_in(seconds))
    return Notice("more_from", said=said, contact=contact) if contact else said


def too_many_here(count: int, seconds: float, contact: str) -> Notice:
    """So many questions were asked in a channel in a minute, which is the most."""
    said = Notice("too_many_here", count=count, when=_in(seconds))
    return Notice("more_from", said=said, contact=contact) if contact else said


def _in(seconds: float) -> Notice:
    return Notice("in_seconds", count=max(1, math.ceil(seconds)))


# Settings.

SETTINGS = {
    "model": Notice("setting_model"),
    "persona": Notice("setting_persona"),
    "system_prompt": Notice("setting_system_prompt"),
    "temperature": Notice("setting_temperature"),
    "top_p": Notice("setting_top_p"),
    "answer_tokens": Notice("setting_answer_tokens"),
    "place": Notice("setting_place"),
    "audience": Notice("setting_audience"),
    "notices": Notice("setting_notices"),
    "language": Notice("setting_language"),
}
"""What people call each setting."""

ORIGINS = {
    "deployment": Notice("from_the_deployment"),
    "workspace": Notice("set_for_all_channels"),
    "channel": Notice("set_for_this_channel"),
    "persona": Notice("from_the_persona"),
}

CHOICES: Mapping[str, Mapping[str, str]] = {
    "place": {"thread": Notice("in_a_thread"), "channel": Notice("in_the_channel")},
    "notices": {
        "platform": Notice("private_where_possible"),
        "private": Notice("privately"),
        "thread": Notice("in_the_thread"),
        "reaction": Notice("a_reaction_only"),
    },
    "language": {
        "auto": Notice("that_of_the_reader"),
        **{one: told(Notice("own_name"), one) for one in languages()},
    },
    "audience": {
        "everybody": Notice("everybody"),
        "listed": Notice("only_those_listed"),
        "managers": Notice("only_those_who_manage"),
    },
}
"""What can be chosen, in words."""

INHERIT = Notice("not_set_here")
SETTINGS_TITLE = Notice("settings_title")
SETTINGS_OF_CHANNEL = Notice("settings_of_channel")
SETTINGS_OF_WORKSPACE = Notice("settings_of_workspace")
EMPTY_INHERITS = Notice("empty_inherits")
EMPTY_INHERITS_WORKSPACE = Notice("empty_inherits_workspace")
READ_ONLY = Notice("read_only")
READ_ONLY_WORKSPACE = Notice("read_only_workspace")
MAY_NOT_CHANGE = Notice("may_not_change")
MAY_NOT_CHANGE_WORKSPACE = Notice("may_not_change_workspace")
NOTHING_CHANGED = Notice("nothing_changed")
NOT_SAVED = Notice("not_saved")
NO_MODAL = Notice("no_modal")
PEOPLE = Notice("people")
GROUPS = Notice("user_groups")
ROLES = Notice("people_and_roles")
SAMPLING = Notice("temperature_or_top_p")
SAMPLING_HINT = Notice("sampling_hint")
CHANGE_ANSWERS = Notice("change_answers")
CHANGE_PEOPLE = Notice("change_people")
CORRECT = Notice("correct_it")
SAVE = Notice("save")
CLOSE = Notice("close")
CANCEL = Notice("cancel")

ONE_OF_TWO = Notice("one_of_two")
BAD_TEMPERATURE = Notice("bad_temperature")
BAD_TOP_P = Notice("bad_top_p")
SAMPLING_FIXED = Notice("sampling_fixed")
NOBODY_LISTED = Notice("nobody_listed")

LONGEST_VALUE = 80
"""Characters of a value in a line."""

LONGEST_SHOWN = 1500
"""Characters of a prompt that are shown."""


def bad_answer_length(least: int, most: int) -> Notice:
    """An answer's length is none."""
    return Notice("bad_answer_length", least=least, most=most)


def prompt_too_long(length: int, most: int) -> Notice:
    """A system prompt is longer than one may be."""
    return Notice("prompt_too_long", length=length, most=most)


def prompt_not_in_form(length: int) -> Notice:
    """A system prompt is longer than a form can hold."""
    return Notice("prompt_not_in_form", length=length)


def prompt_shown(prompt: str, origin: str) -> Notice:
    """The system prompt, as long as it can be shown."""
    text = prompt if len(prompt) <= LONGEST_SHOWN else f"{prompt[:LONGEST_SHOWN]}…"
    return Notice("prompt_shown", prompt=text, origin=ORIGINS[origin])


def no_room(prompt: int, answer: int, context: int) -> Notice:
    """Prompt and answer leave no room for a question."""
    return Notice("no_room", prompt=prompt, answer=answer, context=context)


def no_model_name(name: str) -> Notice:
    """This cannot be the name of a model."""
    return Notice("no_model_name", name=_short(name))


def unknown_model(name: str, near: Sequence[str]) -> Notice:
    """The endpoint has no model of this name, but perhaps others like it."""
    if not near:
        return Notice("unknown_model", name=_short(name))
    return Notice("unknown_model_near", name=_short(name), near=", ".join(near))


def none_of(given: str, choices: Sequence[str]) -> Notice:
    """Something else was entered than there is to choose from."""
    return Notice("none_of", given=_short(given), choices=", ".join(choices))


def setting_line(name: str, value: str, origin: str) -> Notice:
    """One setting, with where it comes from."""
    return Notice("setting_line", setting=SETTINGS[name], value=value, origin=ORIGINS[origin])


NAMELESS = frozenset({"nobody_listed", "none_of", "sampling_fixed"})
"""What is wrong with a setting, in sentences that do not say with which."""


def setting_problem(name: str, problem: Notice) -> Notice:
    """What is wrong with one setting, where that does not stand beside its field."""
    if problem.name not in NAMELESS:
        return problem
    return Notice("setting_problem", setting=SETTINGS[name], problem=problem)


def now_holds(value: str, origin: str) -> Notice:
    """What holds now, beside a field."""
    return Notice("now_holds", value=value, origin=ORIGINS[origin])


def value_in_words(name: str, value: object) -> str:
    """A value, in few words."""
    if value in (None, ""):
        return Notice("none_chosen") if name == "persona" else Notice("the_models_own")
    if name == "answer_tokens":
        return Notice("tokens_at_most", tokens=value)
    if choice := CHOICES.get(name, {}).get(str(value)):
        return choice
    text = " ".join(str(value).split())
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"


def audience_in_words(who: str, listed: Sequence[str]) -> str:
    """Who may use the bot."""
    words = CHOICES["audience"][who]
    return Notice("listed_are", who=words, names=", ".join(listed)) if listed else words


def saved(lines: Sequence[Notice]) -> Notice:
    """What has been changed, as it now holds."""
    return as_lines([Notice("saved"), *lines]) if lines else NOTHING_CHANGED


def as_lines(lines: Sequence[Notice]) -> Notice:
    """Notices below each other."""
    return reduce(lambda above, line: Notice("lines", first=above, second=line), lines)


def set_how(command: str) -> Notice:
    """How to set what was just shown."""
    return Notice("set_how", command=command)
