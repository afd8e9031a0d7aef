"""Reactions on messages (resources/message, "Create Reaction")."""

from sandbox.discord.calls import Call, Route
from sandbox.discord.objects import members
from sandbox.discord.permissions import Permission
from sandbox.discord.realm import Json, Realm
from sandbox.discord.refusals import Code, Refused
from sandbox.world import Message

_KIND = "/channels/{channel}/messages/{message}/reactions/{emoji}"


class ReactionRoutes:
    """What the bot does with reactions."""

    def __init__(self, realm: Realm) -> None:
        self._realm = realm

    def table(self) -> list[Route]:
        """Its rows."""
        return [
            Route("PUT", f"{_KIND}/@me", "PUT reaction", self._add),
            Route("DELETE", f"{_KIND}/@me", "DELETE reaction", self._take_back),
            Route("DELETE", f"{_KIND}/{{user}}", "DELETE reaction", self._remove),
            Route("GET", _KIND, "GET reactions", self._who),
        ]

    def _add(self, call: Call) -> None:
        message = self._message(call, Permission.ADD_REACTIONS, Permission.READ_MESSAGE_HISTORY)
        emoji = _emoji(call)
        self._realm.space.react(message.channel, message.id, self._realm.bot.id, emoji)

    def _take_back(self, call: Call) -> None:
        message = self._message(call)
        self._take(message, self._realm.bot.id, _emoji(call))

    def _remove(self, call: Call) -> None:
        message = self._message(call, Permission.MANAGE_MESSAGES)
        self._take(message, call.path["user"], _emoji(call))

    def _take(self, message: Message, person: str, emoji: str) -> None:
        if (emoji, person) in message.reactions:
            self._realm.space.react(message.channel, message.id, person, emoji, on=False)

    def _who(self, call: Call) -> list[Json]:
        message, emoji = self._message(call), _emoji(call)
        people = self._realm.space.people
        return [members.user(people[who]) for one, who in message.reactions if one == emoji]

    def _message(self, call: Call, *needed: Permission) -> Message:
        channel = self._realm.channel(call.path["channel"])
        self._realm.require(channel, *needed)
        message = self._realm.message(channel, call.path["message"])
        if channel.archived:
            raise Refused(Code.THREAD_ARCHIVED)
        return message


def _emoji(call: Call) -> str:
    """A character, or `name:id` of a custom one; a bare word is neither."""
    emoji = call.path["emoji"]
    if ":" not in emoji and emoji.isascii():
        raise Refused(Code.UNKNOWN_EMOJI)
    return emoji
