"""A Discord message as what the core knows: a turn, a question, a conversation.

Own content is the assistant's; embeds are notices and never part of a turn.
"""

from dataclasses import replace
from typing import Any

import discord

from bots.discord.readable import Names, channels, readable
from bots.discord.shown import answer_in
from core.messages import Attachment, Author, Conversation, Question, Role, Text, Turn
from core.words import Notice

PLATFORM = "discord"
DIRECT = "dm"
"""The workspace of direct messages."""


SPOKEN = frozenset(
    kind.value
    for kind in (
        discord.MessageType.default,
        discord.MessageType.reply,
        discord.MessageType.chat_input_command,
        discord.MessageType.context_menu_command,
    )
)
"""The types of messages that somebody wrote, as Discord's API numbers them."""


def is_spoken(message: discord.Message) -> bool:
    """Whether somebody wrote it; a thread's first, empty copy of its starter counts as system."""
    return message.type.value in SPOKEN


def is_by_program(message: discord.Message) -> bool:
    """Whether a bot or a webhook wrote it."""
    return message.author.bot or message.webhook_id is not None


def names_of(message: discord.Message) -> set[str]:
    """What a program that wrote it goes by in LIMITS_FILE: as user, as webhook, as application."""
    ids = (message.author.id, message.webhook_id, message.application_id)
    return {f"{PLATFORM}/{id_}" for id_ in ids if id_}


def turn_of(message: discord.Message, me: discord.abc.User) -> Turn | None:
    """What a message adds to its conversation; None for notices and system messages."""
    if not is_spoken(message):
        return None
    own = message.author.id == me.id
    text = (answer_in(message.content) if own else text_of(message, me)).strip()
    files = () if own else _files(message)
    if not (text or files):
        return None
    role = Role.ASSISTANT if own else Role.USER
    words = (Text(text),) if text else ()
    return Turn(role, words, author_of(message.author), str(message.id), files)


def own_turn(me: discord.abc.User, message: str, text: str) -> Turn:
    """What the bot itself has just said."""
    return Turn(Role.ASSISTANT, (Text(text.strip()),), author_of(me), message)


def own_turn_of(content: str, message: int, me: discord.abc.User) -> Turn | None:
    """What a message of the bot's own adds to its conversation; None for notices."""
    text = answer_in(content).strip()
    return own_turn(me, str(message), text) if text else None


def question_of(
    message: discord.Message, conversation: Conversation, me: discord.abc.User
) -> Question:
    """The question that a message asks."""
    return Question(
        conversation=conversation,
        message=str(message.id),
        asker=replace(author_of(message.author), is_bot=is_by_program(message)),
        text=_asked_in(message, me),
        asked_at=message.created_at,
        place=place_of(message.channel),
        direct=isinstance(message.channel, discord.DMChannel),
        attachments=attachments_of(message),
    )


def _asked_in(message: discord.Message, me: discord.abc.User) -> str:
    """What is asked; in the first message of a forum post, its title belongs to it."""
    text = text_of(message, me)
    match message.channel:
        case discord.Thread(id=message.id, name=title, parent=discord.ForumChannel()):
            return f"{title}\n\n{text}".strip()
        case _:
            return text


def author_of(user: discord.abc.User) -> Author:
    """Somebody, by the name that people see in this place."""
    return Author(str(user.id), user.display_name, user.bot)


def text_of(message: discord.Message, me: discord.abc.User) -> str:
    """What a message says, with what it forwards."""
    names = _names(message, me)
    forwarded = [f"Forwarded: {readable(s.content, names)}" for s in message.message_snapshots]
    return "\n".join(part for part in (readable(message.content, names), *forwarded) if part)


def place_of(channel: object) -> str:
    """What people call a channel."""
    match channel:
        case discord.DMChannel():
            return Notice("a_direct_message")
        case discord.Thread(parent=discord.ForumChannel(name=name)):
            return Notice("a_post_in", post=channel.name, channel=name)
        case discord.Thread(parent=discord.TextChannel(name=name)):
            # Its own name is the beginning of a question, and would be read as part of this one.
            return Notice("a_thread_in", channel=name)
        case discord.abc.GuildChannel(name=name):
            return f"#{name}"
        case _:
            return Notice("a_channel")


def talk_in(channel: object) -> Conversation | None:
    """The one conversation of a thread or direct message; a channel holds many."""
    match channel:
        case discord.DMChannel():
            return Conversation(PLATFORM, DIRECT, str(channel.id))
        case discord.Thread():
            return Conversation(
                PLATFORM, str(channel.guild.id), str(channel.parent_id), str(channel.id)
            )
        case _:
            return None


def talk_on(workspace: int, channel: int, message: int) -> Conversation:
    """The conversation that a message in a channel starts: its thread, or its replies."""
    return Conversation(PLATFORM, str(workspace), str(channel), str(message))


def talk_at(interaction: "discord.Interaction[Any]") -> Conversation:
    """The channel where somebody started an interaction; for a thread, the one that holds it."""
    guild, channel = interaction.guild_id, interaction.channel
    home = channel.parent_id if isinstance(channel, discord.Thread) else interaction.channel_id
    return Conversation(PLATFORM, str(guild) if guild else DIRECT, str(home))


def own_role(message: discord.Message) -> int:
    """The role that Discord made for the bot alone; people pick it by the bot's name, too."""
    role = message.guild.self_role if isinstance(message.guild, discord.Guild) else None
    return role.id if role else 0


def _names(message: discord.Message, me: discord.abc.User) -> Names:
    return Names(
        me=me.id,
        my_role=own_role(message),
        people={user.id: user.display_name for user in (me, *message.mentions)},
        roles={role.id: role.name for role in message.role_mentions},
        channels=_channels(message),
    )


def _channels(message: discord.Message) -> dict[int, str]:
    if message.guild is None:
        return {}
    found = map(message.guild.get_channel_or_thread, channels(message.content))
    return {channel.id: channel.name for channel in found if channel}


def _files(message: discord.Message) -> tuple[Attachment, ...]:
    """What hangs on a message, and on those that it forwards."""
    forwarded = (file for one in message.message_snapshots for file in one.attachments)
    return tuple(map(_attachment, (*message.attachments, *forwarded)))


def attachments_of(message: discord.Message) -> tuple[Attachment, ...]:
    """The files that hang on a message."""
    return tuple(_attachment(file) for file in message.attachments)


def _attachment(file: discord.Attachment) -> Attachment:
    return Attachment(
        id=str(file.id),
        name=file.filename,
        media_type=file.content_type or "application/octet-stream",
        size=file.size,
        url=file.url,
    )
