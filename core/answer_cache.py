"""Answers to one-off questions, given again for a while to who asks the same."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog

from core.erasing import place_of
from core.errors import StoreFailed
from core.messages import Question
from core.presets import Preset
from core.store.texts import Texts
from core.words import Notice

log = structlog.get_logger()

KIND = "answer"
"""What these are called among texts at rest."""


@dataclass(frozen=True, slots=True)
class Cached:
    """An answer, what was asked for it, and when, in seconds since 1970. `key` finds it again."""

    key: str
    text: str
    question: str
    persona: str
    at: float


class AnswerCache:
    """Keeps answers for so many seconds; with 0 none. `clock` gives seconds since 1970."""

    def __init__(
        self, texts: Texts, lifetime: float, *, clock: Callable[[], float], zone: ZoneInfo
    ) -> None:
        self._texts = texts
        self._lifetime = lifetime
        self._clock = clock
        self._zone = zone

    def covers(self, question: Question) -> bool:
        """Whether an answer to this may be given again: nothing but its words goes into it."""
        return self._lifetime > 0 and question.stands_alone and not question.attachments

    async def find(self, question: Question, preset: Preset) -> Cached | None:
        """The newest answer to the same question, asked in the same channel of the same model."""
        if question.afresh:
            return None
        return await self.named(question, key_of(question, preset))

    async def named(self, question: Question, key: str) -> Cached | None:
        """The newest answer of this key in the channel of a question."""
        return await self.at(place_of(question.conversation), key)

    async def at(self, place: str, key: str) -> Cached | None:
        """The newest answer of this key in a place; the database that fails has none."""
        try:
            kept = await self._texts.made_from(KIND, place, (key,))
        except StoreFailed as error:
            log.error("cached answers not looked up", error=str(error))
            return None
        found = [Cached(key, **json.loads(one.body)) for one in kept]
        young = [one for one in found if self._clock() - one.at < self._lifetime]
        return max(young, key=lambda one: one.at, default=None)

    async def keep(self, question: Question, preset: Preset, text: str) -> None:
        """Keep a complete answer."""
        key = key_of(question, preset)
        cached = Cached(key, text, question.text, question.persona, self._clock())
        body = asdict(cached)
        del body["key"]
        try:
            await self._texts.keep(
                KIND, place_of(question.conversation), json.dumps(body), [(key, "")]
            )
        except StoreFailed as error:
            log.error("answer not cached", error=str(error))

    def says_when(self, cached: Cached) -> Notice:
        """From when an answer is."""
        when = datetime.fromtimestamp(cached.at, self._zone)
        return Notice("from_the_cache", time=f"{when:%H:%M}", zone=str(self._zone))


def key_of(question: Question, preset: Preset) -> str:
    """The name of all that an answer depends on."""
    asked = " ".join(question.text.split())
    parameters = {**asdict(preset.parameters), "stop": list(preset.parameters.stop)}
    on = [asked, question.persona, preset.system_prompt, parameters]
    return hashlib.blake2s(json.dumps(on, sort_keys=True, default=str).encode()).hexdigest()
