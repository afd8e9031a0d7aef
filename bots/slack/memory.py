"""What the bot remembers of conversations on Slack, as long as it hears everything."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from bots.slack.forms import Forms
from bots.slack.messages import PLATFORM, Message, Scribe
from core.messages import Conversation, Turn
from core.recall import Recall
from core.recent import Recent

DISTRUST = 900.0
"""Seconds without memory after another process of the same app was noticed."""


class Memory:
    """Keeps recalled conversations true to Slack's events.

    Slack gives each event to one of an app's connections. So nothing may be remembered
    while another process listens for the same app. Slack says so when we connect; later a
    message of the bot's that nobody here has written gives it away, and so does a mention
    that somebody else has claimed. Each such sign counts anew.
    """

    def __init__(
        self, recall: Recall, scribe: Scribe, team: str, clock: Callable[[], float]
    ) -> None:
        self.forms = Forms()
        self._recall = recall
        self._scribe = scribe
        self._team = team
        self._clock = clock
        self._ours = Recent()
        self._begun = Recent()
        self._posting: Counter[str] = Counter()
        self._strange: dict[str, set[str]] = {}
        self._distrusted_until = float("-inf")

    async def turns(
        self, conversation: Conversation, read: Callable[[], Awaitable[tuple[Turn, ...]]]
    ) -> tuple[Turn, ...]:
        """The conversation's turns; `read` asks Slack for them when they are not remembered."""
        if self._alone:
            return await self._recall.turns(conversation, read)
        return await read()

    def begin(self, message: Message) -> bool:
        """A thread starts with this message: nothing else is in it, so that nobody need read it.

        False: it has started before. Slack tells of a mention twice, and by the second
        time there may be replies.
        """
        is_new = self._begun.add(f"{message.channel}/{message.ts}")
        if is_new and self._alone:
            for conversation in message.conversations(self._team):
                self._recall.begin(conversation)
        return is_new

    def changed(self, message: Message) -> None:
        """Somebody else changed a message, perhaps one too old to be remembered."""
        self.forms.gone(message.channel, message.ts)
        turns = tuple(self._scribe.turns(message))
        for conversation in message.conversations(self._team):
            if not turns:
                self._recall.deleted(conversation, message.ts)
            for turn in turns:
                self._recall.edited(conversation, turn)

    def named(self, message: Message) -> None:
        """The names in somebody else's message are known now; the message is as it was."""
        turns = tuple(self._scribe.turns(message))
        for conversation in message.conversations(self._team):
            for turn in turns:
                self._recall.reworded(conversation, turn)

    def said(self, message: Message) -> None:
        """Somebody else wrote a message."""
        if message.edited:
            self.changed(message)
            return
        turns = tuple(self._scribe.turns(message))
        for conversation in message.conversations(self._team):
            for turn in turns:
                self._recall.posted(conversation, turn)

    def gone(self, message: Message) -> None:
        """A message was taken away, by whomever."""
        self.forms.gone(message.channel, message.ts)
        for conversation in message.conversations(self._team):
            self._recall.deleted(conversation, message.ts)

    def posted(self, conversation: Conversation, turns: tuple[Turn, ...], ts: str) -> None:
        """We wrote or changed a message ourselves."""
        self.wrote(ts)
        for turn in turns:
            self._recall.posted(conversation, turn)

    @contextmanager
    def posting(self, channel: str) -> Iterator[None]:
        """While we post there: the event of a message may overtake the receipt with its id.

        Without a receipt the message is nobody's, and memory is lost for a while.
        """
        self._posting[channel] += 1
        try:
            yield
        finally:
            self._posting[channel] -= 1
            if not self._posting[channel]:
                del self._posting[channel]
                if any(ts not in self._ours for ts in self._strange.pop(channel, ())):
                    self.distrust()

    def wrote(self, name: str) -> None:
        """A message with this `ts` is ours, or one that will hold the file with this id."""
        self._ours.add(name)

    def has_written(self, name: str) -> bool:
        """Whether a message with this `ts` is known to be one of this process's."""
        return name in self._ours

    def said_as_us(self, message: Message) -> None:
        """The bot wrote a message: here, or in another process that we learn of now."""
        if self._is_ours(message):
            return
        if message.channel in self._posting:
            self._strange.setdefault(message.channel, set()).add(message.ts)
        else:
            self.distrust()

    def changed_as_us(self, message: Message) -> None:
        """A message of the bot's changed: by this process, or by another that we learn of now."""
        if not self._is_ours(message):
            self.distrust()

    def _is_ours(self, message: Message) -> bool:
        """Whether this process wrote it; what it uploaded is known by the file."""
        return message.ts in self._ours or any(file.id in self._ours for file in message.files)

    def distrust(self) -> None:
        """Another process listens, too: forget everything, and remember nothing for a while."""
        self._distrusted_until = self._clock() + DISTRUST
        self.missed()

    def missed(self) -> None:
        """Events may have been missed."""
        self._recall.drop(PLATFORM, self._team)

    @property
    def _alone(self) -> bool:
        return self._clock() >= self._distrusted_until
