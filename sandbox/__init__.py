"""Slack, Discord and an OpenAI-compatible API on loopback, with a page to talk in them."""
