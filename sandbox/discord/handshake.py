"""Letting clients in: new sessions by IDENTIFY, old ones by RESUME."""

from dataclasses import dataclass
from typing import Any

from sandbox.discord.events import Event
from sandbox.discord.intents import Intent, application_flags, disallowed
from sandbox.discord.objects import guild, members
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.discord.sessions import Session, Sessions, Starts

KNOWN_INTENTS = sum(Intent)


class Closed(Exception):
    """The connection is closed by the server, with one of Discord's close codes."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Identity:
    """What an IDENTIFY that is in order asks for."""

    intents: Intent
    shard: int
    shards: int


class Handshake:
    """Checks who comes, and starts or finds the session."""

    def __init__(self, realm: Realm, sessions: Sessions, starts: Starts, *, token: str) -> None:
        self.url = ""
        self._realm = realm
        self._sessions = sessions
        self._starts = starts
        self._token = token

    def revoke(self) -> None:
        """Let nobody in with the token any more."""
        self._token = ""

    def identify(self, data: Any) -> Session | None:
        """A new session, with READY and the guild on its way; None: try again in a while."""
        identity = self._identity(data)
        now = self._realm.seconds()
        if self._starts.too_fast(now):
            return None
        if self._starts.spent(now):
            raise Closed(4004)  # An overrun resets the token.
        session = self._sessions.start(identity.intents, identity.shard)
        session.add(Event("READY", self._ready(session, identity)))
        if identity.shard == 0 and self._realm.joined:
            everybody = Intent.GUILD_MEMBERS in identity.intents
            created = guild.created(self._realm, everybody=everybody)
            session.add(Event("GUILD_CREATE", created, Intent.GUILDS))
        return session

    def resume(self, data: Any) -> tuple[Session, int] | None:
        """A session that was left, and the last event that its client has; None: it is gone."""
        if not isinstance(data, dict):
            raise Closed(4002)
        self._check_token(data)
        session = self._sessions.get(str(data.get("session_id")), self._realm.seconds())
        sequence = data.get("seq")
        if session is None or not isinstance(sequence, int):
            return None
        if sequence > session.sequence:
            raise Closed(4007)
        if not session.has_all_after(sequence):
            return None
        session.add(Event("RESUMED", {"_trace": []}))
        return session, sequence

    def tell_members(self, session: Session, data: Any) -> None:
        """Answer a request for members; all of them only with the members intent."""
        if not isinstance(data, dict) or str(data.get("guild_id")) != GUILD:
            return
        query = str(data.get("query") or "")
        wanted = {str(one) for one in data.get("user_ids") or ()}
        everybody = Intent.GUILD_MEMBERS in session.intents or wanted or query
        people = [
            members.member(person)
            for person in self._realm.space.people.values()
            if (everybody or person.id == self._realm.bot.id)
            and person.handle.startswith(query)
            and (not wanted or person.id in wanted)
        ]
        chunk = {"guild_id": GUILD, "members": people, "nonce": data.get("nonce")}
        session.add(Event("GUILD_MEMBERS_CHUNK", chunk | {"chunk_index": 0, "chunk_count": 1}))

    def _identity(self, data: Any) -> Identity:
        if not isinstance(data, dict) or "properties" not in data:
            raise Closed(4002)
        self._check_token(data)
        shard, shards = _shard(data.get("shard"))
        value = data.get("intents")
        if not isinstance(value, int) or value & ~KNOWN_INTENTS:
            raise Closed(4013)
        if disallowed(Intent(value), self._realm.privileged):
            raise Closed(4014)
        return Identity(Intent(value), shard, shards)

    def _check_token(self, data: Json) -> None:
        if not self._token or str(data.get("token", "")).removeprefix("Bot ") != self._token:
            raise Closed(4004)

    def _guilds(self, identity: Identity) -> list[Json]:
        is_here = identity.shard == 0 and self._realm.joined
        return [{"id": GUILD, "unavailable": True}] if is_here else []

    def _ready(self, session: Session, identity: Identity) -> Json:
        bot = self._realm.bot
        flags = application_flags(self._realm.privileged)
        return {
            "v": 10,
            "user": members.oneself(bot),
            "guilds": self._guilds(identity),
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "session_type": "normal",
            "shard": [identity.shard, identity.shards],
            "application": {"id": bot.id, "flags": flags},
            "private_channels": [],
            "presences": [],
        }


def _shard(given: Any) -> tuple[int, int]:
    """The shard and the number of shards; a client that names none is the only one."""
    match given:
        case None:
            return 0, 1
        case [int(shard), int(shards)] if 0 <= shard < shards:
            return shard, shards
        case _:
            raise Closed(4010)
