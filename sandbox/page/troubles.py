"""What can be made to go wrong from the page: calls that fail, lines that break, a slow model."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.discord import DiscordServer
from sandbox.faults import Fault
from sandbox.model import ModelServer
from sandbox.slack import SlackServer

Json = dict[str, Any]

MOST = 20
"""Troubles that can be switched on at the same time."""

REFUSED_FOR = 10.0
"""Seconds for which Slack lets no socket in."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One way to fail: of a platform's call, or of the model's `event`."""

    words: str
    fault: Mapping[str, Any]
    event: str = ""


CALLS = {
    "slack": {
        "chat.update": "edits (chat.update)",
        "chat.postMessage": "new messages (chat.postMessage)",
        "chat.appendStream": "streamed text (chat.appendStream)",
        "chat.startStream": "streams' begin (chat.startStream)",
        "chat.stopStream": "streams' end (chat.stopStream)",
        "assistant.threads.setStatus": "statuses (assistant.threads.setStatus)",
    },
    "discord": {
        "PATCH message": "edits (PATCH message)",
        "POST message": "new messages (POST message)",
        "POST thread": "new threads (POST thread)",
        "POST typing": "typing (POST typing)",
        "PATCH original": "answers to commands (PATCH original)",
        "POST followup": "more of them (POST followup)",
    },
}
"""What the bot asks of each platform while it answers, in the page's words."""

EVERY = "*"

KINDS = {
    "rate_limit": Kind("429, Retry-After 5 s", {"kind": "rate_limit", "seconds": 5.0}),
    "slow": Kind("slow: 4 s later", {"kind": "slow", "seconds": 4.0}),
    "status": Kind("error 503", {"kind": "status", "status": 503}),
    "reset": Kind("connection cut, not done", {"kind": "reset"}),
    "reset_after": Kind("done, but the answer is lost", {"kind": "reset_after"}),
}

COMPLETIONS, CHUNK = "chat.completions", "chunk"
MODEL_KINDS = {
    "words": Kind("slow: two words a second", {"kind": "slow", "seconds": 0.5}, CHUNK),
    "slow": Kind("6 s until it begins", {"kind": "slow", "seconds": 6.0}, COMPLETIONS),
    "stall": Kind("stalls in the middle", {"kind": "stall"}, CHUNK),
    "rate_limit": Kind("429, Retry-After 5 s", {"kind": "rate_limit", "seconds": 5.0}, COMPLETIONS),
    "status": Kind("error 500", {"kind": "status", "status": 500}, COMPLETIONS),
    "fail": Kind("an error in the middle", {"kind": "status"}, CHUNK),
    "reset": Kind("cut in the middle", {"kind": "reset"}, CHUNK),
    "end": Kind("ends without a reason", {"kind": "end"}, CHUNK),
}

SPANS: dict[str, tuple[str, int, float]] = {
    "1": ("the next one", 1, 0.0),
    "3": ("the next 3", 3, 0.0),
    "10": ("the next 10", 10, 0.0),
    "5s": ("5 seconds", -1, 5.0),
    "15s": ("15 seconds", -1, 15.0),
    "60s": ("a minute", -1, 60.0),
}
"""How long a trouble lasts: the words, how many times, for how many seconds."""


@dataclass(slots=True)
class Trouble:
    """One that is switched on: its faults, one for each call, and how often they have struck."""

    id: str
    where: str
    words: str
    faults: tuple[Fault, ...]
    until: float = 0.0
    struck: int = 0
    timer: asyncio.TimerHandle | None = field(default=None, repr=False)

    def as_json(self, now: float) -> Json:
        """As it stands; `left` is how often it still strikes, `ends` in how many seconds."""
        times = sum(one.times for one in self.faults)
        return {
            "id": self.id,
            "where": self.where,
            "words": self.words,
            "struck": self.struck,
            "left": times if not self.until else None,
            "ends": round(self.until - now, 1) if self.until else None,
        }


