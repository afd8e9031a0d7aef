"""What is asked, what goes wrong and who does what, all of it made from a seed (pure)."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

PEOPLE = ("ada", "ben", "cho")

COMMANDS = ("command", "public")
"""Ways to ask that are commands: answered to the asker alone, or for everybody to see."""

UNKNOWN = ("status", "after", "reset", "reset_after")
"""Faults after which the bot cannot know whether it was done."""

SLACK = {
    "chat.postMessage": 3,
    "chat.update": 12,
    "chat.startStream": 2,
    "chat.appendStream": 8,
    "chat.stopStream": 3,
    "assistant.threads.setStatus": 6,
    "conversations.replies": 3,
    "conversations.history": 1,
    "users.info": 3,
    "reactions.add": 1,
    "response_url": 3,
    "chat.postEphemeral": 1,
    "chat.delete": 1,
    "apps.connections.open": 1,
}
DISCORD = {
    "POST message": 4,
    "PATCH message": 12,
    "POST typing": 4,
    "POST thread": 3,
    "PUT reaction": 2,
    "DELETE reaction": 2,
    "GET messages": 2,
    "POST callback": 1,
    "PATCH original": 3,
    "POST followup": 1,
    "DELETE message": 1,
}
"""The events of a platform at which something can go wrong, and how many of them are let pass."""

DEADLY = {"chat.update": "cant_update_message", "PATCH message": "50083"}
"""Edits, and the code with which a message takes none any more."""


@dataclass(frozen=True)
class Ask:
    """A question: by whom, how, so many seconds after the beginning, and what answers it.

    `below` is the question in whose thread it is asked.
    """

    number: int
    how: str
    person: str
    at: float
    kind: str
    words: int
    rate: float
    below: int = 0


@dataclass(frozen=True)
class Blow:
    """A fault of the platform's server or of the model's; `of` is the question whose answer."""

    server: str
    on: str
    kind: str
    skip: int
    status: int = 500
    seconds: float = 0.0
    code: str = ""
    of: int = 0


@dataclass(frozen=True)
class Deed:
    """What somebody does at an event: at the nth chunk of an answer, or the nth of others.

    `to` is the question whose answer is stopped, or that is edited or deleted. `seconds` are for
    how long Slack refuses new sockets; Discord's session is lost unless there are none.
    """

    what: str
    on: str
    skip: int
    to: int = 0
    of: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """All that happens in one run; `settings` are the bot's."""

    platform: str
    seed: int
    settings: dict[str, str]
    processes: int
    asks: tuple[Ask, ...]
    blows: tuple[Blow, ...]
    deeds: tuple[Deed, ...]

    @property
    def may_repeat(self) -> bool:
        """Whether the design lets text be read twice: an edit of unknown outcome, then no more."""
        deadly = {blow.on for blow in self.blows if blow.kind == "code" and blow.on in DEADLY}
        return any(blow.on in deadly and blow.kind in UNKNOWN for blow in self.blows)

    def lines(self) -> Iterator[str]:
        """The schedule for people."""
        yield f"{self.platform}, seed {self.seed}, {self.processes} process(es), {self.settings}"
        yield from map(str, (*self.asks, *self.blows, *self.deeds))


def schedule(platform: str, seed: int) -> Schedule:
    """The schedule of a seed."""
    chance = random.Random(f"{platform}/{seed}")
    asks = tuple(_asks(platform, chance))
    return Schedule(
        platform,
        seed,
        _settings(platform, chance),
        2 if chance.random() < 0.15 else 1,
        asks,
        tuple(_blows(platform, asks, chance)),
        tuple(_deeds(platform, asks, chance)),
    )


def _settings(platform: str, chance: random.Random) -> dict[str, str]:
    if platform == "slack":
        return {"SLACK_STREAMING": chance.choice(("auto", "edit", "native"))}
    return {"DISCORD_REPLY": chance.choice(("thread", "thread", "channel"))}


