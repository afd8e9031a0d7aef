from hypothesis import given
from hypothesis import strategies as st

from bots.discord.readable import Names, mentions, readable

NAMES = Names(
    me=9,
    my_role=8,
    people={9: "Parley", 1: "Ada", 2: "Ben"},
    roles={5: "crew"},
    channels={7: "general"},
)


def test_the_mention_that_only_calls_the_bot_is_no_part_of_the_question():
    assert readable("<@9> what is a lease?", NAMES) == "what is a lease?"
    assert readable("<@!9>, what is a lease?", NAMES) == "what is a lease?"
    assert readable("what is a lease? <@9>", NAMES) == "what is a lease?"
    assert readable(" <@9> <@9> ", NAMES) == ""
    assert readable("<@&8> what is a lease?", NAMES) == "what is a lease?"


def test_inside_a_sentence_the_bot_keeps_its_name():
    assert readable("does <@9> know Ada?", NAMES) == "does @Parley know Ada?"


def test_ids_become_the_words_that_people_see():
    text = "<@1> and <@!2> of <@&5> in <#7> say <:tada:123> <a:wave:456>, see </ask:789>"

    assert readable(text, NAMES) == "@Ada and @Ben of @crew in #general say :tada: :wave:, see /ask"


def test_an_unknown_id_is_left_as_it_stands():
    assert readable("`<@404>` <#405> <@&406>", NAMES) == "`<@404>` <#405> <@&406>"


def test_mentions_are_those_of_people_only():
    assert mentions("<@1> <@!2> <@&5> <#7> @everyone <:a:3>") == {1, 2}


@given(st.text())
def test_text_without_markup_is_only_trimmed(text):
    plain = text.replace("<", "")

    assert readable(plain, NAMES) == plain.strip()


@given(st.text(alphabet="<@!&#:/a1579> \n`"))
def test_any_mixture_of_markup_can_be_read(text):
    assert "<@9>" not in readable(text, NAMES).split()
