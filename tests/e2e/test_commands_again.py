"""What `/ask` was asked is answered anew, on either platform, where its answer stands."""

import pytest

from core import notices
from core.controls import Control
from sandbox.model import Answer
from tests.e2e.menus import parley, say, talk_in
from tests.e2e.places import DiscordPlace, SlackPlace

pytestmark = pytest.mark.asyncio(loop_scope="module")

PAGES = "\n\n".join(f"Paragraph {n}. " + "word " * 300 for n in range(3))


def texts(seen):
    return [one.text for one in seen]


def offers(control):
    """The newest message is complete, and this can be pressed below it."""

    def holds(seen):
        return bool(seen) and control in seen[-1].controls and Control.STOP not in seen[-1].controls

    return holds


def asked(model):
    """What the model was last asked."""
    return str(model.requests[-1].body["messages"][-1]["content"])


def says(*words):
    """These are the texts of all messages, and the answer is complete."""
    return lambda seen: texts(seen) == list(words) and offers(Control.RETRY)(seen)


@pytest.mark.parametrize("private", [True, False])
async def test_an_answer_to_a_command_is_tried_again_in_its_place(place, model, private):
    model.enqueue(Answer(("The former.",)), Answer(("Newer.",)), Answer(("Newest.",)))
    talk = await place.ask(place.ada, "what is a lease?", private=private)
    await talk.until(says("The former."))
    (before,) = talk.messages()
    above = talk.seen()[0].notice

    assert await talk.press(place.ada, Control.RETRY) == ""
    seen = await talk.until(says("Newer."))
    assert [message.id for message in talk.messages()] == [before.id]
    assert "what is a lease?" in asked(model)
    assert (seen[0].notice, "what is a lease?" in above) == (above, True)
    assert seen[0].only_for == (place.ada if private else "")

    assert await talk.press(place.ada, Control.RETRY) == ""
    await talk.until(says("Newest."))
    assert "what is a lease?" in asked(model)


@pytest.mark.parametrize("private", [True, False])
async def test_its_former_answer_comes_back_where_the_platform_lets_the_bot_read_it(
    place, model, private
):
    model.enqueue(Answer(("The former.",)), Answer(("Newer.",)))
    talk = await place.ask(place.ada, "why?", private=private)
    await talk.until(says("The former."))
    await talk.press(place.ada, Control.RETRY)
    seen = await talk.until(says("Newer."))
    if private and place.name == "slack":
        assert Control.RESTORE not in seen[-1].controls
        return

    await talk.press(place.ada, Control.RESTORE)

    await talk.until(says("The former."))


async def test_nobody_else_tries_a_public_answer_again(place, model):
    model.enqueue(Answer(("Mine.",)))
    talk = await place.ask(place.ada, "why?", private=False)
    await talk.until(says("Mine."))

    assert await talk.press(place.ben, Control.RETRY) == notices.NOT_YOURS


async def test_a_second_try_that_fails_leaves_the_answer_there(place, model):
    for private in (True, False):
        model.enqueue(Answer(("Good.",)), Answer(status=401, code="invalid_api_key"))
        talk = await place.ask(place.ada, "why?", private=private)
        await talk.until(says("Good."))
        await talk.press(place.ada, Control.RETRY)

        seen = await talk.until(
            lambda seen: any("does not accept my key" in one.notice for one in seen)
        )
        assert texts(seen)[0] == "Good."


async def test_a_long_public_answer_is_replaced_on_all_its_pages(place, model):
    model.enqueue(Answer((PAGES,)), Answer(("Short.",)))
    talk = await place.ask(place.ada, "tell me all", private=False)
    seen = await talk.until(offers(Control.RETRY))
    pages = [message.id for message in talk.messages()]
    assert len(seen) > 1 or place.name == "slack"

    await talk.press(place.ada, Control.RETRY)

    seen = await talk.until(says("Short."))
    assert [message.id for message in talk.messages()] == pages[:1]
    assert "tell me all" in seen[0].notice


async def test_a_long_private_answer_is_tried_again_below(inhabited, model):
    place = DiscordPlace(inhabited.discord, inhabited.world.discord)
    model.enqueue(Answer((PAGES,)), Answer(("Short.",)))
    talk = await place.ask(place.ada, "tell me all")
    await talk.until(offers(Control.RETRY))
    before = texts(talk.seen())

    await talk.press(place.ada, Control.RETRY)

    seen = await talk.until(lambda seen: seen[-1].text == "Short." and offers(Control.RETRY)(seen))
    assert texts(seen) == [*before, "Short."]
    assert "tell me all" in seen[-1].notice
    await talk.until(lambda seen: seen[-2].notice == notices.NEWER_BELOW)


async def test_below_summaries_and_what_was_asked_about_a_message_there_is_no_second_try(
    place, model
):
    model.enqueue("In short.")
    room = place.room()
    say(place, place.ben, room, "Much was said.")
    await parley(place, place.ada, room, "summary")

    seen = await talk_in(place, room).until(
        lambda seen: texts(seen)[-1:] == ["In short."] and Control.WHY in seen[-1].controls
    )
    assert Control.RETRY not in seen[-1].controls


async def test_a_public_answer_by_its_url_alone_is_tried_again(inhabited, model):
    """Where the bot is not in the channel."""
    place = SlackPlace(inhabited.slack, inhabited.world.slack)
    model.enqueue(Answer(("The former.",)), Answer(("Newer.",)))
    talk = await place.ask(place.ada, "why?", "C0QUIET", private=False)
    await talk.until(says("The former."))
    await talk.press(place.ada, Control.RETRY)

    seen = await talk.until(says("Newer."))
    assert "Ada asked: why?" in seen[0].notice


async def test_the_rest_in_direct_messages_is_tried_again_there(inhabited, model):
    place = SlackPlace(inhabited.slack, inhabited.world.slack)
    model.enqueue(Answer((PAGES * 4,)), Answer(("Short.",)))
    talk = await place.ask(place.ada, "tell me all")
    there = place._talk("D0ADA", "")
    there.thread = None
    there.before = {message.id for message in place.space.messages("D0ADA")}
    await there.until(offers(Control.RETRY))
    before = texts(talk.seen())

    await place.press(place.ada, there.messages()[-1], Control.RETRY)

    seen = await there.until(lambda seen: seen[-1].text == "Short." and offers(Control.RETRY)(seen))
    assert "You asked: tell me all" in seen[-1].notice
    assert texts(talk.seen()) == before
