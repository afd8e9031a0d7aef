"""The operator's page: what the bot does now, what it costs, what went wrong, in a browser."""
