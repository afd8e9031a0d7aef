"""One bot on both platforms with fifty replies at once, and faults all the time."""

import asyncio
import json
import random
import re
import signal
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.faults import Fault
from sandbox.model import Answer, pieces_of
from sandbox.model.tokens import text_of
from tests.e2e import conftest
from tests.e2e.conftest import Bot
from tests.e2e.places import DiscordPlace, SlackPlace
from tests.faults.real.law import fate
from tests.faults.real.played import TROUBLE
from tests.faults.real.records import Records
from tests.faults.real.schedule import DISCORD, SLACK, UNKNOWN
from tests.faults.real.screen import Screen, Seen
from tests.faults.real.texts import QUESTION, answer, numbers_in, question
from tests.faults.real.town import READY, REDELIVERY, SETTINGS

PATIENCE = 240.0
"""Seconds within which a question must have been answered: hundreds of edits share a minute's."""

FAULTS_EVERY = 1.0
"""Seconds between two faults."""

BROKEN_EVERY = 90.0
"""Seconds between two broken connections on each platform: Slack allows one new one a minute, and
ten in a row, which half an hour of more would use up."""

SAMPLES_EVERY = 5.0
FLAT_AFTER = 5
"""Minutes after which the memory is to be flat."""

MOST_GROWTH = 0.05

SHOWN = 25
"""Kinds of objects that are told of at the end, those that have become most."""

REST = 90.0
"""Seconds after the last answer within which the bot must be at rest."""

MODEL = ("chunk", "chat.completions")


