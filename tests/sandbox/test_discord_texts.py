"""The pure parts: mentions, embeds, options and the buffers of sessions, by their properties."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.discord import components, embeds
from sandbox.discord.events import Event
from sandbox.discord.intents import Intent
from sandbox.discord.mentions import EVERYTHING, Allowed, allowed, mentions
from sandbox.discord.refusals import Refused
from sandbox.discord.sessions import BUFFER, Session, Starts

PEOPLE = {"1001", "1002"}
WORDS = st.sampled_from(["<@1001>", "<@!1002>", "<@&4002>", "@everyone", "@here", "`", "a", " "])


@given(st.text())
def test_the_length_of_a_text_is_that_of_its_utf16_units(text):
    text = text.encode("utf-16", "surrogatepass").decode("utf-16", "ignore")

    assert embeds.units(text) == len(text.encode("utf-16-le")) // 2


@given(st.lists(WORDS).map("".join))
def test_nobody_is_pinged_when_nobody_may_be(text):
    nobody = allowed({"parse": []}, EVERYTHING)

    assert nobody.among(mentions(text), PEOPLE, replied="1001").pings == []


@given(st.lists(WORDS).map("".join))
def test_only_named_people_are_pinged_when_only_they_may_be(text):
    only_ada = Allowed(frozenset(), frozenset({"1001"}), replied_user=False)

    assert set(only_ada.among(mentions(text), PEOPLE).pings) <= {"1001"}


@given(st.lists(WORDS.filter(lambda word: word != "`")).map(" ".join))
def test_nothing_inside_code_is_a_mention(text):
    assert mentions(f"```\n{text}\n```").pings == []


@pytest.mark.parametrize("given_", [{"parse": ["people"]}, {"users": ["1"] * 101}, "all"])
def test_allowed_mentions_are_checked(given_):
    if isinstance(given_, dict) and "users" in given_:
        given_ = {"users": [str(number) for number in range(101)]}
    with pytest.raises(Refused):
        allowed(given_, EVERYTHING)


@pytest.mark.parametrize(
    "embed",
    [
        {"title": "x" * 257},
        {"description": "x" * 4097},
        {"footer": {"text": "x" * 2049}},
        {"author": {"name": "x" * 257}},
        {"fields": [{"name": "x" * 257, "value": "x"}]},
        {"fields": [{"name": "x", "value": "x" * 1025}]},
        {"fields": [{"name": "x", "value": ""}]},
        {"fields": [{"name": "x", "value": "x"}] * 26},
    ],
)
def test_what_is_too_large_for_an_embed_is_refused(embed):
    with pytest.raises(Refused) as refused:
        embeds.checked([embed])

    assert refused.value.code == 50035


def test_ten_embeds_are_the_most():
    assert len(embeds.checked([{"title": "x"}] * 10)) == 10
    with pytest.raises(Refused):
        embeds.checked([{"title": "x"}] * 11)


def button(**fields):
    return {"type": 2, "style": 1, "label": "Go", "custom_id": "go", **fields}


@pytest.mark.parametrize(
    "rows",
    [
        [button()],
        [{"type": 1, "components": []}],
        [{"type": 1, "components": [button(custom_id=str(n)) for n in range(6)]}],
        [{"type": 1, "components": [button(custom_id=str(n))]} for n in range(6)],
        [{"type": 1, "components": [button(custom_id="")]}],
        [{"type": 1, "components": [button(custom_id="x" * 101)]}],
        [{"type": 1, "components": [button(label="x" * 81)]}],
        [{"type": 1, "components": [button(label="")]}],
        [{"type": 1, "components": [button(style=5)]}],
        [{"type": 1, "components": [{"type": 3, "custom_id": "s", "options": []}]}],
    ],
)
def test_buttons_and_menus_are_checked(rows):
    with pytest.raises(Refused) as refused:
        components.checked(rows, v2=False)

    assert refused.value.code == 50035


def test_every_component_gets_a_number_of_its_own():
    rows = [{"type": 1, "components": [button(custom_id=str(n)) for n in range(3)]}]
    numbers = [one["id"] for one in components.every(components.checked(rows, v2=False))]

    assert len(set(numbers)) == 4


@given(st.integers(0, 60), st.data())
def test_a_session_replays_exactly_what_a_client_has_missed(count, data):
    session = Session(Intent.GUILDS, 0)
    for number in range(count):
        session.add(Event("TEST", {"number": number}, Intent.GUILDS))
        session.add(Event("OTHER", {}, Intent.GUILD_MESSAGES))
    seen = data.draw(st.integers(0, count))
    missed = [json.loads(frame) for _sequence, frame in session.after(seen)]

    assert [one["s"] for one in missed] == list(range(seen + 1, count + 1))
    assert [one["d"]["number"] for one in missed] == list(range(seen, count))


def test_a_session_that_fell_too_far_behind_cannot_be_replayed():
    session = Session(Intent.GUILDS, 0)
    for _ in range(BUFFER + 1):
        session.add(Event("TEST", {}, Intent.GUILDS))

    assert not session.has_all_after(0)
    assert session.has_all_after(1)
    assert len(list(session.after(1))) == BUFFER


def test_1000_starts_a_day_are_all():
    starts = Starts(limited=False)

    assert not any(starts.spent(0.0) for _ in range(1000))
    assert starts.standing(0.0)["remaining"] == 0
    assert starts.spent(1.0)
    assert starts.standing(86_400.0)["remaining"] == 1000
    assert not starts.spent(86_400.0)
