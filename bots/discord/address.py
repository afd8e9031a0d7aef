"""What it takes to answer a command after the process that heard it has died.

The token of an interaction lives for fifteen minutes
(docs.discord.com/developers/interactions/receiving-and-responding#followup-messages); whoever has
it can answer. A library's object is made again of what Discord once sent of it.
"""

import json
from typing import Any

import discord


def written(interaction: "discord.Interaction[Any]", *, private: bool) -> str:
    """An interaction as text."""
    user, channel = interaction.user, interaction.channel
    person = {
        "id": str(user.id),
        "username": user.name,
        "discriminator": user.discriminator,
        "global_name": user.global_name,
        "avatar": None,
    }
    payload: dict[str, Any] = {
        "id": str(interaction.id),
        "application_id": str(interaction.application_id),
        "type": interaction.type.value,
        "token": interaction.token,
        "version": interaction.version,
        "attachment_size_limit": interaction.filesize_limit,
        "locale": str(interaction.locale),
        "channel": {"id": str(interaction.channel_id or 0)},
        "user": person,
    }
    if isinstance(channel, discord.DMChannel):
        payload["channel"] |= {"type": channel.type.value, "recipients": [person]}
    if interaction.guild_id:
        payload["guild_id"] = str(interaction.guild_id)
        payload["member"] = {
            "user": person,
            "roles": [str(role.id) for role in getattr(user, "roles", ())],
            "joined_at": None,
            "permissions": str(interaction.permissions.value),
            "deaf": False,
            "mute": False,
            "flags": 0,
        }
    return json.dumps({"private": private, "interaction": payload})


def read(client: discord.Client, address: str) -> tuple["discord.Interaction[Any]", bool]:
    """An interaction out of its text, and whether its answer is for the asker alone."""
    found = json.loads(address)
    state = client._connection  # noqa: SLF001 - discord.py itself makes its objects like this
    return discord.Interaction(data=found["interaction"], state=state), found["private"]
