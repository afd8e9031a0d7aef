"""The product. It knows no platform: `bots` brings Slack and Discord to it."""
