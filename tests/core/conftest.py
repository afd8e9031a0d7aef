"""The model's API on loopback, and chats on one database."""

import asyncio
import time
from zoneinfo import ZoneInfo

import pytest

from core.answer_cache import AnswerCache
from core.charging import Charging
from core.chat import Chat
from core.composer import Composer
from core.model import Model, Timeouts
from core.outsiders import Mode
from core.overrides import Overrides
from core.pace import Governor
from core.presets import Preset
from core.standby import Standby
from core.store import Store
from core.store.texts import DAY
from core.tokens import Tokenizers
from core.wire import Parameters
from sandbox.model import ModelServer
from tests.core.house import spends
from tests.records import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
async def store(tmp_path, clock):
    """A database whose time stands still."""
    store = await Store.open(f"sqlite+aiosqlite:///{tmp_path}/parley.db", clock)
    yield store
    await store.close()


@pytest.fixture
async def server():
    server = ModelServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def house(server, tmp_path):
    """Builds chats on one database, each as another process would have it.

    `house.leave(chat)` ends one of these processes.
    """
    house = House(server, tmp_path)
    yield house
    for chat in tuple(house.built):
        await house.leave(chat)


class House:
    def __init__(self, server, folder):
        self.built = {}
        self._server = server
        self._folder = folder

    async def __call__(
        self,
        *,
        timeouts=None,
        reply_timeout=30,
        context_tokens=8000,
        wall_clock=time.time,
        code_files=True,
        delete_with_question=False,
        text_lifetime=DAY,
        budgets=(),
        prices=None,
        fallbacks=(),
        answer_cache=0,
        access=None,
        outsiders=Mode.QUOTED,
        clock=time.monotonic,
        limits=None,
        figures=None,
    ):
        url = f"sqlite+aiosqlite:///{self._folder}/parley.db"
        store = await Store.open(url, wall_clock, text_lifetime)
        model = Model(
            api_key=self._server.key,
            base_url=self._server.base_url,
            timeouts=timeouts or Timeouts(),
        )
        spending = spends(store, budgets, prices)
        standing_by = [self._standing_by(model, one) for one in fallbacks]
        charging = Charging(spending, clock=time.monotonic, wall_clock=time.time)
        composer = Composer(
            standby=Standby(model, standing_by, clock=time.monotonic),
            tokenizers=Tokenizers(),
            charging=charging,
            context_tokens=context_tokens,
            reply_timeout=reply_timeout,
            clock=time.monotonic,
            chance=lambda: 1.0,
        )
        deployment = Preset(Parameters("gpt-4o-mini", answer_tokens=1000), "Be kind.")
        chat = Chat(
            store=store,
            composer=composer,
            spending=spending,
            cache=AnswerCache(store.texts, answer_cache, clock=time.time, zone=ZoneInfo("UTC")),
            governor=Governor(time.monotonic),
            overrides=Overrides(store.channel_settings, deployment),
            clock=clock,
            access=access,
            outsiders=outsiders,
            code_files=code_files,
            delete_with_question=delete_with_question,
            limits=limits,
            figures=figures,
        )
        running = asyncio.create_task(chat.run())
        await asyncio.sleep(0)
        others = [other for other, _ in standing_by if other is not model]
        self.built[chat] = (running, [model, *others], store)
        return chat

    def _standing_by(self, main, one):
        """A model by its name, or one of another server."""
        if isinstance(one, str):
            return main, one
        server, name = one
        return Model(api_key=server.key, base_url=server.base_url), name

    async def crash(self, chat):
        """End a process without a word."""
        await self.leave(chat)

    async def leave(self, chat):
        running, models, store = self.built.pop(chat)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        for model in models:
            await model.close()
        await store.close()


@pytest.fixture
async def chat(house):
    return await house()
