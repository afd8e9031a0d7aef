"""The settings as a modal of Slack's, and what was filled in (docs.slack.dev, "Modals")."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bots.slack.payload import string
from core import notices
from core.entries import Entries, Problems, who_may
from core.panel import Panel, shown
from core.personas import Personas
from core.presets import EVERYBODY, Audience, Name, Scope, Values, Who, audience
from core.words import together, told

CALLBACK = "parley_settings"
"""By which a submitted form is known."""

ENTERED = "entered"
"""The action in each block; the block is named for its setting."""

PEOPLE, GROUPS = "people", "groups"

NAMES = tuple(name for name in Name if name is not Name.PLACE)
"""What can be set in Slack, where answers always stand in the thread."""

NOTHING = "-"
"""The value of the option that leaves a setting to the places above."""

LONGEST_INPUT = 3000
LONGEST_OPTION = 75
OPTIONS = 100
LONGEST_SECTION = 3000

View = dict[str, Any]
Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """Draws the settings of one scope; `people` and `groups` give names by id.

    `language` is that of whoever reads it.
    """

    panel: Panel
    scope: Scope
    models: Sequence[str]
    people: Mapping[str, str]
    groups: Mapping[str, str]
    language: str

    def editable(self) -> View:
        """A form to fill in; what is set right there stands in it, what holds beside it."""
        return {
            **self._view(list(self._blocks()), notices.CANCEL),
            "submit": self._plain(notices.SAVE),
            "callback_id": CALLBACK,
            "private_metadata": json.dumps({"channel": self.scope.channel}),
        }

    def read_only(self) -> View:
        """What holds, for those who may not change it."""
        why = notices.READ_ONLY if self.scope.channel else notices.READ_ONLY_WORKSPACE
        lines = notices.as_lines(self.panel.lines(self.scope, self.names, NAMES))
        return self._view([self._section(why), self._section(lines)], notices.CLOSE)

    def names(self, listed: Audience) -> list[str]:
        """The people and groups of an audience, by name."""
        return named(listed, self.people.get, self.groups.get)

    def _blocks(self) -> Iterator[Block]:
        of, empty = notices.SETTINGS_OF_WORKSPACE, notices.EMPTY_INHERITS_WORKSPACE
        if self.scope.channel:
            of, empty = notices.SETTINGS_OF_CHANNEL, notices.EMPTY_INHERITS
        yield self._section(together([of, empty]))
        yield self._model()
        if personas := self.panel.personas:
            yield self._select(Name.PERSONA, [(one, described(personas, one)) for one in personas])
        yield self._prompt()
        for name in (Name.TEMPERATURE, Name.TOP_P, Name.ANSWER_TOKENS):
            yield self._text(name)
        yield from self._audience()
        for name in (Name.NOTICES, Name.LANGUAGE):
            yield self._select(name, list(notices.CHOICES[name].items()))

    def _model(self) -> Block:
        set_ = self.panel.at(self.scope).get(Name.MODEL)
        if not self.models:
            return self._text(Name.MODEL)
        models = dict.fromkeys([*([set_] if set_ else []), *self.models])
        return self._select(Name.MODEL, [(model, model) for model in models if len(model) <= 150])

    def _prompt(self) -> Block:
        set_ = self.panel.at(self.scope).get(Name.SYSTEM_PROMPT, "")
        if len(set_) > LONGEST_INPUT:
            return self._section(notices.prompt_not_in_form(len(set_)))
        return self._text(Name.SYSTEM_PROMPT, multiline=True)

    def _audience(self) -> Iterator[Block]:
        set_ = self.panel.at(self.scope).get(Name.AUDIENCE)
        yield self._select(
            Name.AUDIENCE,
            list(notices.CHOICES[Name.AUDIENCE].items()),
            str(set_["who"]) if set_ else "",
        )
        listed = audience(set_) if set_ else EVERYBODY
        element: Block = {"type": "multi_users_select", "action_id": ENTERED}
        initial = {"initial_users": list(listed.people)} if listed.people else {}
        yield self._input(PEOPLE, notices.PEOPLE, element | initial)
        known = {**{one: one for one in listed.groups}, **self.groups}
        if known:
            options = {one: self._option(one, name) for one, name in [*known.items()][:OPTIONS]}
            element = {"type": "multi_static_select", "action_id": ENTERED}
            chosen = [options[one] for one in listed.groups if one in options]
            element |= {"initial_options": chosen} if chosen else {}
            yield self._input(GROUPS, notices.GROUPS, element | {"options": list(options.values())})

    def _text(self, name: Name, *, multiline: bool = False) -> Block:
        set_ = self.panel.at(self.scope).get(name)
        element: Block = {"type": "plain_text_input", "action_id": ENTERED, "multiline": multiline}
        element |= {"max_length": LONGEST_INPUT} if multiline else {}
        element |= {} if set_ is None else {"initial_value": str(set_)}
        return self._input(name, notices.SETTINGS[name], element, self._hint(name))

    def _select(self, name: Name, options: Sequence[tuple[str, str]], set_: str = "") -> Block:
        chosen = set_ or self.panel.at(self.scope).get(name) or NOTHING
        offered = [
            self._option(NOTHING, notices.INHERIT),
            *(self._option(*option) for option in options),
        ]
        initial = next((one for one in offered if one["value"] == chosen), offered[0])
        element = {"type": "static_select", "action_id": ENTERED, "initial_option": initial}
        return self._input(
            name, notices.SETTINGS[name], element | _grouped(offered), self._hint(name)
        )

    def _hint(self, name: Name) -> str:
        preset = self.panel.preset(self.scope)
        return notices.now_holds(shown(preset, name, self.names), preset.origin(name))

    def _view(self, blocks: list[Block], close: str) -> View:
        title = self._plain(notices.SETTINGS_TITLE)
        return {"type": "modal", "title": title, "close": self._plain(close), "blocks": blocks}

    def _input(self, block_id: str, label: str, element: Block, hint: str = "") -> Block:
        block = {"type": "input", "block_id": block_id, "optional": True}
        block |= {"label": self._plain(label), "element": element}
        return block | ({"hint": self._plain(hint)} if hint else {})

    def _option(self, value: str, text: str) -> Block:
        words = told(text, self.language)
        short = words if len(words) <= LONGEST_OPTION else f"{words[: LONGEST_OPTION - 1]}…"
        return {"text": _text(short), "value": value}

    def _section(self, text: str) -> Block:
        return {"type": "section", "text": _text(told(text, self.language)[:LONGEST_SECTION])}

    def _plain(self, text: str) -> dict[str, Any]:
        return _text(told(text, self.language))


def scope_of(view: Mapping[str, Any], platform: str, workspace: str) -> Scope:
    """Whose settings a submitted form holds."""
    about = json.loads(string(view, "private_metadata") or "{}")
    return Scope(platform, workspace, string(about, "channel"))


def entries(view: Mapping[str, Any], before: Values) -> Entries:
    """What was filled in; what the form did not have is left out. `before` is what was set."""
    values = _values(view)
    found: dict[Name, str | Audience] = {
        name: _entered(values[name]) for name in NAMES if name in values
    }
    if Name.AUDIENCE in found:
        people = tuple(values.get(PEOPLE, {}).get("selected_users") or ())
        options = values.get(GROUPS, {}).get("selected_options") or ()
        groups = tuple(string(option, "value") for option in options)
        found[Name.AUDIENCE] = who_may(
            _entered(values[Name.AUDIENCE]),
            Audience(Who.LISTED, people, groups),
            audience(before[Name.AUDIENCE]) if Name.AUDIENCE in before else None,
        )
    return found


def named(
    listed: Audience,
    person: Callable[[str], str | None],
    group: Callable[[str], str | None],
) -> list[str]:
    """The people and groups of an audience, by name where there is one."""
    people = [person(one) or one for one in listed.people]
    return [*people, *(group(one) or one for one in listed.groups)]


def errors(view: Mapping[str, Any], problems: Problems, language: str) -> dict[str, str]:
    """What is wrong, by the block below which Slack shows it."""
    there = _values(view)
    found: dict[str, str] = {}
    for name, problem in problems.items():
        is_there = name in there
        said = problem if is_there else notices.setting_problem(name, problem)
        found[str(name if is_there else Name.MODEL)] = told(said, language)
    return found


def saying(sentence: str, language: str) -> View:
    """A modal that says something and asks nothing."""
    words = told(sentence, language)[:LONGEST_SECTION]
    return {
        "type": "modal",
        "title": _text(told(notices.SETTINGS_TITLE, language)),
        "close": _text(told(notices.CLOSE, language)),
        "blocks": [{"type": "section", "text": _text(words)}],
    }


def described(personas: Personas, name: str) -> str:
    """A persona's name with what it is for."""
    description = personas[name].description
    return f"{name}: {description}" if description else name


def _values(view: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """What each block of a submitted form holds."""
    state = view.get("state")
    values = state.get("values") if isinstance(state, dict) else None
    blocks = values.items() if isinstance(values, dict) else ()
    return {block: actions[ENTERED] for block, actions in blocks if ENTERED in actions}


def _entered(value: Mapping[str, Any]) -> str:
    if value.get("type") == "static_select":
        option = value.get("selected_option")
        chosen = string(option, "value")
        return "" if chosen == NOTHING else chosen
    return string(value, "value")


def _grouped(options: list[Block]) -> Block:
    """A hundred options at most stand in one list; more are told apart by where they begin."""
    if len(options) <= OPTIONS:
        return {"options": options}
    groups = [options[at : at + OPTIONS] for at in range(0, len(options), OPTIONS)][:OPTIONS]
    return {"option_groups": [{"label": group[0]["text"], "options": group} for group in groups]}


def _text(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words}
