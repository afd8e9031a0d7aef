"""The core among faults, on a clock that only passes when nobody has anything to do.

A `Schedule` (`schedule.py`), drawn from a seed, says what people do and what goes wrong.
`town.py` plays it: real chats with their real stores (`clockwork.py`, `inline.py`) between a model
of a platform (`platform.py`, `slack.py`, `discord.py`) and one of an endpoint (`endpoint.py`).
`law.py` looks at what has become of every question.

What is not in it: the platforms' libraries and our adapters on them, so neither pings nor the look
of a message. Nor what arrives after its sender has given it up.
"""
