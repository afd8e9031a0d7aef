"""What Discord counts, as budgets; each kind of request is counted against a tuple of them.

The first of a tuple is the route's own; its true size is learned from the headers. Sizes
are those that are observed (Discord documents none), see design.md.
"""

from core.budget import Budget, Budgets

ALL = Budget("discord/all", rate=50, window=1, burst=50, reserve=5, fixed=True, kind="discord/all")
"""Every request of the bot; those that answer an interaction are not counted."""


DOWNLOADS: Budgets = (
    Budget("discord/files", rate=25, window=1, burst=25, fixed=True, kind="discord/files"),
)
"""Files from the content network, which is no part of the API; nothing is known of its limits."""


SESSIONS: Budgets = (
    Budget("discord/sessions", rate=1 / 5, window=5, burst=1, fixed=True, kind="discord/sessions"),
    Budget(
        "discord/sessions/day",
        rate=900 / 86_400,
        window=86_400,
        burst=50,
        kind="discord/sessions.day",
    ),
)
"""New sessions of the gateway: one in five seconds, and 1,000 a day; one more voids the token."""


def sends(channel: int) -> Budgets:
    """New messages in a channel."""
    return (_window("send", f"channels/{channel}/send", 5, 5), ALL)


def edits(channel: int) -> Budgets:
    """Edits in a channel, of all its messages together; one is kept for last edits."""
    return (_window("edit", f"channels/{channel}/edit", 5, 5, reserve=1), ALL)


def deletions(channel: int) -> Budgets:
    """Deletions in a channel."""
    return (_window("delete", f"channels/{channel}/delete", 5, 1), ALL)


def typing(channel: int) -> Budgets:
    """Typing indicators in a channel."""
    return (_window("typing", f"channels/{channel}/typing", 5, 5), ALL)


def reactions(channel: int) -> Budgets:
    """Reactions of ours in a channel, put and taken away."""
    return (_window("reactions", f"channels/{channel}/reactions", 1, 0.25), ALL)


def threads(channel: int) -> Budgets:
    """Threads opened in a channel."""
    return (_window("threads", f"channels/{channel}/threads", 50, 300), ALL)


def reads(channel: int) -> Budgets:
    """Lists of a channel's messages.

    One less than Discord allows: discord.py sleeps inside the call that takes the last.
    """
    return (_window("read", f"channels/{channel}/read", 4, 5), ALL)


def direct_messages() -> Budgets:
    """Direct messages opened with people."""
    return (_window("direct-messages", "direct-messages", 10, 10), ALL)


def responses(interaction: int) -> Budgets:
    """Messages under a slash command, new and edited, while its token lives."""
    return (_window("interactions", f"interactions/{interaction}", 5, 5, reserve=1),)


def members(guild: int) -> Budgets:
    """Single members of a guild."""
    return (_window("members", f"guilds/{guild}/members", 5, 1), ALL)


def _window(kind: str, key: str, burst: int, seconds: float, reserve: int = 0) -> Budget:
    return Budget(
        f"discord/{key}",
        rate=burst / seconds,
        window=seconds,
        burst=burst,
        reserve=reserve,
        fixed=True,
        kind=f"discord/{kind}",
    )
