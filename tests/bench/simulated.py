"""The governor on paper: hundreds of replies in virtual time, in a second or two.

    python -m tests.bench.simulated

Real `Reply`s and a real `Governor`; platforms that only count requests. For trying a
policy before the real clients do (`tests.bench.replies`).
"""

import asyncio
import random
import statistics
from dataclasses import dataclass

from core.budget import Budget, Way
from core.pace import Governor
from core.reply import Reply
from tests.core.paper import Paper
from tests.virtual import clock, virtually

WORD = "word "


@dataclass(frozen=True)
class Scenario:
    name: str
    replies: int
    tokens: int
    rate: float
    spread: float = 0.0
    latency: float = 0.06
    pause: float = 0.5
    one_room: bool = False
    slack: bool = True
    native: bool = False


STREAM = Way(
    begin=(Budget("start", 20 / 60, 60, 10),),
    grow=(Budget("append", 100 / 60, 60, 20),),
    last=(Budget("seal", 20 / 60, 60, 10),),
    pause=0.2,
    seals=True,
)


class Streaming(Paper):
    """A platform with native streams besides edits, as Slack is."""

    def __init__(self, **given):
        super().__init__(**given)
        self.open = set()

    @property
    def ways(self):
        return (STREAM, self.plain)

    def way(self, message):
        return STREAM if message in self.open else self.plain

    async def post(self, page, nonce, way=None):
        outcome = await super().post(page, nonce, way)
        if way is STREAM:
            self.open.add(outcome.message)
        return outcome

    async def edit(self, message, page):
        outcome = await super().edit(message, page)
        if not page.grows:
            self.open.discard(message)
        return outcome


def budgets(scenario, n):
    room = 0 if scenario.one_room else n
    if scenario.slack:
        return (
            (Budget(f"post/{room}", 1.0, 60, 4), Budget("post", 5.0, 60, 100)),
            (Budget("update", 50 / 60, 60, 10),),
        )
    every = Budget("all", 0, 1, 50, reserve=5, fixed=True)
    return (
        (Budget(f"post/{room}", 1, 5, 5, fixed=True), every),
        (Budget(f"edit/{room}", 1, 5, 5, reserve=1, fixed=True), every),
    )


async def answer(scenario, n, governor, chance):
    post, edit = budgets(scenario, n)
    paper = (Streaming if scenario.native else Paper)(
        size=9000 if scenario.slack else 2000,
        latency=scenario.latency,
        pause=scenario.pause,
        post_budgets=post,
        edit_budgets=edit,
    )

    def posted(number, message):
        pass

    await asyncio.sleep(scenario.spread * n / scenario.replies)
    tokens = round(scenario.tokens * chance.uniform(0.8, 1.2))
    reply = Reply(paper, governor, nonce=str(n), clock=clock, posted=posted)
    begun = clock() + 0.3
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(reply.show())
        await asyncio.sleep(0.3)
        for _ in range(tokens):
            await asyncio.sleep(1 / scenario.rate)
            reply.write(WORD)
        reply.finish()
        end = clock()
    return figures(paper, begun, tokens, scenario.rate, end)


def figures(paper, begun, tokens, rate, end):
    shown, sizes = 0, {}
    lags = []
    for time, message, page in paper.frames:
        sizes[message] = len(page.text) + 1
        visible = min(sum(sizes.values()) // len(WORD), tokens)
        lags += [max(0.0, time - (begun + (n + 1) / rate)) for n in range(shown, visible)]
        shown = max(shown, visible)
    first = paper.frames[0][0] - begun
    return first, statistics.fmean(lags), paper.frames[-1][0] - end, len(paper.frames)


async def run(scenario):
    governor, chance = Governor(clock), random.Random(1)
    async with asyncio.TaskGroup() as tasks:
        done = [
            tasks.create_task(answer(scenario, n, governor, chance))
            for n in range(scenario.replies)
        ]
    seen = [task.result() for task in done]
    firsts, lags, lates, frames = zip(*seen, strict=True)
    late = sorted(lates)[max(0, round(len(lates) * 0.95) - 1)]
    print(
        f"{scenario.name:26} first {statistics.median(firsts):5.2f} worst {max(firsts):5.2f}"
        f"   lag {statistics.fmean(lags):5.2f} worst {max(lags):5.2f}"
        f"   late p95 {late:5.2f} worst {max(lates):5.2f}   frames {sum(frames)}"
    )


SCENARIOS = (
    Scenario("slack 1 x 600 @60", 1, 600, 60),
    Scenario("slack 1 x 2500 @100", 1, 2500, 100),
    Scenario("slack 8 x 300 @50 room", 8, 300, 50, one_room=True),
    Scenario("slack 20 x 300 @50", 20, 300, 50, spread=3),
    Scenario("slack 100 x 200 @20", 100, 200, 20, spread=3),
    Scenario("slack 16 x 2000 @50", 16, 2000, 50),
    Scenario("slack 1 x 600 @60 native", 1, 600, 60, native=True),
    Scenario("slack 8 x 300 @50 auto", 8, 300, 50, one_room=True, native=True),
    Scenario("slack 20 x 300 @50 auto", 20, 300, 50, spread=3, native=True),
    Scenario("slack 100 x 200 @20 auto", 100, 200, 20, spread=3, native=True),
    Scenario("discord 1 x 600 @60", 1, 600, 60, latency=0.04, slack=False),
    Scenario("discord 20 x 300 @50", 20, 300, 50, spread=3, latency=0.04, slack=False),
    Scenario("discord 100 x 240 @30", 100, 240, 30, latency=0.04, slack=False),
)

if __name__ == "__main__":
    for one in SCENARIOS:
        virtually(run(one))