@dataclass
class Loaded:
    """What became of it. `memory` is in MiB, a median for each minute."""

    replies: int
    minutes: float
    questions: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    memory: list[float] = field(default_factory=list)
    breaches: list[str] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)

    @property
    def growth(self) -> float:
        """How much larger the memory was at the end than after the first minutes, as a share."""
        later = self.memory[FLAT_AFTER:] or self.memory
        half = max(1, len(later) // 4)
        return statistics.median(later[-half:]) / statistics.median(later[:half]) - 1

    def figures(self) -> dict[str, object]:
        """For the table."""
        return {
            "replies at once": self.replies,
            "minutes": float(self.minutes),
            "questions": self.questions,
            **self.ends,
            "faults": self.faults,
            "MiB at first": self.memory[0] if self.memory else 0.0,
            "MiB at last": self.memory[-1] if self.memory else 0.0,
            "growth in %": 100 * self.growth if self.memory else 0.0,
            "objects more than at the start": Counter(dict(self.kept.most_common(SHOWN))),
            "breaches": len(self.breaches),
        }


async def loaded(minutes: float, replies: int, folder: Path, seed: int = 0) -> Loaded:
    """Put a bot under load for so many minutes, and tell of each."""
    async with conftest.opened(folder, {"slack": 0.02, "discord": 0.02}) as town:
        town.forks = False
        town.program = ("tests.faults.real.watched", str(folder / "holds.json"))
        load = _Load(town, Loaded(replies, minutes), random.Random(seed))
        town.model.script = load.answer
        town.slack.deliveries.redelivery = REDELIVERY
        bot = await town.start(**SETTINGS | {"FIRST_TOKEN_TIMEOUT": "10", "IDLE_TIMEOUT": "5"})
        try:
            await load.all(bot)
        finally:
            load.done.breaches += await _ended(bot, keep=bool(load.done.breaches))
        return load.done


async def _ended(bot: Bot, *, keep: bool) -> list[str]:
    """What is wrong with how it ended; its log is kept where anything was wrong."""
    code = await bot.stop()
    found = [f"it ended with {code}"] if code else []
    if trouble := TROUBLE.search(bot.said):
        found.append(f"the log has “{trouble[0]}”")
    if found or keep:
        (kept := Path("build") / "faults").mkdir(parents=True, exist_ok=True)
        (kept / "load.log").write_text(bot.said)
        found += [f"see {kept / 'load.log'}"] if found else []
    return found


@dataclass
class _Load:
    town: conftest.Town
    done: Loaded
    chance: random.Random
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))
    texts: dict[int, str] = field(default_factory=dict)

    async def all(self, bot: Bot) -> None:
        """From the start until the bot is at rest again."""
        async with asyncio.timeout(60):
            while not READY.search(bot.said):
                await asyncio.sleep(0.1)
        places = [
            SlackPlace(self.town.slack, self.town.world.slack),
            DiscordPlace(self.town.discord, self.town.world.discord),
        ]
        screens = [Screen(place) for place in places]
        await asyncio.sleep(1)
        before = await self._holds(bot)
        self._end = time.monotonic() + 60 * self.done.minutes
        async with asyncio.TaskGroup() as tasks:
            for n in range(self.done.replies):
                tasks.create_task(self._people(places[n % 2], screens[n % 2]))
            tasks.create_task(self._sprinkle())
            tasks.create_task(self._break())
            tasks.create_task(self._watch(bot))
        for faults in self._servers():
            for (on, kind), times in faults.struck.items():
                self.done.faults[f"{on}: {kind}"] += times
            faults.clear()
        await self._rests(bot, before, screens)
        if len(self.done.memory) > FLAT_AFTER and self.done.growth > MOST_GROWTH:
            self.done.breaches.append(f"the memory grows: {self.done.memory}")

    def answer(self, body: dict) -> Answer:
        """What the model says."""
        said = [text_of(one.get("content")) for one in body["messages"] if one["role"] == "user"]
        number = int(QUESTION.findall(said[-1])[-1])
        return Answer(pieces_of(self.texts[number]), rate=25.0 + number % 50, first_token=0.3)

    async def _people(self, place: SlackPlace | DiscordPlace, screen: Screen) -> None:
        """One after the other, somebody asks something and reads the answer."""
        room = place.room()
        await asyncio.sleep(self.chance.uniform(0, 5))
        while time.monotonic() < self._end:
            number = next(self.numbers)
            kind, words = self.chance.choice(("prose", "code")), self.chance.randint(30, 400)
            self.texts[number] = answer(number, kind, words)
            await self._connected(place)
            asked = place.server.say(
                self.chance.choice((place.ada, place.ben, place.cho)),
                room,
                f"@Parley {question(number, kind)}",
            )
            self.done.questions += 1
            end = await self._end_of(place, screen, asked.id, room, number)
            self.done.ends[end] += 1
            if end not in ("complete", "closed"):
                self.done.breaches.append(f"{place.name}, question {number}: {end}")

    async def _connected(self, place: SlackPlace | DiscordPlace) -> None:
        if isinstance(place, SlackPlace):
            await place.server.wait_connected(60)
        else:
            await place.server.wait_ready(60)

    async def _end_of(
        self, place: SlackPlace | DiscordPlace, screen: Screen, asked: str, room: str, number: int
    ) -> str:
        """How the answer to a question ends, once it has."""
        changed = asyncio.Event()
        where = {asked, room}

        def saw(change) -> None:
            message = change.message
            if message and (message.thread == asked or message.channel in where):
                changed.set()

        unwatch = place.space.watch(saw)
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE):
                    while not _is_over(screen.of(asked, room, number)):
                        changed.clear()
                        await changed.wait()
            seen = screen.of(asked, room, number)
            if not _is_over(seen):
                shown = [(one.text[-60:], one.notice) for one in seen]
                return f"not ended after {PATIENCE:.0f} s: {asked} in {room} shows {shown}"
            texts = [one for one in seen if number in numbers_in(one.text)]
            if not texts:
                return "closed" if seen[-1].notice else "nothing shown"
            return fate(texts, self.texts.pop(number))
        finally:
            unwatch()

    async def _sprinkle(self) -> None:
        """A fault every moment, at whatever comes next."""
        slack, discord, model = self._servers()
        while time.monotonic() < self._end:
            await asyncio.sleep(FAULTS_EVERY)
            chance = self.chance
            server, events = chance.choice(
                ((slack, list(SLACK)), (discord, list(DISCORD)), (model, MODEL))
            )
            kind = chance.choice((*UNKNOWN, "slow", "rate_limit"))
            if server is model:
                kind = chance.choice(("status", "reset", "slow", "rate_limit"))
            server.waiting[:] = server.waiting[-20:]
            server.add(
                Fault(
                    chance.choice(events),
                    kind,
                    status=503,
                    seconds=1.0,
                    skip=chance.randrange(20 if server is not model else 200),
                )
            )

    async def _break(self) -> None:
        """Break the connections by which events come, now and then."""
        while time.monotonic() < self._end:
            await asyncio.sleep(BROKEN_EVERY)
            what = self.chance.choice(("refresh", "drop"))
            await (self.town.slack.refresh() if what == "refresh" else self.town.slack.drop())
            self.done.faults[f"Slack: {what}"] += 1
            how = self.chance.choice(("reconnect", "drop"))
            ask = self.town.discord.ask_to_reconnect
            await (ask() if how == "reconnect" else self.town.discord.drop(resumable=True))
            self.done.faults[f"Discord: {how}"] += 1

    def _servers(self):
        return self.town.slack.faults, self.town.discord.faults, self.town.model.faults

    async def _watch(self, bot: Bot) -> None:
        """The memory, told each minute."""
        samples, minute, begin = [], 1, time.monotonic()
        while time.monotonic() < self._end:
            await asyncio.sleep(SAMPLES_EVERY)
            samples.append(memory(bot))
            if time.monotonic() - begin >= 60 * minute:
                self.done.memory.append(round(statistics.median(samples), 1))
                struck = sum(one.struck.total() for one in self._servers())
                print(
                    f"minute {minute}: {self.done.memory[-1]} MiB, {self.done.questions} questions,"
                    f" {dict(self.done.ends)}, {struck} faults",
                    flush=True,
                )
                samples, minute = [], minute + 1
        if samples and not self.done.memory:
            self.done.memory.append(round(statistics.median(samples), 1))

    async def _holds(self, bot: Bot) -> dict:
        """What the process holds, by its own account."""
        file = self.town.folder / "holds.json"
        file.unlink(missing_ok=True)
        bot.process.send_signal(signal.SIGUSR1)
        async with asyncio.timeout(30):
            while not file.exists():
                await asyncio.sleep(0.1)
        return json.loads(file.read_text())

    async def _rests(self, bot: Bot, before: dict, screens: list[Screen]) -> None:
        """Wait until it holds no more than at its start, and nothing is left."""
        end, left = time.monotonic() + REST, ["not looked"]
        while left and time.monotonic() < end:
            await asyncio.sleep(2)
            now = await self._holds(bot)
            left = self._left(before, now, screens)
            self.done.kept = Counter(now["objects"]) - Counter(before["objects"])
        self.done.breaches += left

    def _left(self, before: dict, now: dict, screens: list[Screen]) -> list[str]:
        tasks = Counter(now["tasks"]) - Counter(before["tasks"])
        found = [f"{n} tasks {name} are left" for name, n in tasks.items()]
        found += [f"{now['locks']} locks are held"] if now["locks"] else []
        for screen in screens:
            found += [f"left over: {sign}" for sign in screen.signs()]
            found += [
                f"message {seen.id} still says that the bot is at work"
                for seen in screen.messages()
                if seen.busy
            ]
        records = Records.read(self.town.folder / "data" / "parley.db")
        found += [f"not settled: {one.key}" for one in records.claims if one.state != "settled"]
        found += [f"the reply {name} is not closed" for name in records.open_replies]
        return found + (["something is still reserved"] if records.reserved else [])


def _is_over(seen: list[Seen]) -> bool:
    """Whether the last message of an answer says that nothing more will come."""
    return bool(seen) and not seen[-1].busy and bool(seen[-1].replies or seen[-1].notice)


def memory(bot: Bot) -> float:
    """MiB that a process holds."""
    status = Path(f"/proc/{bot.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024
