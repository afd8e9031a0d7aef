"""A channel's settings win over its workspace's, and these over the deployment's."""

import pytest

from core.presets import (
    Audience,
    Name,
    Origin,
    Place,
    Preset,
    Scope,
    Who,
    admits,
    kept,
    over,
    resolve,
)
from core.wire import Parameters

DEPLOYMENT = Preset(Parameters("gpt-a", answer_tokens=1000, temperature=0.5), "Be kind.")
PIRATE = {"system_prompt": "Arr.", "model": "gpt-p", "stop": ("Arr!",)}


def resolved(workspace=None, channel=None, chosen="", personas=None):
    layers = [(Origin.WORKSPACE, workspace or {}), (Origin.CHANNEL, channel or {})]
    return resolve(DEPLOYMENT, layers, personas or {"pirate": PIRATE}, chosen)


def test_without_any_settings_the_deployments_hold():
    preset = resolved()

    assert preset == DEPLOYMENT
    assert {preset.origin(name) for name in Name} == {Origin.DEPLOYMENT}


def test_a_channel_wins_over_its_workspace_name_by_name():
    preset = resolved({"model": "gpt-w", "answer_tokens": 50}, {"model": "gpt-c"})

    assert (preset.model, preset.parameters.answer_tokens) == ("gpt-c", 50)
    assert preset.origin("model") is Origin.CHANNEL
    assert preset.origin("answer_tokens") is Origin.WORKSPACE
    assert preset.origin("system_prompt") is Origin.DEPLOYMENT


@pytest.mark.parametrize(("set_", "other"), [("temperature", "top_p"), ("top_p", "temperature")])
def test_temperature_and_top_p_are_never_both_set(set_, other):
    preset = resolved({other: 0.3}, {set_: 0.9})

    assert getattr(preset.parameters, set_) == 0.9
    assert getattr(preset.parameters, other) is None
    assert preset.origin(other) is Origin.CHANNEL


def test_a_persona_lies_below_what_is_set_beside_it_and_above_the_workspace():
    preset = resolved({"model": "gpt-w"}, {"persona": "pirate", "system_prompt": "Be brief."})

    assert (preset.persona, preset.model, preset.system_prompt) == ("pirate", "gpt-p", "Be brief.")
    assert preset.origin("model") is Origin.PERSONA
    assert preset.parameters.stop == ("Arr!",)


def test_a_persona_that_is_asked_for_wins_over_everything():
    preset = resolved({}, {"model": "gpt-c", "system_prompt": "Be brief."}, chosen="pirate")

    assert (preset.persona, preset.model, preset.system_prompt) == ("pirate", "gpt-p", "Arr.")


def test_a_persona_that_is_gone_changes_nothing():
    preset = resolved({}, {"persona": "ghost"})

    assert (preset.model, preset.system_prompt) == ("gpt-a", "Be kind.")


def test_what_is_kept_reads_back_as_what_it_was():
    audience = Audience(Who.LISTED, ("U1",), ("G1",))
    values = {
        "audience": kept(audience),
        "place": kept(Place.CHANNEL),
        "language": kept("de"),
    }

    preset = over(DEPLOYMENT, Origin.CHANNEL, values)
    assert (preset.audience, preset.place, preset.language) == (
        audience,
        Place.CHANNEL,
        "de",
    )


def test_a_channels_workspace_is_above_it():
    channel = Scope("slack", "T1", "C1")

    assert (str(channel), str(channel.above)) == ("slack/T1/C1", "slack/T1")
    assert channel.above.above == channel.above


@pytest.mark.parametrize(
    ("audience", "in_"),
    [
        (Audience(), True),
        (Audience(Who.LISTED, ("U1",)), True),
        (Audience(Who.LISTED, (), ("G1",)), True),
        (Audience(Who.LISTED, ("U2",), ("G2",)), False),
        (Audience(Who.MANAGERS, ("U1",)), False),
    ],
)
def test_who_is_let_in(audience, in_):
    assert admits(audience, "U1", ("G1",)) is in_
