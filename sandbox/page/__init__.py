"""The page on which people talk in the sandbox's Slack and Discord."""

from sandbox.page.acts import Acts
from sandbox.page.server import Bot, Model, PageServer

__all__ = ["Acts", "Bot", "Model", "PageServer"]
