"""Who asked what with a command, in one line above its answer.

Nobody else sees a command. So its answer says who asked what, and that line is read
back as the question: after a restart nothing else knows of it.
"""

import re

import discord

from bots.discord.shown import face_of
from core.messages import Author, Role, Text, Turn
from core.words import Notice, read_back

LENGTH = 300
"""Characters of a question that are shown with its answer."""

_ESCAPED = re.compile(r"\\([\\_~|*`\[>#-])")


def headline(turn: Turn) -> Notice:
    """Who asked what, in one line whose markup shows as it was typed."""
    asked = " ".join(turn.text.split())
    short = asked if len(asked) <= LENGTH else f"{asked[: LENGTH - 1]}…"
    name = turn.author.name if turn.author else Notice("somebody")
    escape = discord.utils.escape_markdown
    return Notice("asked", name=escape(name), question=escape(short))


def asked_in(notice: str) -> tuple[str, str] | None:
    """Who asked what, by the last line of a notice."""
    found = read_back("asked", _ESCAPED.sub(r"\1", notice.rpartition("\n")[2]))
    return (found["name"], found["question"]) if found else None


def asked_above(message: discord.Message, me: discord.abc.User) -> Turn | None:
    """The question above an answer of ours to a command; its id is the command's."""
    command = message.interaction_metadata
    if command is None or message.author.id != me.id:
        return None
    _, notice = face_of(message)
    if (told := asked_in(notice)) is None:
        return None
    name, question = told
    asker = Author(str(command.user.id), name, command.user.bot)
    return Turn(Role.USER, (Text(question),), asker, str(command.id))
