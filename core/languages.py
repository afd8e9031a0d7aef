"""Whose language the bot speaks: the setting's, else the place's, else the asker's."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from core.messages import Conversation
from core.words import ENGLISH, language_of

AUTO = "auto"

KEPT = 20_000
"""People whose locales are remembered on a platform, newest first."""


@dataclass(frozen=True, slots=True)
class Readers:
    """The languages of those who read a conversation: of the asker alone, and of everybody."""

    asker: str = ENGLISH
    everybody: str = ENGLISH


@dataclass(frozen=True, slots=True)
class Languages:
    """Decides what is spoken where; `setting` is a language for all, or `auto`.

    `chosen` is the same for one conversation, whose channel may have chosen another.
    """

    setting: str = AUTO
    chosen: Callable[[Conversation], str] | None = None

    def readers(self, conversation: Conversation, asker: str = "", place: str = "") -> Readers:
        """Who reads a conversation, by the platform's locales; one that is not known is empty.

        What a channel has chosen wins; those who use a command see what it says in their own.
        """
        chosen = self.chosen(conversation) if self.chosen else AUTO
        if chosen != AUTO:
            return Readers(chosen, chosen)
        theirs = self.of(asker)
        is_known = self.setting == AUTO and language_of(place)
        return Readers(theirs, self.of(place) if is_known else theirs)

    def of(self, locale: str) -> str:
        """The language to speak to somebody with this locale."""
        return language_of(locale) or ENGLISH if self.setting == AUTO else self.setting


class Locales:
    """The locales of people by their ids on one platform, as far as they turned up."""

    def __init__(self) -> None:
        self._locales: OrderedDict[str, str] = OrderedDict()

    def of(self, person: str) -> str:
        """Somebody's locale; empty when it is not known (yet)."""
        return self._locales.get(person, "")

    def forget(self, person: str) -> None:
        """Keep a locale no longer."""
        self._locales.pop(person, None)

    def learn(self, person: str, locale: str) -> None:
        """Keep a locale that came along with something else."""
        if person and locale:
            self._locales[person] = locale
            self._locales.move_to_end(person)
            if len(self._locales) > KEPT:
                self._locales.popitem(last=False)
