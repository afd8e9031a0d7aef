"""One schedule, played in a town of its own, and what became of the law."""

import asyncio
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from sandbox.discord import CommandFailed as DiscordFailed
from sandbox.faults import Fault, Moment
from sandbox.slack.errors import CommandFailed as SlackFailed
from tests.e2e.places import SlackPlace
from tests.faults.real.law import Asked, breaches, ledger_breaches
from tests.faults.real.schedule import COMMANDS, DEADLY, Ask, Blow, Deed, Schedule
from tests.faults.real.texts import QUESTION, answer, question
from tests.faults.real.town import Script, Town, opened

PATIENCE = 30.0
"""Seconds after the last thing that happened within which the law must hold."""

LOOK = 0.2
"""Seconds, at most, between two looks at what is on record."""

EDITED = 100
"""Added to the number of a question that is edited."""

FAILED = (SlackFailed, DiscordFailed)
TROUBLE = re.compile(r"Traceback|unexpected|was never (?:retrieved|awaited)|was destroyed")


@dataclass
class Played:
    """What became of a schedule."""

    schedule: Schedule
    breaches: list[str] = field(default_factory=list)
    questions: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    requests: list[tuple[str, int]] = field(default_factory=list)
    folder: Path | None = None


async def played(schedule: Schedule, folder: Path) -> Played:
    """Play a schedule, in an empty folder."""
    begin = time.monotonic()
    done = Played(schedule, folder=folder)
    async with opened(schedule.platform, folder, schedule.settings) as town:
        play = _Play(schedule, town, done)
        try:
            await play.all()
        except TimeoutError as error:
            done.breaches.append(f"it hangs: {error or 'no answer in time'}")
        done.requests = list(town.place.requests)
    done.seconds = time.monotonic() - begin
    return done


