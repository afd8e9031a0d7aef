"""Threads that the bot opens on the messages that mention it."""

import re
from enum import Enum

import discord

from bots.discord import budgets
from bots.discord.calls import Calls
from core.pace import Urgency
from core.pages import utf16
from core.surface import Delivered, RefusedForGood
from core.words import Notice

NAME_LENGTH = 100
"""UTF-16 units in a thread's name, at most; the shortest is one."""

PATIENCE = 5.0
"""Seconds for which an answer waits until a thread may be opened, before it goes without."""

TRIES = 3

ALREADY_THERE = "160004"

_MARKUP = re.compile(r"[*_~`|>#\\\[\]]+")
_SPACE = re.compile(r"[\s\x00-\x1f\x7f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Opened(Enum):
    """What came of opening a thread."""

    NEW = "it is new and empty"
    FOUND = "somebody had opened it"
    REFUSED = "there is none"


def thread_name(question: str) -> str:
    """A thread's name from the first words of a question; never empty."""
    words = _SPACE.sub(" ", _MARKUP.sub(" ", question)).strip()
    if not words:
        return Notice("a_question")
    if utf16(words) <= NAME_LENGTH:
        return words
    name = ""
    for word in words.split(" "):
        if utf16(f"{name} {word}…") > NAME_LENGTH:
            break
        name = f"{name} {word}".strip()
    return f"{name or _cut(words)}…"


def may_open(channel: object, me: discord.Member | None) -> bool:
    """Whether the bot may, as far as is known beforehand, open a thread here and write in it."""
    if not isinstance(channel, discord.TextChannel):
        return False
    if me is None:
        return True
    allowed = channel.permissions_for(me)
    return allowed.create_public_threads and allowed.send_messages_in_threads


async def open_thread(message: discord.Message, name: str, calls: Calls) -> Opened:
    """Open a thread on a message; its id is the message's."""
    counted = budgets.threads(message.channel.id)
    for _ in range(TRIES):
        if not await calls.turn(counted, Urgency.FIRST, PATIENCE):
            return Opened.REFUSED
        answer = await calls.ask(counted, lambda: message.create_thread(name=name))
        match answer.outcome:
            case Delivered():
                return Opened.NEW
            case RefusedForGood(code=code) if code == ALREADY_THERE:
                return Opened.FOUND
            case RefusedForGood():
                return Opened.REFUSED
    return Opened.REFUSED


def _cut(word: str) -> str:
    """A single word that is longer than a name."""
    while utf16(f"{word}…") > NAME_LENGTH:
        word = word[:-1]
    return word
