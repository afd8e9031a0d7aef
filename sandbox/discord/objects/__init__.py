"""The world in Discord's words: JSON objects as the real API gives them."""
