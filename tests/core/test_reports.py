"""What somebody, a channel or a workspace has used: figures, and a picture of the last days."""

import io
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from PIL import Image

from core.chart import Chart, Charts, Part
from core.drawing import drawable, scale, shown
from core.messages import Author, Conversation
from core.reports import charted
from core.usage import Amount, Days, Share, Use
from core.words import told
from tests.records import asked, call, channel, make_reports, somebody, workspace

BERLIN = ZoneInfo("Europe/Berlin")


async def asks(store, name, who="U1", where="slack/T1/C1"):
    await asked(store, name, Author(who, who), Conversation(*where.split("/"), "1.0"))


async def took(
    store, name, cost, *, day="2026-11-28", who="U1", where="slack/T1/C1", model="gpt-4o-mini"
):
    spent = call(name, f"slack/{who}", where, model=model, cost=cost)
    await store.ledger.settle(spent, day, None, ())


@pytest.fixture
async def week(store):
    """Two people in two channels and a direct message, on several days."""
    await asks(store, "a")
    await asks(store, "b", "U2")
    await asks(store, "c", "U2", "slack/T1/C2")
    await asks(store, "d", "U1", "slack/T1/D1")
    await asks(store, "e", "U9", "slack/T10/C1")
    for name, cost, day, who, where, model in (
        ("a", 1_000_000_000, "2026-11-28", "U1", "slack/T1/C1", "gpt-4o"),
        ("b", 200_000_000, "2026-11-28", "U2", "slack/T1/C1", "gpt-4o-mini"),
        ("b", 30_000_000, "2026-11-27", "U2", "slack/T1/C1", "gpt-4o-mini"),
        ("c", 4_000_000, "2026-11-01", "U2", "slack/T1/C2", "gpt-4o-mini"),
        ("d", 500_000, "2026-10-31", "U1", "slack/T1/D1", "gpt-4o-mini"),
        ("e", 7_000_000_000, "2026-11-28", "U9", "slack/T10/C1", "gpt-4o"),
    ):
        await took(store, name, cost, day=day, who=who, where=where, model=model)
    return store


def costs(use: Use):
    return use.today.cost, use.month.cost


async def test_everybody_sees_what_is_theirs(week, clock):
    report = await make_reports(week, clock).of(somebody("slack/U2"))

    assert costs(report.use) == (200_000_000, 234_000_000)
    assert report.use.month.questions == 2
    assert [used.model for used in report.use.month.models] == ["gpt-4o-mini"]


async def test_a_channel_has_what_was_asked_in_it(week, clock):
    report = await make_reports(week, clock).of(channel("slack/T1/C1"))

    assert costs(report.use) == (1_200_000_000, 1_230_000_000)
    assert report.use.month.questions == 2
    assert report.people == ("slack/U1", "slack/U2")


async def test_a_workspace_has_all_of_its_channels_and_nothing_of_others(week, clock):
    report = await make_reports(week, clock).of(workspace("slack/T1"))

    assert costs(report.use) == (1_200_000_000, 1_234_000_000)
    assert report.use.month.questions == 4
    assert "slack/U9" not in report.people


async def test_days_begin_at_midnight_in_the_time_zone_of_the_settings(store, clock):
    clock.now = datetime(2026, 11, 30, 23, 30, tzinfo=UTC).timestamp()
    await asks(store, "a")
    await took(store, "a", 1000, day="2026-12-01")

    here = await make_reports(store, clock, BERLIN).of(somebody("slack/U1"))

    assert costs(here.use) == (1000, 1000)
    assert here.use.month.questions == 1
    assert here.days.days[-1] == "2026-12-01"
    assert "Europe/Berlin" in here.words({})


async def test_the_words_name_people_and_what_they_cost(week, clock):
    report = await make_reports(week, clock).of(workspace("slack/T1"))
    words = report.words({"slack/U1": "Ada"})

    assert "Everybody here, today: 4 questions, 1.20 USD" in words
    assert "• gpt-4o: 100 in (0 of them cached), 10 out, 1.00 USD" in words
    assert "By person, in the last 30 days: Ada 1.00 USD, U2 0.234 USD" in words
    assert "Nach Person" in told(words, "de")


