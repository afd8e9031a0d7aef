"""What holds for a channel: deployment, workspace, channel and persona, one over the other (pure).

A workspace or a channel sets some names for itself and takes the others from above it. A persona
lies just below what was set at the place that chose it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from core.messages import Conversation
from core.wire import Parameters


class Name(StrEnum):
    """What can be set for a channel or a workspace."""

    MODEL = "model"
    PERSONA = "persona"
    SYSTEM_PROMPT = "system_prompt"
    TEMPERATURE = "temperature"
    TOP_P = "top_p"
    ANSWER_TOKENS = "answer_tokens"
    PLACE = "place"
    AUDIENCE = "audience"
    NOTICES = "notices"
    LANGUAGE = "language"


class Origin(StrEnum):
    """Where a value comes from."""

    DEPLOYMENT = "deployment"
    WORKSPACE = "workspace"
    CHANNEL = "channel"
    PERSONA = "persona"


class Place(StrEnum):
    """Where a question that was asked in a channel is answered."""

    THREAD = "thread"
    CHANNEL = "channel"


class Notices(StrEnum):
    """How an asker learns why there is no answer.

    `PLATFORM`: to the asker alone where the platform can, else in a short reply.
    """

    PLATFORM = "platform"
    PRIVATE = "private"
    THREAD = "thread"
    REACTION = "reaction"


class Who(StrEnum):
    """The kinds of people who may use the bot."""

    EVERYBODY = "everybody"
    LISTED = "listed"
    MANAGERS = "managers"


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may use the bot; `people` and `groups` are ids of the platform's, for those listed.

    Whoever manages the channel may always.
    """

    who: Who = Who.EVERYBODY
    people: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


EVERYBODY = Audience()


@dataclass(frozen=True, slots=True)
class Scope:
    """Where something is set: a channel, or its whole workspace where `channel` is empty."""

    platform: str
    workspace: str
    channel: str = ""

    @classmethod
    def of(cls, conversation: Conversation) -> "Scope":
        """The channel of a conversation; threads inherit it."""
        return cls(conversation.platform, conversation.workspace, conversation.channel)

    @property
    def above(self) -> "Scope":
        """The workspace."""
        return replace(self, channel="")

    @property
    def origin(self) -> Origin:
        """What a value that is set here is said to come from."""
        return Origin.CHANNEL if self.channel else Origin.WORKSPACE

    def __str__(self) -> str:
        return "/".join(filter(None, (self.platform, self.workspace, self.channel)))


Values = Mapping[str, Any]
"""Values by name, as they are kept."""


AUTO = "auto"
"""The language of whoever reads."""


@dataclass(frozen=True, slots=True)
class Preset:
    """Everything that holds for one question, and where it comes from.

    `origins` knows the names that do not come from the deployment.
    """

    parameters: Parameters
    system_prompt: str
    place: Place = Place.THREAD
    audience: Audience = EVERYBODY
    notices: Notices = Notices.PLATFORM
    language: str = AUTO
    persona: str = ""
    origins: Mapping[str, Origin] = field(default_factory=dict)

    @property
    def model(self) -> str:
        """The model's name."""
        return self.parameters.model

    @property
    def given(self) -> Mapping[str, str]:
        """What the model is given besides what it reads, by name, as far as anything is set."""
        told = {"persona": self.persona, **{name: self.value(name) for name in _TOLD}}
        return {
            name: " ".join(map(repr, value)) if isinstance(value, tuple) else str(value)
            for name, value in told.items()
            if value not in (None, "", ())
        }

    def origin(self, name: str) -> Origin:
        """Where a value comes from."""
        return self.origins.get(name, Origin.DEPLOYMENT)

    def value(self, name: str) -> Any:
        """The value that holds under a name."""
        return getattr(self.parameters if name in (*TUNING, *_TOLD) else self, name)


TUNING = frozenset({Name.MODEL, Name.TEMPERATURE, Name.TOP_P, Name.ANSWER_TOKENS})
"""The names of a preset's parameters."""

_TOLD = (
    Name.TEMPERATURE,
    Name.TOP_P,
    Name.ANSWER_TOKENS,
    "stop",
    "frequency_penalty",
    "presence_penalty",
    "reasoning_effort",
)

SAMPLING = (Name.TEMPERATURE, Name.TOP_P)
"""Two ways to say the same, of which a request has one."""

OF_PERSONAS = frozenset(
    {*TUNING, "system_prompt", "stop", "frequency_penalty", "presence_penalty", "reasoning_effort"}
)
"""What a persona can set."""


def resolve(
    deployment: Preset,
    layers: Iterable[tuple[Origin, Values]],
    personas: Mapping[str, Values],
    chosen: str = "",
) -> Preset:
    """What holds, given what is set in each layer, the outermost first.

    `chosen` is the persona of this one question, which wins over everything. One that does
    not exist (any more) changes nothing.
    """
    preset = deployment
    for origin, values in layers:
        if persona := personas.get(values.get(Name.PERSONA, "")):
            preset = over(preset, Origin.PERSONA, persona)
        preset = over(preset, origin, values)
    if chosen in personas:
        preset = over(preset, Origin.PERSONA, {**personas[chosen], Name.PERSONA: chosen})
    if preset.persona not in personas:
        preset = replace(preset, persona="")
    if preset.parameters.extra_body.keys() & SAMPLING:  # it goes into the request as it is
        return replace(preset, parameters=replace(preset.parameters, temperature=None, top_p=None))
    return preset


def over(preset: Preset, origin: Origin, values: Values) -> Preset:
    """A preset with other values; of temperature and top_p the newer one takes the other away."""
    given = dict(values)
    if any(name in given for name in SAMPLING):
        given = {**dict.fromkeys(SAMPLING), **given}
    tuning = {name: value for name, value in given.items() if name in _FIELDS}
    plain = {name: _READ.get(name, _as_it_is)(given[name]) for name in given.keys() - tuning.keys()}
    return replace(
        preset,
        **plain,
        parameters=replace(preset.parameters, **tuning),
        origins={**preset.origins, **dict.fromkeys(given, origin)},
    )


def kept(value: Any) -> Any:
    """A value as it is kept: of what JSON can hold."""
    if isinstance(value, Audience):
        return {"who": value.who, "people": list(value.people), "groups": list(value.groups)}
    return value


def audience(value: Any) -> Audience:
    """An audience as it is kept."""
    return Audience(Who(value["who"]), tuple(value["people"]), tuple(value["groups"]))


def _as_it_is(value: Any) -> Any:
    return value


_FIELDS = OF_PERSONAS - {"system_prompt"}
_READ: dict[str, Callable[[Any], Any]] = {
    Name.AUDIENCE: audience,
    Name.PLACE: Place,
    Name.NOTICES: Notices,
}


def admits(one: Audience, person: str, groups: Sequence[str]) -> bool:
    """Whether somebody is among those listed, or everybody is."""
    if one.who is Who.EVERYBODY:
        return True
    listed = person in one.people or not set(groups).isdisjoint(one.groups)
    return one.who is Who.LISTED and listed
