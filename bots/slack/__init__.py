"""Slack: events become questions, answers become messages of Markdown blocks."""

from bots.slack.app import SlackBot

__all__ = ["SlackBot"]
