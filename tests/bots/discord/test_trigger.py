import itertools
from dataclasses import fields

import pytest

from bots.discord.trigger import Seen, Verdict, verdict

ASK, IGNORE, ASK_IF_PART = Verdict.ASK, Verdict.IGNORE, Verdict.ASK_IF_PART
PAST_ME = Verdict.PAST_ME


@pytest.mark.parametrize(
    ("law", "seen", "expected"),
    [
        ("people talk in a channel", Seen(), IGNORE),
        ("a mention asks", Seen(mentions_me=True), ASK),
        ("a mention among others asks", Seen(mentions_me=True, mentions_others=True), ASK),
        (
            "a mention in a reply to somebody asks",
            Seen(mentions_me=True, replies_to_others=True),
            ASK,
        ),
        ("a reply to the bot asks", Seen(replies_to_me=True), ASK),
        (
            "a reply to the bot that speaks of somebody else asks",
            Seen(replies_to_me=True, mentions_others=True),
            ASK,
        ),
        (
            "so does one in a thread",
            Seen(in_thread=True, replies_to_me=True, mentions_others=True),
            ASK,
        ),
        (
            "in another thread, who calls somebody else is left alone",
            Seen(in_thread=True, mentions_others=True),
            PAST_ME,
        ),
        ("a direct message asks", Seen(direct=True), ASK),
        ("a program that mentions the bot asks", Seen(by_program=True, mentions_me=True), ASK),
        ("so does one that replies to it", Seen(by_program=True, replies_to_me=True), ASK),
        (
            "a program's follow-up does not",
            Seen(by_program=True, in_thread=True, own_thread=True),
            IGNORE,
        ),
        ("nor what it writes directly", Seen(by_program=True, direct=True), IGNORE),
        (
            "a follow-up in the bot's thread asks, unless people talk to each other",
            Seen(in_thread=True, own_thread=True),
            ASK_IF_PART,
        ),
        ("in another thread it depends", Seen(in_thread=True), ASK_IF_PART),
        (
            "in the bot's thread, who calls somebody else is left alone",
            Seen(in_thread=True, own_thread=True, mentions_others=True),
            PAST_ME,
        ),
        (
            "in the bot's thread, who replies to somebody else is left alone",
            Seen(in_thread=True, own_thread=True, replies_to_others=True),
            PAST_ME,
        ),
    ],
)
def test_who_is_meant(law, seen, expected):
    assert verdict(seen) is expected, law


def test_no_bot_and_no_system_message_ever_asks():
    others = [field.name for field in fields(Seen) if field.name != "may_ask"]
    for values in itertools.product([False, True], repeat=len(others)):
        seen = Seen(may_ask=False, **dict(zip(others, values, strict=True)))

        assert verdict(seen) is IGNORE
