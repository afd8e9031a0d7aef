"""How far the reader is behind the model: one scenario, with the real clients.

    python -m tests.bench.replies slack --replies 20 --tokens 300 --rate 50 --spread 3

measures one that is not in the table (`scenarios`), which `python -m tests.bench` prints.
"""

import argparse
import asyncio
import gc
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from tests.bench import bounds
from tests.bench.figures import Figures, Seen, percentile, seen
from tests.bench.processes import Delay
from tests.bench.scenarios import Scenario
from tests.bench.texts import balanced
from tests.bench.town import Town, opened
from tests.bench.watch import Reply, Watch

FIRST_TOKEN = 0.3
WARM = 999_999
"""The number of a question that comes before all others, so that everything is loaded."""

REST = {"discord": 5.5, "slack": 3.0}
"""Seconds after it: Discord's windows have closed, Slack's buckets are full again."""

SETTLED = 1.0
"""Seconds after the last answer that still count as its work."""

STALL = 0.05
PAGE = 2000


@dataclass(frozen=True, slots=True)
class Used:
    """What the bot used while the replies grew: CPU seconds, seconds, MiB."""

    cpu: float
    begin: float
    end: float
    idle: float
    peak: float


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a scenario."""

    figures: Figures
    replies: list[Seen]
    model: dict[str, float]
    town: dict[str, float]
    routes: dict[str, int]


async def run(scenario: Scenario, seed: int) -> Run:
    """Measure a scenario once."""
    lengths = scenario.lengths(seed)
    with tempfile.TemporaryDirectory() as name:
        async with opened(scenario, scenario.answers(lengths), Path(name), FIRST_TOKEN) as town:
            watch = Watch(scenario.platform)
            town.place.space.watch(watch)
            await warm(town, watch)
            first = len(town.place.requests)
            replies, used = await measured(scenario, lengths, town, watch)
            made = town.place.requests[first:]
            broken = _broken_in_slack(town) if scenario.platform == "slack" else 0
            model = town.model.figures()
        delays = [delay for delay in town.bot.delays() if used.begin < delay.at < used.end]
    town_late = town.punctuality.figures()
    begun = {int(number): at + FIRST_TOKEN for number, at in model["asked"].items() if number}
    each = [seen(reply, begun[reply.number], scenario.rate) for reply in replies]
    figures = _summary(scenario, replies, each, begun=begun, used=used, made=made, delays=delays)
    return Run(
        Figures(
            **figures,
            broken=broken + sum(one.broken for one in each),
            model_late=model["late"]["p95"],
            town_late=town_late["p95"],
        ),
        each,
        model["late"],
        town_late,
        _counts(made),
    )


async def warm(town: Town, watch: Watch) -> None:
    """Ask something first, so that nothing has to be loaded any more."""
    room = town.place.room()
    await _ask(town, watch, Reply(WARM, 5, "words", time.monotonic()), room)
    async with asyncio.timeout(60):
        await watch.quiet.wait()
    await asyncio.sleep(REST[town.place.name])


async def _ask(town: Town, watch: Watch, reply: Reply, room: str, *, shared: bool = False) -> None:
    talk = town.place.mention(town.place.ada, f"question {reply.number}!", room)
    own = talk.thread or talk.channel
    watch.follow(reply, texts=[own] if shared else [own, room], signs=[own, room])


async def measured(
    scenario: Scenario, lengths: list[int], town: Town, watch: Watch
) -> tuple[list[Reply], Used]:
    """Ask all questions and wait until they are answered, or for longer than anybody would."""
    one_room = town.place.room() if scenario.one_room else ""
    rooms = [one_room or town.place.room() for _ in lengths]
    await asyncio.sleep(0.5)
    gc.collect()
    gc.freeze()
    town.punctuality.delays.clear()
    town.bot.forget_peak()
    idle, cpu, begin = town.bot.memory, town.bot.cpu, time.monotonic()
    replies: list[Reply] = []
    for number, tokens in enumerate(lengths):
        due = begin + scenario.spread * number / len(lengths)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        replies.append(Reply(number, tokens, scenario.text, time.monotonic()))
        await _ask(town, watch, replies[-1], rooms[number], shared=scenario.one_room)
    with suppress(TimeoutError):
        async with asyncio.timeout(scenario.patience):
            await watch.quiet.wait()
    await asyncio.sleep(SETTLED)
    end = time.monotonic()
    return replies, Used(town.bot.cpu - cpu, begin, end, idle, town.bot.peak)


def _broken_in_slack(town: Town) -> int:
    """States of messages with an open block: all that were sent whole, the last of streams."""
    texts = [
        block["text"]
        for request in town.place.server.requests
        if request.method in ("chat.postMessage", "chat.update") and not request.code
        for block in request.arguments.get("blocks") or ()
        if isinstance(block, dict) and block.get("type") == "markdown"
    ]
    texts += [
        message.text
        for channel in town.place.space.channels
        for message in town.place.space.messages(channel)
        if "streaming_state" in message.payload
    ]
    return sum(not balanced(text) for text in texts)


def _summary(
    scenario: Scenario,
    replies: list[Reply],
    each: list[Seen],
    *,
    begun: Mapping[int, float],
    used: Used,
    made: list[tuple[str, int]],
    delays: list[Delay],
) -> dict[str, float]:
    tokens, count = sum(one.tokens for one in each), len(each)
    lag = sum(one.lag for one in each) / count
    bound = _bound(scenario, replies, begun, made)
    stalls = [delay.seconds for delay in delays if delay.seconds > STALL]
    late, first = (sorted(getattr(one, name) for one in each) for name in ("late", "first_text"))
    return {
        "sign": max(one.sign for one in each),
        "first_text": percentile(first, 0.5),
        "first_worst": first[-1],
        "lag": lag,
        "lag_worst": max(one.lag for one in each),
        "lag_p95": sum(one.lag_p95 for one in each) / count,
        "lag_max": max(one.lag_max for one in each),
        "bound": bound,
        "ratio": lag / bound,
        "late": percentile(late, 0.5),
        "late_p95": percentile(late, 0.95),
        "late_worst": late[-1],
        "missing": sum(not one.complete for one in each),
        "requests": len(made) / count,
        "refused": sum(status == 429 for _, status in made),
        "cpu": used.cpu * 1000 / tokens,
        "cpu_excess": (used.cpu - 0.04 * tokens / 1000) / count * 1000,
        "core": used.cpu / (used.end - used.begin - SETTLED),
        "idle": used.idle,
        "peak": used.peak,
        "memory_each": (used.peak - used.idle) * 1024 / _in_flight(replies),
        "stalls": len(stalls),
        "longest_stall": max((delay.seconds for delay in delays), default=0.0),
    }


def _bound(
    scenario: Scenario,
    replies: list[Reply],
    begun: Mapping[int, float],
    made: list[tuple[str, int]],
) -> float:
    growing = [
        bounds.Growing(
            begun[reply.number],
            begun[reply.number] + reply.tokens / scenario.rate,
            max(1.0, reply.letters * 5 / 4 / PAGE),
        )
        for reply in replies
    ]
    if scenario.platform == "discord":
        others = sum(route not in ("POST message", "PATCH message") for route, _ in made)
        # Whoever shows the first text at once takes a request more than there are full messages.
        others += sum(one.pages > 1 for one in growing)
        return bounds.discord(growing, others=others, latency=scenario.travel)
    mode = scenario.settings.get("SLACK_STREAMING", "edit")
    return bounds.slack(growing, mode=mode, latency=scenario.travel)


def _in_flight(replies: list[Reply]) -> int:
    """How many were unanswered at once, at most."""
    changes = [(reply.asked, 1) for reply in replies]
    changes += [(reply.complete, -1) for reply in replies if reply.complete]
    now = most = 0
    for _, change in sorted(changes):
        now += change
        most = max(most, now)
    return most


def _counts(made: list[tuple[str, int]]) -> dict[str, int]:
    """How often each route or method was used."""
    routes = [route for route, _ in made]
    return {route: routes.count(route) for route in sorted(set(routes))}


def main() -> None:
    """Measure one scenario that is described by its parameters."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("platform", choices=["slack", "discord"])
    parser.add_argument("--replies", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=600)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--spread", type=float, default=0.0, help="seconds between first and last")
    parser.add_argument("--one-room", action="store_true", help="all in one channel")
    parser.add_argument("--text", choices=["words", "code"], default="words")
    parser.add_argument("--seed", type=int, default=1)
    options = vars(parser.parse_args())
    seed = options.pop("seed")
    result = uvloop.run(run(Scenario("this", **options), seed))
    for name, value in asdict(result.figures).items():
        print(f"{name:14} {value:9.3f}")
    print(result.model, result.town, result.routes, sep="\n")


if __name__ == "__main__":
    main()
