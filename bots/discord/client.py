"""The gateway client: what of Discord reaches the bot, and the count of its shards."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import discord
import structlog
from discord.state import AutoShardedConnectionState

from bots.discord.ears import Ears
from bots.discord.listener import Listener
from bots.discord.oddities import ODD, not_understood
from bots.discord.presses import PressListener
from bots.discord.ratelimits import Ratelimits
from bots.discord.settings import Settings
from bots.discord.shapes import INTERACTION, MESSAGE, check, check_use
from bots.discord.shown import NO_MENTIONS
from bots.discord.turns import DIRECT, SPOKEN
from core.hearing import Hearing

log = structlog.get_logger()


SILENCE = 86_400.0
"""Seconds for which a gateway may say nothing, as far as discord.py cares."""

GREETINGS = frozenset({"READY", "RESUMED"})
"""Events without which there is no session."""

USES = frozenset(
    {
        discord.InteractionType.application_command.value,
        discord.InteractionType.autocomplete.value,
    }
)
"""Interactions that bring a command."""


def intents() -> discord.Intents:
    """What the bot asks Discord to send; message content is to be switched on in the portal."""
    return discord.Intents(guilds=True, guild_messages=True, dm_messages=True, message_content=True)


class _State(AutoShardedConnectionState["Client"]):
    """What discord.py makes of events, but for the edits of the bot's own messages.

    Most events are such, and to make objects of one costs ten times as much as to remember it.
    An event that cannot be read, such as one with a kind of component that Discord has added,
    is left out: discord.py would end the session, and with it all that comes next.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        for name, parse in self.parsers.items():
            if name not in GREETINGS:
                self.parsers[name] = partial(_left_out_if_odd, name, parse)

    def parse_interaction_create(self, data: Any) -> None:
        """Somebody used something. What nobody did, discord.py would pass on."""
        check(data, INTERACTION)
        if data["type"] in USES:
            check_use(data["data"])
        int((data["member"] if data.get("guild_id") else data)["user"]["id"])
        super().parse_interaction_create(data)

    def parse_message_create(self, data: Any) -> None:
        """A message came."""
        check(data, MESSAGE)
        super().parse_message_create(data)

    def parse_message_update(self, data: Any) -> None:
        """A message was edited."""
        has_view = self._view_store.is_message_tracked(int(data["id"]))
        if has_view or not self._get_client().went_on(data):
            if "content" in data:
                check(data, MESSAGE)
            super().parse_message_update(data)


def _left_out_if_odd(event: str, parse: Callable[[Any], None], data: Any) -> None:
    try:
        parse(data)
    except ODD as error:
        not_understood(event, error)


