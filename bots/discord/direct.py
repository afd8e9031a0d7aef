"""Direct messages to people, for what cannot be said where they asked."""

import discord

from bots.discord import budgets
from bots.discord.calls import Calls
from bots.discord.messages import Messages, Spot
from core.pace import Urgency
from core.surface import Delivered, Outcome, Page


class Direct:
    """Opens direct messages, within their budget."""

    def __init__(self, client: discord.Client, calls: Calls, messages: Messages) -> None:
        self._client = client
        self._calls = calls
        self._messages = messages

    async def open(self, person: int) -> Outcome:
        """Open the direct messages with somebody; `Delivered` names their channel."""
        answer = await self._calls.in_turn(
            budgets.direct_messages(),
            Urgency.FIRST,
            lambda: self._client.http.start_private_message(person),
        )
        return answer.outcome

    async def tell(self, person: int, sentence: str, nonce: str) -> Outcome:
        """Say one sentence to somebody."""
        opened = await self.open(person)
        if not isinstance(opened, Delivered):
            return opened
        spot = Spot(int(opened.message))
        return await self._messages.post_in_turn(spot, Page("", sentence), nonce)
