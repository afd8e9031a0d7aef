"""Which places are somebody's direct messages with the bot, by their names in the records."""

PLACES = ("slack/*/D*", "discord/dm/*")
"""As patterns of platform/workspace/channel."""
