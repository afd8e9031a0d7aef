"""What the bot has to be allowed in a server, and the link that lets it in with that."""

from collections.abc import Mapping

import discord

SCOPES = ("bot", "applications.commands")

NEEDED: Mapping[str, str] = {
    "view_channel": "View Channels",
    "send_messages": "Send Messages",
    "create_public_threads": "Create Public Threads",
    "send_messages_in_threads": "Send Messages in Threads",
    "read_message_history": "Read Message History",
    "embed_links": "Embed Links",
}
"""Without one of these it cannot answer, or not say why; by discord.py's names, Discord's words."""

USEFUL: Mapping[str, str] = {"attach_files": "Attach Files", "add_reactions": "Add Reactions"}
"""Without these, long code is no file, and nobody sees at once that a question was heard."""


def invitation(application: int | str) -> str:
    """The address at which somebody lets the bot into a server."""
    wanted = discord.Permissions(**dict.fromkeys([*NEEDED, *USEFUL], True))
    return discord.utils.oauth_url(int(application), permissions=wanted, scopes=SCOPES)


def lacking(bits: str, names: Mapping[str, str]) -> list[str]:
    """Which of these permissions are not among the bits, in Discord's words."""
    granted = discord.Permissions(int(bits))
    # Whoever is administrator may do everything.
    if granted.administrator:
        return []
    return [words for name, words in names.items() if not getattr(granted, name)]
