"""The settings as people see and change them, on whatever platform."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from core import notices
from core.entries import Bounds, Entries, Problems, misfit, read
from core.errors import StoreFailed
from core.offer import Offer, near
from core.overrides import Overrides
from core.personas import Personas
from core.presets import SAMPLING, Audience, Name, Preset, Scope, Values, Who, kept
from core.store import Change
from core.words import Notice

log = structlog.get_logger()

Mention = Callable[[Audience], Sequence[str]]
"""How a platform writes the people and groups of an audience."""


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a wish: changes, or what is wrong, by name; `failed` says that it is our fault.

    Nothing is changed where anything is wrong.
    """

    changes: tuple[Change, ...] = ()
    problems: Problems = field(default_factory=dict)
    failed: Notice | None = None


class Panel:
    """Shows what holds where and why, and takes what managers wish; who may is asked before."""

    def __init__(
        self, overrides: Overrides, offer: Offer, personas: Personas, context_tokens: int
    ) -> None:
        self.offer = offer
        self.personas = personas
        self._overrides = overrides
        fixed = frozenset(overrides.deployment.parameters.extra_body) & frozenset(SAMPLING)
        self._bounds = Bounds(personas, context_tokens, bool(fixed))

    def preset(self, scope: Scope) -> Preset:
        """What holds in a channel or a workspace."""
        return self._overrides.preset(scope)

    def at(self, scope: Scope) -> Values:
        """What is set right there, which is what a form is filled in with."""
        return self._overrides.at(scope)

    async def submit(self, scope: Scope, entries: Entries, who: str) -> Done:
        """Set what somebody entered, all or nothing."""
        values, problems = read(entries, self._bounds)
        # What is left as it was is not checked again: it may have been right when it was set.
        model = values.get(Name.MODEL)
        if model and model != self.at(scope).get(Name.MODEL):
            problems |= await self._unknown(model)
        wanted = {name: kept(value) for name, value in values.items()}
        if not problems:
            problems |= self._misfit(scope, wanted)
        if problems:
            return Done(problems=problems)
        try:
            return Done(await self._overrides.change(scope, wanted, who))
        except StoreFailed as error:
            log.error("setting not changed", scope=str(scope), error=str(error))
            return Done(failed=notices.NOT_SAVED)

    def lines(self, scope: Scope, mention: Mention, names: Sequence[Name]) -> list[Notice]:
        """What holds, a line each, with where it comes from."""
        preset = self.preset(scope)
        return [
            notices.setting_line(name, shown(preset, name, mention), preset.origin(name))
            for name in names
        ]

    async def _unknown(self, model: str) -> Problems:
        """Whether a model does not exist, as far as its endpoint says what there is."""
        names = await self.offer.names()
        if not names or model in names:
            return {}
        return {Name.MODEL: notices.unknown_model(model, near(model, names))}

    def _misfit(self, scope: Scope, values: Values) -> Problems:
        why = misfit(self._overrides.preview(scope, values), self._bounds)
        blamed = (Name.ANSWER_TOKENS, Name.SYSTEM_PROMPT, Name.PERSONA)
        return {Name(next(one for one in (*blamed, *values) if one in values)): why} if why else {}


def shown(preset: Preset, name: Name, mention: Mention) -> str:
    """A value in words."""
    value = preset.value(name)
    if isinstance(value, Audience):
        listed = mention(value) if value.who is Who.LISTED else ()
        return notices.audience_in_words(value.who, listed)
    return notices.value_in_words(name, value)
