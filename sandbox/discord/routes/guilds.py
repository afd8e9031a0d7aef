"""The guild, its channels, people and threads (resources/guild)."""

from sandbox.discord.calls import Call, Route
from sandbox.discord.objects import channels, guild, members
from sandbox.discord.realm import GUILD, Json, Realm
from sandbox.discord.refusals import Code, Refused
from sandbox.world import Person

_GUILD = "/guilds/{guild}"


class GuildRoutes:
    """What the bot can learn of the guild."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def table(self) -> list[Route]:
        """Its rows."""
        return [
            Route("GET", _GUILD, "GET guild", self._get),
            Route("GET", f"{_GUILD}/channels", "GET channels", self._channels),
            Route("GET", f"{_GUILD}/roles", "GET roles", self._roles),
            Route("GET", f"{_GUILD}/threads/active", "GET threads", self._threads),
            Route("GET", f"{_GUILD}/members", "GET members", self._members),
            Route("GET", f"{_GUILD}/members/{{user}}", "GET member", self._member),
            Route("GET", "/users/@me/guilds", "GET guilds", self._joined),
            Route("GET", "/users/{user}", "GET user", self._user),
        ]

    def _get(self, call: Call) -> Json:
        self._check(call)
        data = guild.guild(self._realm)
        if call.query.get("with_counts") in ("1", "true"):
            count = len(self._realm.space.people)
            data |= {"approximate_member_count": count, "approximate_presence_count": count}
        return data

    def _joined(self, call: Call) -> list[Json]:
        """The guilds that the bot is in, in short (resources/user, Get Current User Guilds)."""
        call.number("limit", 200, 1, 200)
        after, joined = call.snowflake("after") or 0, self._realm.joined
        return [guild.partial(self._realm)] if joined and int(GUILD) > after else []

    def _channels(self, call: Call) -> list[Json]:
        self._check(call)
        places = channels.of_guild(self._realm)
        return [channels.channel(self._realm, place) for place in places]

    def _roles(self, call: Call) -> list[Json]:
        self._check(call)
        return members.roles(self._realm)

    def _threads(self, call: Call) -> Json:
        self._check(call)
        active = channels.active_threads(self._realm)
        bot = self._realm.bot.id
        return {
            "threads": [channels.thread(self._realm, place) for place in active],
            "members": [
                channels.thread_member(place, bot) for place in active if bot in place.members
            ],
        }

    def _members(self, call: Call) -> list[Json]:
        self._check(call)
        if "members" not in self._realm.privileged:
            raise Refused(Code.MISSING_ACCESS)
        limit, after = call.number("limit", 1, 1, 1000), call.snowflake("after") or 0
        people = sorted(self._realm.members.values(), key=lambda person: int(person.id))
        return [members.member(person) for person in people if int(person.id) > after][:limit]

    def _member(self, call: Call) -> Json:
        self._check(call)
        person = self._person(call, Code.UNKNOWN_MEMBER)
        if person.home:
            raise Refused(Code.UNKNOWN_MEMBER)
        return members.member(person)

    def _user(self, call: Call) -> Json:
        return members.user(self._person(call, Code.UNKNOWN_USER))

    def _person(self, call: Call, missing: Code) -> Person:
        person = self._realm.space.people.get(call.path["user"])
        if person is None:
            raise Refused(missing)
        return person

    def _check(self, call: Call) -> None:
        if call.path["guild"] != GUILD or not self._realm.joined:
            raise Refused(Code.UNKNOWN_GUILD)
