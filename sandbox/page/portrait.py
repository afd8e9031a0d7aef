"""The world as the page gets to know it: JSON, nothing left out that can be seen."""

from typing import Any

from sandbox.world import Channel, Message, Person, Space

Json = dict[str, Any]


def space(place: Space) -> Json:
    """One platform's part of the world as it stands."""
    channels = list(place.channels.values())
    return {
        "people": [person(one) for one in place.people.values()],
        "channels": [channel(one) for one in channels],
        "messages": [message(said) for one in channels for said in place.messages(one.id)],
    }


def person(one: Person) -> Json:
    """Somebody who can talk, or is talked to."""
    return {
        "id": one.id,
        "name": one.name,
        "handle": one.handle,
        "bot": one.is_bot,
        "manages": one.manages,
        "colour": one.colour,
    }


def channel(one: Channel) -> Json:
    """A place to talk."""
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind,
        "parent": one.parent,
        "archived": one.archived,
        "members": sorted(one.members),
    }


def message(said: Message) -> Json:
    """A message as it stands."""
    return {
        "id": said.id,
        "channel": said.channel,
        "author": said.author,
        "text": said.text,
        "at": round(said.created.timestamp() * 1000),
        "thread": said.thread,
        "payload": said.payload,
        "onlyFor": said.only_for,
        "edited": said.edited is not None,
        "reactions": [list(reaction) for reaction in said.reactions],
    }
