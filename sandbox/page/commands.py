"""What can be typed after a slash, and how the page's one line becomes Discord's options."""

import re
from collections.abc import Iterable
from typing import Any

Json = dict[str, Any]

SLACK: list[Json] = [
    {"name": "/ask", "usage": "your question", "gives": "an answer that only you see"},
    {"name": "/ask public", "usage": "your question", "gives": "an answer that everybody sees"},
    {"name": "/ask as:", "usage": "NAME your question", "gives": "a persona's answer"},
    {"name": "/parley", "usage": "help", "gives": "what Parley can do"},
    {"name": "/parley pause", "usage": "", "gives": "silence in this channel"},
    {"name": "/parley resume", "usage": "", "gives": "answers in this channel again"},
    {"name": "/parley settings", "usage": "[workspace]", "gives": "what holds here, to be changed"},
    {"name": "/parley model", "usage": "[name]", "gives": "which model answers here"},
    {"name": "/parley prompt", "usage": "[text]", "gives": "what the model is told first"},
]
"""As the app's manifest describes them; Slack knows no more of a command than that."""

MENU: list[Json] = [
    {"id": "ask_about_message", "name": "Ask Parley about this"},
    {"id": "summarise_thread", "name": "Summarise this thread"},
]
"""The app's entries in the menu of a message in Slack, as its manifest describes them."""

MESSAGE, SUBCOMMAND = 3, 1
STRING, INTEGER, BOOLEAN, NUMBER = 3, 4, 5, 10


def listed(commands: Iterable[Json], locale: str = "") -> list[Json]:
    """Discord's commands as the page completes them, to somebody with this locale."""
    slash = (command for command in commands if command.get("type", 1) == 1)
    return [_listed(one, locale) for command in slash for one in _uses(command)]


def menu(commands: Iterable[Json], locale: str = "") -> list[Json]:
    """The entries of a message's menu in Discord, as somebody with this locale reads them."""
    entries = [command for command in commands if command.get("type") == MESSAGE]
    return [{"id": one["name"], "name": _said(one, "name", locale)} for one in entries]


def _said(one: Json, what: str, locale: str) -> str:
    """A name or a description in a language, where it has it."""
    localized = one.get(f"{what}_localizations") or {}
    return str(localized.get(locale) or one.get(what, ""))


def chosen(command: Json, line: str) -> tuple[Json, str]:
    """The subcommand that a line begins with, under its whole name, and the rest of the line.

    Raises `ValueError` with a sentence where one is missing.
    """
    word, _, rest = line.strip().partition(" ")
    uses = _uses(command)
    for one in uses:
        if one["name"] == f"{command['name']} {word.lower()}":
            return one, rest
    if uses != [command]:
        names = ", ".join(one["name"].partition(" ")[2] for one in uses)
        raise ValueError(f"/{command['name']} needs one of: {names}.")
    return command, line


def _uses(command: Json) -> list[Json]:
    """A command, or its subcommands where it has any."""
    inner = [one for one in command.get("options") or [] if one["type"] == SUBCOMMAND]
    return [one | {"name": f"{command['name']} {one['name']}"} for one in inner] or [command]


def options(command: Json, text: str) -> Json:
    """The options in a line: `name:value` wherever it stands, the rest for the first text.

    Raises `ValueError` with a sentence for a value that is none of its kind, and for a
    required option without one. In the midst of a text such a value is part of the text.
    """
    known = {option["name"]: option for option in command.get("options") or []}
    given: Json = {}
    for option in known.values():
        if option["type"] != STRING:
            text = _without(option, text, given)
    free = [name for name, one in known.items() if one["type"] == STRING]
    for name in free:
        if not known[name].get("required") and len(free) > 1:
            text = _word_of(name, text, given)
    free = [name for name in free if name not in given]
    if free and (text := text.strip()):
        name, words = _named(free, text)
        given |= {name: words} if words else {}
    _check_required(command, given)
    return given


def _without(option: Json, text: str, given: Json) -> str:
    """A line without one option, whose value is put into what is `given`."""
    name = option["name"]
    text = text.strip()
    for found in re.finditer(rf"(?<!\S){name}:[ \t]*(\S*)(?:\s+|$)", text, re.IGNORECASE):
        try:
            given[name] = _value(option, found[1])
        except ValueError:
            if found.start() == 0 or found.end() == len(text):
                raise
        else:
            return text[: found.start()] + text[found.end() :]
    return text


def _word_of(name: str, text: str, given: Json) -> str:
    """A line without the option at its beginning whose value is one word, beside other texts."""
    found = re.match(rf"\s*{name}:[ \t]*(\S+)(?:\s+|$)", text, re.IGNORECASE)
    if found is None:
        return text
    given[name] = found[1]
    return text[found.end() :]


def _named(free: list[str], text: str) -> tuple[str, str]:
    """For which option a text is: the one named before it, else the first."""
    found = re.match(rf"({'|'.join(map(re.escape, free))}):\s*", text, re.IGNORECASE)
    return (found[1].lower(), text[found.end() :]) if found else (free[0], text)


def _check_required(command: Json, given: Json) -> None:
    for option in command.get("options") or []:
        if option.get("required") and option["name"] not in given:
            raise ValueError(f"/{command['name']} needs a {option['name']}.")


def _listed(command: Json, locale: str) -> Json:
    options = command.get("options") or []
    return {
        "name": f"/{command['name']}",
        "usage": " ".join(_usage(option) for option in options),
        "gives": _said(command, "description", locale),
        "switches": [option["name"] for option in options if option["type"] == BOOLEAN],
    }


def _usage(option: Json) -> str:
    if option.get("required"):
        return str(option["name"])
    return f"[{option['name']}:{'true' if option['type'] == BOOLEAN else '…'}]"


def _value(option: Json, text: str) -> Any:
    name, kind = option["name"], option["type"]
    if kind == BOOLEAN:
        if text.lower() not in ("true", "false"):
            raise ValueError(f"{name} is true or false.")
        return text.lower() == "true"
    if kind not in (INTEGER, NUMBER):
        return text
    try:
        return int(text) if kind == INTEGER else float(text)
    except ValueError:
        raise ValueError(f"{name} is a number.") from None
