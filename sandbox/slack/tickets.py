"""The one-time tickets in the addresses that `apps.connections.open` gives out."""

import secrets
from collections import OrderedDict

KEPT = 1000


class Tickets:
    """Each ticket opens one socket, once."""

    def __init__(self) -> None:
        self._open: OrderedDict[str, None] = OrderedDict()

    def issue(self) -> str:
        """A fresh ticket; the oldest unused one gives way when there are too many."""
        ticket = secrets.token_urlsafe(16)
        self._open[ticket] = None
        if len(self._open) > KEPT:
            self._open.popitem(last=False)
        return ticket

    def redeem(self, ticket: str) -> bool:
        """Whether the ticket was good; it is used up by this call."""
        return self._open.pop(ticket, True) is None
