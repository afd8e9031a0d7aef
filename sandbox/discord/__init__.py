"""A loopback Discord that the real discord.py runs against, and what people do in it."""

from sandbox.discord.files import Upload
from sandbox.discord.refusals import CommandFailed
from sandbox.discord.requests import Request
from sandbox.discord.server import DiscordServer

__all__ = ["CommandFailed", "DiscordServer", "Request", "Upload"]
