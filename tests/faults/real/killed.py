"""kill -9 at random instants of a streaming reply, and what stands there after the restart."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sandbox.faults import Moment
from tests.faults.real.law import Asked, breaches, fate
from tests.faults.real.screen import Seen
from tests.faults.real.texts import answer, numbers_in, question
from tests.faults.real.town import Script, Town, opened

PATIENCE = 60.0
"""Seconds after the restart within which the reply must have ended."""

MOST_KILLS = 8
"""In one town: Slack takes ten connections of an app at once, then one a minute."""

TOWNS = 4
"""At the same time."""

LONGEST_DELAY = 0.3
"""Seconds, at most, between a chunk of the model's and the kill."""

SETTINGS = {
    "slack": [{"SLACK_STREAMING": way} for way in ("auto", "edit", "native", "auto")],
    "discord": [{"DISCORD_REPLY": where} for where in ("thread", "channel", "thread", "thread")],
}
"""What the towns differ in."""


@dataclass
class Killed:
    """What became of the replies. `ends` counts how they ended."""

    platform: str
    kills: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    breaches: list[str] = field(default_factory=list)
    seconds: float = 0.0


async def killed(platform: str, many: int, seed: int, folder: Path) -> Killed:
    """Kill the bot so many times, some of it at once."""
    begin, settings = time.monotonic(), SETTINGS[platform]
    done, room = Killed(platform), asyncio.Semaphore(TOWNS)
    async with asyncio.TaskGroup() as tasks:
        for n, first in enumerate(range(0, many, MOST_KILLS)):
            home = folder / f"{platform}-{n}"
            home.mkdir()
            chance = random.Random(f"{platform}/{seed}/{n}")
            kills = min(MOST_KILLS, many - first)
            trials = _in_a_town(done, settings[n % len(settings)], kills, chance, home)
            tasks.create_task(_within(room, trials))
    done.seconds = time.monotonic() - begin
    return done


async def _within(room: asyncio.Semaphore, work: Coroutine[None, None, None]) -> None:
    async with room:
        await work


async def _in_a_town(
    done: Killed, settings: dict[str, str], many: int, chance: random.Random, folder: Path
) -> None:
    async with opened(done.platform, folder, settings) as town:
        await town.start()
        trial = _Trial(town, chance)
        for number in range(1, many + 1):
            await trial.once(number)
            done.kills += 1
            print(".", end="", flush=True)
        await town.close()
        done.breaches += [f"{folder.name}: {one}" for one in trial.broken()]
        done.ends += trial.ends()


@dataclass
class _Trial:
    town: Town
    chance: random.Random
    asked: list[Asked] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)

    async def once(self, number: int) -> None:
        """Ask, kill at some instant, start again, and wait for the end."""
        words, chance = self.chance.randint(60, 320), self.chance
        kind = chance.choice(("prose", "code"))
        self.town.scripts[number] = Script(answer(number, kind, words), 150.0)
        instant = asyncio.Event()
        chunk = chance.randint(1, words)
        self.town.servers.model.faults.at(
            Moment("chunk", instant.set, only_if=lambda about: about["number"] == chunk)
        )
        self._ask(number, kind, chance.random() < 0.2)
        async with asyncio.timeout(PATIENCE):
            await instant.wait()
        await asyncio.sleep(chance.choice((0.0, chance.uniform(0, LONGEST_DELAY))))
        seen = {one.id for one in self._of(number)}
        await self.town.again(signal.SIGKILL)
        await self._ended()
        if lost := seen - {one.id for one in self._of(number)}:
            self.gone.append(f"question {number}: the messages {lost} are gone after the restart")

    def _ask(self, number: int, kind: str, direct: bool) -> None:
        place = self.town.place
        person, words = place.ada, question(number, kind)
        alone = f"D0{person[2:]}" if place.name == "slack" else f"3{person[1:]}"
        if direct:
            message = place.server.say(person, alone, words)
        else:
            message = place.server.say(person, place.room(), f"@Parley {words}")
        answers = {number: self.town.scripts[number].text}
        self.asked.append(
            Asked(number, message.channel, message.id, person, answers, alone, message.id)
        )

    async def _ended(self) -> None:
        end = time.monotonic() + PATIENCE
        while self.broken() and time.monotonic() < end:
            self.town.changed.clear()
            waiting = asyncio.create_task(self.town.changed.wait())
            await asyncio.wait({waiting}, timeout=0.2)
            waiting.cancel()

    def broken(self) -> list[str]:
        """The breaches of the law, as it stands."""
        screen = self.town.screen
        found = breaches(self.asked, screen.messages(), screen.signs(), self.town.records())
        return found + self.gone

    def ends(self) -> Counter[str]:
        """How the replies have ended."""
        return Counter(fate(self._of(one.number), one.answers[one.number]) for one in self.asked)

    def _of(self, number: int) -> Sequence[Seen]:
        return [one for one in self.town.screen.messages() if number in numbers_in(one.text)]
