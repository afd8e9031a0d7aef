"""The settings as Discord's modals; five fields are all that one holds, so there are two."""

import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any

import discord
import structlog
from discord import SelectDefaultValue, SelectDefaultValueType, ui

from core import notices
from core.entries import Entries, sampling, who_may
from core.panel import Panel, shown
from core.presets import SAMPLING, Audience, Name, Scope, Who, audience
from core.words import told

log = structlog.get_logger()

LIFETIME = 14 * 60.0
"""Seconds for which a form that was opened may be sent."""

NAME = "parley-form"

OPTIONS = 25
LONGEST_TEXT = 4000
LONGEST_OPTION = 100
LONGEST_HINT = 100

PEOPLE = "people"
EITHER = "sampling"


class Part(StrEnum):
    """The two forms: what the model is told, and where and to whom it speaks."""

    ANSWERS = "answers"
    PEOPLE = "people"


Submitted = Callable[["discord.Interaction[Any]", "Form"], Awaitable[None]]
Typed = Mapping[str, str | tuple[str, ...]]
"""What stands in each field."""


_PROCESS = secrets.token_hex(4)


def _new_name() -> str:
    """A name that says which process has opened the form, and when."""
    return f"{NAME}:{_PROCESS}:{time.monotonic():.0f}:{secrets.token_hex(8)}"


def outlived(name: str) -> bool:
    """Whether a form was opened before this process began, or so long ago that it is forgotten."""
    kind, *rest = name.split(":")
    if kind != NAME or len(rest) != 3:
        return False
    process, opened, _ = rest
    return process != _PROCESS or time.monotonic() - int(opened) > LIFETIME


class Form(ui.Modal):
    """One form; `typed` is what somebody wrote into it before, if that was wrong."""

    def __init__(
        self,
        panel: Panel,
        scope: Scope,
        part: Part,
        submitted: Submitted,
        *,
        language: str,
        models: Sequence[str] = (),
        typed: Typed | None = None,
    ) -> None:
        super().__init__(
            title=told(notices.SETTINGS_TITLE, language), timeout=LIFETIME, custom_id=_new_name()
        )
        self._language = language
        self.scope = scope
        self.part = part
        self._panel = panel
        self._models = models
        self._typed = typed or {}
        self._submitted = submitted
        self._fields: dict[str, ui.TextInput[Form] | ui.Select[Form] | ui.MentionableSelect[Form]]
        self._fields = {}
        for label in self._answers() if part is Part.ANSWERS else self._people():
            self.add_item(label)

    async def on_submit(self, interaction: "discord.Interaction[Any]", /) -> None:
        """Hand over what was filled in."""
        await self._submitted(interaction, self)

    async def on_error(  # type: ignore[override]  # as in the library itself
        self, interaction: "discord.Interaction[Any]", error: Exception, /
    ) -> None:
        """Log what nobody foresaw; Discord says that something went wrong."""
        log.error("form failed", interaction=interaction.id, exc_info=error)

    @property
    def typed(self) -> Typed:
        """What stands in each field."""
        found: dict[str, str | tuple[str, ...]] = {}
        for name, field in self._fields.items():
            if isinstance(field, ui.TextInput):
                found[name] = field.value
            elif isinstance(field, ui.MentionableSelect):
                found[name] = tuple(map(_chosen, field.values))
            else:
                found[name] = field.values[0] if field.values else ""
        return found

    @property
    def entries(self) -> Entries:
        """What was filled in, by setting."""
        found: dict[Name, str | Audience] = {}
        for name, value in self.typed.items():
            if name == EITHER:
                found |= sampling(str(value))
            elif name != PEOPLE:
                found[Name(name)] = str(value)
        if Name.AUDIENCE in found:
            before = self._panel.at(self.scope).get(Name.AUDIENCE)
            found[Name.AUDIENCE] = who_may(
                str(found[Name.AUDIENCE]),
                _audience(self.typed[PEOPLE]),
                audience(before) if before else None,
            )
        return found

    def _answers(self) -> "Iterator[ui.Label[Form]]":
        if 0 < len(self._models) <= OPTIONS:
            yield self._select(Name.MODEL, [(one, one) for one in self._models])
        else:
            yield self._text(Name.MODEL)
        if personas := self._panel.personas:
            options = [(one, persona.description) for one, persona in personas.items()]
            yield (
                self._select(Name.PERSONA, [(one, one) for one, _ in options])
                if len(options) <= OPTIONS
                else self._text(Name.PERSONA)
            )
        if len(self._set(Name.SYSTEM_PROMPT)) <= LONGEST_TEXT:
            yield self._text(Name.SYSTEM_PROMPT, style=discord.TextStyle.paragraph)
        yield self._either()
        yield self._text(Name.ANSWER_TOKENS)

    def _people(self) -> "Iterator[ui.Label[Form]]":
        for name in (Name.PLACE, Name.AUDIENCE):
            yield self._select(name, list(notices.CHOICES[name].items()))
        yield self._listed()
        for name in (Name.NOTICES, Name.LANGUAGE):
            yield self._select(name, list(notices.CHOICES[name].items()))

    def _text(
        self, name: Name, *, style: discord.TextStyle = discord.TextStyle.short
    ) -> "ui.Label[Form]":
        return self._label(
            name,
            notices.SETTINGS[name],
            ui.TextInput(
                custom_id=name,
                style=style,
                required=False,
                default=self._set(name) or None,
                max_length=LONGEST_TEXT,
            ),
            self._hint(name),
        )

    def _either(self) -> "ui.Label[Form]":
        """Temperature or top_p, of which a request has one."""
        set_ = self._typed.get(EITHER)
        if set_ is None:
            here = self._panel.at(self.scope)
            set_ = " ".join(f"{name} {here[name]}" for name in SAMPLING if name in here)
        field: ui.TextInput[Form] = ui.TextInput(
            custom_id=EITHER,
            required=False,
            default=str(set_) or None,
            placeholder=self._say(notices.SAMPLING_HINT),
        )
        preset = self._panel.preset(self.scope)
        name = Name.TOP_P if preset.parameters.top_p is not None else Name.TEMPERATURE
        return self._label(EITHER, notices.SAMPLING, field, self._hint(name))

    def _select(self, name: Name, options: Sequence[tuple[str, str]]) -> "ui.Label[Form]":
        set_ = self._set(name)
        known = [(value, text) for value, text in options if len(value) <= LONGEST_OPTION]
        if name is Name.MODEL and set_ and set_ not in {value for value, _ in known}:
            known = [(set_[:LONGEST_OPTION], set_), *known[: OPTIONS - 1]]
        field: ui.Select[Form] = ui.Select(
            custom_id=name,
            required=False,
            min_values=0,
            placeholder=self._say(notices.INHERIT),
            options=[
                discord.SelectOption(
                    label=self._say(text)[:LONGEST_OPTION], value=value, default=value == set_
                )
                for value, text in known
            ],
        )
        return self._label(name, notices.SETTINGS[name], field, self._hint(name))

    def _listed(self) -> "ui.Label[Form]":
        set_ = self._typed.get(PEOPLE)
        if set_ is None:
            there = self._panel.at(self.scope).get(Name.AUDIENCE)
            set_ = _written(audience(there)) if there else ()
        field: ui.MentionableSelect[Form] = ui.MentionableSelect(
            custom_id=PEOPLE,
            required=False,
            min_values=0,
            max_values=OPTIONS,
            default_values=[_default(one) for one in set_][:OPTIONS],
        )
        return self._label(PEOPLE, notices.ROLES, field, "")

    def _label(
        self,
        name: str,
        text: str,
        field: "ui.TextInput[Form] | ui.Select[Form] | ui.MentionableSelect[Form]",
        hint: str,
    ) -> "ui.Label[Form]":
        self._fields[name] = field
        words = self._say(hint)[:LONGEST_HINT]
        return ui.Label(text=self._say(text), component=field, description=words or None)

    def _say(self, text: str) -> str:
        return told(text, self._language)

    def _set(self, name: Name) -> str:
        """What is set right there, or was typed before."""
        if name in self._typed:
            return str(self._typed[name])
        value = self._panel.at(self.scope).get(name, "")
        return str(value["who"] if isinstance(value, dict) else value)

    def _hint(self, name: Name) -> str:
        preset = self._panel.preset(self.scope)
        return self._now(shown(preset, name, mentions), preset.origin(name))

    def _now(self, value: str, origin: str) -> str:
        """What holds now; of a long value the beginning, so that its origin still has room."""
        hint, words = notices.now_holds(value, origin), self._say(value)
        over = len(self._say(hint)) - LONGEST_HINT
        return hint if over <= 0 else notices.now_holds(f"{words[: -over - 1]}…", origin)


