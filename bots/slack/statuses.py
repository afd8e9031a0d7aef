"""Whose statuses Slack shows: a thread has only one, however many questions wait in it."""

from weakref import WeakValueDictionary


class Statuses:
    """The owner of each thread's status: whoever has shown the newest one."""

    def __init__(self) -> None:
        self._owners: WeakValueDictionary[tuple[str, str], object] = WeakValueDictionary()

    def take(self, channel: str, thread: str, owner: object) -> None:
        """The status is this owner's from now on."""
        self._owners[channel, thread] = owner

    def confirm(self, channel: str, thread: str, owner: object) -> None:
        """The status is shown, perhaps only after it was thought to be gone."""
        self._owners.setdefault((channel, thread), owner)

    def leave(self, channel: str, thread: str, owner: object) -> None:
        """The status is gone, unless somebody else has put up another."""
        if self.owned(channel, thread, owner):
            del self._owners[channel, thread]

    def owner(self, channel: str, thread: str) -> object | None:
        """Whose status it is."""
        return self._owners.get((channel, thread))

    def owned(self, channel: str, thread: str, owner: object) -> bool:
        """Whether the status is (still) this owner's."""
        return self._owners.get((channel, thread)) is owner