class Client(discord.AutoShardedClient):
    """Hands events to the listener and knows which shards are connected.

    It keeps no messages and no members: the talk is remembered elsewhere, and bounded.
    `turn` is granted to each new session; `hearing` is told when all shards are connected.
    """

    listener: Listener
    presses: PressListener
    settings: Settings

    def __init__(
        self, turn: Callable[[], Awaitable[None]], hearing: Hearing, **options: Any
    ) -> None:
        super().__init__(
            intents=intents(),
            max_messages=None,
            chunk_guilds_at_startup=False,
            member_cache_flags=discord.MemberCacheFlags.none(),
            allowed_mentions=NO_MENTIONS,
            # What must wait for the guilds waits in the events themselves.
            guild_ready_timeout=0.0,
            # A heart of our own beats for life; silence is no sign of death.
            heartbeat_timeout=SILENCE,
            **options,
        )
        self.http._buckets = Ratelimits()  # noqa: SLF001 - where discord.py looks for them
        self._turn = turn
        self._hearing = hearing
        self._ears: Ears | None = None
        self.greeted = asyncio.Event()
        self._up: set[int] = set()
        self._handling: set[asyncio.Task[Any]] = set()

    @property
    def connected(self) -> bool:
        """Whether every shard is connected."""
        return bool(self._up) and len(self._up) == self.shard_count

    async def connect(self, *, reconnect: bool = True) -> None:  # noqa: ARG002  # always
        """Listen until `close`. Raises what ends it for good."""
        self._connection.shard_count = self.shard_count
        self._connection.shard_ids = range(self.shard_count or 1)
        self._ears = Ears(self, self._turn)
        await self._ears.run()

    async def close(self) -> None:
        """Say goodbye and disconnect."""
        if self._ears:
            await self._ears.close()
        await super().close()

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Nothing: `turn` has been granted by then."""

    async def on_message(self, message: discord.Message) -> None:
        """A message came."""
        # The event loop itself keeps only weak references to tasks, and `idle` waits for these.
        if task := asyncio.current_task():
            self._handling.add(task)
            task.add_done_callback(self._handling.discard)
        await self.listener.heard(message)

    def went_on(self, data: Any) -> bool:
        """One of the bot's own messages may have been edited; False: it was something else."""
        author = data.get("author")
        if self.user is None or author is None or int(author["id"]) != self.user.id:
            return False
        if isinstance(data.get("content"), str) and data.get("type") in SPOKEN:
            guild = self._guild(int(data.get("guild_id") or 0))
            channel, message = int(data["channel_id"]), int(data["id"])
            self.listener.went_on(guild, channel, message, data["content"])
            return True
        return False

    def _get_state(self, **options: Any) -> _State:
        return _State(
            dispatch=self.dispatch,
            handlers=self._handlers,
            hooks=self._hooks,
            http=self.http,
            **options,
        )

    async def idle(self, patience: float) -> None:
        """Wait, at most so many seconds, until the messages that came are handed on."""
        if self._handling:
            await asyncio.wait(self._handling, timeout=patience)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        """A message was edited, or got a preview."""
        if "content" in event.data:
            await self.listener.edited(event.message)

    async def on_interaction(self, interaction: "discord.Interaction[Any]") -> None:
        """Somebody used a command, which discord.py handles, pressed a button or sent a form."""
        if interaction.type is discord.InteractionType.component:
            await self.presses(interaction)
        elif interaction.type is discord.InteractionType.modal_submit:
            await self.settings.sent(interaction)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """A message was deleted."""
        self.listener.deleted(self._guild(event.guild_id), event.channel_id, event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Many messages were deleted."""
        for message in event.message_ids:
            self.listener.deleted(self._guild(event.guild_id), event.channel_id, message)

    async def on_guild_channel_update(
        self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel
    ) -> None:
        """What the bot may see has perhaps changed, and with it which events it got."""
        if before.overwrites != after.overwrites:
            self.listener.missed(after.guild)

    async def on_guild_role_update(self, before: discord.Role, after: discord.Role) -> None:
        """What the bot may see has perhaps changed, and with it which events it got."""
        if before.permissions != after.permissions:
            self.listener.missed(after.guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        """The bot was let into a server."""
        await self.listener.joined(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """A server is there, in a new session or after it was gone."""
        self.listener.back(str(guild.id))

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """A server is gone for a while."""
        self.listener.away([str(guild.id)])

    async def on_shard_connect(self, shard: int) -> None:
        """A new session: whatever happened since the last one was missed."""
        self.listener.missed()
        self.listener.away(str(guild.id) for guild in self._guilds(shard))
        if shard == 0:
            self.listener.back(DIRECT)
        self._is_up(shard)
        self.greeted.set()

    async def on_shard_ready(self, shard: int) -> None:
        """Of guilds that came before this there is no event of their own."""
        for guild in self._guilds(shard):
            if not guild.unavailable:
                self.listener.back(str(guild.id))

    async def on_shard_resumed(self, shard: int) -> None:
        """The session goes on, and missed events were sent again."""
        self._is_up(shard)

    async def on_shard_disconnect(self, shard: int) -> None:
        """Discord is gone; `Ears` connects again."""
        self._up.discard(shard)
        self._hearing.ended()

    async def on_error(self, event_method: str, /, *_: Any, **__: Any) -> None:
        """An event could not be handled."""
        log.error("unexpected", platform="discord", handler=event_method, exc_info=sys.exception())

    def _is_up(self, shard: int) -> None:
        self._up.add(shard)
        if self.connected:
            self._hearing.began()

    def _guilds(self, shard: int) -> list[discord.Guild]:
        return [guild for guild in self.guilds if guild.shard_id == shard]

    def _guild(self, guild: int | None) -> discord.Guild | None:
        return self.get_guild(guild) if guild else None
