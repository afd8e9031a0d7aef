"""What is behind the two platforms: faults to press, budgets, the lag behind the model."""

from collections.abc import Callable, Hashable
from functools import partial
from typing import Any

from sandbox.discord import DiscordServer
from sandbox.model import ModelServer
from sandbox.page.gauges import Gauges
from sandbox.page.lag import Lag
from sandbox.page.troubles import Troubles
from sandbox.slack import SlackServer
from sandbox.world import World

Json = dict[str, Any]
Tell = Callable[[Hashable, Json], object]


class Backstage:
    """Watches the servers for the page; `model` is None where a real one answers."""

    def __init__(
        self, world: World, slack: SlackServer, discord: DiscordServer, model: ModelServer | None
    ) -> None:
        self._world = world
        self._slack = slack
        self._discord = discord
        self._model = model
        self._tell: Tell = lambda _about, _news: None
        self._undo: list[Callable[[], None]] = []
        self.troubles = Troubles(slack, discord, model, partial(self._say, "faults"))
        self._lag = Lag((world.slack, world.discord), self._say_lag)
        self._gauges = {
            "slack": Gauges(world.slack, self._say_gauge),
            "discord": Gauges(world.discord, self._say_gauge),
        }

    def start(self, tell: Tell) -> None:
        """Watch, and `tell` what has changed, with what it is about."""
        self._tell = tell
        slack, discord = self._gauges["slack"], self._gauges["discord"]
        self._undo = [
            *self.troubles.watch(),
            self._slack.answered.add(lambda one: slack.answered(one.method, one.status)),
            self._discord.answered.add(lambda one: discord.answered(one.route, one.status)),
        ]
        if self._slack.budgets is not None:
            self._undo.append(self._slack.budgets.counted.add(slack.counted))
        if self._discord.buckets is not None:
            self._undo.append(self._discord.buckets.counted.add(discord.counted))
        if self._model is not None:
            self._undo.append(self._model.sent.add(self._lag.sent))
            self._undo += [
                space.watch(self._lag.changed) for space in (self._world.slack, self._world.discord)
            ]

    def stop(self) -> None:
        """Watch no more; all faults are off."""
        for undo in self._undo:
            undo()
        self._undo.clear()
        self.troubles.close()
        self._lag.close()

    def all(self) -> Json:
        """How everything stands."""
        return {
            "choices": self.troubles.choices(),
            "faults": self.troubles.all(),
            "gauges": [one for gauges in self._gauges.values() for one in gauges.all()],
            "lag": self._lag.all(),
            "measured": self._model is not None,
        }

    def _say(self, about: Hashable, news: Json) -> None:
        self._tell(about, news)

    def _say_lag(self, news: Json) -> None:
        self._say(("lag", news["answer"]["id"]), news)

    def _say_gauge(self, news: Json) -> None:
        self._say(("gauge", news["space"], news["id"]), news)
