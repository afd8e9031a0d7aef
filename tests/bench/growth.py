"""How the bot's CPU grows: with what was said before, with the answer, with how many ask at once.

Each step is the CPU seconds from the question to the complete answer, and the ratio of what the
step cost more than the smallest one to what it would have cost if cost grew linearly from
there: 1 is linear, below it is better. Figures of a machine that does nothing else; the model
writes as fast as it has to.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from tests.bench.alone import alone
from tests.bench.replies import measured, warm
from tests.bench.scenarios import IN_CHANNEL, Scenario
from tests.bench.town import Town, opened
from tests.bench.watch import Reply, Watch
from tests.e2e.places import SlackPlace

HISTORIES = (10, 100, 1_000, 10_000)
LENGTHS = (100, 1_000, 10_000, 100_000)
CROWDS = (1, 10, 100, 1_000)
SAID = "What people say to each other before they ask, in a sentence or two, as they do. "
LONG = 4000.0
"""Tokens a second of an answer of which only the CPU matters."""


@dataclass(frozen=True, slots=True)
class Step:
    """What one size cost."""

    size: int
    cpu: float
    seconds: float
    peak: float
    complete: bool


def measure() -> dict[str, list[dict]]:
    """Print the three tables."""
    found = {}
    for title, sizes, cost in (
        ("messages before the question, in Slack", HISTORIES, _history),
        ("tokens of the answer, in Slack", LENGTHS, _length),
        ("replies of 50 tokens at once, in Discord", CROWDS, _crowd),
    ):
        print(f"\n{title:42}{'CPU s':>9}{'linear x':>10}{'seconds':>9}{'peak MiB':>10}")
        steps: list[Step] = []
        for size in sizes:
            with alone():
                steps.append(uvloop.run(cost(size)))
            print(_row(steps), flush=True)
        found[title] = [asdict(step) for step in steps]
    return found


def _row(steps: Sequence[Step]) -> str:
    step, first = steps[-1], steps[0]
    ratio = step.cpu / (first.cpu * step.size / first.size)
    whole = "" if step.complete else "  not complete"
    return f"{step.size:42,}{step.cpu:9.3f}{ratio:10.3f}{step.seconds:9.1f}{step.peak:10.0f}{whole}"


async def _crowd(size: int) -> Step:
    return await _step(
        Scenario("crowd", "discord", size, 50, 25, settings=IN_CHANNEL, varied=False), size
    )


async def _length(size: int) -> Step:
    return await _step(Scenario("length", "slack", 1, size, LONG, varied=False), size)


async def _step(scenario: Scenario, size: int) -> Step:
    """The replies of a scenario."""
    lengths = scenario.lengths(1)
    with tempfile.TemporaryDirectory() as name:
        async with opened(scenario, scenario.answers(lengths), Path(name), 0.3) as town:
            watch = Watch(scenario.platform)
            town.place.space.watch(watch)
            await warm(town, watch)
            replies, used = await measured(scenario, lengths, town, watch)
    complete = all(reply.complete for reply in replies)
    return Step(size, used.cpu, used.end - used.begin, used.peak, complete)


async def _history(size: int) -> Step:
    """A question below so many messages that the bot has not read yet."""
    scenario = Scenario("history", "slack", 1, 5, 100)
    with tempfile.TemporaryDirectory() as name:
        async with opened(scenario, {}, Path(name), 0.05) as town:
            watch = Watch("slack")
            town.place.space.watch(watch)
            await warm(town, watch)
            return await _asked_below(size, town, watch)


async def _asked_below(size: int, town: Town, watch: Watch) -> Step:
    place = town.place
    assert isinstance(place, SlackPlace)
    room = place.room()
    # Nobody is told of them: they were said before the bot was there.
    watchers, place.space._watchers = place.space._watchers, []
    first = place.space.post(room, place.ada, SAID)
    for n in range(size - 1):
        place.space.post(room, (place.ben, place.ada)[n % 2], SAID, thread=first.id)
    place.space._watchers = watchers
    begin, cpu = time.monotonic(), town.bot.cpu
    town.bot.forget_peak()
    place.server.say(place.ada, room, "@Parley question 1!", first.id)
    reply = Reply(1, 5, "words", begin)
    watch.follow(reply, texts=[first.id], signs=[])
    with suppress(TimeoutError):
        async with asyncio.timeout(120):
            await watch.quiet.wait()
    await asyncio.sleep(1)
    seconds = time.monotonic() - begin
    return Step(size, town.bot.cpu - cpu, seconds, town.bot.peak, reply.complete is not None)
