"""Slack: events become questions, answers become messages of Markdown blocks."""

from bots.slack.app import Address, SlackBot
from bots.slack.distributed import DistributedBot
from bots.slack.parts import Parts

__all__ = ["Address", "DistributedBot", "Parts", "SlackBot"]