@dataclass
class _Play:
    schedule: Schedule
    town: Town
    done: Played
    asked: dict[int, Asked] = field(default_factory=dict)
    under_way: set["asyncio.Task[None]"] = field(default_factory=set)

    async def all(self) -> None:
        """From the first start of the bot to its end."""
        for _ in range(self.schedule.processes):
            await self.town.start()
        self._arm()
        async with asyncio.TaskGroup() as tasks:
            self._tasks = tasks
            for ask in self.schedule.asks:
                self._begin(self._ask(ask))
            await self._still()
            self._disarm()
        await self.town.close()
        self._judge()

    def _arm(self) -> None:
        for blow in self.schedule.blows:
            self._faults(blow.server).add(
                Fault(
                    blow.on,
                    blow.kind,
                    status=blow.status,
                    seconds=blow.seconds,
                    code=blow.code,
                    skip=0 if blow.of else blow.skip,
                    only_if=self._only(blow),
                )
            )
        for deed in self.schedule.deeds:
            act = partial(self._do, deed)
            only = partial(_is_chunk, deed.of, deed.skip)
            self.town.servers.model.faults.at(Moment(deed.on, act, only_if=only))

    def _only(self, blow: Blow) -> Callable[[dict[str, Any]], bool] | None:
        if blow.on == "deliver":
            return lambda about: about["type"] == "events_api"
        if blow.on == "chunk":
            return partial(_is_chunk, blow.of, blow.skip)
        return (lambda body: _number(body) == blow.of) if blow.of else None

    def _faults(self, server: str) -> Any:
        return self.town.servers.model.faults if server == "model" else self.town.faults

    def _disarm(self) -> None:
        for server in ("model", "platform"):
            faults = self._faults(server)
            for (on, kind), times in faults.struck.items():
                self.done.faults[f"{on}: {kind}"] += times
            faults.clear()

    def _begin(self, work: Any) -> None:
        task = self._tasks.create_task(work)
        self.under_way.add(task)
        task.add_done_callback(self.under_way.discard)

    async def _ask(self, ask: Ask) -> None:
        await asyncio.sleep(ask.at)
        number, place = ask.number, self.town.place
        self.town.scripts[number] = Script(answer(number, ask.kind, ask.words), ask.rate)
        person, words = getattr(place, ask.person), question(number, ask.kind)
        answers = {number: self.town.scripts[number].text}
        direct = f"D0{person[2:]}" if isinstance(place, SlackPlace) else f"3{person[1:]}"
        if ask.how in COMMANDS:
            room = place.room()
            asked = self.asked[number] = Asked(number, room, "", person, answers, direct)
            try:
                await place.ask(person, words, room, private=ask.how == "command")
            except FAILED:
                asked.unsure = True
        else:
            root = self._root(ask.below)
            message = self._say(ask, person, words, root, direct)
            thread = message.thread or message.id
            channel = root.channel if root else message.channel
            asked = Asked(number, channel, message.id, person, answers, direct, thread)
            asked.unsure = ask.how == "direct" and self._may_stay_unheard
            self.asked[number] = asked
        self.done.questions += 1

    @property
    def _may_stay_unheard(self) -> bool:
        """Whether somebody's first direct message can come while nobody listens: Discord lists none
        (a known limit)."""
        away = {deed.what for deed in self.schedule.deeds} & {"kill", "terminate", "drop"}
        return bool(away) and not isinstance(self.town.place, SlackPlace)

    def _root(self, number: int) -> Asked | None:
        """The question in whose thread another is asked, if it was asked and still stands."""
        root = self.asked.get(number)
        return root if root and not root.deleted else None

    def _say(self, ask: Ask, person: str, words: str, root: Asked | None, direct: str) -> Any:
        """The message in which it is asked."""
        place, server = self.town.place, self.town.place.server
        if ask.how == "direct":
            return server.say(person, direct, words)
        if root is None:
            return server.say(person, place.room(), f"@Parley {words}")
        if isinstance(place, SlackPlace):
            return server.say(person, root.channel, f"@Parley {words}", root.message)
        # Until the bot has opened a thread, people go on in the channel.
        where = root.message if root.message in place.space.channels else root.channel
        return server.say(person, where, f"@Parley {words}")

    def _do(self, deed: Deed) -> None:
        self.done.faults[f"{deed.what}"] += 1
        self._begin(getattr(self, f"_{deed.what}")(deed))

    async def _refresh(self, _: Deed) -> None:
        await self.town.place.server.refresh()

    async def _reconnect(self, _: Deed) -> None:
        await self.town.place.server.ask_to_reconnect()

    async def _drop(self, deed: Deed) -> None:
        if isinstance(self.town.place, SlackPlace):
            await self.town.place.server.drop(refuse=deed.seconds)
        else:
            await self.town.place.server.drop(resumable=not deed.seconds)

    async def _redeliver(self, deed: Deed) -> None:
        asked = self.asked[deed.to]
        message = self.town.place.space.message(asked.channel, asked.message)
        if message is not None:
            self.town.place.redeliver(message)

    async def _terminate(self, _: Deed) -> None:
        await self._again(signal.SIGTERM)

    async def _kill(self, _: Deed) -> None:
        await self._again(signal.SIGKILL)

    async def _again(self, number: signal.Signals) -> None:
        """End a process, and start another in its place."""
        bot = await self.town.again(number)
        if bot and number is signal.SIGTERM and bot.process.returncode:
            self.done.breaches.append(f"it ended with {bot.process.returncode} when it was stopped")

    async def _stop(self, deed: Deed) -> None:
        asked = self.asked[deed.to]
        asked.stopped = True
        for seen in self.town.screen.messages():
            if seen.busy and f"k{deed.to}w" in seen.text:
                message = self.town.place.space.message(seen.channel, seen.id)
                if message is not None and self.town.up.is_set():
                    with suppress(*FAILED):  # the client says so, and the answer goes on
                        await self.town.place.press(asked.person, message, "stop")
                return

    async def _edit(self, deed: Deed) -> None:
        asked, number = self.asked[deed.to], deed.to + EDITED
        if asked.deleted or number in asked.answers:
            return
        ask = next(one for one in self.schedule.asks if one.number == deed.to)
        self.town.scripts[number] = Script(answer(number, ask.kind, ask.words), ask.rate)
        asked.answers[number] = self.town.scripts[number].text
        words = question(number, ask.kind)
        mention = "" if ask.how == "direct" else "@Parley "
        where = self._where(asked)
        self.town.place.server.edit(asked.person, where, asked.message, f"{mention}{words}")

    async def _delete(self, deed: Deed) -> None:
        asked = self.asked[deed.to]
        if asked.deleted:
            return
        asked.deleted = True
        self.town.place.server.delete(asked.person, self._where(asked), asked.message)

    def _where(self, asked: Asked) -> str:
        """The channel in which its message stands."""
        space = self.town.place.space
        return next(one for one in list(space.channels) if space.message(one, asked.message))

    async def _still(self) -> None:
        """Wait until nothing is under way any more and the law holds, or for long enough."""
        end = time.monotonic() + PATIENCE
        while self.under_way or (self._breaches() and time.monotonic() < end):
            if self.under_way:
                end = time.monotonic() + PATIENCE
            self.town.changed.clear()
            waiting = asyncio.create_task(self.town.changed.wait())
            await asyncio.wait({waiting, *self.under_way}, timeout=LOOK)
            waiting.cancel()

    def _breaches(self) -> list[str]:
        screen = self.town.screen
        return breaches(
            list(self.asked.values()),
            screen.messages(),
            screen.signs(),
            self.town.records(),
            dead=self._dead(),
            may_repeat=self.schedule.may_repeat,
        )

    def _dead(self) -> set[str]:
        """The messages of which an edit was refused for good."""
        if isinstance(self.town.place, SlackPlace):
            refused = (
                one for one in self.town.place.server.requests if one.code in DEADLY.values()
            )
            return {str(one.arguments.get("ts")) for one in refused}
        codes = [int(code) for code in DEADLY.values() if code.isdigit()]
        refused = (one for one in self.town.place.server.requests if one.code in codes)
        return {one.path.rpartition("/")[2] for one in refused}

    def _judge(self) -> None:
        """Once all processes have ended."""
        self.done.breaches += self._breaches()
        if not any(deed.what == "kill" for deed in self.schedule.deeds):
            calls = self.town.records().calls
            self.done.breaches += ledger_breaches(calls, self.town.servers.model.requests)
        for bot in self.town.ended:
            if bot.process.returncode not in (0, -signal.SIGKILL):
                self.done.breaches.append(f"a process ended with {bot.process.returncode}")
            if trouble := TROUBLE.search(bot.said):
                self.done.breaches.append(f"the log {bot.output} has “{trouble[0]}”")


def _is_chunk(of: int, skip: int, about: dict[str, Any]) -> bool:
    return about["number"] == skip + 1 and _number(about["body"]) == of


def _number(body: dict[str, Any]) -> int:
    """The question that a request asks."""
    return int(QUESTION.findall(str(body["messages"][-1]))[-1])