async def test_many_people_are_named_as_far_as_anybody_reads(store, clock):
    await asks(store, "a")
    for number in range(40):
        await took(store, "a", 10_000_000, who=f"U{number:02}")
    report = await make_reports(store, clock).of(channel("slack/T1/C1"))

    assert "U04 0.01 USD, 35 others 0.35 USD" in report.words({})
    chart = charted(report, {}, "#general", "en")
    assert [part.name for part in chart.parts[-2:]] == ["U06", "33 others"]
    assert sum(map(sum, (part.values for part in chart.parts))) == pytest.approx(0.4)


async def test_what_costs_nothing_is_drawn_in_tokens(store, clock):
    await asks(store, "a")
    await took(store, "a", 0)
    report = await make_reports(store, clock).of(somebody("slack/U1"))
    chart = charted(report, {}, "Ada", "en")

    assert not report.is_empty
    assert chart.title == "Tokens per day, last 30 days"
    assert chart.parts[0].values[-1] == 110


async def test_a_models_name_is_not_taken_for_a_persons(store, clock):
    await asks(store, "a")
    await took(store, "a", 10, model="meta/llama-4")
    chart = charted(await make_reports(store, clock).of(somebody("slack/U1")), {}, "Ada", "en")

    assert [part.name for part in chart.parts] == ["meta/llama-4"]


async def test_who_has_used_nothing_is_told_so(store, clock):
    report = await make_reports(store, clock).of(somebody("slack/U1"))

    assert report.is_empty
    assert "You, today: 0 questions, 0.00 USD" in report.words({})


# The picture.


PARTS = (
    Part("Ada", "U1", "1.00 USD", [0.0, 0.5, 0.5]),
    Part("Ben", "U2", "0.50 USD", [0.5, 0.0, 0.0]),
)
CHART = Chart("Cost per day", "#general", ["26 Nov", "", "28 Nov"], PARTS, "$")


async def test_a_chart_is_a_picture_in_the_colours_of_its_parts():
    picture = await Charts().draw(CHART)

    image = Image.open(io.BytesIO(picture)).convert("RGB")
    colours = {colour for _, colour in image.getcolors(1_000_000)}
    assert (0x00, 0x72, 0xB2) in colours
    assert (0xD5, 0x5E, 0x00) in colours
    assert image.getpixel((600, 200)) == (0xFC, 0xFC, 0xFA)  # a card of its own, on any page


async def test_a_program_that_hangs_is_ended_at_its_deadline(tmp_path):
    program = tmp_path / "hangs.py"
    program.write_text("import time\ntime.sleep(60)\n")

    assert await Charts(deadline=0.5, program=program).draw(CHART) is None


async def test_a_program_that_fails_costs_the_picture_and_nothing_else(tmp_path):
    program = tmp_path / "fails.py"
    program.write_text("raise SystemExit(3)\n")

    assert await Charts(program=program).draw(CHART) is None


async def test_a_program_that_draws_gets_none_of_our_secrets(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    program = tmp_path / "tells.py"
    program.write_text("import os, sys\nsys.stdout.write(repr(dict(os.environ)))\n")

    assert b"sk-secret" not in await Charts(program=program).draw(CHART)


@pytest.mark.parametrize(
    ("highest", "step", "top"), [(1.64, 0.5, 2.0), (0.0004, 0.0001, 0.0004), (7, 2, 8), (0, 1, 1)]
)
def test_a_scale_has_round_steps(highest, step, top):
    assert scale(highest) == (pytest.approx(step), pytest.approx(top))


def test_amounts_beside_the_scale_have_the_digits_that_they_need():
    assert [shown(amount, 0.5) for amount in (0.5, 1.0)] == ["0.50", "1.00"]
    assert shown(0.0003, 0.0001) == "0.0003"
    assert shown(20_000, 10_000) == "20k"
    assert shown(6, 2) == "6"


def test_letters_that_the_font_lacks_are_left_out():
    assert drawable("Jürgen Жанна €") == "Jürgen Жанна €"
    assert drawable("中文") == ""
    assert drawable("Ada 🎉") == "Ada"


def test_the_dearest_come_first_and_the_rest_together():
    days = Days(
        ("2026-11-27", "2026-11-28"),
        (
            Share("b", (Amount(2, 20), Amount(2, 20))),
            Share("c", (Amount(0, 0), Amount(3, 30))),
            Share("", (Amount(1, 10), Amount(0, 0)), 4),
        ),
    )

    first, rest = days.at_most(2)
    assert first.name == "b"
    assert rest == Share("", (Amount(1, 10), Amount(3, 30)), 5)