class FormButtons(ui.View):
    """The buttons that open the forms; they work as long as the message stands."""

    def __init__(
        self,
        opened: "Callable[[discord.Interaction[Any], Part, bool], Awaitable[None]]",
        wanted: Sequence[tuple[Part, bool, str]],
    ) -> None:
        super().__init__(timeout=None)
        for part, wide, label in wanted:
            self.add_item(_FormButton(opened, part, label, wide=wide))

    async def on_error(
        self, interaction: "discord.Interaction[Any]", error: Exception, item: "ui.Item[Any]", /
    ) -> None:
        """Log what nobody foresaw."""
        del item
        log.error("button failed", interaction=interaction.id, exc_info=error)


class _FormButton(ui.Button[FormButtons]):
    def __init__(
        self,
        opened: "Callable[[discord.Interaction[Any], Part, bool], Awaitable[None]]",
        part: Part,
        label: str,
        *,
        wide: bool,
    ) -> None:
        where = "server" if wide else "channel"
        super().__init__(label=label, custom_id=f"parley/settings/{where}/{part}")
        self._opened = opened
        self._about = (part, wide)

    async def callback(self, interaction: "discord.Interaction[Any]") -> None:
        await self._opened(interaction, *self._about)


def mentions(listed: Audience) -> list[str]:
    """The people and roles of an audience, as Discord shows them by name."""
    return [*(f"<@{one}>" for one in listed.people), *(f"<@&{one}>" for one in listed.groups)]


def _audience(listed: Sequence[str]) -> Audience:
    people = tuple(one.removeprefix("user:") for one in listed if one.startswith("user:"))
    groups = tuple(one.removeprefix("role:") for one in listed if one.startswith("role:"))
    return Audience(Who.LISTED, people, groups)


def _chosen(one: object) -> str:
    """Somebody or some role, as Discord tells of it; what it does not know comes as a bare id."""
    kind = "role" if isinstance(one, discord.Role) else "user"
    return f"{kind}:{getattr(one, 'id', one)}"


def _written(listed: Audience) -> tuple[str, ...]:
    people = (f"user:{one}" for one in listed.people)
    return (*people, *(f"role:{one}" for one in listed.groups))


def _default(written: str) -> SelectDefaultValue:
    kind, _, id_ = written.partition(":")
    return SelectDefaultValue(id=int(id_), type=SelectDefaultValueType(kind))
