"""What people type, as the client sends it."""

import re

from sandbox.discord.realm import Realm
from sandbox.world import Kind

_NAMED = (Kind.PUBLIC, Kind.PRIVATE, Kind.FORUM)


def composed(realm: Realm, text: str) -> str:
    """A text with its mentions: @Parley becomes <@1009>, #general <#2001>."""
    for name, who in _people(realm):
        text = re.sub(
            rf"(?<![\w<])@{re.escape(name)}(?!\w)", f"<@{who}>", text, flags=re.IGNORECASE
        )
    for place in realm.space.channels.values():
        if place.kind in _NAMED:
            text = re.sub(rf"(?<![\w<])#{re.escape(place.name)}(?![\w-])", f"<#{place.id}>", text)
    return text


def _people(realm: Realm) -> list[tuple[str, str]]:
    """All names and handles; the longest first, so that no name hides a longer one."""
    people = realm.space.people.values()
    names = {(name, person.id) for person in people for name in (person.name, person.handle)}
    return sorted(names, key=lambda named: (-len(named[0]), named))
