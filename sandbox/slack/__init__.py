"""A Slack of one workspace on loopback, never kinder than the real one."""

from sandbox.slack.errors import CommandFailed
from sandbox.slack.files import Upload
from sandbox.slack.server import SIGNING_SECRET, SlackServer
from sandbox.slack.web import Request

__all__ = ["SIGNING_SECRET", "CommandFailed", "Request", "SlackServer", "Upload"]
