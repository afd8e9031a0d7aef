"""Settings are taken all or not at all, and each line says where its value comes from."""

from core.entries import Bounds
from core.errors import StoreFailed
from core.presets import Audience, Name, Scope, Who
from tests.panels import make_panel

SCOPE = Scope("slack", "T1", "C1")


def nobody(_):
    return []


async def test_what_is_wrong_in_one_field_keeps_the_others_from_being_set():
    panel = make_panel()
    done = await panel.submit(SCOPE, {Name.MODEL: "gpt-4o", Name.TEMPERATURE: "hot"}, "U1")

    assert list(done.problems) == [Name.TEMPERATURE]
    assert panel.at(SCOPE) == {}


async def test_a_model_that_is_not_offered_is_refused():
    done = await make_panel().submit(SCOPE, {Name.MODEL: "gpt-4p"}, "U1")

    assert "Did you mean one of these: gpt-4o" in done.problems[Name.MODEL]


async def test_where_nothing_can_be_listed_any_model_is_taken():
    panel = make_panel(models=())
    done = await panel.submit(SCOPE, {Name.MODEL: "whatever"}, "U1")

    assert not done.problems
    assert panel.preset(SCOPE).model == "whatever"


async def test_a_model_that_was_set_and_is_gone_does_not_keep_others_from_being_changed():
    panel = make_panel(models=())
    await panel.submit(SCOPE, {Name.MODEL: "old"}, "U1")
    panel.offer.learn(["new"])
    done = await panel.submit(SCOPE, {Name.MODEL: "old", Name.SYSTEM_PROMPT: "Hm."}, "U1")

    assert not done.problems
    assert panel.preset(SCOPE).system_prompt == "Hm."


async def test_prompt_and_answer_that_do_not_fit_are_refused_where_they_were_entered():
    panel = make_panel()
    done = await panel.submit(SCOPE, {Name.ANSWER_TOKENS: "7488"}, "U1")

    assert "leave no room" in done.problems[Name.ANSWER_TOKENS]


async def test_a_database_that_is_not_reached_is_no_fault_of_who_asked(monkeypatch):
    panel = make_panel()

    async def broken(*_):
        raise StoreFailed("locked")

    monkeypatch.setattr(panel._overrides._store, "change", broken)
    done = await panel.submit(SCOPE, {Name.MODEL: "gpt-4o"}, "U1")

    assert "my database" in done.failed
    assert panel.at(SCOPE) == {}


async def test_each_line_says_where_its_value_comes_from():
    panel = make_panel()
    await panel.submit(SCOPE.above, {Name.ANSWER_TOKENS: "500"}, "U1")
    listed = Audience(Who.LISTED, ("U2",))
    await panel.submit(SCOPE, {Name.TOP_P: "0.5", Name.AUDIENCE: listed}, "U1")
    names = [Name.MODEL, Name.ANSWER_TOKENS, Name.TOP_P, Name.TEMPERATURE, Name.AUDIENCE]

    assert panel.lines(SCOPE, lambda audience: audience.people, names) == [
        "Model: gpt-4o-mini (from the deployment)",
        "Answer length: at most 500 tokens (set for all channels)",
        "Top_p: 0.5 (set for this channel)",
        "Temperature: the model's own (set for this channel)",
        "Who may use it: only those listed: U2 (set for this channel)",
    ]


def test_bounds_come_from_the_deployment():
    assert make_panel()._bounds == Bounds({}, 8000)
