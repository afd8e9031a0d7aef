"""When to speak in a thread of several people, and when to stay quiet.

Once asked, the bot needs no mention in a thread. But people also talk to each other
there, and a colleague does not answer what was not said to him. So for each thread there
is a `Standing`, and `after` tells how each message changes it:

- Whoever mentions the bot, or replies to a message of its, is answered, and it listens
  again from there on.
- Whoever mentions somebody else, or replies to somebody else's message, speaks past the
  bot: it stays quiet from there on, until it is mentioned again.
- Other messages are for the bot as long as people take turns with it. Since it spoke last
  (or was spoken to), people talk to each other once somebody comes back after somebody else
  (Ben, Ada, Ben), or joins in when several messages are left without a word from the bot:
  from that message on it stays quiet, until it is mentioned again.

So two people who ask by turns are both answered, each after an answer of the bot; several
people who ask while it still answers somebody are, too; and whoever is alone with it in a
thread always is, however many messages that takes.
"""

from dataclasses import dataclass, replace

SEVERAL = 3
"""Messages without a word from the bot, after which whoever joins in answers a person."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A message of a thread, as far as it counts whom it speaks to.

    `at` is when it was said, in seconds since 1970. It may speak to the bot and to others
    as well; then it is for the bot. `back_at` is given for what may have been said while nobody
    listened: when somebody did again.
    """

    who: str
    at: float
    to_bot: bool = False
    to_others: bool = False
    back_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Standing:
    """How it stands between the bot and the people of one thread.

    `quiet_since` is when they began to talk to each other; None while it listens. `run` is
    who wrote the newest messages since the bot spoke last, oldest first. `at` is the time of
    the message by which this last changed.
    """

    quiet_since: float | None = None
    run: tuple[str, ...] = ()
    at: float = 0.0


LISTENING = Standing()
"""How it stands in the beginning."""


def after(standing: Standing, saying: Saying) -> Standing:
    """How it stands once this was said; what was said before the last change alters nothing."""
    if saying.at < standing.at:
        return standing
    if saying.to_bot:
        is_new = standing.quiet_since is not None or standing.run
        return Standing(at=saying.at) if is_new else standing
    if standing.quiet_since is not None:
        return standing
    if saying.to_others or _is_talk(standing.run, saying.who):
        return Standing(quiet_since=saying.at, at=saying.at)
    if saying.at == standing.at and standing.run[-1:] == (saying.who,):
        return standing  # it is the same message once more
    return replace(standing, run=(*standing.run, saying.who)[-SEVERAL:], at=saying.at)


def is_for_bot(saying: Saying, standing: Standing) -> bool:
    """Whether to answer this, as it stands once it was said."""
    if saying.to_bot or saying.to_others:
        return saying.to_bot
    if saying.at < standing.at < saying.back_at:
        # Whoever heard what came after it has heard it, too, and answered it or not.
        return False
    return standing.quiet_since is None or saying.at < standing.quiet_since


def _is_talk(run: tuple[str, ...], who: str) -> bool:
    """Whether somebody answers the person who spoke before."""
    is_another = bool(run) and run[-1] != who
    return is_another and (who in run or len(run) >= SEVERAL)