class Troubles:
    """Switches faults of the servers on and off; `model` is None where a real one answers."""

    def __init__(
        self,
        slack: SlackServer,
        discord: DiscordServer,
        model: ModelServer | None,
        tell: Callable[[Json], object],
    ) -> None:
        self._faults = {"slack": slack.faults, "discord": discord.faults}
        if model is not None:
            self._faults["model"] = model.faults
        self._tell = tell
        self._on: dict[str, Trouble] = {}
        self._ids = itertools.count(1)
        self._lines: dict[str, tuple[str, Callable[[], Awaitable[None]]]] = {
            "slack/drop": ("Cut", slack.drop),
            "slack/refuse": ("Cut for 10 s", lambda: slack.drop(refuse=REFUSED_FOR)),
            "slack/refresh": ("Reconnect", slack.refresh),
            "discord/drop": ("Cut", discord.drop),
            "discord/lose": ("Cut, no resume", lambda: discord.drop(resumable=False)),
            "discord/refresh": ("Reconnect", discord.ask_to_reconnect),
        }

    def watch(self) -> list[Callable[[], None]]:
        """Notice what strikes, until undone."""
        return [faults.strikes.add(self._struck) for faults in self._faults.values()]

    def choices(self) -> Json:
        """What there is to choose from."""
        kinds = {name: {key: one.words for key, one in KINDS.items()} for name in CALLS}
        calls = {name: {**some, EVERY: "each of these"} for name, some in CALLS.items()}
        if "model" in self._faults:
            kinds["model"] = {key: one.words for key, one in MODEL_KINDS.items()}
            calls["model"] = {}
        return {
            "calls": calls,
            "kinds": kinds,
            "spans": {key: words for key, (words, _, _) in SPANS.items()},
            "lines": {name: words for name, (words, _) in self._lines.items()},
        }

    def all(self) -> list[Json]:
        """What is switched on."""
        now = _now()
        return [one.as_json(now) for one in self._on.values()]

    def add(self, where: str, call: str, kind: str, span: str) -> None:
        """Switch one on; `LookupError` for what there is not, `ValueError` for one too many."""
        if len(self._on) >= MOST:
            raise ValueError(f"{MOST} faults are on. Switch one off first.")
        try:
            lasts, times, seconds = SPANS[span]
            words, faults = self._made(where, call, kind, times)
        except KeyError as error:
            raise LookupError(f"There is no fault {error.args[0]} here.") from None
        trouble = Trouble(str(next(self._ids)), where, f"{words}, {lasts}", faults)
        for fault in faults:
            self._faults[where].add(fault)
        if seconds:
            trouble.until = _now() + seconds
            off = asyncio.get_running_loop().call_later(seconds, self.remove, trouble.id)
            trouble.timer = off
        self._on[trouble.id] = trouble
        self._say()

    def remove(self, id: str) -> None:
        """Switch one off, if it still is on."""
        trouble = self._on.pop(id, None)
        if trouble is None:
            return
        if trouble.timer is not None:
            trouble.timer.cancel()
        for fault in trouble.faults:
            self._faults[trouble.where].remove(fault)
        self._say()

    async def break_line(self, name: str) -> None:
        """Break a platform's connection in one of the ways; `LookupError` for another."""
        if name not in self._lines:
            raise LookupError("There is no such connection.")
        await self._lines[name][1]()

    def close(self) -> None:
        """Switch all of them off."""
        for trouble in tuple(self._on.values()):
            self.remove(trouble.id)

    def _made(self, where: str, call: str, kind: str, times: int) -> tuple[str, tuple[Fault, ...]]:
        if where == "model":
            way = MODEL_KINDS[kind]
            return way.words, (Fault(way.event, times=times, **way.fault),)
        way, calls = KINDS[kind], CALLS[where]
        some = tuple(calls) if call == EVERY else (call,)
        words = "each call" if call == EVERY else calls[call]
        return f"{words}: {way.words}", tuple(Fault(o, times=times, **way.fault) for o in some)

    def _struck(self, fault: Fault) -> None:
        for trouble in tuple(self._on.values()):
            if not any(one is fault for one in trouble.faults):
                continue
            trouble.struck += 1
            if all(one.times == 0 for one in trouble.faults):
                self.remove(trouble.id)
            else:
                self._say()

    def _say(self) -> None:
        self._tell({"kind": "faults", "faults": self.all()})


def _now() -> float:
    return asyncio.get_running_loop().time()
