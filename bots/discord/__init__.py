"""Discord: events become questions, and answers grow in threads, channels and direct messages."""
