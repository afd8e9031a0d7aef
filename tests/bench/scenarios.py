"""What is measured, and what is asked: every row of the table is data here."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

EDITS = {"SLACK_STREAMING": "edit"}
NATIVE = {"SLACK_STREAMING": "native"}
AUTO = {"SLACK_STREAMING": "auto"}
IN_CHANNEL = {"DISCORD_REPLY": "channel"}
IN_THREAD = {"DISCORD_REPLY": "thread"}

ALWAYS = {"missing": 0.0, "refused": 0.0, "idle": 215.0}
"""Asked of every scenario: nobody is left without a whole answer, no 429, MiB when idle."""

MANY = {"cpu_excess": 25.0}
"""Asked of 20 replies and more: milliseconds of CPU for a reply besides its tokens."""

HUNDREDS = MANY | {"memory_each": 100.0}
"""Asked of 100 replies and more: KiB for each of them."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """So many replies of about so many tokens, asked within `spread` seconds.

    `rate` is in tokens a second. `one_room`: all are asked in one channel. `settings` go
    into the bot's environment. `asked` are upper limits, by the names of `Figures`.
    """

    name: str
    platform: Literal["discord", "slack"]
    replies: int
    tokens: int
    rate: float
    spread: float = 0.0
    one_room: bool = False
    text: Literal["words", "code"] = "words"
    settings: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, float] = field(default_factory=dict)
    runs: int = 99
    latency: float = -1.0
    varied: bool = True

    @property
    def travel(self) -> float:
        """Seconds of a request there and back."""
        if self.latency >= 0:
            return self.latency
        return {"discord": 0.04, "slack": 0.06}[self.platform]

    @property
    def look(self) -> float:
        """Seconds between two looks at the bot's loop: where nobody asks for its stalls, seldom,
        since the looks are a part of the CPU that is measured."""
        return 0.01 if "longest_stall" in self.asked else 0.05

    @property
    def patience(self) -> float:
        """Seconds after the last question for all answers to be complete."""
        return self.tokens * 1.2 / self.rate + 60

    def lengths(self, seed: int) -> list[int]:
        """Tokens of each reply: within 20 % of those named."""
        chance = random.Random(f"{self.name} {seed}")
        by = 0.2 if self.varied else 0.0
        return [round(self.tokens * chance.uniform(1 - by, 1 + by)) for _ in range(self.replies)]

    def answers(self, lengths: list[int]) -> dict[int, dict]:
        """What the model is to answer to each question."""
        return {
            number: {"tokens": tokens, "rate": self.rate, "text": self.text}
            for number, tokens in enumerate(lengths)
        }

    @property
    def limits(self) -> dict[str, float]:
        """Everything that is asked of it."""
        count = self.replies
        more = HUNDREDS if count >= 100 else MANY if count >= 20 else {}
        return ALWAYS | more | dict(self.asked)

    def __str__(self) -> str:
        what = f"{self.replies} x {self.tokens} tokens of {self.text} at {self.rate:g}/s"
        place = " in one channel" if self.one_room else ""
        within = f" within {self.spread:g} s" if self.spread else ""
        settings = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.platform}, {what}{place}{within}{f', {settings}' if settings else ''}"


LONE = {"lag": 0.61, "late_p95": 0.1, "late_worst": 0.35}

SCENARIOS = (
    Scenario("discord-1", "discord", 1, 600, 60, settings=IN_CHANNEL, asked=LONE),
    Scenario(
        "discord-code",
        "discord",
        1,
        2500,
        100,
        text="code",
        settings=IN_CHANNEL,
        asked={"lag": 0.61, "broken": 0},
        runs=1,
    ),
    Scenario(
        "discord-20",
        "discord",
        20,
        300,
        50,
        spread=3,
        settings=IN_CHANNEL,
        asked={"lag": 0.61, "lag_worst": 0.8, "late_p95": 0.1},
    ),
    Scenario(
        "discord-8-threads",
        "discord",
        8,
        300,
        50,
        one_room=True,
        settings=IN_THREAD,
        asked={"lag": 0.61, "late_p95": 0.1},
    ),
    Scenario(
        "discord-100",
        "discord",
        100,
        240,
        30,
        settings=IN_CHANNEL,
        asked={"lag": 1.15, "late_p95": 0.5},
    ),
    Scenario(
        "discord-100-threads",
        "discord",
        100,
        240,
        30,
        settings=IN_THREAD,
        asked={"lag": 1.6, "late_p95": 0.5},
    ),
    Scenario(
        "slack-1-edit", "slack", 1, 600, 60, settings=EDITS, asked={"lag": 0.36, "late_p95": 0.15}
    ),
    Scenario(
        "slack-1-native",
        "slack",
        1,
        600,
        60,
        settings=NATIVE,
        asked={"lag": 0.2, "late_p95": 0.15},
    ),
    Scenario(
        "slack-code-edit",
        "slack",
        1,
        2500,
        100,
        text="code",
        settings=EDITS,
        asked={"lag": 0.55, "broken": 0},
        runs=1,
    ),
    Scenario(
        "slack-code-auto",
        "slack",
        1,
        2500,
        100,
        text="code",
        settings=AUTO,
        asked={"lag": 0.55, "broken": 0},
        runs=1,
    ),
    Scenario(
        "slack-8-edit", "slack", 8, 300, 50, one_room=True, settings=EDITS, asked={"lag": 1.8}
    ),
    Scenario("slack-8-auto", "slack", 8, 300, 50, one_room=True, settings=AUTO, asked={"lag": 1.0}),
    Scenario(
        "slack-20-edit",
        "slack",
        20,
        300,
        50,
        spread=3,
        settings=EDITS,
        asked={"sign": 0.3, "lag": 2.6, "late_worst": 1.0},
    ),
    Scenario(
        "slack-20-auto",
        "slack",
        20,
        300,
        50,
        spread=3,
        settings=AUTO,
        asked={"sign": 0.3, "lag": 2.3, "late_worst": 1.0},
    ),
    Scenario(
        "slack-100-edit",
        "slack",
        100,
        200,
        20,
        settings=EDITS,
        asked={"sign": 1.0, "late_p95": 1.0},
    ),
    Scenario(
        "slack-100-auto",
        "slack",
        100,
        200,
        20,
        settings=AUTO,
        asked={"sign": 1.0, "late_p95": 1.0},
    ),
    Scenario(
        "discord-500",
        "discord",
        500,
        3000,
        50,
        spread=30,
        settings=IN_CHANNEL,
        asked={"core": 0.8, "ratio": 1.2, "longest_stall": 0.1},
        runs=1,
    ),
)
