"""What people type, as Slack stores it."""

import pytest

from sandbox.slack.composer import compose, spoken
from sandbox.world import World


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("@Parley hello", "<@U0PARLEY> hello"),
        ("ask @ben, please", "ask <@U0BEN>, please"),
        ("1 < 2 && 3 > 2", "1 &lt; 2 &amp;&amp; 3 &gt; 2"),
        ("<@U0BEN> cannot be typed", "&lt;@U0BEN&gt; cannot be typed"),
        ("in #general", "in <#C0GENERAL|general>"),
        ("see https://a.b/c?d=1&e=2.", "see <https://a.b/c?d=1&amp;e=2>."),
        ("@here!", "<!here>!"),
        ("mail me@ben.org", "mail me@ben.org"),
        ("@benjamin", "@benjamin"),
        ("`@ben` and ```@Parley```", "`@ben` and ```@Parley```"),
    ],
)
def test_people_type_and_slack_makes_out_what_they_mean(typed, stored):
    space = World().slack
    rooms = [room for room in space.channels.values() if room.id.startswith("C")]

    assert compose(typed, space.people.values(), rooms) == stored


def test_what_people_type_has_mentions_code_and_no_escapes():
    (block,) = spoken("hi <@U0PARLEY> a &lt; b ```x &amp; y```")
    section, code = block["elements"]

    assert section["elements"] == [
        {"type": "text", "text": "hi "},
        {"type": "user", "user_id": "U0PARLEY"},
        {"type": "text", "text": " a < b "},
    ]
    assert code["elements"] == [{"type": "text", "text": "x & y"}]
