"""Which messages are meant for the bot."""

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What becomes of a message."""

    IGNORE = "not for the bot"
    ASK = "a question"
    PAST_ME = "said to somebody else, in a thread"
    ASK_IF_PART = "a question, if the bot takes part in this thread, and listens"


@dataclass(frozen=True, slots=True)
class Seen:
    """What counts about a message.

    `may_ask` is false for the system, and for bots and webhooks that are not answered. Mentions
    are those that stand in the text, those of roles and of everybody among them: a reply's own
    ping is none.
    """

    may_ask: bool = True
    by_program: bool = False
    direct: bool = False
    in_thread: bool = False
    own_thread: bool = False
    mentions_me: bool = False
    mentions_others: bool = False
    replies_to_me: bool = False
    replies_to_others: bool = False


def verdict(seen: Seen) -> Verdict:
    """Whether a message is for the bot; whoever talks to somebody else is left alone.

    A reply to the bot is for the bot, whomever it speaks about. A program must call it each time.
    """
    if not seen.may_ask:
        return Verdict.IGNORE
    if seen.mentions_me or seen.replies_to_me:
        return Verdict.ASK
    if seen.by_program:
        return Verdict.IGNORE
    if seen.direct:
        return Verdict.ASK
    if not seen.in_thread:
        return Verdict.IGNORE
    past_me = seen.mentions_others or seen.replies_to_others
    return Verdict.PAST_ME if past_me else Verdict.ASK_IF_PART
