"""The list of models is asked for once in a while, and nobody waits long for it."""

import asyncio

from core.errors import NotReached
from core.offer import FRESH, Offer, near
from tests.records import Clock


class Shelf:
    """In place of the model: lists these, when it is allowed to."""

    def __init__(self, *names, error=None):
        self.listed, self.error = names, error
        self.asked = 0
        self.open = asyncio.Event()
        self.open.set()

    async def names(self):
        self.asked += 1
        await self.open.wait()
        if self.error:
            raise self.error
        return self.listed


async def test_it_is_asked_once_for_many_and_again_when_it_is_old():
    shelf, clock = Shelf("b", "a"), Clock(0.0)
    offer = Offer(shelf, clock)

    assert await asyncio.gather(offer.names(), offer.names()) == [("a", "b")] * 2
    clock.now = FRESH - 1
    assert await offer.names() == ("a", "b")
    assert shelf.asked == 1
    clock.now = FRESH + 1
    shelf.listed = ("c",)
    assert await offer.names() == ("c",)


async def test_nobody_waits_for_an_endpoint_that_does_not_answer():
    shelf = Shelf("a")
    shelf.open.clear()
    offer = Offer(shelf, Clock(0.0))

    assert await offer.names(0.01) == ()
    shelf.open.set()
    assert await offer.names() == ("a",)
    assert shelf.asked == 1
    await offer.close()


async def test_a_list_that_cannot_be_had_is_empty_or_the_last_one():
    shelf, clock = Shelf("a", error=NotReached("down")), Clock(0.0)
    offer = Offer(shelf, clock)

    assert await offer.names() == ()
    shelf.error = None
    assert await offer.names() == ("a",)
    shelf.error = NotReached("down")
    clock.now = FRESH + 1
    assert await offer.names() == ("a",)


def test_a_wrong_name_is_answered_with_those_like_it():
    names = ("gpt-4o", "gpt-4o-mini", "gpt-6-luna", "llama-3")

    assert near("gpt-4o-minni", names)[0] == "gpt-4o-mini"
    assert near("GPT-4O", names)[0] == "gpt-4o"
    assert near("luna", names) == ["gpt-6-luna"]
    assert near("zzzzzzz", names) == []
