"""How long it may take to tell somebody of trouble."""

OTHERS_FIRST = 1.0
"""Seconds in which another process may take up what this one leaves; commands can wait three."""

DEADLINE = 5.0
"""Seconds, at most, to tell somebody that a question is not taken: a drain is short."""