def _asks(platform: str, chance: random.Random) -> Iterator[Ask]:
    """Two to five questions, the first in a channel."""
    roots: list[int] = []
    for number in range(1, chance.randint(2, 5) + 1):
        ways = ["mention", "mention", "direct", *COMMANDS]
        how = chance.choice([*ways, "thread", "thread"] if roots else ["mention"])
        below = chance.choice(roots) if how == "thread" else 0
        if how == "mention":
            roots.append(number)
        short = how in COMMANDS
        yield Ask(
            number,
            how,
            chance.choice(PEOPLE),
            0.0 if number == 1 else round(chance.uniform(0, 1.5), 2),
            chance.choice(("prose", "prose", "code", "pings")),
            chance.randint(3, 60 if short else 320),
            chance.choice((150.0, 300.0, 600.0)),
            below,
        )


def _blows(platform: str, asks: Sequence[Ask], chance: random.Random) -> Iterator[Blow]:
    dies = chance.random() < 0.25
    for _ in range(chance.randint(2, 6)):
        if chance.random() < 0.3:
            yield _of_the_model(chance.choice(asks), chance)
        else:
            yield _of_the_platform(platform, dies, chance)


def _of_the_model(ask: Ask, chance: random.Random) -> Blow:
    if chance.random() < 0.4:
        kind = chance.choice(("status", "reset", "rate_limit", "slow", "code"))
        code = chance.choice(("insufficient_quota", "model_not_found")) if kind == "code" else ""
        return Blow("model", "chat.completions", kind, 0, 503, 1.0, code, of=ask.number)
    kind = chance.choice(("reset", "end", "stall", "slow", "status"))
    skip = chance.randrange(ask.words)
    return Blow("model", "chunk", kind, skip, seconds=0.5, of=ask.number)


def _of_the_platform(platform: str, dies: bool, chance: random.Random) -> Blow:
    if chance.random() < 0.15:
        return _of_the_connection(platform, chance)
    events = SLACK if platform == "slack" else DISCORD
    on = chance.choices(list(events), [most + 1 for most in events.values()])[0]
    skip = chance.randrange(events[on])
    if dies and on in DEADLY:
        return Blow("platform", on, "code", skip, code=DEADLY[on])
    kind = chance.choice((*UNKNOWN, "slow", "rate_limit"))
    seconds = float(chance.choice((1, 1, 2))) if kind == "rate_limit" else chance.uniform(0.2, 1.2)
    status = chance.choice((500, 502, 503))
    return Blow("platform", on, kind, skip, status, round(seconds, 2))


def _of_the_connection(platform: str, chance: random.Random) -> Blow:
    """At what brings the events: lost acknowledgements, late and broken connections."""
    if platform == "slack":
        on = chance.choice(("deliver", "deliver", "deliver", "socket"))
        kinds = ("slow", "after", "reset", "reset_after", "status")
        kind = chance.choice(kinds if on == "deliver" else ("slow", "status", "reset"))
    else:
        on, kind = "gateway", chance.choice(("slow", "status", "reset"))
    return Blow("platform", on, kind, chance.randrange(3), 503, 0.5)


def _deeds(platform: str, asks: Sequence[Ask], chance: random.Random) -> Iterator[Deed]:
    for _ in range(chance.choice((0, 1, 1, 2, 2, 3))):
        ask = chance.choice(asks)
        skip = chance.randrange(max(1, ask.words * 9 // 10))
        what = chance.choice(_WHAT[platform])
        if what in ("stop", "edit", "delete") and ask.how in COMMANDS:
            continue
        seconds = chance.choice((0.0, 0.0, 0.5, 1.5))
        yield Deed(what, "chunk", skip, to=ask.number, of=ask.number, seconds=seconds)


ENDS = ("terminate", "kill")

_WHAT = {
    "slack": ("refresh", "refresh", "drop", "drop", "stop", "edit", "delete", *ENDS),
    "discord": ("drop", "drop", "reconnect", "redeliver", "stop", "edit", "delete", *ENDS),
}
"""What can be done, on each platform."""
