"""The page on which people talk in the sandbox's Slack and Discord."""

from sandbox.page.acts import Acts
from sandbox.page.backstage import Backstage
from sandbox.page.server import Bot, Model, PageServer, Wish

__all__ = ["Acts", "Backstage", "Bot", "Model", "PageServer", "Wish"]
