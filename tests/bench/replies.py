"""How far the reader is behind the model: one process of the bot, the real clients.

    python -m tests.bench.replies slack --replies 20 --tokens 300 --rate 50 --spread 3

Prints a table and writes build/bench-replies.json. The servers have the platforms'
latency and budgets. Seconds throughout.
"""

import argparse
import asyncio
import bisect
import json
import random
import statistics
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from sandbox.model import Answer
from sandbox.world import Change
from tests.e2e.conftest import opened
from tests.e2e.places import (
    DISCORD_BOT,
    SLACK_BOT,
    DiscordPlace,
    SlackPlace,
    read_discord,
    read_slack,
)

FIRST_TOKEN = 0.3
LATENCY = {"slack": 0.06, "discord": 0.04}
OTHERS = {"slack": ("DISCORD_TOKEN",), "discord": ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")}
WORDS = ("time ", "slow ", "fast ", "page ", "read ")
OUTPUT = Path("build/bench-replies.json")


@dataclass
class Reply:
    """One question and what became of it; `shown` are (time, characters that can be read)."""

    tokens: int
    asked: float
    sign: float | None = None
    begun: float | None = None
    shown: list[tuple[float, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """What one reply was like for its reader."""

    sign: float
    first_text: float
    lag_mean: float
    lag_p95: float
    late: float
    complete: bool


def figures(reply: Reply, rate: float) -> Figures:
    """Per character: when it could be read, less when the model had written it."""
    times = [time for time, _ in reply.shown]
    sizes = [size for _, size in reply.shown]
    size = reply.tokens * len(WORDS[0]) - 1
    lags = []
    for character in range(size):
        at = bisect.bisect_right(sizes, character)
        written = reply.begun + FIRST_TOKEN + (character // len(WORDS[0]) + 1) / rate
        if at < len(times):
            lags.append(max(0.0, times[at] - written))
    end = reply.begun + FIRST_TOKEN + reply.tokens / rate
    return Figures(
        sign=(reply.sign or times[0]) - reply.asked,
        first_text=times[0] - reply.asked,
        lag_mean=statistics.fmean(lags),
        lag_p95=statistics.quantiles(lags, n=20)[-1],
        late=times[-1] - end,
        complete=len(lags) == size,
    )


class Watch:
    """Notes what readers see of each reply, and when."""

    def __init__(self, read, bot, clock) -> None:
        self.replies: dict[str, Reply] = {}
        self._sizes: dict[str, dict[str, int]] = {}
        self._read = read
        self._bot = bot
        self._clock = clock
        self.changed = asyncio.Event()

    def __call__(self, change: Change) -> None:
        message = change.message
        if message is None:
            return self._signed(change)
        thread = message.thread or message.channel
        reply = self.replies.get(thread)
        if reply is None or message.author != self._bot:
            return None
        sizes = self._sizes.setdefault(thread, {})
        sizes[message.id] = len(self._read(message).text)
        reply.shown.append((self._clock(), sum(sizes.values()) + len(sizes) - 1))
        self.changed.set()
        return None

    def _signed(self, change: Change) -> None:
        for thread in (change.note.get("thread"), change.channel):
            reply = self.replies.get(thread)
            if reply and reply.sign is None and change.what in ("status", "typing"):
                reply.sign = self._clock()

    def done(self) -> bool:
        return all(
            reply.shown and reply.shown[-1][1] >= reply.tokens * len(WORDS[0]) - 1
            for reply in self.replies.values()
        )


async def measure(options: argparse.Namespace) -> dict[str, object]:
    """Run one scenario."""
    with tempfile.TemporaryDirectory() as folder:
        async with opened(Path(folder), latency=LATENCY) as town:
            off = OTHERS[options.platform]
            async with town.bot(**dict.fromkeys(off)) as bot:
                return await _measure(options, town, bot)


async def _measure(options, town, bot) -> dict[str, object]:
    slack = options.platform == "slack"
    place = (
        SlackPlace(town.slack, town.world.slack)
        if slack
        else DiscordPlace(town.discord, town.world.discord)
    )
    clock = asyncio.get_running_loop().time
    read, speaker = (read_slack, SLACK_BOT) if slack else (read_discord, DISCORD_BOT)
    watch = Watch(read, speaker, clock)
    chance = random.Random(options.seed)
    lengths = [round(options.tokens * chance.uniform(0.8, 1.2)) for _ in range(options.replies)]

    def script(body):
        asked = str(body["messages"][-1]["content"])
        number = int(asked.rpartition("question ")[2].split("!")[0])
        replies[number].begun = clock()
        pieces = tuple(WORDS[n % len(WORDS)] for n in range(lengths[number]))
        return Answer(pieces, rate=options.rate, first_token=FIRST_TOKEN)

    town.model.script = script
    place.space.watch(watch)
    before = _cpu(bot)
    requests = len(place.server.requests)
    room = place.room() if options.one_room else ""
    replies: list[Reply] = []
    for number, tokens in enumerate(lengths):
        replies.append(Reply(tokens, clock()))
        # The thread is known only when the message exists, the sign may come in that call.
        asked = place.mention(place.ada, f"question {number}!", room)
        watch.replies[asked.thread or asked.channel] = replies[number]
        await asyncio.sleep(options.spread / options.replies)
    with suppress(TimeoutError):
        async with asyncio.timeout(options.patience):
            while not watch.done():
                watch.changed.clear()
                await watch.changed.wait()
    made = list(place.requests)[requests:]
    return _summary(options, replies, made, _cpu(bot) - before)


def _cpu(bot) -> float:
    """CPU seconds that the bot's process has used."""
    fields = Path(f"/proc/{bot.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _summary(options, replies, made, cpu) -> dict[str, object]:
    seen = [figures(reply, options.rate) for reply in replies if reply.shown]
    tokens = sum(reply.tokens for reply in replies)

    def middle(name):
        return round(statistics.median(getattr(one, name) for one in seen), 3)

    def worst(name):
        return round(max(getattr(one, name) for one in seen), 3)

    return {
        "scenario": vars(options),
        "complete": sum(one.complete for one in seen),
        "sign": worst("sign"),
        "first_text": middle("first_text"),
        "first_text_worst": worst("first_text"),
        "lag_mean": round(statistics.fmean(one.lag_mean for one in seen), 3),
        "lag_worst": worst("lag_mean"),
        "late": middle("late"),
        "late_worst": worst("late"),
        "requests": len(made),
        "refused": sum(status == 429 for _, status in made),
        "cpu_per_1000_tokens": round(cpu * 1000 / tokens, 4),
        "replies": [asdict(one) for one in seen],
    }


def main() -> None:
    """Measure one scenario, or a handful of them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("platform", choices=["slack", "discord"])
    parser.add_argument("--replies", type=int, default=1)
    parser.add_argument("--tokens", type=int, default=600)
    parser.add_argument("--rate", type=float, default=60.0)
    parser.add_argument("--spread", type=float, default=0.0, help="seconds between first and last")
    parser.add_argument("--one-room", action="store_true", help="all in one channel")
    parser.add_argument("--patience", type=float, default=120.0)
    parser.add_argument("--seed", type=int, default=1)
    run(parser.parse_args())


def run(options: argparse.Namespace) -> None:
    """Measure one scenario, print it as a row, and add it to the file."""
    result = asyncio.run(measure(options))
    OUTPUT.parent.mkdir(exist_ok=True)
    with OUTPUT.open("a") as file:
        file.write(json.dumps(result) + "\n")
    shown = {key: value for key, value in result.items() if key not in ("replies", "scenario")}
    name = f"{options.platform}, {options.replies} x {options.tokens} at {options.rate:g}/s"
    print(f"{name:36}", "  ".join(f"{key} {value}" for key, value in shown.items()))


if __name__ == "__main__":
    main()
