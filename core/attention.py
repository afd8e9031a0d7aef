"""To which messages of a thread the bot listens, over restarts and in every process."""

import asyncio
from weakref import WeakValueDictionary

from core.errors import StoreUnwritable
from core.etiquette import LISTENING, Saying, after, is_for_bot
from core.messages import Conversation
from core.store.threads import Threads


class Attention:
    """Applies `core.etiquette` to the threads in the store."""

    def __init__(self, threads: Threads) -> None:
        self._threads = threads
        self._turns: WeakValueDictionary[Conversation, asyncio.Lock] = WeakValueDictionary()

    async def listens(
        self, conversation: Conversation, saying: Saying, *, invited: bool = False
    ) -> bool:
        """Whether the bot is to answer this; how it stands in the thread then is kept.

        `invited`: the thread is the bot's own, so that it takes part without having been
        asked anything. Raises `StoreFailed`.
        """
        # One after the other, as they were said: the next may depend on how this one is taken.
        async with self._turns.setdefault(conversation, asyncio.Lock()):
            return await self._listens(conversation, saying, invited=invited)

    async def _listens(self, conversation: Conversation, saying: Saying, *, invited: bool) -> bool:
        known = await self._threads.standing(conversation)
        if known is None and not invited:
            return saying.to_bot
        standing = known or LISTENING
        # What changes nothing waits for no writer.
        if after(standing, saying) != standing:
            try:
                standing = await self._threads.heard(conversation, saying)
            except StoreUnwritable:  # whoever speaks to the bot is then told why it cannot answer
                standing = after(standing, saying)
        return is_for_bot(saying, standing)
