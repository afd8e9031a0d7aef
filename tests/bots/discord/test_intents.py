"""Discord is asked for what the bot hears, and for no more."""

from bots.discord.client import intents


def test_it_asks_for_messages_and_the_servers_they_stand_in_alone():
    asked = {name for name, on in intents() if on}

    assert asked == {"guilds", "guild_messages", "dm_messages", "message_content"}
