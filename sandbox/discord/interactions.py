"""The life of interactions (interactions/receiving-and-responding).

The bot has 3 seconds for its first answer, then the token is dead; a token that was
answered with lives for 15 minutes.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence

from sandbox.discord.answers import Answers
from sandbox.discord.events import Event
from sandbox.discord.files import Upload
from sandbox.discord.interaction import ALLOWED, Answer, Interaction, InteractionKind
from sandbox.discord.objects import interactions
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, CommandFailed, InvalidForm, Refused
from sandbox.world import Channel, Message, Person

LIFETIME = 900.0
"""Seconds for which a token works."""


class Interactions:
    """The interactions of the last 15 minutes, by their tokens."""

    def __init__(
        self,
        realm: Realm,
        answers: Answers,
        dispatch: Callable[[Event], None],
        *,
        patience: float,
    ) -> None:
        self._realm = realm
        self._answers = answers
        self._dispatch = dispatch
        self._patience = patience
        self._held: OrderedDict[str, Interaction] = OrderedDict()

    async def start(
        self,
        kind: InteractionKind,
        person: Person,
        channel: Channel,
        data: Json,
        source: Message | None = None,
    ) -> Interaction:
        """Tell the bot, and wait for its first answer; `CommandFailed` when none comes in time."""
        now = self._realm.seconds()
        self._sweep(now)
        settled = asyncio.get_running_loop().create_future()
        number = self._realm.space.new_id()
        started = Interaction(number, kind, person, channel, data, now, settled, source)
        self._held[started.token] = started
        self._dispatch(Event("INTERACTION_CREATE", interactions.interaction(self._realm, started)))
        try:
            async with asyncio.timeout(self._patience):
                await settled
        except TimeoutError:
            raise CommandFailed from None
        finally:
            started.dead = started.answer is None
        return started

    def abandon(self) -> None:
        """Let all who wait for an answer know that none will come."""
        for interaction in self._held.values():
            interaction.abandon(CommandFailed())

    def get(self, id: str) -> Interaction | None:
        """An interaction by its id."""
        return next((one for one in self._held.values() if one.id == id), None)

    def respond(self, id: str, token: str, body: Json, uploads: Sequence[Upload]) -> Interaction:
        """Take the first answer; 10062 when it comes too late, 40060 when it is not the first."""
        interaction = self._held.get(token)
        if interaction is None or interaction.id != id or interaction.dead:
            raise Refused(Code.UNKNOWN_INTERACTION)
        if interaction.answer is not None:
            raise Refused(Code.ALREADY_ACKNOWLEDGED)
        kind = body.get("type")
        if kind not in ALLOWED[interaction.kind]:
            raise InvalidForm("type", "BASE_TYPE_CHOICES", "Value is not allowed here.")
        answer = Answer(kind)
        self._answers.carry_out(answer, interaction, body.get("data") or {}, uploads)
        interaction.settle(answer)
        return interaction

    def answered(self, token: str) -> Interaction:
        """The interaction of a token that still works; 50027 or 10015 otherwise."""
        interaction = self._held.get(token)
        if interaction is None or self._realm.seconds() - interaction.started > LIFETIME:
            raise Refused(Code.INVALID_WEBHOOK_TOKEN)
        if interaction.answer is None:
            raise Refused(Code.UNKNOWN_WEBHOOK)
        return interaction

    def _sweep(self, now: float) -> None:
        """Forget what no token can reach any more."""
        while self._held:
            token, oldest = next(iter(self._held.items()))
            if now - oldest.started <= LIFETIME:
                return
            del self._held[token]
