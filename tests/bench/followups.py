"""From a follow-up question in a thread of 60 messages to the model's request, in own time.

The platform and the thread's history cost nothing here: no latency, and the thread has been
read before. What is left is what the bot does between the event and the request, the
claim and the record of the call included.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import uvloop

from sandbox.world import Channel, Kind, Message
from tests.bench.alone import alone
from tests.bench.figures import percentile
from tests.bench.replies import WARM
from tests.bench.scenarios import IN_THREAD, Scenario
from tests.bench.town import Town, opened
from tests.bench.watch import Reply, Watch
from tests.e2e.places import DiscordPlace, SlackPlace

ASKED = 0.015
MESSAGES = 60
WORDS = "a message of the length that people write to each other, with a question or an answer. "
ROUND = 1.3
"""Seconds between two questions in one thread: of its answers, five may be posted in five."""


@dataclass(frozen=True, slots=True)
class Result:
    """Seconds from the event to the request: the median, the 95th percentile, the worst."""

    platform: str
    threads: int
    questions: int
    median: float
    p95: float
    worst: float
    town_late: float


def measure() -> list[dict]:
    """Print a line for each platform, with one thread and with several."""
    print(f"\nEvent to model request, threads of {MESSAGES} messages (asked: p95 <= 15 ms)")
    print(f"{'':10}{'threads':>9}{'questions':>11}{'median ms':>11}{'p95':>7}{'worst':>7}")
    results = []
    for platform in ("discord", "slack"):
        for threads, questions in ((1, 20), (8, 64)):
            with alone():
                result = uvloop.run(ask(platform, threads, questions))
            results.append(asdict(result))
            print(
                f"{platform:10}{threads:9}{questions:11}{result.median * 1000:11.1f}"
                f"{result.p95 * 1000:7.1f}{result.worst * 1000:7.1f}"
                f" {'✓' if result.p95 <= ASKED else '✗'}",
                flush=True,
            )
    return results


async def ask(platform: Literal["discord", "slack"], threads: int, questions: int) -> Result:
    """Ask so many questions, by turns in so many threads."""
    scenario = Scenario(
        f"followups-{platform}",
        platform,
        questions,
        5,
        1000,
        latency=0.0,
        settings=IN_THREAD if platform == "discord" else {},
    )
    with tempfile.TemporaryDirectory() as name:
        async with opened(scenario, {}, Path(name), 0.01) as town:
            watch = Watch(platform)
            town.place.space.watch(watch)
            talks = [await _thread(town, watch, WARM + n) for n in range(threads)]
            town.punctuality.delays.clear()
            told = [await _ask(town.place, watch, talks[n % threads], n) for n in range(questions)]
            asked = town.model.figures()["asked"]
    times = sorted(asked[str(number)] - at for number, at in enumerate(told))
    return Result(
        platform,
        threads,
        questions,
        statistics.median(times),
        percentile(times, 0.95),
        times[-1],
        town.punctuality.figures()["p95"],
    )


@dataclass
class Talk:
    """A thread, and when its next question may come."""

    say: Callable[[str, str], Message]
    id: str
    next: float = 0.0


async def _thread(town: Town, watch: Watch, number: int) -> Talk:
    """A thread in which people have said so much before they ask the bot, which reads it."""
    place = town.place
    room = place.room()
    first = place.server.say(place.ada, room, "A word first. " + WORDS)
    talk = _on_slack(place, first) if isinstance(place, SlackPlace) else _on_discord(place, first)
    for n in range(MESSAGES - 1):
        talk.say((place.ben, place.ada)[n % 2], f"Message {n}: {WORDS}")
        await asyncio.sleep(0.005)
    await _ask(place, watch, talk, number, "@Parley ")
    return talk


def _on_slack(place: SlackPlace, first: Message) -> Talk:
    return Talk(
        lambda person, words: place.server.say(person, first.channel, words, first.id), first.id
    )


def _on_discord(place: DiscordPlace, first: Message) -> Talk:
    extra = {"owner": place.ada, "created": first.created.isoformat()}
    thread = Channel(
        first.id, "thread", Kind.THREAD, {place.ada, place.ben}, parent=first.channel, extra=extra
    )
    place.space.add_channel(thread)
    return Talk(lambda person, words: place.server.say(person, thread.id, words), thread.id)


async def _ask(
    place: SlackPlace | DiscordPlace, watch: Watch, talk: Talk, number: int, before: str = ""
) -> float:
    """Ask, and wait for the answer; when it was asked."""
    await asyncio.sleep(max(0.0, talk.next - time.monotonic()))
    talk.next = time.monotonic() + ROUND
    at = time.monotonic()
    talk.say(place.ada, f"{before}question {number}!")
    watch.follow(Reply(number, 5, "words", at), texts=[talk.id], signs=[])
    async with asyncio.timeout(30):
        await watch.quiet.wait()
    return at
