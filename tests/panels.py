"""Settings for tests of the adapters: nothing is set anywhere, and changes stay in memory."""

import time

from core.offer import Offer
from core.overrides import Overrides
from core.panel import Panel
from core.presets import Place, Preset
from core.store import Change
from core.wire import Parameters


class Drawer:
    """In place of the database."""

    def __init__(self):
        self.held = {}

    async def newest(self):
        return 0

    async def all(self):
        return self.held

    async def at(self, scope):
        return dict(self.held.get(scope, {}))

    async def change(self, scope, values, who):
        here = self.held.setdefault(scope, {})
        changes = [
            Change(scope, name, here.get(name), value, who, 0.0)
            for name, value in values.items()
            if here.get(name) != value
        ]
        for change in changes:
            here[change.name] = change.after
            if change.after is None:
                del here[change.name]
        return tuple(changes)


class Shelf:
    """In place of the model: it offers these."""

    def __init__(self, *names):
        self.listed = names

    async def names(self):
        return self.listed


def make_panel(place="thread", *, models=("gpt-4o", "gpt-4o-mini"), personas=None):
    personas = personas or {}
    overrides = Overrides(
        Drawer(),
        Preset(Parameters("gpt-4o-mini", answer_tokens=1000), "Be kind."),
        places={"discord": Place(place)},
        personas={name: persona.values for name, persona in personas.items()},
    )
    return Panel(overrides, Offer(Shelf(*models), time.monotonic), personas, 8000)
