"""How far what readers see is behind the model: pieces of answers, and messages of the bot's."""

import pytest

from sandbox.model import Recorded
from sandbox.model.record import Sent
from sandbox.page.lag import KEPT, Answer, Lag
from sandbox.world import World

MARKDOWN = "**Three** things: `a < b`, [a link](x) and a table."


def request(id="r1", question="Ada: why?", conversation="c1"):
    body = {"prompt_cache_key": conversation, "messages": [{"role": "user", "content": question}]}
    return Recorded(body, {}, id, 0.0)


def answer(*pieces):
    made = Answer(request(), 0.0)
    for at, piece in enumerate(pieces):
        made.send(piece, float(at))
    return made


def test_what_the_model_has_sent_and_nobody_sees_is_the_lag():
    made = answer("One two ", "three ", "four.")
    made.show("One two")

    assert made.behind == len("three four.")
    assert made.late(3.0) == 2.0
    made.show("One two three four.")
    assert (made.behind, made.late(9.0)) == (0, 0.0)


@pytest.mark.parametrize(
    "shown",
    [
        "*Three* things: `a &lt; b`, a link x and a table.",
        "Three things: a < b, a link(x) and a table.",
        f"{MARKDOWN}\n\n_I was interrupted._",
    ],
    ids=["Slack's way", "plain", "with a notice"],
)
def test_the_platforms_way_of_writing_is_no_lag(shown):
    made = answer(MARKDOWN)
    made.show(shown)

    assert made.behind == 0


def test_a_second_message_goes_on_where_the_first_has_ended():
    first = "The first message holds this much of it. "
    second = "And the second one holds the rest of it."
    made = answer(first, second, " The end.")
    made.show(first, "1")
    made.show(second, "2")

    assert made.behind == len(" The end.")


def test_what_is_said_again_and_again_is_seen_once_for_each_time():
    again = "This is a sentence that comes again and again. "
    made = answer("First of all. ", again, again, again, again)
    made.show(f"First of all. {again}", "1")
    assert made.behind == 3 * len(again)
    made.show(f"1. {again}", "2")

    assert made.behind == 2 * len(again)


def test_a_notice_below_a_part_of_an_answer_hides_nothing_of_the_lag():
    made = answer(MARKDOWN, " And more.")
    made.show(f"{MARKDOWN}\n\n_I was interrupted. Ask me again._")

    assert made.behind == len(" And more.")


def test_an_answer_that_is_posted_anew_is_seen_there():
    made = answer(MARKDOWN, " And more.")
    made.show(MARKDOWN, "1")
    made.show(f"{MARKDOWN} And more.", "2")

    assert made.behind == 0


class Page:
    """A world, what the model sends into it, and what is told of it."""

    def __init__(self):
        self.world = World()
        self.told = {}
        self.lag = Lag((self.world.slack, self.world.discord), self.tell)
        for space in (self.world.slack, self.world.discord):
            space.watch(self.lag.changed)

    def tell(self, news):
        self.told[news["answer"]["id"]] = news["answer"]

    def send(self, id, text, *, question="Ada: why?", conversation="c1", end=False, whole=True):
        about = request(id, question, conversation)
        self.lag.sent(Sent(about, text, 0.0))
        if end:
            self.lag.sent(Sent(about, "", 0.0, over=True, whole=whole))

    def shown(self):
        return {one["id"]: one for one in self.lag.all()}


@pytest.fixture
async def page():
    page = Page()
    yield page
    page.lag.close()


async def test_of_two_answers_in_the_same_words_each_is_seen_where_it_was_asked_for(page):
    page.world.slack.post("C0GENERAL", "U0ADA", "@Parley why?")
    page.world.discord.post("2001", "1001", "@Parley and then?")
    page.send("there", "I am a model.", question="Ada: and then?", conversation="c2")
    page.send("here", "I am a model.")
    page.world.slack.post("C0GENERAL", "U0PARLEY", "I am a")

    assert page.shown()["here"]["space"] == "slack"
    assert page.shown()["here"]["behind"] == len(" model.")
    assert page.shown()["there"]["space"] == ""


async def test_after_a_crash_the_answer_that_is_asked_for_again_is_what_counts(page):
    said = page.world.slack.post("C0GENERAL", "U0ADA", "@Parley why?")
    page.send("first", "Because of the moon, ")
    reply = page.world.slack.post("C0GENERAL", "U0PARLEY", "Because", thread=said.id)
    page.send("first", "and the sea.", end=True, whole=False)
    assert page.shown()["first"]["state"] == "cut"
    page.send("second", "Because of the moon, and the sea.", end=True)
    page.world.slack.edit("C0GENERAL", reply.id, text="Because of the moon, and the sea.")

    assert page.shown()["first"]["state"] == "again"
    assert (page.shown()["second"]["state"], page.shown()["second"]["behind"]) == ("done", 0)


async def test_only_the_newest_answers_are_kept(page):
    for number in range(2 * KEPT):
        page.send(str(number), "words", conversation=str(number))

    assert list(page.shown()) == [str(number) for number in range(KEPT, 2 * KEPT)]


async def test_a_question_is_shown_without_what_the_bot_has_put_before_it(page):
    page.send("r1", "Yes.", question="[Saturday. Asked by Ada in #general.]\nAda: Is it: so?")

    assert page.shown()["r1"]["question"] == "Is it: so?"
